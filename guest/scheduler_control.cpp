// SPDX-License-Identifier: GPL-2.0-only
#include "guest/scheduler_control.h"

#include <algorithm>
#include <csignal>
#include <sstream>

namespace ktstr::guest {

namespace {

constexpr std::uint64_t watch_interval_ns = 100 * ns_per_ms;
constexpr std::uint64_t look_interval_ns = 5 * ns_per_ms; // while waiting for it to come or to go
constexpr std::uint64_t last_words_ns = ns_per_s;         // for its dump, after the kernel has disabled it
constexpr std::uint64_t detach_limit_ns = 10 * ns_per_s;  // from SIGINT to SIGKILL
constexpr std::uint64_t kill_limit_ns = 10 * ns_per_s;    // from SIGKILL to giving up

// The kernel's reason in one line, for a message: without the stack that follows it.
std::string in_one_line(const std::string& reason) {
    std::istringstream lines(reason);
    std::string text;
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with(' ')) text += (text.empty() ? "" : "; ") + line;
    return text;
}

} // namespace

std::vector<StagedScheduler> staged_schedulers(const plan::Plan& plan, const wire::Begin& begin) {
    const auto path_in = [](const std::map<std::string, std::string>& paths, const std::string& name) {
        const auto found = paths.find(name);
        return found == paths.end() ? std::string() : found->second;
    };
    std::vector<StagedScheduler> staged;
    for (const auto& scheduler : plan.schedulers) {
        StagedScheduler one{.name = scheduler.name,
                            .path = path_in(begin.scheduler_paths, scheduler.name),
                            .arguments = scheduler.args,
                            .built_in = scheduler.binary.empty(),
                            .enable = scheduler.enable,
                            .disable = scheduler.disable};
        if (!scheduler.config.empty())
            one.arguments.insert(one.arguments.begin(),
                                 {scheduler.config_flag, path_in(begin.scheduler_configs, scheduler.name)});
        if (!scheduler.cgroup_parent.empty()) one.cgroup = "/sys/fs/cgroup/" + scheduler.cgroup_parent;
        staged.push_back(std::move(one));
    }
    return staged;
}

SchedulerControl::SchedulerControl(EventLoop& loop, Timeline& timeline, std::vector<StagedScheduler> schedulers,
                                   std::uint64_t attach_timeout_ns)
    : loop_(loop), timeline_(timeline), schedulers_(std::move(schedulers)), current_(&schedulers_.front()),
      attach_timeout_ns_(attach_timeout_ns) {
    loop_.every(watch_interval_ns, [this](std::uint64_t) { check(); });
}

std::optional<Ending> SchedulerControl::attach(const std::string& name) {
    if (process_ || built_in_runs_)
        return executor_failed({"the scheduler " + current_->name + " is attached already", "detach it first"});
    if (!name.empty()) {
        const auto found = std::find_if(schedulers_.begin(), schedulers_.end(),
                                        [&name](const StagedScheduler& staged) { return staged.name == name; });
        if (found == schedulers_.end()) return executor_failed({"there is no scheduler '" + name + "' in the plan"});
        current_ = &*found;
    }
    if (auto ending = built_in() ? switch_built_in(true) : attach_process()) return ending;
    const std::string ops = built_in() ? "" : sched_ext_ops();
    timeline_.event("scheduler_attached", "", ops.empty() ? current_->name : ops);
    return std::nullopt;
}

std::optional<Ending> SchedulerControl::start(const std::string& path, const std::vector<std::string>& arguments) {
    auto log = KernelLog::open();
    if (!log) return executor_failed(log.error());
    kernel_log_ = std::move(*log);
    auto process = SchedulerProcess::start(path, arguments, current_->cgroup);
    if (!process) return ending_of(plan::RunEnd::scheduler_attach_failed, process.error());
    process_ = std::move(*process);
    watch_output();
    return std::nullopt;
}

std::optional<Ending> SchedulerControl::attach_process() {
    if (!sched_ext_exists())
        return ending_of(plan::RunEnd::kernel_unusable,
                         {"the kernel has no sched_ext, which the scheduler " + current_->name + " needs",
                          "use a kernel with CONFIG_SCHED_CLASS_EXT=y: ktstr kernel build makes one"});
    if (auto ending = start(current_->path, current_->arguments)) return ending;
    const auto outcome =
        loop_.run_until({.deadline_ns = monotonic_ns() + attach_timeout_ns_, .look_every_ns = look_interval_ns},
                        [this] { return !process_->running() || sched_ext_enabled(); });
    if (outcome == EventLoop::Outcome::interrupted)
        return Ending{.message = "stopped while the scheduler was attaching"};
    if (outcome == EventLoop::Outcome::timed_out)
        return attach_failed("did not attach within " + std::to_string(attach_timeout_ns_ / ns_per_ms) + " ms");
    if (!process_->running()) return attach_failed("ended before it was attached");
    should_run_ = true;
    return std::nullopt;
}

