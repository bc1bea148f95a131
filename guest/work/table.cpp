// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/table.h"

#include <algorithm>
#include <array>

#include "guest/work/bench.h"
#include "guest/work/files.h"
#include "guest/work/loops.h"

namespace ktstr::guest {

namespace {

constexpr std::array entries = {
    WorkLoopEntry{"spin_wait", work::spin_wait},
    WorkLoopEntry{"yield_heavy", work::yield_heavy},
    WorkLoopEntry{"mixed", work::mixed},
    WorkLoopEntry{"alu_hot", work::alu_hot},
    WorkLoopEntry{.work_type = "smt_sibling_spin", .loop = work::spin_wait, .on_siblings = true},
    WorkLoopEntry{"ipc_variance", work::ipc_variance},
    WorkLoopEntry{"bursty", work::bursty},
    WorkLoopEntry{"idle_churn", work::idle_churn},
    WorkLoopEntry{"timer_latency", work::timer_latency},
    WorkLoopEntry{"irq_wake", work::irq_wake},
    WorkLoopEntry{"pipe_io", work::pipe_io, open_ring},
    WorkLoopEntry{"futex_ping_pong", work::futex_ping_pong},
    WorkLoopEntry{"cache_pipe", work::cache_pipe, open_ring},
    WorkLoopEntry{"wake_chain", work::wake_chain, open_ring},
    WorkLoopEntry{"asymmetric_waker", work::asymmetric_waker},
    WorkLoopEntry{"futex_fan_out", work::futex_fan_out},
    WorkLoopEntry{"fan_out_compute", work::fan_out_compute},
    WorkLoopEntry{"epoll_storm", work::epoll_storm, open_eventfds},
    WorkLoopEntry{"thundering_herd", work::thundering_herd},
    WorkLoopEntry{"producer_consumer_imbalance", work::producer_consumer_imbalance},
    WorkLoopEntry{"net_traffic", work::net_traffic},
    WorkLoopEntry{"cache_pressure", work::cache_pressure},
    WorkLoopEntry{"cache_yield", work::cache_yield},
    WorkLoopEntry{"page_fault_churn", work::page_fault_churn},
    WorkLoopEntry{"memory_hog", work::memory_hog},
    WorkLoopEntry{"numa_working_set_sweep", work::numa_working_set_sweep},
    WorkLoopEntry{"io_sync_write", work::io_sync_write},
    WorkLoopEntry{"io_rand_read", work::io_rand_read},
    WorkLoopEntry{"io_convoy", work::io_convoy},
    WorkLoopEntry{"fork_exit", work::fork_exit},
    WorkLoopEntry{"nice_sweep", work::nice_sweep},
    WorkLoopEntry{"affinity_churn", work::affinity_churn},
    WorkLoopEntry{"cross_affinity_churn", work::cross_affinity_churn},
    WorkLoopEntry{"policy_churn", work::policy_churn},
    WorkLoopEntry{"numa_migration_churn", work::numa_migration_churn},
    WorkLoopEntry{.work_type = "cgroup_churn", .loop = work::cgroup_churn, .makes_cgroups = true},
    WorkLoopEntry{.work_type = "cgroup_attach_storm", .loop = work::cgroup_attach_storm, .makes_cgroups = true},
    WorkLoopEntry{"mutex_contention", work::mutex_contention},
    WorkLoopEntry{"priority_inversion", work::priority_inversion},
    WorkLoopEntry{"signal_storm", work::signal_storm},
    WorkLoopEntry{"preempt_storm", work::preempt_storm},
    WorkLoopEntry{"rt_starvation", work::rt_starvation},
    WorkLoopEntry{.work_type = "schbench", .loop = work::schbench, .shared_bytes = schbench_shared_bytes},
    WorkLoopEntry{.work_type = "taobench", .loop = work::taobench, .shared_bytes = taobench_shared_bytes},
    WorkLoopEntry{"sequence", work::sequence},
    WorkLoopEntry{"custom", work::custom, open_ring}};

} // namespace

const WorkLoopEntry* find_work_loop(std::string_view work_type) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [work_type](const WorkLoopEntry& entry) { return entry.work_type == work_type; });
    return found == entries.end() ? nullptr : &*found;
}

} // namespace ktstr::guest
