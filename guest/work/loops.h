// SPDX-License-Identifier: GPL-2.0-only
// The work loops: one per work type of plan::work_types(), grouped in files by what they press on. Each line says what
// one work unit is, which is what a throughput counts. A loop returns when its worker is told to stop; a unit that was
// cut short by the stop is not counted.
#pragma once

#include "guest/work/worker.h"

namespace ktstr::guest::work {

// cpu.cpp
void spin_wait(Worker& worker);   // a spin_block() of 8192 dependent multiply-adds, no system call
void yield_heavy(Worker& worker); // 256 multiply-adds and one sched_yield
void mixed(Worker& worker);       // `spin` of CPU time and one sched_yield
void alu_hot(Worker& worker);     // 8192 multiply-adds in each of `width` independent chains

// sleep.cpp
void bursty(Worker& worker);        // `burst` of CPU time; then `sleep`
void idle_churn(Worker& worker);    // one sleep
void timer_latency(Worker& worker); // one deadline met; lateness shows as a gap; deadlines missed meanwhile are skipped

// wake.cpp
void pipe_io(Worker& worker);         // one round trip of a byte, per member
void futex_ping_pong(Worker& worker); // one turn of one's own

// lock.cpp
void mutex_contention(Worker& worker); // one critical section

// memory.cpp
void cache_pressure(Worker& worker);   // 1024 cache lines written
void cache_yield(Worker& worker);      // one pass over the buffer and one sched_yield
void page_fault_churn(Worker& worker); // one mapping mapped, touched page by page, and unmapped
void memory_hog(Worker& worker);       // `step` bytes more, touched; sleeps when no more is to be had

// churn.cpp
void fork_exit(Worker& worker);      // one child forked, ended and reaped
void nice_sweep(Worker& worker);     // a spin_block(); the nice value goes from 19 to -20, one every `interval`
void affinity_churn(Worker& worker); // a spin_block(); another CPU every `interval`
void policy_churn(Worker& worker);   // a spin_block(); another policy every `interval`

} // namespace ktstr::guest::work
