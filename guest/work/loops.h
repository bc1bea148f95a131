// SPDX-License-Identifier: GPL-2.0-only
// The work loops: one per work type of plan::work_types(), grouped in files by what they press on. Each line says what
// one work unit is, which is what a throughput counts. A loop returns when its worker is told to stop; a unit that was
// cut short by the stop is not counted. docs/work-types.md says the same to users.
#pragma once

#include "guest/work/worker.h"

namespace ktstr::guest::work {

// cpu.cpp
void spin_wait(Worker& worker);    // a spin_block() of 8192 dependent multiply-adds, no system call
void yield_heavy(Worker& worker);  // 256 multiply-adds and one sched_yield
void mixed(Worker& worker);        // `spin` of CPU time and one sched_yield
void alu_hot(Worker& worker);      // 8192 multiply-adds in each of `width` independent chains
void ipc_variance(Worker& worker); // `fast` of arithmetic in eight chains, then `slow` of dependent cache misses
// The arithmetic of the fast half: `steps` multiply-adds in each of eight independent chains.
void independent_chains(std::uint32_t steps);

// sleep.cpp
void bursty(Worker& worker);        // `burst` of CPU time; then `sleep`
void idle_churn(Worker& worker);    // one sleep
void timer_latency(Worker& worker); // one deadline met; lateness shows as a gap; deadlines missed meanwhile are skipped
void irq_wake(Worker& worker);      // one wake-up by the timer, however many times it has expired meanwhile

// wake.cpp
void pipe_io(Worker& worker);          // one round trip of a byte, per member
void futex_ping_pong(Worker& worker);  // one turn of one's own
void cache_pipe(Worker& worker);       // one round trip of the buffer, per member
void wake_chain(Worker& worker);       // `work` done and the next one woken
void asymmetric_waker(Worker& worker); // one turn of one's own, with `work`

// wake_groups.cpp
void futex_fan_out(Worker& worker);               // one round, in which all others ran once
void fan_out_compute(Worker& worker);             // one round; of the others: one multiplication
void epoll_storm(Worker& worker);                 // one burst; of the others: one epoll_wait that had events
void thundering_herd(Worker& worker);             // one wake-up of all; of the others: one time woken, with `work`
void producer_consumer_imbalance(Worker& worker); // one item put into the queue; of the others: one taken and consumed

// net.cpp
void net_traffic(Worker& worker); // one round trip, per member

// io.cpp
void io_sync_write(Worker& worker); // one block written
void io_rand_read(Worker& worker);  // one block read
void io_convoy(Worker& worker);     // one block written with the lock held

// lock.cpp
void mutex_contention(Worker& worker);   // one critical section
void priority_inversion(Worker& worker); // one critical section; of medium priority: one `hold` of work

// memory.cpp
void cache_pressure(Worker& worker);   // 1024 cache lines written
void cache_yield(Worker& worker);      // one pass over the buffer and one sched_yield
void page_fault_churn(Worker& worker); // one mapping mapped, touched page by page, and unmapped
void memory_hog(Worker& worker);       // `step` bytes more, touched; sleeps when no more is to be had

// numa.cpp
void numa_migration_churn(Worker& worker);   // one move to a node with all memory, and `interval` of work there
void numa_working_set_sweep(Worker& worker); // `interval` in the memory of one node, all of it touched

// churn.cpp
void fork_exit(Worker& worker);            // one child forked, ended and reaped
void nice_sweep(Worker& worker);           // a spin_block(); the nice value goes from 19 to -20, one every `interval`
void affinity_churn(Worker& worker);       // a spin_block(); another CPU every `interval`
void cross_affinity_churn(Worker& worker); // one change of the other's affinity
void policy_churn(Worker& worker);         // a spin_block(); another policy every `interval`

// cgroup_churn.cpp
void cgroup_churn(Worker& worker);        // one move into the next cgroup
void cgroup_attach_storm(Worker& worker); // one child forked and moved

// pressure.cpp
void signal_storm(Worker& worker);  // one signal sent
void preempt_storm(Worker& worker); // one wake-up with `work`; of the victims: a spin_block()
void rt_starvation(Worker& worker); // one period's `busy` part; of the victims: a spin_block()

// schbench.cpp
void schbench(Worker& worker); // a request; of the message thread: a worker called; of pipe mode: a message

// taobench.cpp
void taobench(Worker& worker); // a request; of the backend: a miss answered

// sequence.cpp
void sequence(Worker& worker); // once through all phases

// lua_loop.cpp
void custom(Worker& worker); // what the program says; once through it where it says nothing

} // namespace ktstr::guest::work
