// SPDX-License-Identifier: GPL-2.0-only
#include "guest/worker_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>

#include "base/process.h"
#include "guest/kernel_file.h"
#include "guest/placement.h"
#include "guest/work/table.h"
#include "guest/worker_process.h"
#include "interp/plan/disk.h"
#include "interp/plan/work_types.h"

namespace ktstr::guest {

namespace {

// "time on a CPU, time runnable but waiting, times put on a CPU" (Documentation/scheduler/sched-stats.rst)
void read_schedstat(WorkerProcess& worker) {
    const auto content = read_kernel_file("/proc/" + std::to_string(worker.pid) + "/schedstat");
    if (!content) return; // a kernel without CONFIG_SCHED_INFO
    std::istringstream fields(content.value());
    std::uint64_t on_cpu = 0;
    fields >> on_cpu >> worker.run_delay_ns >> worker.timeslices;
}

std::uint64_t to_ns(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s + static_cast<std::uint64_t>(time.tv_usec) * 1000;
}

std::string exit_text(const WorkerProcess& worker, int status) {
    ProcessExit exit;
    if (WIFEXITED(status)) exit.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    if (worker.killed && exit.signal == SIGKILL) return "killed";
    const std::string failure(worker.slot->failure.data(),
                              ::strnlen(worker.slot->failure.data(), worker.slot->failure.size()));
    if (!failure.empty()) return "error: " + failure;
    if (worker.stopping && exit.clean()) return "stopped";
    return exit.text();
}

std::int64_t since(std::uint64_t time_ns, std::uint64_t origin_ns) {
    return time_ns == 0 ? 0 : static_cast<std::int64_t>(time_ns) - static_cast<std::int64_t>(origin_ns);
}

plan::WorkerReport report_of(const WorkerProcess& worker, const TickClock& clock, std::uint64_t origin_ns) {
    const WorkerSlot& slot = *worker.slot;
    plan::WorkerReport report;
    report.worker = worker.number;
    report.pid = worker.pid;
    report.cgroup = worker.cgroup;
    report.work = worker.work;
    report.work_type = worker.work_type;
    report.step = worker.step;
    report.work_units = slot.work_units;
    report.iterations = slot.iterations;
    report.started_at_ns = since(worker.start_ns, origin_ns);
    report.wall_ns = worker.started ? worker.stop_ns - worker.start_ns : 0;
    report.cpu_ns = worker.cpu_ns;
    report.migrations = slot.migrations;
    report.cpus = cpu_set_of(slot.seen_cpus);
    report.longest_gap_ns = clock.to_ns(slot.longest_gap_ticks);
    report.longest_gap_cpu = slot.longest_gap_cpu;
    if (report.longest_gap_ns > 0)
        report.longest_gap_at_ns = since(clock.time_of(slot.longest_gap_at_ticks), origin_ns);
    report.run_delay_ns = worker.run_delay_ns;
    report.timeslices = worker.timeslices;
    report.isolation_violations = slot.isolation_violations;
    report.isolation_cpu = slot.isolation_cpu;
    if (worker.latencies != nullptr)
        report.latencies = {worker.latencies->wakeup.summary("wakeup"), worker.latencies->request.summary("request")};
    report.exit = worker.exit;
    return report;
}

} // namespace

Result<WorkerPool> WorkerPool::create(std::size_t workers, std::size_t groups, AffinityResolver resolver) {
    auto region = SharedRegion::create(workers, groups);
    if (!region) return region.error();
    return WorkerPool(std::move(*region), std::move(resolver));
}

Result<void> WorkerPool::spawn(const plan::Work& work, const Placement& placement) {
    const plan::WorkType* type = plan::find_work_type(work.work_type);
    const WorkLoopEntry* entry = find_work_loop(work.work_type);
    if (type == nullptr || entry == nullptr)
        return Error{"'" + work.work_type + "' is not a work type of this executor",
                     "use ktstr and executor of one build"};
    const int size = type->group_size_with(work.parameters);
    if (work.workers % size != 0)
        return Error{"'" + work.name + "' has " + std::to_string(work.workers) + " workers, but " + work.work_type +
                     " takes groups of " + std::to_string(size)};
    plan::Affinity affinity = work.affinity;
    if (entry->on_siblings) {
        if (affinity.kind != plan::Affinity::Kind::inherit && affinity.kind != plan::Affinity::Kind::smt_siblings)
            return Error{"'" + work.name + "': " + work.work_type + " places its pairs itself", "give it no affinity"};
        affinity.kind = plan::Affinity::Kind::smt_siblings;
    }
    Shared shared;
    if (entry->shared_bytes != nullptr) {
        const auto workers = static_cast<std::size_t>(work.workers);
        auto latencies = SharedMemory::create(workers * sizeof(WorkerLatencies), true);
        auto memory = SharedMemory::create(entry->shared_bytes(work), false);
        if (!latencies) return latencies.error();
        if (!memory) return memory.error();
        shared = {memory->get(), static_cast<WorkerLatencies*>(latencies->get())};
        for (auto* part : {&*latencies, &*memory}) shared_.push_back(std::move(*part));
    }
    for (int first = 0; first < work.workers; first += size)
        if (auto spawned = spawn_group(work, affinity, shared, placement, first, size); !spawned) return spawned;
    return {};
}

Result<DiskExtent> WorkerPool::take_disk(const plan::Work& work) {
    const std::uint64_t bytes = plan::disk_bytes_of_group(work);
    if (bytes == 0) return DiskExtent{};
    if (disk_.fd < 0)
        return Error{"'" + work.name + "' needs the scratch disk, which this kernel does not show",
                     "use a kernel with CONFIG_VIRTIO_BLK=y and CONFIG_VIRTIO_PCI=y (not as modules)"};
    constexpr std::uint64_t alignment = 1ULL << 20U;
    const std::uint64_t taken = (bytes + alignment - 1) / alignment * alignment;
    if (taken > disk_.bytes)
        return Error{"'" + work.name + "' and those before it need more than the scratch disk has",
                     "give them less with `size`"};
    const DiskExtent extent{disk_.fd, disk_.offset, bytes};
    disk_.offset += taken;
    disk_.bytes -= taken;
    return extent;
}

Result<void> WorkerPool::spawn_group(const plan::Work& work, const plan::Affinity& affinity, const Shared& shared,
                                     const Placement& placement, int first, int size) {
    const WorkLoopEntry& entry = *find_work_loop(work.work_type);
    std::vector<Fd> files; // close themselves in the executor once the group's workers have them
    if (entry.open_files != nullptr) {
        auto opened = entry.open_files(work, size);
        if (!opened) return opened.error();
        files = std::move(*opened);
    }
    auto disk = take_disk(work);
    if (!disk) return disk.error();
    WorkerSetting setting{.work = work,
                          .members = region_.take_worker_slots(static_cast<std::size_t>(size)),
                          .size = size,
                          .first = first,
                          .group = size > 1 ? region_.take_group_slot() : nullptr,
                          .disk = *disk,
                          .shared = shared.memory,
                          .cgroup_home = placement.cgroup_home,
                          .cgroup_base = placement.cgroup_base};
    if (setting.members == nullptr || (size > 1 && setting.group == nullptr))
        return Error{"the plan starts more workers than were counted in it"};
    for (const auto& file : files) setting.files.push_back(file.get());
    for (; setting.member < size; ++setting.member) {
        WorkerSlot* slot = setting.members + setting.member;
        if (shared.latencies != nullptr) setting.latencies = shared.latencies + first + setting.member;
        end_cpuset_change(*slot, placement.allowed);
        slot->ticks_per_ns = clock_.ticks_per_ns();
        auto pid =
            fork_worker({.entry = entry, .setting = setting, .started_batch = region_.started_batch(), .batch = batch_},
                        placement.cgroup_fd);
        if (!pid) return pid.error();
        slot->pid = *pid;
        pending_ = true;
        WorkerProcess& worker = workers_.emplace_back();
        worker.number = static_cast<int>(workers_.size()) - 1;
        worker.pid = *pid;
        worker.step = placement.step;
        worker.cgroup = placement.cgroup;
        worker.work = work.name;
        worker.work_type = work.work_type;
        worker.slot = slot;
        worker.latencies = setting.latencies;
        if (auto applied = apply_policy(*pid, work); !applied) return applied;
        if (affinity.kind == plan::Affinity::Kind::inherit) continue;
        if (auto applied = set_affinity(worker, affinity, placement.allowed, first + setting.member); !applied)
            return applied;
    }
    return {};
}

Result<void> WorkerPool::set_affinity(const WorkerProcess& worker, const plan::Affinity& affinity,
                                      const plan::CpuSet& allowed, int index) {
    const auto cpus = resolver_.resolve(affinity, allowed, index);
    return cpus ? apply_affinity(worker.pid, *cpus) : Result<void>(cpus.error());
}

void WorkerPool::start(std::uint64_t now_ns) {
    const std::uint64_t ticks = ticks_now();
    for (auto& worker : workers_) {
        if (worker.started || worker.ended || worker.stopping) continue;
        worker.started = true;
        worker.start_ns = now_ns;
        worker.slot->last_ticks.store(ticks, std::memory_order_relaxed);
    }
    region_.started_batch().store(batch_++, std::memory_order_release);
    futex_wake(region_.started_batch());
    pending_ = false;
}

void WorkerPool::request_stop(const WorkerFilter& which, std::uint64_t now_ns) {
    const std::uint64_t ticks = ticks_now();
    std::vector<WorkerProcess*> chosen;
    for (auto& worker : workers_)
        if (!worker.ended && !worker.stopping && which(worker)) chosen.push_back(&worker);
    for (auto* worker : chosen) {
        read_schedstat(*worker);
        worker->stop_ns = now_ns;
        worker->stopping = true;
        if (worker->started) close_gap(*worker->slot, ticks);
    }
    // All flags before the first signal: nobody finds a partner gone that was not told to stop itself.
    for (auto* worker : chosen) worker->slot->stop.store(1);
    nudge(now_ns);
}

void WorkerPool::nudge(std::uint64_t now_ns) {
    for (auto& worker : workers_) {
        if (worker.ended || !worker.stopping) continue;
        futex_wake(worker.slot->stop);
        if (now_ns - worker.stop_ns >= stop_limit_ns) {
            worker.killed = true;
            ::kill(-worker.pid, SIGKILL);
        } else {
            ::kill(worker.pid, SIGUSR1);
        }
    }
}

bool WorkerPool::any_live(const WorkerFilter& which) const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [&which](const WorkerProcess& worker) { return !worker.ended && which(worker); });
}