std::optional<Ending> SchedulerControl::switch_built_in(bool on) {
    const std::string what = on ? "enable" : "disable";
    if (auto ending = start(current_->path, {"-c", on ? current_->enable : current_->disable})) return ending;
    const auto outcome =
        loop_.run_until({.deadline_ns = monotonic_ns() + attach_timeout_ns_, .look_every_ns = look_interval_ns},
                        [this] { return !process_->running(); });
    if (outcome == EventLoop::Outcome::interrupted)
        return Ending{.message = "stopped during the `" + what + "` of the scheduler"};
    if (outcome == EventLoop::Outcome::timed_out)
        return attach_failed("did not end its `" + what + "` within " + std::to_string(attach_timeout_ns_ / ns_per_ms) +
                             " ms");
    if (process_->exit()->exit_code != 0) return attach_failed("failed in its `" + what + "`");
    built_in_runs_ = on;
    if (!on) {
        report_exit(true, true);
        return std::nullopt;
    }
    close_output();
    process_.reset();
    kernel_log_.reset();
    return std::nullopt;
}

Ending SchedulerControl::attach_failed(const std::string& what) {
    const bool ended = !process_->running();
    if (!ended) process_->send_signal(SIGKILL);
    wait_until_gone(last_words_ns);
    const std::string how = ended ? " (" + process_->exit()->text() + ")" : "";
    const plan::SchedulerExit exit = report_exit(false, false);
    std::string message = "the scheduler " + current_->name + " " + what + how;
    if (!exit.kernel_reason.empty()) message += ": " + in_one_line(exit.kernel_reason);
    return {plan::RunEnd::scheduler_attach_failed, message, "its log has its own words, and those of the BPF verifier"};
}

std::optional<Ending> SchedulerControl::detach() {
    if (built_in_runs_) return switch_built_in(false);
    if (!process_) return std::nullopt;
    should_run_ = false;
    process_->send_signal(SIGINT);
    wait_until_gone(detach_limit_ns);
    if (!gone())
        return executor_failed({"the scheduler " + current_->name + " is still attached after SIGINT and SIGKILL",
                                "the kernel console may say why"});
    report_exit(true, true);
    return std::nullopt;
}

void SchedulerControl::check() {
    if (!should_run_ || (process_->running() && sched_ext_enabled())) return;
    should_run_ = false;
    lost_at_ns_ = monotonic_ns();
    loop_.interrupt();
}

Ending SchedulerControl::report_loss() {
    wait_until_gone(last_words_ns);
    const std::string own_words = process_->exit() ? process_->exit()->text() : "it still runs";
    const plan::SchedulerExit exit = report_exit(true, false);
    lost_at_ns_.reset();
    std::string message =
        "the scheduler " + current_->name + " went while it should have been running (" + own_words + ")";
    if (!exit.kernel_reason.empty()) message += ": " + in_one_line(exit.kernel_reason);
    return {plan::RunEnd::scheduler_exited, message, "its log has its own words"};
}

bool SchedulerControl::reaped(pid_t pid, int status) {
    if (!process_ || !process_->reaped(pid, status)) return false;
    check();
    return true;
}

void SchedulerControl::watch_output() {
    for (std::size_t index = 0; index < 2; ++index)
        loop_.watch(process_->output_fds().at(index), [this, index] { forward_output(index); });
}

std::size_t SchedulerControl::forward_output(std::size_t index) {
    const int fd = process_->output_fds().at(index);
    if (fd < 0) return 0;
    std::string text = process_->read_output(index);
    const std::size_t size = text.size();
    loop_.send_log("scheduler", std::move(text));
    if (process_->output_fds().at(index) < 0) loop_.unwatch(fd);
    return size;
}

void SchedulerControl::wait_until_gone(std::uint64_t patience_ns) {
    const auto wait = [this](std::uint64_t limit_ns) {
        loop_.run_until(
            {.deadline_ns = monotonic_ns() + limit_ns, .look_every_ns = look_interval_ns, .interruptible = false},
            [this] { return gone(); });
    };
    wait(patience_ns);
    if (gone()) return;
    process_->send_signal(SIGKILL);
    wait(kill_limit_ns);
}

void SchedulerControl::close_output() {
    for (std::size_t index = 0; index < 2; ++index) {
        while (forward_output(index) > 0) {
        }
        loop_.unwatch(process_->output_fds().at(index)); // a process that it left behind may keep the pipe open
    }
}

plan::SchedulerExit SchedulerControl::report_exit(bool attached, bool requested) {
    close_output();
    plan::SchedulerExit exit;
    exit.scheduler = current_->name;
    exit.attached = attached;
    exit.requested = requested;
    if (process_->exit()) {
        exit.exit_code = process_->exit()->exit_code;
        exit.signal = process_->exit()->signal;
    }
    exit.kernel_reason = valid_utf8(sched_ext_reason(kernel_log_->new_lines()));
    exit.at_ns = timeline_.at(lost_at_ns_.value_or(monotonic_ns()));
    loop_.send(wire::FrameType::scheduler_exit, exit);
    timeline_.event("scheduler_exited", "", process_->exit() ? process_->exit()->text() : "");
    process_.reset();
    kernel_log_.reset();
    return exit;
}

} // namespace ktstr::guest
