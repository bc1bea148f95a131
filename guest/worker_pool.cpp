// SPDX-License-Identifier: GPL-2.0-only
#include "guest/worker_pool.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>

#include "base/process.h"
#include "guest/kernel_file.h"
#include "guest/numa_pages.h"
#include "guest/placement.h"
#include "guest/work/table.h"
#include "guest/worker_process.h"
#include "interp/plan/disk.h"
#include "interp/plan/work_types.h"

namespace ktstr::guest {

namespace {

Schedstat read_schedstat(const WorkerProcess& worker) {
    Schedstat stat;
    const auto content =
        read_kernel_file("/proc/" + std::to_string(worker.pid) + "/task/" + std::to_string(worker.tid) + "/schedstat");
    if (!content) return stat; // a kernel without CONFIG_SCHED_INFO
    std::istringstream fields(content.value());
    fields >> stat.cpu_ns >> stat.run_delay_ns >> stat.timeslices;
    return stat;
}

std::uint64_t grown(std::uint64_t from, std::uint64_t to) { return to > from ? to - from : 0; }

std::uint64_t to_ns(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s + static_cast<std::uint64_t>(time.tv_usec) * 1000;
}

std::string failure_of(const WorkerSlot& slot) {
    return {slot.failure.data(), ::strnlen(slot.failure.data(), slot.failure.size())};
}

// `failure` is why the worker gave up, if it did.
std::string exit_text(const WorkerProcess& worker, const ProcessExit& exit, const std::string& failure) {
    if (worker.killed && exit.signal == SIGKILL) return "killed";
    if (!failure.empty()) return "error: " + failure;
    if (worker.stopping && exit.clean()) return "stopped";
    return exit.text();
}

std::int64_t since(std::uint64_t time_ns, std::uint64_t origin_ns) {
    return time_ns == 0 ? 0 : static_cast<std::int64_t>(time_ns) - static_cast<std::int64_t>(origin_ns);
}

// Of the memory that the threads of one process share, each has the same figures.
void read_numa_pages(const std::vector<WorkerProcess*>& workers) {
    if (!has_numa_nodes()) return;
    const WorkerProcess* last = nullptr;
    for (auto* worker : workers) {
        worker->numa_pages =
            last != nullptr && last->pid == worker->pid ? last->numa_pages : numa_pages_of(worker->pid);
        last = worker;
    }
}

plan::WorkerReport report_of(const WorkerProcess& worker, const TickClock& clock, std::uint64_t origin_ns) {
    const WorkerSlot& slot = *worker.slot;
    plan::WorkerReport report;
    report.worker = worker.number;
    report.pid = worker.pid;
    report.tid = std::max(worker.tid, 0);
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
    report.run_delay_ns = grown(worker.at_start.run_delay_ns, worker.at_stop.run_delay_ns);
    report.timeslices = grown(worker.at_start.timeslices, worker.at_stop.timeslices);
    report.isolation_violations = slot.isolation_violations;
    report.isolation_cpu = slot.isolation_cpu;
    report.numa_pages = worker.numa_pages;
    if (worker.latencies != nullptr) report.latencies.push_back(worker.latencies->wake.summary("wake_latency"));
    const WorkLoopEntry* entry = find_work_loop(worker.work_type);
    if (worker.latencies != nullptr && entry != nullptr && entry->shared_bytes != nullptr)
        report.latencies.push_back(worker.latencies->request.summary("request_latency"));
    report.exit = worker.exit;
    return plan::bounded(std::move(report));
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
    const auto shared = share(work);
    if (!shared) return shared.error();
    Crew crew{{}, shared->owned, {}};
    for (int first = 0; first < work.workers; first += size) {
        if (auto added = add_group(crew, work, *shared, placement, first, size); !added) return added;
        if (work.threads) continue;
        if (auto forked = fork_processes(crew, affinity, placement); !forked) return forked;
        crew = {{}, shared->owned, {}};
    }
    return work.threads ? fork_process_of_threads(crew, affinity, placement) : Result<void>{};
}

Result<WorkerPool::Shared> WorkerPool::share(const plan::Work& work) {
    const WorkLoopEntry& entry = *find_work_loop(work.work_type);
    const auto workers = static_cast<std::size_t>(work.workers);
    Shared shared;
    if (!plan::wake_latency_of(work.work_type).empty()) {
        auto memory = SharedMemory::create(workers * sizeof(WorkerLatencies), true);
        if (!memory) return memory.error();
        shared.latencies = static_cast<WorkerLatencies*>(memory->get());
        for (std::size_t i = 0; i < workers; ++i) new (shared.latencies + i) WorkerLatencies(i);
        shared.owned.push_back(std::make_shared<SharedMemory>(std::move(*memory)));
    }
    if (entry.shared_bytes != nullptr) {
        auto memory = SharedMemory::create(entry.shared_bytes(work), false);
        if (!memory) return memory.error();
        shared.memory = memory->get();
        shared.owned.push_back(std::make_shared<SharedMemory>(std::move(*memory)));
    }
    return shared;
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

Result<void> WorkerPool::add_group(Crew& crew, const plan::Work& work, const Shared& shared, const Placement& placement,
                                   int first, int size) {
    const WorkLoopEntry& entry = *find_work_loop(work.work_type);
    std::vector<Fd> files;
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
                          .telemetry = telemetry_,
                          .cgroup_home = placement.cgroup_home,
                          .cgroup_base = placement.cgroup_base};
    if (setting.members == nullptr || (size > 1 && setting.group == nullptr))
        return Error{"the plan starts more workers than were counted in it"};
    for (auto& file : files) {
        setting.files.push_back(file.get());
        crew.files.push_back(std::move(file));
    }
    for (; setting.member < size; ++setting.member) {
        WorkerSlot& slot = setting.members[setting.member];
        if (shared.latencies != nullptr) setting.latencies = shared.latencies + first + setting.member;
        end_cpuset_change(slot, placement.allowed);
        slot.ticks_per_ns = clock_.ticks_per_ns();
        crew.settings.push_back(setting);
    }
    return {};
}

WorkerProcess& WorkerPool::add_worker(const Crew& crew, std::size_t index, const Placement& placement, pid_t pid) {
    pending_ = true;
    const WorkerSetting& setting = crew.settings[index];
    WorkerProcess& worker = workers_.emplace_back();
    worker.number = static_cast<int>(workers_.size()) - 1;
    worker.pid = pid;
    worker.step = worker.ends_with = placement.step;
    worker.made_with = placement.made_with;
    worker.cgroup = placement.cgroup;
    worker.work = setting.work.name;
    worker.work_type = setting.work.work_type;
    worker.slot = setting.members + setting.member;
    worker.latencies = setting.latencies;
    worker.shared = crew.shared;
    return worker;
}

Result<void> WorkerPool::fork_processes(const Crew& crew, const plan::Affinity& affinity, const Placement& placement) {
    for (std::size_t i = 0; i < crew.settings.size(); ++i) {
        const WorkerSetting& setting = crew.settings[i];
        const plan::Work& work = setting.work;
        const WorkerStart start{*find_work_loop(work.work_type), region_.started_batch(), batch_};
        auto pid = fork_worker(start, setting, placement.cgroup_fd);
        if (!pid) return pid.error();
        WorkerProcess& worker = add_worker(crew, i, placement, *pid);
        worker.tid = *pid;
        worker.slot->pid = *pid;
        if (auto applied = apply_policy(worker.tid, work); !applied) return applied;
        if (affinity.kind == plan::Affinity::Kind::inherit) continue;
        if (auto applied = set_affinity(worker, affinity, placement.allowed, setting.first + setting.member); !applied)
            return applied;
    }
    return {};
}

Result<void> WorkerPool::fork_process_of_threads(const Crew& crew, const plan::Affinity& affinity,
                                                 const Placement& placement) {
    const plan::Work& work = crew.settings.front().work;
    std::vector<std::optional<plan::CpuSet>> cpus(crew.settings.size());
    for (std::size_t i = 0; i < cpus.size() && affinity.kind != plan::Affinity::Kind::inherit; ++i) {
        auto resolved = resolver_.resolve(affinity, placement.allowed, static_cast<int>(i));
        if (!resolved) return resolved.error();
        cpus[i] = std::move(*resolved);
    }
    const WorkerStart start{*find_work_loop(work.work_type), region_.started_batch(), batch_};
    auto pid = fork_threads(start, crew.settings, placement.cgroup_fd);
    if (!pid) return pid.error();
    for (std::size_t i = 0; i < crew.settings.size(); ++i) {
        add_worker(crew, i, placement, *pid);
        unplaced_.push_back({workers_.size() - 1, work, std::move(cpus[i])});
    }
    return {};
}

Result<bool> WorkerPool::place_threads() {
    for (const auto& thread : unplaced_) {
        WorkerProcess& worker = workers_[thread.worker];
        if (worker.ended || worker.slot->ended != 0 || worker.tid > 0) continue;
        const pid_t tid = worker.slot->pid;
        if (tid == 0) return false;
        worker.tid = tid;
        if (auto applied = apply_policy(tid, thread.work); !applied) return applied.error();
        if (!thread.cpus) continue;
        if (auto applied = apply_affinity(tid, *thread.cpus); !applied) return applied.error();
    }
    unplaced_.clear();
    return true;
}

Result<void> WorkerPool::set_affinity(const WorkerProcess& worker, const plan::Affinity& affinity,
                                      const plan::CpuSet& allowed, int index) {
    const auto cpus = resolver_.resolve(affinity, allowed, index);
    return cpus ? apply_affinity(worker.tid, *cpus) : Result<void>(cpus.error());
}

void WorkerPool::read_counters() {
    for (auto& worker : workers_)
        if (!worker.started && !worker.ended && !worker.stopping) worker.at_start = read_schedstat(worker);
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
        worker->at_stop = read_schedstat(*worker);
        worker->cpu_ns = worker->at_stop.cpu_ns;
        worker->stop_ns = now_ns;
        worker->stopping = true;
        if (worker->started) close_gap(*worker->slot, ticks);
    }
    read_numa_pages(chosen);
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
        } else if (const pid_t task = worker.slot->pid; task > 0 && worker.slot->ended == 0) {
            ::syscall(SYS_tgkill, worker.pid, task, SIGUSR1);
        }
    }
}

