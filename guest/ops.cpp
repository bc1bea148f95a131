// SPDX-License-Identifier: GPL-2.0-only
// The ops of ScenarioRunner, one function each.
#include "guest/scenario_runner.h"

#include <algorithm>

#include "ctprof/document.h"
#include "ctprof/walk.h"
#include "guest/bpf_map.h"
#include "guest/kernel_file.h"
#include "guest/system.h"
#include "guest/work/table.h"
#include "wire/message.h"

namespace ktstr::guest {

namespace {

constexpr std::uint64_t freeze_limit_ns = 10 * ns_per_s;
constexpr std::size_t most_captured_threads = 10'000;

std::string place_of(const std::string& cgroup) {
    return cgroup.empty() ? "in the executor's own cgroup" : "in " + cgroup;
}

std::string arrow(const std::string& from, const std::string& to) { return from + " -> " + to; }

std::string cpuset_text(const CgroupTree::Cpuset& cpuset) {
    return cpuset.cpus.empty() ? "not restricted" : cpuset.cpus.list();
}

} // namespace

Result<void> ScenarioRunner::require_cgroup(const std::string& name) const {
    if (cgroups_.exists(name)) return {};
    return Error{"there is no cgroup '" + name + "'", "it was not added yet, or is removed already"};
}

Result<void> ScenarioRunner::spawn(const plan::Work& work, const std::string& cgroup, const std::string& made_with) {
    Placement placement{.cgroup = cgroup,
                        .cgroup_fd = -1,
                        .allowed = {},
                        .step = timeline_.step(),
                        .made_with = made_with,
                        .cgroup_home = cgroups_.process_path(cgroup),
                        .cgroup_base = cgroups_.base_path(cgroup)};
    auto allowed = cgroups_.effective_cpus(cgroup);
    if (!allowed) return allowed.error();
    placement.allowed = std::move(*allowed);
    auto directory = cgroups_.open(cgroup);
    if (!directory) return directory.error();
    placement.cgroup_fd = directory->get();
    auto spawned = pool_.spawn(work, placement);
    return spawned && work.threads ? place_threads(work) : spawned;
}

Result<void> ScenarioRunner::place_threads(const plan::Work& work) {
    Result<bool> placed = false;
    const std::uint64_t limit = WorkerPool::thread_limit_ns;
    const auto outcome =
        loop_.run_until({.deadline_ns = monotonic_ns() + limit, .look_every_ns = ns_per_ms}, [this, &placed] {
            placed = pool_.place_threads();
            return !placed || *placed;
        });
    if (!placed) return placed.error();
    if (outcome != EventLoop::Outcome::timed_out) return {};
    return Error{"the threads of '" + work.name + "' were not there within " + std::to_string(limit / ns_per_s) + " s",
                 "their process has to run to make them: is it starved?"};
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::AddCgroup& op) {
    const plan::CgroupSpec& spec = op.spec;
    if (cgroups_.exists(spec.name)) return Error{"there is a cgroup '" + spec.name + "' already"};
    auto created = cgroups_.create_cgroup(spec.name);
    if (!created) return created.error();
    for (const auto& name : *created) owned_.push_back({name, timeline_.step()});
    const CgroupTree::Cpuset cpuset{spec.cpus.value_or(plan::CpuSet{}), spec.mems.value_or(plan::CpuSet{})};
    if (!cpuset.cpus.empty() || !cpuset.mems.empty())
        if (auto set = cgroups_.set_cpuset(spec.name, cpuset); !set) return set.error();
    if (auto set = cgroups_.set_limits(spec); !set) return set.error();
    int workers = 0;
    for (const auto& work : spec.works) {
        if (auto spawned = spawn(work, spec.name, spec.name); !spawned) return spawned.error();
        workers += work.workers;
    }
    return spec.name + ": CPUs " + cpuset_text(cpuset) + ", " + std::to_string(workers) + " workers";
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::RemoveCgroup& op) {
    if (op.if_present && !cgroups_.exists(op.cgroup)) return op.cgroup + ": was not there";
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    end_payloads([&op](const PayloadRun& run) { return plan::is_within(run.lives_in, op.cgroup); }, "remove_cgroup");
    auto stopped =
        stop_workers([&op](const WorkerProcess& worker) { return plan::is_within(worker.cgroup, op.cgroup); });
    if (!stopped) return stopped.error();
    if (auto removed = remove_cgroup(op.cgroup); !removed) return removed.error();
    return op.cgroup;
}

Result<void> ScenarioRunner::change_cpusets(const std::vector<std::string>& names,
                                            const std::function<Result<void>()>& change) {
    std::vector<WorkerProcess*> affected;
    for (auto& worker : pool_.workers())
        for (const auto& name : names)
            if (!worker.ended && plan::is_within(worker.cgroup, name)) {
                affected.push_back(&worker);
                break;
            }
    for (auto* worker : affected) begin_cpuset_change(*worker->slot);
    auto changed = change();
    std::map<std::string, plan::CpuSet> allowed; // by cgroup
    for (auto* worker : affected) {
        auto known = allowed.find(worker->cgroup);
        if (known == allowed.end()) {
            auto read = cgroups_.effective_cpus(worker->cgroup);
            if (!read) return read.error();
            known = allowed.emplace(worker->cgroup, std::move(*read)).first;
        }
        end_cpuset_change(*worker->slot, known->second);
    }
    return changed;
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::SetCpuset& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    auto set = change_cpusets({op.cgroup}, [&] { return cgroups_.set_cpuset(op.cgroup, {op.cpus, op.mems}); });
    if (!set) return set.error();
    return arrow(op.cgroup, op.cpus.list());
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::ClearCpuset& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    auto set = change_cpusets({op.cgroup}, [&] { return cgroups_.set_cpuset(op.cgroup, {}); });
    if (!set) return set.error();
    return arrow(op.cgroup, "not restricted");
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::SwapCpusets& op) {
    for (const auto& name : {op.first, op.second})
        if (auto there = require_cgroup(name); !there) return there.error();
    const auto first = cgroups_.cpuset(op.first);
    if (!first) return first.error();
    const auto second = cgroups_.cpuset(op.second);
    if (!second) return second.error();
    auto set = change_cpusets({op.first, op.second}, [&]() -> Result<void> {
        if (auto done = cgroups_.set_cpuset(op.first, *second); !done) return done;
        return cgroups_.set_cpuset(op.second, *first);
    });
    if (!set) return set.error();
    return arrow(op.first, cpuset_text(*second)) + ", " + arrow(op.second, cpuset_text(*first));
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::Spawn& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    if (auto spawned = spawn(op.work, op.cgroup); !spawned) return spawned.error();
    return std::to_string(op.work.workers) + " of " + op.work.work_type + " in " +
           (op.cgroup.empty() ? "the executor's own cgroup" : op.cgroup);
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::StopCgroup& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    auto stopped =
        stop_workers([&op](const WorkerProcess& worker) { return plan::is_within(worker.cgroup, op.cgroup); });
    if (!stopped) return stopped.error();
    return op.cgroup;
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::SetAffinity& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    const auto allowed = cgroups_.effective_cpus(op.cgroup);
    if (!allowed) return allowed.error();
    int index = 0;
    for (const auto& worker : pool_.workers()) {
        if (worker.ended || worker.cgroup != op.cgroup) continue;
        auto applied = pool_.set_affinity(worker, op.affinity, *allowed, index++);
        if (!applied)
            return Error{"worker of '" + worker.work + "' in '" + op.cgroup + "': " + applied.error().message,
                         applied.error().hint};
    }
    return arrow(op.cgroup, affinity_text(op.affinity));
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::MoveAllTasks& op) {
    for (const auto& name : {op.from, op.to})
        if (auto there = require_cgroup(name); !there) return there.error();
    // The executor and the kernel's threads live in the root: from there, its workers are meant. Workers that move
    // themselves through cgroups of their own would only go back: they stay.
    const auto stays = [&](const WorkerProcess& worker) {
        return worker.cgroup == op.from && find_work_loop(worker.work_type)->makes_cgroups;
    };
    const auto processes = [&]() -> Result<std::vector<pid_t>> {
        std::vector<pid_t> pids;
        if (op.from.empty()) {
            for (const auto& worker : pool_.workers())
                if (!worker.ended && worker.cgroup.empty() && (pids.empty() || pids.back() != worker.pid))
                    pids.push_back(worker.pid); // of threads once
        } else {
            auto all = cgroups_.processes(op.from);
            if (!all) return all.error();
            pids = std::move(*all);
        }
        for (const auto& worker : pool_.workers())
            if (!worker.ended && stays(worker)) std::erase(pids, worker.pid);
        return pids;
    };
    std::size_t count = 0;
    constexpr int rounds = 10; // a process that forks while it is moved may leave a child behind: look again
    const auto move = [&]() -> Result<void> {
        for (int round = 0; round < rounds; ++round) {
            auto pids = processes();
            if (!pids) return pids.error();
            if (pids->empty()) break;
            for (const pid_t pid : *pids)
                if (auto moved = cgroups_.move_process(pid, op.to); !moved) return moved;
            if (round == 0) count = pids->size();
            if (op.from.empty()) break;
        }
        for (auto& worker : pool_.workers())
            if (!worker.ended && worker.cgroup == op.from && !stays(worker)) worker.cgroup = op.to;
        if (!op.from.empty()) payloads_.moved(op.from, op.to);
        return {};
    };
    if (auto moved = change_cpusets({op.from}, move); !moved) return moved.error();
    return arrow(op.from, op.to) + ": " + std::to_string(count) + " tasks";
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::CaptureCgroupProcs& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    const std::uint64_t now = monotonic_ns();
    auto pids = cgroups_.processes(op.cgroup);
    if (!pids) return pids.error();
    std::string detail = op.cgroup + " as " + op.tag + ": " + std::to_string(pids->size()) + " processes";
    loop_.send(wire::FrameType::cgroup_procs,
               plan::CgroupProcs{op.tag, op.cgroup, timeline_.step(), timeline_.at(now), std::move(*pids)});
    return detail;
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::CaptureCtprof& op) {
    const std::uint64_t now = monotonic_ns();
    ctprof::KnownLayouts layouts(payload_files_.heap_images);
    ctprof::CaptureOptions options;
    options.most_threads = most_captured_threads;
    options.layouts = &layouts;
    options.in_tracer = [] { (void)take_precedence(); }; // which a fork does not keep
    auto capture = ctprof::take_capture(options);
    if (!capture) return capture.error();
    std::string document = ctprof::to_document(*capture);
    while (document.size() > wire::ctprof_limit && !capture->threads.empty()) {
        const std::size_t kept = capture->threads.size() / 2;
        capture->report.left_out += capture->threads.size() - kept;
        capture->threads.resize(kept);
        document = ctprof::to_document(*capture);
    }
    ctprof_bytes_ += document.size();
    if (ctprof_bytes_ > wire::all_ctprof_limit)
        return Error{"the captures of this run have more than the " + std::to_string(wire::all_ctprof_limit >> 20U) +
                         " MiB that are kept",
                     "take fewer, or have fewer threads in the machine"};
    for (std::size_t at = 0; at < document.size(); at += wire::ctprof_chunk)
        loop_.send(wire::FrameType::ctprof, wire::CtprofPiece{op.name, timeline_.step(), timeline_.at(now),
                                                              document.substr(at, wire::ctprof_chunk),
                                                              at + wire::ctprof_chunk >= document.size()});
    const auto& report = capture->report;
    return op.name + ": " + std::to_string(capture->threads.size()) + " threads, heap bytes of " +
           std::to_string(report.heap.at(static_cast<std::size_t>(ctprof::HeapState::read))) +
           (report.left_out > 0 ? ", " + std::to_string(report.left_out) + " threads left out" : "");
}

std::uint64_t ScenarioRunner::oom_kills(const std::string& cgroup) const {
    if (!cgroup.empty() && cgroups_.has_controller("memory")) return cgroups_.oom_kills(cgroup);
    const auto counters = read_kernel_file("/proc/vmstat");
    return counters ? keyed_value(*counters, "oom_kill").value_or(0) : 0;
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::RunPayload& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    const auto payload = std::find_if(plan_.payloads.begin(), plan_.payloads.end(),
                                      [&op](const plan::Payload& one) { return one.name == op.payload; });
    const auto path = payload_files_.paths.find(op.payload);
    if (payload == plan_.payloads.end() || path == payload_files_.paths.end())
        return Error{"the payload '" + op.payload + "' was not handed to the guest"};
    if (const PayloadRun* before = payloads_.find(op.payload, op.cgroup); before != nullptr && !before->ended())
        return Error{"'" + op.payload + "' runs " + place_of(op.cgroup) + " already"};
    const auto cgroup = cgroups_.open(op.cgroup);
    if (!cgroup) return cgroup.error();
    PayloadCommand command{path->second, payload->args, payload_files_.directory, cgroup->get()};
    command.arguments.insert(command.arguments.end(), op.args.begin(), op.args.end());
    const PayloadRun& run = payloads_.start(
        {op.payload, op.cgroup, here(), std::move(command), [this, name = op.cgroup] { return oom_kills(name); }});
    if (loop_.interrupted()) return interruption();
    if (!run.error.empty()) return op.payload + ": " + run.error;
    return op.payload + " " + place_of(op.cgroup) + ": pid " + std::to_string(run.process->pid());
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::WaitPayload& op) {
    PayloadRun* run = payloads_.find(op.payload, op.cgroup);
    if (run == nullptr) return Error{"'" + op.payload + "' was not run " + place_of(op.cgroup)};
    if (payloads_.wait(*run, op.limit_ns, here()) == EventLoop::Outcome::interrupted) return interruption();
    return op.payload + ": " + (run->error.empty() ? "ended" : run->error);
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::KillPayload& op) {
    PayloadRun* run = payloads_.find(op.payload, op.cgroup);
    if (run == nullptr) return Error{"'" + op.payload + "' was not run " + place_of(op.cgroup)};
    const bool had_ended = run->ended();
    payloads_.kill(*run, "kill_payload");
    return op.payload + (had_ended ? ": had ended already" : ": killed");
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::FreezeCgroup& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    const std::uint64_t since = monotonic_ns();
    const std::uint64_t since_ticks = ticks_now();
    if (auto written = cgroups_.write_freeze(op.cgroup, true); !written) return written.error();
    frozen_.emplace(op.cgroup, since_ticks);
    Result<bool> frozen = false;
    const auto outcome = loop_.run_until({.deadline_ns = since + freeze_limit_ns, .look_every_ns = ns_per_ms}, [&] {
        frozen = cgroups_.is_frozen(op.cgroup);
        return !frozen || *frozen;
    });
    if (!frozen) return frozen.error();
    if (outcome == EventLoop::Outcome::interrupted) return interruption();
    if (outcome == EventLoop::Outcome::timed_out)
        return Error{"the processes of '" + op.cgroup + "' did not come to rest within " +
                         std::to_string(freeze_limit_ns / ns_per_s) + " s",
                     "one that does not reach user mode cannot be frozen: is it starved?"};
    return op.cgroup;
}

Result<void> ScenarioRunner::unfreeze(const std::string& name) {
    if (const auto found = frozen_.find(name); found != frozen_.end()) {
        // Told before they run again, so that they take it off their gaps.
        for (const auto& worker : pool_.workers())
            if (!worker.ended && plan::is_within(worker.cgroup, name))
                excuse_freeze(*worker.slot, found->second, ticks_now());
        frozen_.erase(found);
    }
    return cgroups_.write_freeze(name, false);
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::UnfreezeCgroup& op) {
    if (auto there = require_cgroup(op.cgroup); !there) return there.error();
    if (auto done = unfreeze(op.cgroup); !done) return done.error();
    Result<bool> frozen = true;
    const auto outcome =
        loop_.run_until({.deadline_ns = monotonic_ns() + freeze_limit_ns, .look_every_ns = ns_per_ms}, [&] {
            frozen = cgroups_.is_frozen(op.cgroup);
            return !frozen || !*frozen;
        });
    if (!frozen) return frozen.error();
    if (outcome == EventLoop::Outcome::interrupted) return interruption();
    if (outcome == EventLoop::Outcome::timed_out)
        return Error{"'" + op.cgroup + "' stays frozen", "a cgroup above it may be frozen too"};
    return op.cgroup;
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::AttachScheduler& op) {
    if (scheduler_ == nullptr) return Error{"the plan has no scheduler to attach"};
    if (auto ending = scheduler_->attach(op.scheduler)) return *ending;
    return scheduler_->name();
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::DetachScheduler&) {
    if (scheduler_ == nullptr) return Error{"the plan has no scheduler to detach"};
    if (auto ending = scheduler_->detach()) return *ending;
    return scheduler_->name();
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::RestartScheduler&) {
    if (scheduler_ == nullptr) return Error{"the plan has no scheduler to restart"};
    if (auto ending = scheduler_->detach()) return *ending;
    if (auto ending = scheduler_->attach({})) return *ending;
    return scheduler_->name();
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::ReplaceScheduler& op) {
    if (scheduler_ == nullptr) return Error{"the plan has no scheduler to replace"};
    const std::string before = scheduler_->name();
    if (auto ending = scheduler_->detach()) return *ending;
    if (auto ending = scheduler_->attach(op.scheduler)) return *ending;
    return arrow(before, op.scheduler);
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::PinBpfMap& op) {
    const auto id = pin_bpf_map(op.map);
    if (!id) return id.error();
    return op.map + ": map " + std::to_string(*id) + " at /sys/fs/bpf/" + op.map;
}

} // namespace ktstr::guest
