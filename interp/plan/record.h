// SPDX-License-Identifier: GPL-2.0-only
// The record of one run: everything the host learned while it executed a plan. The evaluator reads plan and record and
// nothing else. Times are in nanoseconds; those called *_at_ns count from the start of the workload window on the
// guest's CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/plan/extraction.h"
#include "interp/plan/observation.h"
#include "interp/plan/plan.h"
#include "interp/plan/topology.h"

namespace ktstr::plan {

// How long something took, each time that a worker measured it. The extremes are those of all times, the quantiles
// those of the sample that was kept.
struct Latency {
    std::string name;          // "wake_latency", "request_latency"
    std::uint64_t seen = 0;    // how often it was measured; if never, all others are 0
    std::uint64_t dropped = 0; // how many of these are not in kept_ns
    std::uint64_t min_ns = 0;
    std::uint64_t p50_ns = 0;
    std::uint64_t p90_ns = 0;
    std::uint64_t p99_ns = 0;
    std::uint64_t p999_ns = 0;
    std::uint64_t max_ns = 0;
    std::vector<std::uint64_t> kept_ns; // a uniform sample of all, sorted
};

// Where the kernel had a worker's memory when it was told to stop.
struct NodePages {
    int node = 0;
    std::uint64_t pages = 0;
};

struct WorkerReport {
    int worker = 0;     // counts up over the scenario
    int pid = 0;        // in the guest; of its process, if it is a thread
    int tid = 0;        // of the task itself: `pid` unless it is a thread
    std::string cgroup; // "" = the executor's own
    std::string work;   // the Work's name
    std::string work_type;
    int step = -1;                // index of the step that started it; -1 = backdrop
    std::uint64_t work_units = 0; // what a throughput counts; the work type's documentation says what one is
    std::uint64_t iterations = 0; // passes through the work loop
    std::int64_t started_at_ns = 0;
    std::uint64_t wall_ns = 0;    // from the start signal to the stop
    std::uint64_t cpu_ns = 0;     // user + system time
    std::uint64_t migrations = 0; // changes of CPU seen between two iterations
    CpuSet cpus;                  // CPUs it was seen on
    std::uint64_t longest_gap_ns =
        0; // longest time it was kept from its work, beyond what it asked for (its own sleeps)
    int longest_gap_cpu = -1;
    std::int64_t longest_gap_at_ns = 0;     // end of that gap
    std::uint64_t run_delay_ns = 0;         // schedstat, since the start: time runnable but not running
    std::uint64_t timeslices = 0;           // schedstat, since the start: times put on a CPU (pcount)
    std::uint64_t isolation_violations = 0; // iterations seen on a CPU outside the cgroup's cpuset of that moment
    int isolation_cpu = -1;                 // the first such CPU
    std::vector<NodePages> numa_pages;      // of its process; empty in a machine with one node
    std::vector<Latency> latencies;         // that its work type has
    std::string truncated; // what was left out to keep the report within max_worker_report_bytes; or empty
    std::string exit; // "stopped", "killed" (did not stop in time), "exit code 3", "signal 9 (Killed)", "error: ..."
    [[nodiscard]] double off_cpu_ratio() const; // 1 - cpu_ns / wall_ns, 0 if wall_ns is 0
};

// A report as it is encoded (CBOR), at most.
constexpr std::size_t max_worker_report_bytes = 64U << 10U;

// The report in no more than that: of texts longer than 1 KiB the beginning, then fewer samples of latencies, evenly
// thinned out. `truncated` says so.
WorkerReport bounded(WorkerReport report);

// What a program has written: its beginning and its end, and how much was left out between the two.
struct CapturedOutput {
    std::string text; // with a line that says so where something was left out
    std::uint64_t dropped_bytes = 0;
};

// One run of a payload.
struct PayloadReport {
    std::string name;      // the Payload's
    std::string cgroup;    // that it was started in; "" = the executor's own
    int step = -1;         // index of the step that started it; -1 = backdrop
    SourcePosition source; // of the op that started it
    int pid = 0;           // in the guest; 0 if it was not started
    std::int64_t started_at_ns = 0;
    std::uint64_t wall_ns = 0;
    std::uint64_t cpu_ns = 0; // user + system time, with that of the children that it has waited for
    std::string exit;         // "exit code 0", "signal 9 (Killed), by the OOM killer"; empty if it was not started
    int exit_code = -1;       // -1 if it died of a signal or was not started
    int signal = 0;
    std::string ended_by; // "itself", an op ("kill_payload", "wait_payload", "remove_cgroup"), "teardown", or
                          // "never_started"
    std::uint64_t left_processes = 0; // that it left behind when it ended, and that were killed
    std::string error;                // what went wrong with its ops: op, source position, errno by name; or empty
    CapturedOutput out;               // standard output
    CapturedOutput err;               // standard error
};

// The processes that a cgroup had when capture_cgroup_procs looked, in the order in which the kernel lists them.
struct CgroupProcs {
    std::string tag;
    std::string cgroup;
    int step = -1; // -1 = backdrop
    std::int64_t at_ns = 0;
    std::vector<int> pids; // in the guest
};

// What every thread of the machine had done when capture_ctprof looked.
struct CtprofCapture {
    std::string name;
    int step = -1; // -1 = backdrop
    std::int64_t at_ns = 0;
    std::string document; // the capture as JSON, checked: ctprof/document.h
};

struct StimulusEvent {
    std::int64_t at_ns = 0;
    std::string kind; // "scenario_start", "step_start", "op", "step_end", "scenario_end", "scheduler_attached",
                      // "scheduler_exited"
    int step = -1;    // -1 = backdrop or none
    std::string step_name;
    std::string op;               // for "op": its name
    std::string detail;           // "hot -> 0-3"
    std::uint64_t work_units = 0; // sum over all live workers at that time
};

struct SchedulerExit {
    std::string scheduler;  // of Plan::schedulers
    bool attached = false;  // whether it had been attached before
    bool requested = false; // whether the executor asked it to end
    int exit_code = -1;     // -1 if it died of a signal or still runs
    int signal = 0;
    std::string kernel_reason; // the kernel's own line: 'sched_ext: BPF scheduler "x" disabled (runtime error)' and
                               // what follows
    std::int64_t at_ns = 0;
    [[nodiscard]] std::string text() const;
};

// How the run ended. Everything but `completed` is a failure of the run, with `Record::message` saying what happened.
enum class RunEnd {
    completed,
    scheduler_not_found,     // host: no such binary, or one of its libraries is missing
    kernel_unusable,         // host: not a kernel; guest: no sched_ext, or a cgroup controller is missing
    scheduler_attach_failed, // exited before it attached, or did not attach in time
    scheduler_exited,        // ended or was disabled while it should have been running
    executor_failed,         // an op failed in the guest
    kernel_panicked,
    guest_hung, // a phase's watchdog ran out, or the guest fell silent
    vm_died,    // QEMU ended by itself
    interrupted,
    host_failed, // the host could not do its part: no memory, no QEMU, a full disk
};

// A failed run that was made once more, with the same plan, kernel and seed and closer observation.
struct Repro {
    bool attempted = false;
    bool same_failure = false; // it failed again in the same way
    bool valid = false;        // and left an artifact with all that there is to be in it
    std::string reason;        // in words: what the artifact has, or what is missing
};

struct PhaseTime {
    std::string phase;  // "boot", "stage", "attach", "scenario", "teardown"
    double host_ms = 0; // duration on the host's clock
};

struct Record {
    RunEnd end = RunEnd::host_failed;
    std::string message; // for every end but completed: what happened, in words
    std::string hint;
    std::string kernel_release;
    std::string accelerator; // "kvm" or "tcg"
    std::string executor_version;
    bool restored = false; // started from a saved machine instead of a boot
    std::uint64_t seed = 0;
    std::vector<PhaseTime> phases;
    double duration_ms = 0;                    // host time of the whole run
    std::uint64_t workload_ns = 0;             // guest time from scenario_start to scenario_end
    std::uint64_t executor_resident_bytes = 0; // peak resident set of the executor in the guest
    std::vector<StimulusEvent> events;
    std::vector<WorkerReport> workers;
    std::vector<PayloadReport> payloads;   // in the order in which they were started
    std::vector<Extraction> extractions;   // one for each of `payloads` whose output is llm, if the run was completed
    std::vector<CgroupProcs> cgroup_procs; // in the order in which they were captured
    std::vector<CtprofCapture> ctprof;     // in the order in which they were captured
    std::vector<SchedulerExit> scheduler_exits;
    std::vector<Snapshot> snapshots; // in the order in which they were taken
    std::vector<Watch> watches;
    std::vector<KernelRead> kernel_reads;
    Monitor monitor;
    BpfPrograms programs; // of the schedulers
    Repro repro;
    std::string scheduler_log; // standard output and error of the scheduler, its last 256 KiB
    std::string console;       // kernel console, its last 64 KiB