bool WorkerPool::any_live(const WorkerFilter& which) const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [&which](const WorkerProcess& worker) { return !worker.ended && which(worker); });
}

std::vector<WorkerProcess*> WorkerPool::reaped(pid_t pid, int status, const rusage& usage, std::uint64_t now_ns) {
    std::vector<WorkerProcess*> ended;
    for (auto& worker : workers_)
        if (worker.pid == pid && !worker.ended) ended.push_back(&worker);
    if (ended.empty()) return ended;
    ::kill(-pid, SIGKILL); // what it has left behind in its process group
    ProcessExit exit;
    if (WIFEXITED(status)) exit.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    // A process that gave up before its threads could: one reason for all of them.
    std::string failure;
    for (const auto* worker : ended)
        if (worker->slot->ended == 0 && failure.empty()) failure = failure_of(*worker->slot);
    for (auto* worker : ended) {
        const WorkerSlot& slot = *worker->slot;
        worker->ended = true;
        if (slot.ended != 0) {
            if (!worker->stopping) worker->stop_ns = slot.ended_ns;
            worker->cpu_ns = slot.used_cpu_ns;
            worker->exit = exit_text(*worker, ProcessExit{.exit_code = 0}, failure_of(slot));
        } else {
            if (!worker->stopping) worker->stop_ns = now_ns;
            if (slot.thread == 0) worker->cpu_ns = to_ns(usage.ru_utime) + to_ns(usage.ru_stime);
            worker->exit = exit_text(*worker, exit, failure);
        }
        worker->cpu_ns -= std::min(worker->cpu_ns, slot.setup_cpu_ns.load());
    }
    return ended;
}

std::vector<plan::WorkerReport> WorkerPool::take_reports(std::uint64_t origin_ns) {
    std::vector<plan::WorkerReport> reports;
    for (auto& worker : workers_) {
        if (!worker.ended || worker.reported) continue;
        worker.reported = true;
        reports.push_back(report_of(worker, clock_, origin_ns));
        worker.latencies = nullptr;
        worker.shared.clear();
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
