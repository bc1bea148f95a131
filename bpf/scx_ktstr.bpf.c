// SPDX-License-Identifier: GPL-2.0-only
// A small sched_ext scheduler with faults to switch on. A task that wakes up while a CPU idles goes straight to that
// CPU; all others wait in one dispatch queue, ordered by weighted virtual time, from which every CPU takes.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel_types.bpf.h"
#include "scx_ktstr.h"

char _license[] SEC("license") = "GPL";

#define SHARED_DSQ 0
#define STALLED_DSQ 1 // the stall fault puts tasks here; no CPU takes from it
#define ENOMEM 12
// How many times its run time the unfair fault charges a task with an odd pid.
#define UNFAIR_CHARGE 64
// How many slices the slow fault wastes in each dispatch.
#define SLOW_SLICES 2

// Set by the loader before the program is loaded. The verifier knows their values, so that it never walks the code
// of a fault that is off.
const volatile u32 fault = KTSTR_FAULT_NONE;
const volatile u64 fault_after_ns = 0; // counted from ops.init()
const volatile u64 spin_ns = 0;        // burnt in each call of enqueue and dispatch

// May be changed while the scheduler runs.
u64 slice_ns = 5000000;

// Counters and gauges, for assertions and the stats socket; stats_fields() of the loader describes them.
u64 nr_enqueued;
u64 nr_dispatched;
u64 nr_local;
u64 nr_migrations;
u64 nr_runs;
u64 nr_expired;
u64 nr_stalled;
u64 nr_queued;
s64 nr_running;
s64 nr_tasks;
u64 vtime_now;

u64 started_ns; // bpf_ktime_get_ns() at ops.init()
struct ktstr_exit_info exit_info;

struct task_state {
    s32 cpu;        // where it ran last; -1 = nowhere yet
    u64 charged_ns; // up to what sum_exec_runtime it has paid
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct task_state);
} task_states SEC(".maps");

// Maps to look at from outside, one of each kind that can be filled: no program uses them, the loader makes and fills
// them where it is asked to (--fill).
enum fill_state { FILL_NEW = 0, FILL_READY = 1, FILL_DONE = 2 };

struct fill_value {
    u64 total;
    s32 delta;
    enum fill_state state;
    char name[16];
    struct {
        u32 first : 3;
        u32 second : 5;
        u32 list[3];
    } inner;
};

struct fill_key {
    u32 group;
    u32 number;
};

#define FILL_MAP(map_name, map_type, key_type)                                                                         \
    struct {                                                                                                           \
        __uint(type, map_type);                                                                                        \
        __uint(max_entries, 1);                                                                                        \
        __type(key, key_type);                                                                                         \
        __type(value, struct fill_value);                                                                              \
    } map_name SEC(".maps")

FILL_MAP(fill_array, BPF_MAP_TYPE_ARRAY, u32);
FILL_MAP(fill_percpu, BPF_MAP_TYPE_PERCPU_ARRAY, u32);
FILL_MAP(fill_hash, BPF_MAP_TYPE_HASH, u32);
FILL_MAP(fill_hash_2, BPF_MAP_TYPE_HASH, u32);
FILL_MAP(fill_hash_3, BPF_MAP_TYPE_HASH, u32);
FILL_MAP(fill_hash_4, BPF_MAP_TYPE_HASH, u32);
FILL_MAP(fill_hash_5, BPF_MAP_TYPE_HASH, u32);
FILL_MAP(fill_keyed, BPF_MAP_TYPE_HASH, struct fill_key);
FILL_MAP(fill_lru, BPF_MAP_TYPE_LRU_HASH, u32);
FILL_MAP(fill_pcpu_hash, BPF_MAP_TYPE_PERCPU_HASH, u32);
FILL_MAP(fill_lru_pcpu, BPF_MAP_TYPE_LRU_PERCPU_HASH, u32);

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} fill_ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_STACK_TRACE);
    __uint(max_entries, 16);
    __uint(key_size, sizeof(u32));
    __uint(value_size, 16 * sizeof(u64));
} fill_stacks SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, 16);
    __type(value, u64);
} fill_queue SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARENA);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 16); // pages
} fill_arena SEC(".maps");

#define count(counter) __sync_fetch_and_add(&(counter), 1)
#define uncount(counter) __sync_fetch_and_add(&(counter), -1)

static _Bool vtime_before(u64 a, u64 b) { return (s64)(a - b) < 0; }

static __always_inline _Bool fault_active(u32 kind) {
    return fault == kind && bpf_ktime_get_ns() - started_ns >= fault_after_ns;
}

