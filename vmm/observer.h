// SPDX-License-Identifier: GPL-2.0-only
// What the host sees of one run: the monitor's samples, snapshots, and what ops ask to be read and written.
#pragma once

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "interp/plan/plan.h"
#include "interp/plan/record.h"
#include "vmm/boot/machine.h"
#include "vmm/observe/domains.h"
#include "vmm/observe/kernel.h"
#include "vmm/observe/monitor.h"
#include "vmm/observe/program_monitor.h"
#include "vmm/observe/snapshot.h"
#include "vmm/observe/target.h"
#include "vmm/watches.h"
#include "wire/message.h"

namespace ktstr::vmm {

// Where the kernel's symbols and types are.
struct KernelFiles {
    std::filesystem::path vmlinux;
    std::optional<std::filesystem::path> system_map = {};
    std::string release;
    std::uint64_t monitor_interval_ns = 100'000'000; // 0: no monitor
};

class Observer {
  public:
    // Begins to read the kernel's files, on a thread of its own. The plan must outlive it.
    Observer(const plan::Plan& plan, const KernelFiles& files);

    // For every event of the guest's: the monitor runs from scenario_start to scenario_end, and takes its time from
    // the events'.
    void on_event(Machine& machine, const plan::StimulusEvent& event);
    // Does what the plan asks of the host at that place.
    wire::HostReply serve(Machine& machine, const wire::HostRequest& request);
    // When act() is to be called next; none: not for now.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_action() const;
    // Takes a sample of the monitor, and sets watchpoints again, where it is time.
    void act(Machine& machine);
    // QEMU's debugger has something to tell.
    void debugger_told(Machine& machine);
    // Hands over what was seen.
    void finish(plan::Record& record);

  private:
    using Clock = std::chrono::steady_clock;
    using Facts = Result<std::shared_ptr<const observe::KernelFacts>>;

    struct View { // of the guest that runs
        std::unique_ptr<observe::PhysicalMemory> memory;
        std::unique_ptr<observe::GuestKernel> kernel;
    };
    static std::shared_future<Facts> facts_of(const KernelFiles& files);
    Result<void> open(Machine& machine); // once; what failed then fails again
    Result<View> look_into(Machine& machine);
    void start_monitor(Machine& machine);
    void look_at_programs();
    void sample();
    [[nodiscard]] std::int64_t now_ns() const; // of the workload window
    void fired(Machine& machine, const Debugger::Stop& stop);
    void note_lost_watches(const Result<void>& done);
    // So that the machine stops where the kernel begins to let go of the scheduler. Once: to be set again for the next.
    Result<void> watch_scheduler(Machine& machine);
    Result<void> forget_scheduler(Machine& machine);
    void scheduler_goes(Machine& machine);
    [[nodiscard]] bool scheduler_failed() const;
    // Bytes are made sense of after the workload, which has the host's CPUs until then; before that only if they
    // become too many to keep.
    void keep(plan::Snapshot snapshot, observe::RawSnapshot raw, nlohmann::json stats);
    void render_kept();
    void keep_stopped(Machine& machine, plan::Snapshot snapshot, const std::string& stats_absent);
    Result<std::string> serve_op(Machine& machine, const wire::HostRequest& request);
    Result<std::string> serve_capture(Machine& machine, const wire::HostRequest& request);
    Result<std::string> execute(Machine& machine, const plan::CaptureSnapshot& op, const wire::HostRequest& request);
    Result<std::string> execute(Machine& machine, const plan::WatchSnapshot& op, const wire::HostRequest& request);
    Result<std::string> execute(Machine& machine, const plan::ReadKernel& op, const wire::HostRequest& request);
    Result<std::string> execute(Machine& machine, const plan::WriteKernel& op, const wire::HostRequest& request);
    Result<std::string> execute(Machine& machine, const plan::WriteBpf& op, const wire::HostRequest& request);
    // A snapshot, or a placeholder with the error, goes to the record.
    Result<void> capture(Machine& machine, plan::Snapshot snapshot, const wire::HostRequest& request);
    // Of a machine that stands still already.
    Result<observe::RawSnapshot> copy(Machine& machine);
    Result<observe::RawSnapshot> capture_stopped(Machine& machine, double& stopped_ms);
    // Calls it with the vCPUs stopped.
    template <typename Work> auto stopped(Machine& machine, double& stopped_ms, const Work& work) -> decltype(work());
    Result<observe::Place> find(const plan::KernelTarget& target, int tid); // after open()
    template <typename Work> Result<void> hot_or_cold(Machine& machine, bool cold, const Work& work);

    const plan::Plan& plan_;
    const std::uint64_t interval_ns_; // of the monitor
    std::shared_future<Facts> facts_;
    std::optional<Result<View>> view_;
    observe::ProgramTypes types_;
    std::unique_ptr<observe::MonitorReader> monitor_;
    std::unique_ptr<observe::DomainReader> domains_;
    std::unique_ptr<observe::ProgramMonitor> programs_;
    std::string programs_reason_ = "the scenario did not begin"; // why there are none
    std::optional<Clock::time_point> next_sample_;
    std::optional<std::int64_t> clock_offset_ns_; // host time without stops, less workload time; the least seen
    std::chrono::nanoseconds all_stopped_{};
    std::set<int> captured_; // periodic ones
    Watches watches_;
    int current_step_ = -1;
    std::optional<std::uint64_t> exit_breakpoint_; // where it is set
    plan::Monitor samples_;
    std::vector<plan::Snapshot> snapshots_;
    struct Kept {
        std::size_t snapshot; // index in snapshots_
        observe::RawSnapshot raw;
        std::shared_ptr<const nlohmann::json> stats;
    };
    std::vector<Kept> kept_;
    std::size_t kept_bytes_ = 0;
    std::vector<plan::KernelRead> reads_;
    std::vector<std::pair<std::int64_t, int>> steps_; // from when which step ran
};

} // namespace ktstr::vmm
