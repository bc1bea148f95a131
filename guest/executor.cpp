// SPDX-License-Identifier: GPL-2.0-only
#include "guest/executor.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "guest/cgroup.h"
#include "guest/cpio.h"
#include "guest/ending.h"
#include "guest/event_loop.h"
#include "guest/scenario_runner.h"
#include "guest/scheduler_control.h"
#include "guest/scratch_disk.h"
#include "guest/shell.h"
#include "guest/system.h"
#include "guest/timeline.h"
#include "guest/worker_pool.h"
#include "interp/plan/monitor.h"
#include "interp/plan/renumber.h"
#include "wire/version.h"

namespace ktstr::guest {

namespace {

constexpr std::uint64_t port_limit_ns = 30 * ns_per_s;

// Where the executor is, and what it may do there.
struct Surroundings {
    CgroupTree cgroups;
    std::string work_directory; // that payloads are started in
    bool on_host = false;
};

// What the host has told so far.
class Inbox {
  public:
    // `root` takes the place of / for the archive.
    Inbox(EventLoop& loop, const std::string& root) : loop_(loop), root_(root), unpacker_(root) {
        loop_.on_frame([this](const wire::Frame& frame) { take(frame); });
        loop_.on_damage([this](const Error& error) { fail(error); });
    }

    void on_reply(std::function<void(const wire::HostReply&)> handler) { on_reply_ = std::move(handler); }

    [[nodiscard]] bool has_begun() const { return begin_.has_value() || failed_.has_value(); }
    [[nodiscard]] bool is_complete() const {
        return failed_.has_value() || (begin_ && archive_bytes_ >= begin_->archive_bytes);
    }
    [[nodiscard]] const std::optional<Error>& failed() const { return failed_; }
    [[nodiscard]] const wire::Begin& begin() const { return *begin_; }
    // What the user of a shell does.
    void on_terminal(std::function<void(const wire::Frame&)> handler) { terminal_handler_ = std::move(handler); }
    Result<void> finish_archive() { return begin_->archive_bytes == 0 ? Result<void>{} : unpacker_.finish(); }

  private:
    void take(const wire::Frame& frame) {
        switch (frame.type) {
        case wire::FrameType::begin: return take_begin(frame.payload);
        case wire::FrameType::archive: return take_archive(frame.payload);
        case wire::FrameType::stop: return loop_.interrupt();
        case wire::FrameType::host_reply: return take_reply(frame.payload);
        case wire::FrameType::terminal_input:
        case wire::FrameType::terminal_size: return terminal_handler_(frame);
        default: return fail({"the host sent a frame that only a guest sends"});
        }
    }
    void take_begin(const std::string& payload) {
        if (begin_) return fail({"the host sent a second begin"});
        auto begin = wire::decode_begin(payload);
        if (!begin) return fail(begin.error());
        begin_ = std::move(*begin);
    }
    void take_archive(const std::string& payload) {
        if (!begin_) return fail({"the host sent an archive before begin"});
        archive_bytes_ += payload.size();
        if (archive_bytes_ > begin_->archive_bytes)
            return fail({"the host sent more of the archive than it announced"});
        if (auto fed = unpacker_.feed(payload); !fed) fail(is_full() ? no_room(fed.error()) : fed.error());
    }
    [[nodiscard]] bool is_full() const {
        struct statvfs system {};
        return ::statvfs(root_.c_str(), &system) == 0 && system.f_blocks > 0 && system.f_bavail == 0;
    }
    [[nodiscard]] Error no_room(const Error& error) const {
        return {error.message, "the scenario's programs and files have " +
                                   std::to_string((begin_->archive_bytes >> 20U) + 1) +
                                   " MiB, and files may take half of a guest's memory: give it more with `memory`"};
    }
    void take_reply(const std::string& payload) {
        const auto reply = wire::decode_host_reply(payload);
        if (!reply) return fail(reply.error());
        if (on_reply_) on_reply_(*reply);
    }
    void fail(const Error& error) {
        if (!failed_) failed_ = error;
        loop_.interrupt();
    }