// Kernel threads are spared: the watchdog that ends the stall is a kworker.
static _Bool loses(const struct task_struct* p) { return !(p->flags & PF_KTHREAD) && fault_active(KTSTR_FAULT_STALL); }

// Wasted time is charged to the slice of whoever runs next, which is lengthened by as much: else nobody would get
// anything done.
static __always_inline u64 slice(void) {
    return fault_active(KTSTR_FAULT_SLOW) ? slice_ns * (1 + SLOW_SLICES) : slice_ns;
}

// Looks at the clock only now and then: under software emulation reading it is far from free.
static long past_deadline(u32 index, u64* deadline) { return index % 64 == 0 && bpf_ktime_get_ns() >= *deadline; }

static void waste(u64 ns) {
    u64 deadline = bpf_ktime_get_ns() + ns;
    bpf_loop(1 << 23, past_deadline, &deadline, 0);
}

SEC("struct_ops/ktstr_select_cpu")
s32 BPF_PROG(ktstr_select_cpu, struct task_struct* p, s32 prev_cpu, u64 wake_flags) {
    _Bool is_idle = 0;
    if (fault == KTSTR_FAULT_VERIFY) {
        // No check for NULL: the verifier refuses the access.
        struct task_state* state = bpf_task_storage_get(&task_states, p, 0, 0);
        return state->cpu;
    }
    if (loses(p)) return prev_cpu;
    s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
    if (is_idle) {
        // Who takes what nobody else wanted owes nothing; and its virtual time must not pull everybody's clock ahead.
        if (vtime_before(vtime_now, p->scx.dsq_vtime)) set_dsq_vtime(p, vtime_now);
        count(nr_local);
        dsq_insert(p, SCX_DSQ_LOCAL, slice(), 0);
    }
    return cpu;
}

SEC("struct_ops/ktstr_enqueue")
void BPF_PROG(ktstr_enqueue, struct task_struct* p, u64 enq_flags) {
    u64 vtime = p->scx.dsq_vtime;
    if (spin_ns) waste(spin_ns);
    count(nr_enqueued);
    if (loses(p)) {
        count(nr_stalled);
        dsq_insert_vtime(p, STALLED_DSQ, slice(), vtime, enq_flags);
        return;
    }
    // A sleeper may keep the credit of one slice, not more.
    if (vtime_before(vtime, vtime_now - slice_ns)) vtime = vtime_now - slice_ns;
    dsq_insert_vtime(p, SHARED_DSQ, slice(), vtime, enq_flags);
    nr_queued = scx_bpf_dsq_nr_queued(SHARED_DSQ);
}

// Charges a task for the time it ran since it was put on its CPU or last charged.
static __always_inline void charge(struct task_struct* p) {
    struct task_state* state = bpf_task_storage_get(&task_states, p, 0, 0);
    if (!state) return;
    u64 used = (p->se.sum_exec_runtime - state->charged_ns) * 100 / p->scx.weight;
    if ((p->pid & 1) && fault_active(KTSTR_FAULT_UNFAIR)) used *= UNFAIR_CHARGE;
    state->charged_ns = p->se.sum_exec_runtime;
    set_dsq_vtime(p, p->scx.dsq_vtime + used);
}

// Whether the first task that waits is behind `vtime`, and so has the better right to a CPU; also if none waits.
static __always_inline _Bool first_waiting_is_before(u64 vtime) {
    struct bpf_iter_scx_dsq waiting;
    _Bool before = 1;
    bpf_iter_scx_dsq_new(&waiting, SHARED_DSQ, 0);
    struct task_struct* first = bpf_iter_scx_dsq_next(&waiting);
    if (first) before = vtime_before(first->scx.dsq_vtime, vtime);
    bpf_iter_scx_dsq_destroy(&waiting);
    return before;
}

#define SAMPLES 32
static u64 samples[SAMPLES];

// The verifier takes every turn of the loop, and then finds an index that may be anything.
static __always_inline u64 overrun(void) {
    u64 sum = 0;
#pragma clang loop unroll(disable)
    for (u32 at = 0; at < SAMPLES; at++) sum += *(volatile u64*)&samples[at];
    return *(volatile u64*)&samples[sum];
}

// Ends by no bound that the verifier could see. It follows one way through each turn and keeps the other for later,
// until it has kept too many.
static __always_inline void endless_loop(void) {
    for (u64 turn = 0; turn != *(volatile u64*)&nr_runs; turn++)
        if (*(volatile u64*)&nr_local & 1) count(nr_dispatched);
}

