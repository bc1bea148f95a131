// SPDX-License-Identifier: GPL-2.0-only
// Executes the plan's backdrop and steps: ops in their order, holds, tear-down.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ctprof/heap_layout.h"
#include "guest/cgroup.h"
#include "guest/ending.h"
#include "guest/event_loop.h"
#include "guest/host_link.h"
#include "guest/payload_pool.h"
#include "guest/scheduler_control.h"
#include "guest/stats_client.h"
#include "guest/timeline.h"
#include "guest/worker_pool.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

// What payloads were given: where the program of each is, and the directory that they are started in.
struct PayloadFiles {
    std::map<std::string, std::string> paths;
    std::string directory;
    std::vector<ctprof::KnownImage> heap_images; // where their jemalloc counts
};

// In what follows, "the workers of a cgroup" are its own; stopping, freezing and removing a cgroup takes in those of
// the cgroups below it too. Consecutive add_cgroup and spawn ops start their workers together, with one signal.
class ScenarioRunner {
  public:
    // `scheduler` is null if the plan has none.
    ScenarioRunner(EventLoop& loop, Timeline& timeline, const plan::Plan& plan, CgroupTree cgroups, WorkerPool pool,
                   SchedulerControl* scheduler, PayloadFiles payload_files);

    // From the first op to the last worker's report. Whatever ended it, no worker, payload or cgroup is left.
    Ending run();
    // Hand every ended child here. True if it was a worker, or of a payload.
    bool reaped(pid_t pid, int status, const rusage& usage);
    // Hand every answer of the host here.
    void host_replied(const wire::HostReply& reply) { host_.reply(reply); }
    [[nodiscard]] std::uint64_t work_units() const { return pool_.work_units(); }

    // The ops that have an execute(), in the order of plan::op_names().
    static std::vector<std::string> executed_ops() { return executed_ops(std::make_index_sequence<op_count>()); }

  private:
    using Step = std::optional<Ending>; // none = go on
    static constexpr std::size_t op_count = std::variant_size_v<plan::Op::Action>;

    Step run_steps();
    Step run_ops(const std::vector<plan::Op>& ops, bool in_loop = false);
    // For as long as the step says, with its loop: first after one interval.
    Step hold(const plan::Step& step);
    Step wait_until(std::uint64_t deadline_ns);
    // What to make of an interrupted wait.
    Ending interruption();
    void start_pending();

    // The ops. Each returns what to say of it in its event.
    struct Done {
        std::string detail = {};
        Step ending = std::nullopt;
        Done(std::string text) : detail(std::move(text)) {}          // NOLINT(google-explicit-constructor)
        Done(const Error& error) : ending(executor_failed(error)) {} // NOLINT(google-explicit-constructor)
        Done(Ending why) : ending(std::move(why)) {}                 // NOLINT(google-explicit-constructor)
    };
    Done execute(const plan::AddCgroup& op);
    Done execute(const plan::CaptureSnapshot& op);
    Done execute(const plan::WatchSnapshot& op);
    Done execute(const plan::ReadKernel& op);
    Done execute(const plan::WriteKernel& op);
    Done execute(const plan::WriteBpf& op);
    Done execute(const plan::RemoveCgroup& op);
    Done execute(const plan::SetCpuset& op);
    Done execute(const plan::ClearCpuset& op);
    Done execute(const plan::SwapCpusets& op);
    Done execute(const plan::Spawn& op);
    Done execute(const plan::StopCgroup& op);
    Done execute(const plan::SetAffinity& op);
    Done execute(const plan::MoveAllTasks& op);
    Done execute(const plan::RunPayload& op);
    Done execute(const plan::WaitPayload& op);
    Done execute(const plan::KillPayload& op);
    Done execute(const plan::FreezeCgroup& op);
    Done execute(const plan::UnfreezeCgroup& op);
    Done execute(const plan::AttachScheduler& op);
    Done execute(const plan::DetachScheduler& op);
    Done execute(const plan::RestartScheduler& op);
    Done execute(const plan::ReplaceScheduler& op);
    Done execute(const plan::PinBpfMap& op);
    Done execute(const plan::CaptureCgroupProcs& op);
    Done execute(const plan::CaptureCtprof& op);
    [[nodiscard]] wire::HostRequest host_request() const; // for the op that is being executed
    Done ask_host(const wire::HostRequest& request);
    Done ask_about(const plan::KernelTarget& target);
    void schedule_captures();
    void capture_periodically(int number);
    // Runner is this class: it is not complete yet here.
    template <typename Action, typename Runner = ScenarioRunner>
    static constexpr bool executes = requires(Runner& runner, const Action& op) {
        runner.execute(op);
    };
    template <typename Action> Done dispatch(const Action& op) {
        if constexpr (executes<Action>)
            return execute(op);
        else
            return Error{"this version of the executor does not know the op"};
    }
    template <std::size_t Index> static void add_if_executed(std::vector<std::string>& names) {
        constexpr bool executed = executes<std::variant_alternative_t<Index, plan::Op::Action>>;
        if constexpr (executed) names.push_back(plan::op_names().at(Index));
    }
    template <std::size_t... Index> static std::vector<std::string> executed_ops(std::index_sequence<Index...>) {
        std::vector<std::string> names;
        (add_if_executed<Index>(names), ...);
        return names;
    }

    Result<void> require_cgroup(const std::string& name) const;
    // The op that is being executed, for messages.
    [[nodiscard]] OpPlace here() const { return {std::string(op_->name()), op_->source}; }
    // How many processes the OOM killer has killed in the cgroup; in the machine, if it does not count them.
    [[nodiscard]] std::uint64_t oom_kills(const std::string& cgroup) const;
    void end_payloads(const PayloadFilter& which, const std::string& ended_by);
    // `made_with`: see WorkerProcess.
    Result<void> spawn(const plan::Work& work, const std::string& cgroup, const std::string& made_with = {});
    // Waits until the threads that are to do the work are there, and places them.
    Result<void> place_threads(const plan::Work& work);
    // Changes cpusets by `change` while the isolation check of the workers below `names` is held off.
    Result<void> change_cpusets(const std::vector<std::string>& names, const std::function<Result<void>()>& change);
    Result<void> unfreeze(const std::string& name);
    Result<void> stop_workers(const WorkerFilter& which);
    Result<void> remove_cgroup(const std::string& name);
    // What a step keeps is the next one's.
    void keep_for_the_next(const plan::Step& step, int index);
    // Stops the workers, ends the payloads and removes the cgroups that step `step` (-1 = the backdrop) has made.
    Result<void> tear_down(int step);
    void send_reports();

    struct OwnedCgroup {
        std::string name;
        int step;
    };
    EventLoop& loop_;
    Timeline& timeline_;
    const plan::Plan& plan_;
    CgroupTree cgroups_;
    WorkerPool pool_;
    PayloadPool payloads_;
    SchedulerControl* scheduler_;
    const PayloadFiles payload_files_;
    HostLink host_;
    StatsClient stats_;          // for ops
    StatsClient periodic_stats_; // for periodic snapshots
    const plan::Op* op_ = nullptr;
    int op_index_ = -1; // where it stands in its list
    bool op_in_loop_ = false;
    std::size_t ctprof_bytes_ = 0;                // of all captures so far
    std::vector<OwnedCgroup> owned_;              // in the order they were made
    std::map<std::string, std::uint64_t> frozen_; // name -> since when
};

} // namespace ktstr::guest
