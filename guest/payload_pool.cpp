// SPDX-License-Identifier: GPL-2.0-only
#include "guest/payload_pool.h"

#include <algorithm>
#include <csignal>

#include "wire/message.h"

namespace ktstr::guest {

namespace {

constexpr std::uint64_t start_limit_ns = 30 * ns_per_s;       // a scheduler under test may keep it from its exec(2)
constexpr std::uint64_t payload_last_words_ns = 5 * ns_per_s; // as long as workers have
constexpr std::uint64_t payload_kill_limit_ns = 10 * ns_per_s;
constexpr std::uint64_t kill_interval_ns = 10 * ns_per_ms;

constexpr std::array<const char*, 2> stream_names = {"stdout", "stderr"};

std::string seconds(std::uint64_t ns) {
    return ns % ns_per_s == 0 ? std::to_string(ns / ns_per_s) + " s" : std::to_string(ns / ns_per_ms) + " ms";
}

plan::PayloadReport report_of(const PayloadRun& run, const Timeline& timeline) {
    plan::PayloadReport report;
    report.name = run.payload;
    report.cgroup = run.cgroup;
    report.step = run.step;
    report.source = run.source;
    report.ended_by = run.ended_by;
    report.left_processes = run.left_processes;
    report.error = valid_utf8(run.error);
    report.out.dropped_bytes = run.output[0].dropped_bytes();
    report.err.dropped_bytes = run.output[1].dropped_bytes();
    if (!run.process || !run.process->started()) return report;
    report.pid = run.process->pid();
    report.started_at_ns = timeline.at(run.process->started_ns());
    if (!run.process->exit()) return report;
    report.wall_ns = run.process->ended_ns() - run.process->started_ns();
    report.cpu_ns = run.process->cpu_ns();
    report.exit = run.process->exit()->text() + run.exit_note;
    report.exit_code = run.process->exit()->exit_code;
    report.signal = run.process->exit()->signal;
    return report;
}

} // namespace

std::string OpPlace::text() const {
    return op + " at " + source.file + ":" + std::to_string(source.line) + ":" + std::to_string(source.column) + ": ";
}

PayloadRun& PayloadPool::start(Start what) {
    auto& run = *runs_.emplace_back(std::make_unique<PayloadRun>());
    run.number = static_cast<int>(runs_.size()) - 1;
    run.payload = std::move(what.payload);
    run.cgroup = std::move(what.cgroup);
    run.lives_in = run.cgroup;
    run.step = timeline_.step();
    run.source = what.place.source;
    run.oom_kills = std::move(what.oom_kills);
    run.oom_kills_before = run.oom_kills();
    auto process = PayloadProcess::start(what.command);
    if (!process) {
        run.error = what.place.text() + process.error().message;
        report(run);
        return run;
    }
    run.process = std::move(*process);
    run.start = what.place.text() + what.command.path;
    watch(run);
    const auto outcome = loop_.run_until({.deadline_ns = monotonic_ns() + start_limit_ns},
                                         [&run] { return run.process->started() || run.ended(); });
    note_start_error(run);
    if (run.error.empty() && outcome == EventLoop::Outcome::timed_out)
        run.error = run.start + " did not come to execute its program within " + seconds(start_limit_ns) +
                    ": ETIMEDOUT (the scheduler does not run it)";
    if (!run.error.empty()) kill(run, "never_started");
    return run;
}

PayloadRun* PayloadPool::find(const std::string& payload, const std::string& cgroup) {
    const auto found = std::find_if(runs_.rbegin(), runs_.rend(),
                                    [&](const auto& run) { return run->payload == payload && run->cgroup == cgroup; });
    return found == runs_.rend() ? nullptr : found->get();
}

EventLoop::Outcome PayloadPool::wait(PayloadRun& run, std::uint64_t limit_ns, const OpPlace& place) {
    const auto outcome = loop_.run_until({.deadline_ns = monotonic_ns() + limit_ns}, [&run] { return run.ended(); });
    if (outcome != EventLoop::Outcome::timed_out) return outcome;
    if (run.error.empty())
        run.error = place.text() + "it did not end within " + seconds(limit_ns) + ", and was killed: ETIMEDOUT";
    kill(run, "wait_payload");
    return outcome;
}

void PayloadPool::kill(PayloadRun& run, const std::string& ended_by) {
    if (run.gone()) return;
    if (!run.ended()) run.ended_by = ended_by;
    const auto outcome = loop_.run_until({.deadline_ns = monotonic_ns() + payload_kill_limit_ns,
                                          .look_every_ns = kill_interval_ns,
                                          .interruptible = false},
                                         [&run, next = std::uint64_t{0}]() mutable {
                                             if (run.gone()) return true;
                                             if (const std::uint64_t now = monotonic_ns(); now >= next) {
                                                 const bool ended = run.ended();
                                                 const std::size_t killed = run.process->kill_all();
                                                 if (ended)
                                                     run.left_processes =
                                                         std::max<std::uint64_t>(run.left_processes, killed);
                                                 next = now + kill_interval_ns;
                                             }
                                             return false;
                                         });
    if (outcome != EventLoop::Outcome::done && run.error.empty())
        run.error = run.ended_by + ": some of its processes have not ended even after SIGKILL";
    report(run);
}

void PayloadPool::end(const PayloadFilter& which, const std::string& ended_by, const PayloadFilter& is_frozen) {
    std::vector<PayloadRun*> chosen;
    for (const auto& run : runs_)
        if (!run->gone() && which(*run)) chosen.push_back(run.get());
    std::vector<PayloadRun*> asked;
    for (auto* run : chosen) {
        if (run->ended() || is_frozen(*run)) continue;
        run->ended_by = ended_by;
        run->process->send_signal(SIGTERM);
        asked.push_back(run);
    }
    if (!asked.empty())
        loop_.run_until({.deadline_ns = monotonic_ns() + payload_last_words_ns, .interruptible = false}, [&asked] {
            return std::all_of(asked.begin(), asked.end(), [](const PayloadRun* run) { return run->ended(); });
        });
    for (auto* run : chosen) kill(*run, ended_by);
}

void PayloadPool::moved(const std::string& from, const std::string& to) {
    for (const auto& run : runs_)
        if (!run->gone() && run->lives_in == from) run->lives_in = to;
}

bool PayloadPool::reaped(pid_t pid) {
    for (const auto& run : runs_) {
        if (!run->process) continue;
        const int status_fd = run->process->status_fd();
        const bool had_ended = run->ended();
        if (!run->process->reaped(pid)) continue;
        loop_.unwatch(status_fd);
        if (!had_ended) note_end(*run);
        report(*run);
        return true;
    }
    return false;
}

void PayloadPool::watch(PayloadRun& run) {
    loop_.watch(run.process->status_fd(), [this, &run] { read_status(run); });
    for (std::size_t index = 0; index < 2; ++index)
        loop_.watch(run.process->output_fds().at(index), [this, &run, index] { read_output(run, index); });
}

void PayloadPool::read_output(PayloadRun& run, std::size_t index) {
    const int fd = run.process->output_fds().at(index);
    if (fd < 0) return;
    run.output.at(index).append(run.process->read_output(index));
    if (run.process->output_fds().at(index) < 0) loop_.unwatch(fd);
}

void PayloadPool::read_status(PayloadRun& run) {
    const int fd = run.process->status_fd();
    const bool had_ended = run.ended();
    run.process->read_status();
    if (run.process->status_fd() < 0) loop_.unwatch(fd);
    if (!had_ended && run.ended()) note_end(run);
}

void PayloadPool::note_start_error(PayloadRun& run) {
    if (run.process->start_error()) run.error = run.start + ": " + *run.process->start_error();
}

// The keeper's end can be the first that is seen of a program that could not be started.
void PayloadPool::note_end(PayloadRun& run) {
    note_start_error(run);
    if (run.ended_by.empty()) run.ended_by = run.process->started() ? "itself" : "never_started";
    if (run.process->started() && !run.process->exit()) {
        if (run.error.empty()) run.error = "its keeper was killed: nothing is known of how it ended";
        return;
    }
    const bool killed = run.process->exit() && run.process->exit()->signal == SIGKILL;
    if (killed && run.ended_by == "itself" && run.oom_kills() > run.oom_kills_before)
        run.exit_note = ", by the OOM killer";
}

void PayloadPool::report(PayloadRun& run) {
    if (run.reported) return;
    run.reported = true;
    for (std::size_t index = 0; index < 2 && run.process; ++index) {
        while (run.process->output_fds().at(index) >= 0) {
            const std::uint64_t before = run.output.at(index).total_bytes();
            const int fd = run.process->output_fds().at(index);
            read_output(run, index);
            if (run.output.at(index).total_bytes() > before) continue;
            loop_.unwatch(fd); // all that could write to it is gone, or cannot be killed
            break;
        }
        const std::string text = valid_utf8(run.output.at(index).text());
        for (std::size_t at = 0; at < text.size(); at += wire::output_chunk)
            loop_.send(wire::FrameType::payload_output,
                       wire::PayloadOutput{run.number, stream_names.at(index), text.substr(at, wire::output_chunk)});
    }
    if (run.ended_by.empty()) run.ended_by = "never_started";
    loop_.send(wire::FrameType::payload, wire::PayloadEnd{run.number, report_of(run, timeline_)});
    for (auto& output : run.output) output = BoundedOutput();
}

} // namespace ktstr::guest