SEC("struct_ops/ktstr_dispatch")
void BPF_PROG(ktstr_dispatch, s32 cpu, struct task_struct* prev) {
    if (fault == KTSTR_FAULT_LOOP) endless_loop();
    if (fault == KTSTR_FAULT_OVERRUN) nr_queued = overrun();
    if (fault_active(KTSTR_FAULT_SLOW)) waste(SLOW_SLICES * slice_ns);
    if (spin_ns) waste(spin_ns);
    // prev is in no queue yet: taking the next one before looking at it would give every task the same share.
    if (prev && (prev->scx.flags & SCX_TASK_QUEUED) && !loses(prev)) {
        charge(prev);
        if (!first_waiting_is_before(prev->scx.dsq_vtime)) {
            set_slice(prev, slice());
            return;
        }
    }
    if (dsq_move_to_local(SHARED_DSQ)) count(nr_dispatched);
    nr_queued = scx_bpf_dsq_nr_queued(SHARED_DSQ);
}

SEC("struct_ops/ktstr_running")
void BPF_PROG(ktstr_running, struct task_struct* p) {
    if (fault_active(KTSTR_FAULT_CRASH)) {
        static char message[] = "ktstr fault: crash";
        u64 no_arguments[1] = {0}; // the kfunc takes no empty array
        scx_bpf_error_bstr(message, no_arguments, sizeof(no_arguments));
    }
    count(nr_runs);
    count(nr_running);
    if (vtime_before(vtime_now, p->scx.dsq_vtime)) vtime_now = p->scx.dsq_vtime;

    struct task_state* state = bpf_task_storage_get(&task_states, p, 0, 0);
    if (!state) return;
    s32 cpu = scx_bpf_task_cpu(p);
    if (state->cpu >= 0 && state->cpu != cpu) count(nr_migrations);
    state->cpu = cpu;
    state->charged_ns = p->se.sum_exec_runtime;
}

SEC("struct_ops/ktstr_stopping")
void BPF_PROG(ktstr_stopping, struct task_struct* p, _Bool runnable) {
    uncount(nr_running);
    if (runnable) count(nr_expired);
    charge(p);
}

SEC("struct_ops/ktstr_enable")
void BPF_PROG(ktstr_enable, struct task_struct* p) { set_dsq_vtime(p, vtime_now); }

SEC("struct_ops.s/ktstr_init_task")
s32 BPF_PROG(ktstr_init_task, struct task_struct* p, struct scx_init_task_args* args) {
    struct task_state* state = bpf_task_storage_get(&task_states, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!state) return -ENOMEM;
    state->cpu = -1;
    count(nr_tasks);
    return 0;
}

SEC("struct_ops/ktstr_exit_task")
void BPF_PROG(ktstr_exit_task, struct task_struct* p, struct scx_exit_task_args* args) { uncount(nr_tasks); }

// There is nothing to do for a CPU that comes or goes; without these two the kernel would detach the scheduler.
SEC("struct_ops.s/ktstr_cpu_online")
void BPF_PROG(ktstr_cpu_online, s32 cpu) {}

SEC("struct_ops.s/ktstr_cpu_offline")
void BPF_PROG(ktstr_cpu_offline, s32 cpu) {}

SEC("struct_ops.s/ktstr_init")
s32 BPF_PROG(ktstr_init) {
    started_ns = bpf_ktime_get_ns();
    s32 error = scx_bpf_create_dsq(SHARED_DSQ, -1);
    if (error) return error;
    return scx_bpf_create_dsq(STALLED_DSQ, -1);
}

SEC("struct_ops.s/ktstr_exit")
void BPF_PROG(ktstr_exit, struct scx_exit_info* info) {
    bpf_probe_read_kernel_str(exit_info.reason, sizeof(exit_info.reason), info->reason);
    bpf_probe_read_kernel_str(exit_info.message, sizeof(exit_info.message), info->msg);
    bpf_probe_read_kernel_str(exit_info.dump, sizeof(exit_info.dump), info->dump);
    exit_info.exit_code = info->exit_code;
    *(volatile u32*)&exit_info.kind = info->kind;
}

// The loader sets timeout_ms and exit_dump_len.
SEC(".struct_ops.link")
struct sched_ext_ops ktstr_ops = {
    .select_cpu = (void*)ktstr_select_cpu,
    .enqueue = (void*)ktstr_enqueue,
    .dispatch = (void*)ktstr_dispatch,
    .running = (void*)ktstr_running,
    .stopping = (void*)ktstr_stopping,
    .enable = (void*)ktstr_enable,
    .init_task = (void*)ktstr_init_task,
    .exit_task = (void*)ktstr_exit_task,
    .cpu_online = (void*)ktstr_cpu_online,
    .cpu_offline = (void*)ktstr_cpu_offline,
    .init = (void*)ktstr_init,
    .exit = (void*)ktstr_exit,
    .name = "ktstr",
};
