// SPDX-License-Identifier: GPL-2.0-only
// The ops of ScenarioRunner that the host executes: the guest asks, and waits for the answer.
#include "guest/scenario_runner.h"

#include <algorithm>

namespace ktstr::guest {

namespace {

// Guest time, which stands still while the host has the vCPUs stopped: a host that takes longer is not there.
constexpr std::uint64_t answer_limit_ns = 60 * ns_per_s;
constexpr std::uint64_t stats_limit_ns = 500 * ns_per_ms;

} // namespace

wire::HostRequest ScenarioRunner::host_request() const {
    wire::HostRequest request;
    request.step = timeline_.step();
    request.in_loop = op_in_loop_;
    request.op = op_index_;
    request.at_ns = timeline_.at(monotonic_ns());
    return request;
}

ScenarioRunner::Done ScenarioRunner::ask_host(const wire::HostRequest& request) {
    auto answer = host_.ask(request, answer_limit_ns);
    if (!answer) return answer.error();
    return std::move(*answer);
}

// The scheduler is asked for its statistics right before the host stops the machine.
ScenarioRunner::Done ScenarioRunner::execute(const plan::CaptureSnapshot&) {
    std::optional<Stats> stats;
    if (scheduler_ == nullptr)
        stats = Stats{{}, "no scheduler is attached"};
    else
        stats_.ask(stats_limit_ns, [&stats](Stats answer) { stats = std::move(answer); });
    loop_.run_until({.interruptible = false}, [&stats] { return stats.has_value(); });
    wire::HostRequest request = host_request();
    request.stats = std::move(stats->text);
    request.stats_absent = std::move(stats->absent);
    return ask_host(request);
}

ScenarioRunner::Done ScenarioRunner::execute(const plan::WatchSnapshot&) { return ask_host(host_request()); }

ScenarioRunner::Done ScenarioRunner::execute(const plan::ReadKernel& op) { return ask_about(op.target); }

ScenarioRunner::Done ScenarioRunner::execute(const plan::WriteKernel& op) { return ask_about(op.target); }

ScenarioRunner::Done ScenarioRunner::execute(const plan::WriteBpf&) { return ask_host(host_request()); }

ScenarioRunner::Done ScenarioRunner::ask_about(const plan::KernelTarget& target) {
    wire::HostRequest request = host_request();
    if (target.kind == plan::KernelTarget::Kind::task) {
        const auto& workers = pool_.workers();
        const auto worker = std::find_if(workers.begin(), workers.end(), [&target](const WorkerProcess& one) {
            return !one.ended && one.cgroup == target.cgroup && (target.work.empty() || one.work == target.work);
        });
        if (worker == workers.end())
            return Error{"no worker of '" + target.work + "' runs in " + target.cgroup, "it has ended by then"};
        request.tid = worker->tid;
    }
    return ask_host(request);
}

void ScenarioRunner::schedule_captures() {
    for (std::size_t i = 0; i < plan_.captures_ns.size(); ++i)
        loop_.once_at(timeline_.window_start_ns() + plan_.captures_ns[i],
                      [this, i](std::uint64_t) { capture_periodically(static_cast<int>(i)); });
}

// Nobody waits for it: what is asked in between goes on.
void ScenarioRunner::capture_periodically(int number) {
    const auto tell = [this, number](const Stats& stats) {
        wire::HostRequest request;
        request.step = timeline_.step();
        request.capture = number;
        request.at_ns = timeline_.at(monotonic_ns());
        request.stats = stats.text;
        request.stats_absent = stats.absent;
        host_.tell(request);
    };
    if (scheduler_ == nullptr) return tell({{}, "no scheduler is attached"});
    periodic_stats_.ask(stats_limit_ns, tell);
}

} // namespace ktstr::guest
