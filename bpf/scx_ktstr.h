// SPDX-License-Identifier: GPL-2.0-only
// What the BPF program and its loader both know. Plain C: clang compiles it for BPF, g++ for the host.
#pragma once

// Values of the BPF global `fault`. Those that only the loader knows (exit, hang, exit-late) are not among them.
enum ktstr_fault {
    KTSTR_FAULT_NONE = 0,
    KTSTR_FAULT_STALL = 1,
    KTSTR_FAULT_CRASH = 2,
    KTSTR_FAULT_SLOW = 3,
    KTSTR_FAULT_UNFAIR = 4,
    KTSTR_FAULT_VERIFY = 5,
    KTSTR_FAULT_LOOP = 6,
    KTSTR_FAULT_OVERRUN = 7,
};

#define KTSTR_EXIT_DUMP_BYTES 16384

// The BPF global `exit_info`: what ops.exit() was told (struct scx_exit_info of the kernel).
struct ktstr_exit_info {
    unsigned int kind; // enum scx_exit_kind; 0 as long as the scheduler is attached. Written last
    long long exit_code;
    char reason[128];
    char message[1024];
    char dump[KTSTR_EXIT_DUMP_BYTES];
};