    EventLoop& loop_;
    std::string root_;
    std::optional<wire::Begin> begin_;
    std::uint64_t archive_bytes_ = 0;
    CpioUnpacker unpacker_;
    std::function<void(const wire::HostReply&)> on_reply_;
    std::function<void(const wire::Frame&)> terminal_handler_ = [](const wire::Frame&) {};
    std::optional<Error> failed_;
};

wire::Hello hello() {
    wire::Hello message;
    message.executor_version = wire::executor_version;
    message.kernel_release = kernel_release();
    message.cpus = online_cpus();
    message.sched_ext = sched_ext_exists();
    message.ready_ns = read_clock(CLOCK_BOOTTIME);
    return message;
}

// Clock, entropy and sysctls, of which the plan's own come last.
Result<void> prepare_machine(const wire::Begin& begin, const plan::Plan& plan) {
    if (auto set = set_wall_clock(begin.wall_clock_ns); !set) return set;
    if (auto fed = add_entropy(begin.entropy); !fed) return fed;
    if (plan::needs_run_counts(plan)) // a kernel that cannot count has the expectation find no value
        (void)apply_sysctl("kernel.bpf_stats_enabled", "1");
    for (const auto& [name, value] : plan.sysctls)
        if (auto applied = apply_sysctl(name, value); !applied) return applied;
    return {};
}

Ending run_scenario(EventLoop& loop, Timeline& timeline, const plan::Plan& plan, Inbox& inbox,
                    Surroundings surroundings) {
    const wire::Begin& begin = inbox.begin();
    const WorkerCount count = count_workers(plan);
    auto pool =
        WorkerPool::create(count.workers, count.groups, AffinityResolver(plan.topology, begin.seed, begin.cpus));
    if (!pool) return executor_failed(pool.error());
    auto disk = surroundings.on_host ? Result<ScratchDisk>(ScratchDisk{}) : open_scratch_disk();
    if (!disk) return executor_failed(disk.error());
    pool->use_disk(disk->file.get(), disk->bytes);
    std::optional<SchedulerControl> scheduler;
    if (!plan.schedulers.empty())
        scheduler.emplace(loop, timeline, staged_schedulers(plan, begin), begin.attach_timeout_ns);
    ScenarioRunner runner(loop, timeline, plan, std::move(surroundings.cgroups), std::move(*pool),
                          scheduler ? &*scheduler : nullptr,
                          {begin.payload_paths, surroundings.work_directory, begin.heap_images});
    loop.on_child([&](pid_t pid, int status, const rusage& usage) {
        if (!runner.reaped(pid, status, usage) && scheduler) scheduler->reaped(pid, status);
    });
    inbox.on_reply([&runner](const wire::HostReply& reply) { runner.host_replied(reply); });
    timeline.count_work_with([&runner] { return runner.work_units(); });
    loop.every(wire::heartbeat_interval_ns, [&](std::uint64_t now) {
        loop.send(wire::FrameType::heartbeat, wire::Heartbeat{now, runner.work_units(), timeline.step()});
    });
    if (scheduler && plan.scheduler) {
        timeline.phase("attach");
        if (auto ending = scheduler->attach(*plan.scheduler)) return *ending;
    }
    Ending ending = runner.run();
    // One that the run itself has lost was reported already; what goes wrong only now is the run's fault too.
    if (scheduler) {
        if (scheduler->lost()) {
            Ending loss = scheduler->report_loss();
            if (ending.end == plan::RunEnd::completed) ending = loss;
        }
        if (auto failure = scheduler->detach(); failure && ending.end == plan::RunEnd::completed) ending = *failure;
    }
    return ending;
}

Ending run_shell(EventLoop& loop, Timeline& timeline, const plan::Plan& plan, Inbox& inbox,
                 const std::string& directory) {
    const wire::Begin& begin = inbox.begin();
    ShellSession shell(loop, *begin.shell, directory);
    std::optional<SchedulerControl> scheduler;
    if (plan.scheduler) scheduler.emplace(loop, timeline, staged_schedulers(plan, begin), begin.attach_timeout_ns);
    loop.on_child([&](pid_t pid, int status, const rusage&) {
        if (!shell.reaped(pid, status) && scheduler) scheduler->reaped(pid, status);
    });
    inbox.on_terminal([&shell](const wire::Frame& frame) { shell.take(frame); });
    loop.every(wire::heartbeat_interval_ns,
               [&loop](std::uint64_t now) { loop.send(wire::FrameType::heartbeat, wire::Heartbeat{.guest_ns = now}); });
    if (scheduler) {
        timeline.phase("attach");
        if (auto ending = scheduler->attach(*plan.scheduler)) return *ending;
    }
    timeline.phase("shell");
    return shell.run(scheduler ? &*scheduler : nullptr);
}

// On a machine that counts its CPUs otherwise, or has more of them. None: it is the topology's own.
Result<void> place_on_cpus(const std::vector<int>& cpus, plan::Plan& plan, const CgroupTree& cgroups) {
    if (cpus.empty()) return {};
    if (static_cast<int>(cpus.size()) != plan.topology.cpus())
        return Error{"the host has numbered " + std::to_string(cpus.size()) + " CPUs of " +
                     std::to_string(plan.topology.cpus())};
    if (auto confined = cgroups.confine(plan::CpuSet(cpus)); !confined) return confined;
    plan = plan::renumbered(std::move(plan), cpus);
    return {};
}

Ending execute(EventLoop& loop, Timeline& timeline, Inbox& inbox, Surroundings surroundings) {
    loop.run_until({.look_every_ns = 3600 * ns_per_s}, [&inbox] { return inbox.has_begun(); });
    loop.run_until({}, [&inbox] { return inbox.is_complete(); });
    if (inbox.failed()) return executor_failed(*inbox.failed());
    if (loop.interrupted()) return {.message = "stopped before the start by the host"};
    if (auto finished = inbox.finish_archive(); !finished) return executor_failed(finished.error());
    timeline.phase("stage");
    auto plan = plan::plan_from_json(inbox.begin().plan);
    if (!plan) return executor_failed(plan.error());
    if (auto placed = place_on_cpus(inbox.begin().cpus, *plan, surroundings.cgroups); !placed)
        return executor_failed(placed.error());
    const bool has_shell = inbox.begin().shell.has_value();
    if (has_shell || !plan->payloads.empty())
        if (auto made = make_directories(surroundings.work_directory); !made) return executor_failed(made.error());
    if (!surroundings.on_host)
        if (auto prepared = prepare_machine(inbox.begin(), *plan); !prepared) return executor_failed(prepared.error());
    if (has_shell) return run_shell(loop, timeline, *plan, inbox, surroundings.work_directory);
    surroundings.cgroups.set_inner(CgroupTree::inner_names(*plan));
    if (auto missing = missing_controllers(*plan, surroundings.cgroups))
        return ending_of(plan::RunEnd::kernel_unusable, *missing);
    Ending ending = run_scenario(loop, timeline, *plan, inbox, std::move(surroundings));
    if (inbox.failed() && ending.end == plan::RunEnd::completed) return executor_failed(*inbox.failed());
    return ending;
}

} // namespace

Result<Ready> make_ready() {
    if (auto mounted = mount_file_systems(); !mounted) return mounted.error();
    if (auto raised = raise_limits(); !raised) return raised.error();
    if (auto taken = take_precedence(); !taken) return taken.error();
    bring_loopback_up();
    auto cgroups = CgroupTree::create("/sys/fs/cgroup");
    if (!cgroups) return cgroups.error();
    auto port = Port::open(wire::port_name, port_limit_ns);
    if (!port) return port.error();
    return Ready{std::move(*port), std::move(*cgroups), {}};
}

Result<CgroupTree> make_ready_on_host(const HostPlace& place) {
    if (auto raised = raise_limits(); !raised) return raised.error();
    if (auto taken = take_precedence(); !taken) return taken.error();
    return CgroupTree::create(place.cgroup, place.own);
}

void report_unready(Port port, const Error& error) {
    wire::Finish finish;
    finish.end = plan::RunEnd::kernel_unusable;
    finish.message = valid_utf8(error.message);
    finish.hint = valid_utf8(error.hint);
    port.send_last(wire::FrameType::finish, wire::encode(finish), port_limit_ns);
}

void run_executor(Ready ready) {
    auto loop = EventLoop::create(std::move(ready.port));
    if (!loop) return;
    Timeline timeline(*loop);
    Inbox inbox(*loop, ready.on_host() ? ready.directory : "/");
    loop->send(wire::FrameType::hello, hello());
    const Ending ending = execute(*loop, timeline, inbox,
                                  {std::move(ready.cgroups), ready.directory + wire::work_directory, ready.on_host()});
    loop->send_last(wire::Finish{.end = ending.end,
                                 .message = valid_utf8(ending.message),
                                 .hint = valid_utf8(ending.hint),
                                 .workload_ns = timeline.workload_ns(),
                                 .resident_bytes = peak_resident_bytes()});
}

} // namespace ktstr::guest
