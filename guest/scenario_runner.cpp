// SPDX-License-Identifier: GPL-2.0-only
#include "guest/scenario_runner.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <set>

namespace ktstr::guest {

namespace {

constexpr std::uint64_t removal_limit_ns = 5 * ns_per_s;
constexpr std::size_t reports_per_frame = 64;

} // namespace

ScenarioRunner::ScenarioRunner(EventLoop& loop, Timeline& timeline, const plan::Plan& plan, CgroupTree cgroups,
                               WorkerPool pool, SchedulerControl* scheduler, PayloadFiles payload_files)
    : loop_(loop), timeline_(timeline), plan_(plan), cgroups_(std::move(cgroups)), pool_(std::move(pool)),
      payloads_(loop, timeline), scheduler_(scheduler), payload_files_(std::move(payload_files)), host_(loop),
      stats_(loop), periodic_stats_(loop) {}

Ending ScenarioRunner::run() {
    timeline_.open_window();
    schedule_captures();
    Step ending = run_steps();
    timeline_.close_window();
    timeline_.phase("teardown");
    for (int step = static_cast<int>(plan_.steps.size()) - 1; step >= -1; --step)
        if (auto torn_down = tear_down(step); !torn_down && !ending) ending = executor_failed(torn_down.error());
    return ending.value_or(Ending{});
}

ScenarioRunner::Step ScenarioRunner::run_steps() {
    timeline_.enter_step(-1, "");
    if (auto ending = run_ops(plan_.backdrop)) return ending;
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
        const plan::Step& step = plan_.steps[i];
        timeline_.enter_step(static_cast<int>(i), step.name);
        timeline_.event("step_start");
        if (auto ending = run_ops(step.ops)) return ending;
        if (auto ending = hold(step)) return ending;
        timeline_.event("step_end");
        keep_for_the_next(step, timeline_.step());
        if (auto torn_down = tear_down(timeline_.step()); !torn_down) return executor_failed(torn_down.error());
    }
    timeline_.enter_step(-1, "");
    return std::nullopt;
}

ScenarioRunner::Step ScenarioRunner::run_ops(const std::vector<plan::Op>& ops, bool in_loop) {
    for (const auto& op : ops) {
        const bool spawns =
            std::holds_alternative<plan::AddCgroup>(op.action) || std::holds_alternative<plan::Spawn>(op.action);
        if (!spawns) start_pending();
        op_ = &op;
        op_index_ = static_cast<int>(&op - ops.data());
        op_in_loop_ = in_loop;
        Done done = std::visit([this](const auto& action) { return dispatch(action); }, op.action);
        if (done.ending) {
            if (done.ending->end == plan::RunEnd::executor_failed)
                done.ending->message = op.source.file + ":" + std::to_string(op.source.line) + ": " +
                                       std::string(op.name()) + ": " + done.ending->message;
            return done.ending;
        }
        timeline_.event("op", std::string(op.name()), done.detail);
        if (loop_.interrupted()) return interruption();
    }
    start_pending();
    return std::nullopt;
}

void ScenarioRunner::start_pending() {
    if (!pool_.has_pending()) return;
    pool_.read_counters();
    pool_.start(monotonic_ns());
    timeline_.scenario_runs();
}

ScenarioRunner::Step ScenarioRunner::hold(const plan::Step& step) {
    timeline_.scenario_runs(); // even without a worker
    const std::uint64_t end = monotonic_ns() + step.hold_ns;
    std::uint64_t next = step.loop.empty() ? no_deadline : monotonic_ns() + step.every_ns;
    while (next < end) {
        if (auto ending = wait_until(next)) return ending;
        if (auto ending = run_ops(step.loop, true)) return ending;
        // Rounds that the ops took the time of are left out.
        while (next <= monotonic_ns()) next += step.every_ns;
    }
    return wait_until(end);
}

ScenarioRunner::Step ScenarioRunner::wait_until(std::uint64_t deadline_ns) {
    const auto outcome = loop_.run_until({.deadline_ns = deadline_ns}, [] { return false; });
    if (outcome == EventLoop::Outcome::interrupted) return interruption();
    if (scheduler_ != nullptr) scheduler_->check();
    if (loop_.interrupted()) return interruption();
    return std::nullopt;
}

Ending ScenarioRunner::interruption() {
    if (scheduler_ != nullptr && scheduler_->lost()) return scheduler_->report_loss();
    return {.message = "stopped early by the host"};
}