WorkerProcess* WorkerPool::reaped(pid_t pid, int status, const rusage& usage, std::uint64_t now_ns) {
    const auto found = std::find_if(workers_.begin(), workers_.end(),
                                    [pid](const WorkerProcess& worker) { return worker.pid == pid && !worker.ended; });
    if (found == workers_.end()) return nullptr;
    ::kill(-pid, SIGKILL); // what it has left behind in its process group
    found->ended = true;
    if (!found->stopping) found->stop_ns = now_ns;
    const std::uint64_t cpu_ns = to_ns(usage.ru_utime) + to_ns(usage.ru_stime);
    found->cpu_ns = cpu_ns - std::min(cpu_ns, found->slot->setup_cpu_ns.load());
    found->exit = exit_text(*found, status);
    return &*found;
}

std::vector<plan::WorkerReport> WorkerPool::take_reports(std::uint64_t origin_ns) {
    std::vector<plan::WorkerReport> reports;
    for (auto& worker : workers_) {
        if (!worker.ended || worker.reported) continue;
        worker.reported = true;
        reports.push_back(report_of(worker, clock_, origin_ns));
    }
    return reports;
}

std::uint64_t WorkerPool::work_units() const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_)
        if (!worker.ended) sum += worker.slot->work_units.load(std::memory_order_relaxed);
    return sum;
}

WorkerCount count_workers(const plan::Plan& plan) {
    WorkerCount count;
    const auto add_work = [&count](const plan::Work& work, std::size_t times) {
        const plan::WorkType* type = plan::find_work_type(work.work_type);
        const int size = type == nullptr ? 1 : type->group_size_with(work.parameters);
        count.workers += times * static_cast<std::size_t>(work.workers);
        if (size > 1) count.groups += times * static_cast<std::size_t>(work.workers / size);
    };
    const auto add_ops = [&add_work](const std::vector<plan::Op>& ops, std::size_t times) {
        for (const auto& op : ops) {
            if (const auto* add = std::get_if<plan::AddCgroup>(&op.action))
                for (const auto& work : add->spec.works) add_work(work, times);
            if (const auto* spawn = std::get_if<plan::Spawn>(&op.action)) add_work(spawn->work, times);
        }
    };
    add_ops(plan.backdrop, 1);
    for (const auto& step : plan.steps) {
        add_ops(step.ops, 1);
        if (!step.loop.empty()) add_ops(step.loop, step.hold_ns / step.every_ns + 1);
    }
    return count;
}

} // namespace ktstr::guest