    // What the guest's clocks are worth: "native" (the machine itself), "virtual" (KVM), "emulated" (TCG), or empty.
    // All but a native one go on while the host does not let a CPU of the guest run: times that the guest has measured
    // include the host's own delays, those of an emulated machine the slowness of its CPUs too.
    [[nodiscard]] std::string_view clock() const;
};

std::string_view to_string(RunEnd end);
std::optional<RunEnd> run_end_from_string(std::string_view name);
nlohmann::json to_json(const WorkerReport& report);
nlohmann::json to_json(const PayloadReport& report);
nlohmann::json to_json(const CgroupProcs& procs);
// With the document as JSON in `capture`.
nlohmann::json to_json(const CtprofCapture& capture);
nlohmann::json to_json(const StimulusEvent& event);
nlohmann::json to_json(const SchedulerExit& exit);
nlohmann::json to_json(const Repro& repro);
nlohmann::json to_json(const Record& record);
// For what comes out of a guest: every field checked for presence, type and range.
Result<WorkerReport> worker_report_from_json(const nlohmann::json& json);
Result<PayloadReport> payload_report_from_json(const nlohmann::json& json);
Result<CgroupProcs> cgroup_procs_from_json(const nlohmann::json& json);
Result<StimulusEvent> stimulus_event_from_json(const nlohmann::json& json);
Result<SchedulerExit> scheduler_exit_from_json(const nlohmann::json& json);

} // namespace ktstr::plan