bool ScenarioRunner::reaped(pid_t pid, int status, const rusage& usage) {
    const auto workers = pool_.reaped(pid, status, usage, monotonic_ns());
    if (workers.empty()) return payloads_.reaped(pid);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    for (auto* worker : workers)
        if (killed && !worker->killed && worker->slot->ended == 0 && cgroups_.oom_kills(worker->cgroup) > 0)
            worker->exit += ", by the OOM killer";
    return true;
}

Result<void> ScenarioRunner::stop_workers(const WorkerFilter& which) {
    // A frozen process cannot end by itself.
    std::vector<std::string> in_the_way;
    for (const auto& entry : frozen_)
        if (pool_.any_live([&](const WorkerProcess& worker) {
                return which(worker) && plan::is_within(worker.cgroup, entry.first);
            }))
            in_the_way.push_back(entry.first);
    for (const auto& name : in_the_way)
        if (auto done = unfreeze(name); !done) return done;

    pool_.request_stop(which, monotonic_ns());
    const auto outcome = loop_.run_until({.deadline_ns = monotonic_ns() + 2 * WorkerPool::stop_limit_ns,
                                          .look_every_ns = WorkerPool::nudge_interval_ns,
                                          .interruptible = false},
                                         [this, &which, next = std::uint64_t{0}]() mutable {
                                             if (!pool_.any_live(which)) return true;
                                             if (const std::uint64_t now = monotonic_ns(); now >= next) {
                                                 pool_.nudge(now);
                                                 next = now + WorkerPool::nudge_interval_ns;
                                             }
                                             return false;
                                         });
    send_reports();
    if (outcome == EventLoop::Outcome::done) return {};
    return Error{"some workers have not ended even after SIGKILL", "the kernel console may say what they hang in"};
}

void ScenarioRunner::end_payloads(const PayloadFilter& which, const std::string& ended_by) {
    payloads_.end(which, ended_by, [this](const PayloadRun& run) {
        return std::any_of(frozen_.begin(), frozen_.end(),
                           [&run](const auto& entry) { return plan::is_within(run.lives_in, entry.first); });
    });
}

void ScenarioRunner::send_reports() {
    auto reports = pool_.take_reports(timeline_.window_start_ns());
    for (std::size_t at = 0; at < reports.size(); at += reports_per_frame) {
        const auto first = reports.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last = first + static_cast<std::ptrdiff_t>(std::min(reports_per_frame, reports.size() - at));
        loop_.send(wire::FrameType::workers, wire::Workers{{first, last}});
    }
}

Result<void> ScenarioRunner::remove_cgroup(const std::string& name) {
    if (auto killed = cgroups_.kill(name); !killed) return killed;
    Result<void> removed;
    // A process that was just reaped, or killed right now, may keep its cgroup busy for a moment.
    loop_.run_until(
        {.deadline_ns = monotonic_ns() + removal_limit_ns, .look_every_ns = 2 * ns_per_ms, .interruptible = false},
        [&] {
            removed = cgroups_.remove(name);
            return removed.ok() || !cgroups_.exists(name);
        });
    std::erase_if(owned_, [&name](const OwnedCgroup& owned) { return plan::is_within(owned.name, name); });
    std::erase_if(frozen_, [&name](const auto& entry) { return plan::is_within(entry.first, name); });
    return removed;
}

void ScenarioRunner::keep_for_the_next(const plan::Step& step, int index) {
    std::set<std::string> kept;
    for (auto& owned : owned_) {
        if (owned.step != index || !step.keeps_cgroup(owned.name)) continue;
        ++owned.step;
        kept.insert(owned.name);
    }
    for (auto& worker : pool_.workers())
        if (worker.ends_with == index && kept.contains(worker.made_with)) ++worker.ends_with;
}

Result<void> ScenarioRunner::tear_down(int step) {
    std::vector<std::string> names;
    for (const auto& owned : owned_)
        if (owned.step == step) names.push_back(owned.name);
    const auto is_inside = [&names](const std::string& cgroup) {
        return std::any_of(names.begin(), names.end(),
                           [&cgroup](const std::string& name) { return plan::is_within(cgroup, name); });
    };
    // Its own payloads and workers wherever they are, and whoever is in its own cgroups.
    end_payloads([&](const PayloadRun& run) { return run.step == step || is_inside(run.lives_in); }, "teardown");
    auto stopped =
        stop_workers([&](const WorkerProcess& worker) { return worker.ends_with == step || is_inside(worker.cgroup); });
    std::reverse(names.begin(), names.end()); // what was made last lies lowest
    for (const auto& name : names) {
        if (!cgroups_.exists(name)) continue;
        if (auto removed = remove_cgroup(name); !removed && stopped) stopped = removed;
    }
    return stopped;
}

} // namespace ktstr::guest
