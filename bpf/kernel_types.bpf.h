// SPDX-License-Identifier: GPL-2.0-only
// The few kernel types the scheduler touches, with only the fields it touches: libbpf finds their real offsets in the
// BTF of the running kernel (CO-RE), so that one object runs on all of them. Names are the kernel's.
#pragma once

typedef unsigned char u8;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sched_entity {
    u64 sum_exec_runtime; // ns
};

struct sched_ext_entity {
    u32 flags;     // SCX_TASK_*
    u32 weight;    // 1..10000; 100 is nice 0
    u64 slice;     // ns left
    u64 dsq_vtime; // the key in a vtime-ordered DSQ
};

struct task_struct {
    unsigned int flags;
    int pid;
    struct sched_entity se;
    struct sched_ext_entity scx;
};

// CO-RE pairs an enum with an enum only; its values do not matter here.
enum scx_exit_kind { SCX_EXIT_NONE = 0 };

struct scx_exit_info {
    enum scx_exit_kind kind;
    s64 exit_code;
    const char* reason;
    char* msg;
    char* dump;
};

#pragma clang attribute pop

// Opaque to programs; kernel/sched/ext.c.
struct bpf_iter_scx_dsq {
    u64 opaque[6];
};

struct scx_init_task_args;
struct scx_exit_task_args;

// struct_ops: libbpf pairs the fields with the running kernel's by name, so that a field which a kernel lacks is an
// error only if it is set, and the order is free.
struct sched_ext_ops {
    s32 (*select_cpu)(struct task_struct* p, s32 prev_cpu, u64 wake_flags);
    void (*enqueue)(struct task_struct* p, u64 enq_flags);
    void (*dispatch)(s32 cpu, struct task_struct* prev);
    void (*running)(struct task_struct* p);
    void (*stopping)(struct task_struct* p, _Bool runnable);
    void (*enable)(struct task_struct* p);
    s32 (*init_task)(struct task_struct* p, struct scx_init_task_args* args);
    void (*exit_task)(struct task_struct* p, struct scx_exit_task_args* args);
    void (*cpu_online)(s32 cpu);
    void (*cpu_offline)(s32 cpu);
    s32 (*init)(void);
    void (*exit)(struct scx_exit_info* info);
    u32 timeout_ms;
    u32 exit_dump_len;
    char name[128];
};

// include/linux/sched.h and sched/ext.h; unchanged from 6.12 to 7.0.
#define PF_KTHREAD 0x00200000
#define SCX_TASK_QUEUED 1 // runnable
#define SCX_DSQ_LOCAL ((1ULL << 63U) | 2ULL)

// kfuncs. A weak one that the kernel lacks has the address 0 and its call is dead code to the verifier.
#define KFUNC __attribute__((section(".ksyms")))
#define WEAK_KFUNC KFUNC __attribute__((weak))

extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) KFUNC;
extern s32 scx_bpf_dsq_nr_queued(u64 dsq_id) KFUNC;
extern s32 scx_bpf_task_cpu(const struct task_struct* p) KFUNC;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct* p, s32 prev_cpu, u64 wake_flags, _Bool* is_idle) KFUNC;
extern void scx_bpf_error_bstr(char* format, unsigned long long* data, u32 data__sz) KFUNC;
extern int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq* it, u64 dsq_id, u64 flags) KFUNC;
extern struct task_struct* bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq* it) KFUNC;
extern void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq* it) KFUNC;

// Up to 6.12.
extern void scx_bpf_dispatch(struct task_struct* p, u64 dsq_id, u64 slice, u64 enq_flags) WEAK_KFUNC;
extern void scx_bpf_dispatch_vtime(struct task_struct* p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) WEAK_KFUNC;
extern _Bool scx_bpf_consume(u64 dsq_id) WEAK_KFUNC;
// Since 6.13, the same under new names.
extern void scx_bpf_dsq_insert(struct task_struct* p, u64 dsq_id, u64 slice, u64 enq_flags) WEAK_KFUNC;
extern void scx_bpf_dsq_insert_vtime(struct task_struct* p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) WEAK_KFUNC;
extern _Bool scx_bpf_dsq_move_to_local(u64 dsq_id) WEAK_KFUNC;
// Since 6.19; before, a scheduler writes the fields itself.
extern _Bool scx_bpf_task_set_slice(struct task_struct* p, u64 slice) WEAK_KFUNC;
extern _Bool scx_bpf_task_set_dsq_vtime(struct task_struct* p, u64 vtime) WEAK_KFUNC;

static inline __attribute__((always_inline)) void dsq_insert(struct task_struct* p, u64 dsq, u64 slice, u64 enq_flags) {
    if (bpf_ksym_exists(scx_bpf_dsq_insert))
        scx_bpf_dsq_insert(p, dsq, slice, enq_flags);
    else
        scx_bpf_dispatch(p, dsq, slice, enq_flags);
}

static inline __attribute__((always_inline)) void dsq_insert_vtime(struct task_struct* p, u64 dsq, u64 slice, u64 vtime,
                                                                   u64 enq_flags) {
    if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime))
        scx_bpf_dsq_insert_vtime(p, dsq, slice, vtime, enq_flags);
    else
        scx_bpf_dispatch_vtime(p, dsq, slice, vtime, enq_flags);
}

static inline __attribute__((always_inline)) _Bool dsq_move_to_local(u64 dsq) {
    if (bpf_ksym_exists(scx_bpf_dsq_move_to_local)) return scx_bpf_dsq_move_to_local(dsq);
    return scx_bpf_consume(dsq);
}

static inline __attribute__((always_inline)) void set_dsq_vtime(struct task_struct* p, u64 vtime) {
    if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime))
        scx_bpf_task_set_dsq_vtime(p, vtime);
    else
        p->scx.dsq_vtime = vtime;
}

static inline __attribute__((always_inline)) void set_slice(struct task_struct* p, u64 slice) {
    if (bpf_ksym_exists(scx_bpf_task_set_slice))
        scx_bpf_task_set_slice(p, slice);
    else
        p->scx.slice = slice;
}
