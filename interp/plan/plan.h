// SPDX-License-Identifier: GPL-2.0-only
// The plan: what the compiler makes of one scenario on one topology, and all that the guest executor, the host
// conductor and the evaluator know of it. Plain data; times are in nanoseconds, sizes in bytes, ratios are fractions
// (15 % is 0.15). docs/plan.schema.json is its published JSON schema; the JSON keys are the names used here.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "interp/plan/topology.h"

namespace ktstr::plan {

constexpr int plan_version = 2;

enum class Comparison { less, less_equal, greater, greater_equal, equal, not_equal };

struct SourcePosition {
    std::string file; // relative to the library's root, so that the plan does not depend on where a clone lies
    int line = 0;     // from 1
    int column = 0;   // from 1
};

// --- Workers -------------------------------------------------------------------------------------------------------

enum class Policy { normal, batch, idle, fifo, rr, deadline, ext };

// SCHED_DEADLINE, in ns; runtime <= deadline <= period.
struct Deadline {
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

// Where a worker may run, within its cgroup's cpuset.
struct Affinity {
    enum class Kind {
        inherit,      // all that the cgroup may use
        exact,        // `cpus`
        single,       // one CPU: worker k gets the k-th of `cpus`, round and round
        random,       // `count` of the cgroup's CPUs, drawn by the run's seed for each worker
        llc_aligned,  // worker k gets all CPUs of the k-th LLC that the cgroup reaches, round and round
        cross_cgroup, // every CPU of the machine, past the cgroup's cpuset as far as the kernel lets it
        smt_siblings, // workers 2k and 2k+1 get the two threads of the k-th core
    };
    Kind kind = Kind::inherit;
    CpuSet cpus;   // exact, single
    int count = 0; // random
};

// set_mempolicy(2), checked against the cgroup's nodes.
struct MemoryPolicy {
    enum class Mode { standard, local, bind, preferred, interleave, weighted_interleave }; // standard: MPOL_DEFAULT
    Mode mode = Mode::standard;
    CpuSet nodes;                // bind, preferred, interleave, weighted_interleave
    bool static_nodes = false;   // MPOL_F_STATIC_NODES
    bool relative_nodes = false; // MPOL_F_RELATIVE_NODES
    bool numa_balancing = false; // MPOL_F_NUMA_BALANCING
};

// One phase of the work type `sequence`.
struct WorkPhase {
    std::string kind; // "spin", "sleep", "yield", "io" or "alu"
    std::uint64_t duration_ns = 0;
    bool operator==(const WorkPhase&) const = default;
};

// Durations in ns, sizes in bytes and counts as integers, percentages as fractions and rates per second as doubles,
// choices and programs as strings. In JSON the phases are {"kind", "duration_ns"}.
using WorkParameterValue = std::variant<std::int64_t, double, std::string, std::vector<WorkPhase>>;
using WorkParameters = std::map<std::string, WorkParameterValue>; // every parameter, defaults filled in

// A group of like workers.
struct Work {
    std::string name;      // label in reports; unique in its cgroup
    std::string work_type; // snake_case, of work_types()
    WorkParameters parameters;
    int workers = 1;                  // a multiple of the work type's group size
    bool threads = false;             // workers are threads of one process instead of processes
    bool swappable = false;           // a gauntlet may put another work type in its place
    std::string comm;                 // at most 15 bytes; empty: the executor's choice
    std::string pcomm;                // name of one leader process whose threads are the workers; implies `threads`
    std::optional<std::uint32_t> uid; // real, effective and saved
    std::optional<std::uint32_t> gid;
    Policy policy = Policy::normal;
    int priority = 0;                 // fifo and rr only, 1..98
    std::optional<Deadline> deadline; // policy deadline only
    int nice = 0;                     // -20..19
    Affinity affinity;
    std::optional<MemoryPolicy> memory_policy;
    std::optional<SourcePosition> program_source; // where the Lua of its parameter `program` begins; absent: a default
    SourcePosition source;
};

struct CgroupSpec {
    std::string name;                              // path below the scenario's root cgroup: "hot", "parent/child"
    std::optional<CpuSet> cpus;                    // absent: not restricted
    std::optional<CpuSet> mems;                    // absent: not restricted
    std::optional<std::uint64_t> cpu_weight;       // cpu.weight, 1..10000
    std::optional<std::uint64_t> cpu_max_quota_ns; // cpu.max: quota per period
    std::uint64_t cpu_max_period_ns = 100'000'000;
    std::optional<std::uint64_t> memory_max_bytes;
    std::optional<std::uint64_t> memory_high_bytes;
    std::optional<std::uint64_t> memory_low_bytes;
    std::optional<std::uint64_t> memory_swap_max_bytes;
    std::optional<std::uint64_t> io_weight; // io.weight, 1..10000
    std::optional<std::uint64_t> pids_max;
    std::vector<Work> works;
};

// --- Ops -----------------------------------------------------------------------------------------------------------

// A place in the kernel's memory.
struct KernelTarget {
    enum class Kind { symbol, address, per_cpu, task, bpf };
    Kind kind = Kind::symbol;
    std::string symbol;        // symbol, per_cpu: "jiffies", "runqueues"; bpf: a global with its path, "stats.nr"
    std::uint64_t address = 0; // address
    std::uint64_t offset = 0;  // bytes added to a symbol or an address
    int cpu = 0;               // per_cpu
    std::string cgroup;        // task: of the first worker ...
    std::string work;          // task: ... of this group
    std::string field;         // per_cpu, task: path by BTF, "scx.nr_running"; symbol: optional
    int bytes = 8;             // symbol and address without a field: 1, 2, 4 or 8
};

// Ops, in the order they are executed. `cgroup` names a CgroupSpec. In JSON each is an object with "op" = the
// snake_case name, "source", and the fields below.
struct AddCgroup {
    CgroupSpec spec;
}; // create, set, spawn
struct RemoveCgroup {
    std::string cgroup;
    bool if_present = false;
}; // stop its workers, remove
struct SetCpuset {
    std::string cgroup;
    CpuSet cpus;
    CpuSet mems;
};
struct ClearCpuset {
    std::string cgroup;
}; // back to the parent's CPUs and nodes
struct SwapCpusets {
    std::string first;
    std::string second;
};
struct Spawn {
    std::string cgroup;
    Work work;
}; // cgroup "" = the executor's own (host contention)
struct StopCgroup {
    std::string cgroup;
}; // stop its workers, keep it
struct SetAffinity {
    std::string cgroup;
    Affinity affinity;
}; // all workers of the cgroup
struct MoveAllTasks {
    std::string from;
    std::string to;
};
struct RunPayload {
    std::string payload;           // of Plan::payloads
    std::string cgroup;            // "" = the executor's own
    std::vector<std::string> args; // after the payload's own
};                                 // in the background; (payload, cgroup) is its address
struct WaitPayload {
    std::string payload;
    std::string cgroup;
    std::uint64_t limit_ns = 60'000'000'000; // it is killed then, and has failed
};                                           // until it ends by itself
struct KillPayload {
    std::string payload;
    std::string cgroup;
};
struct FreezeCgroup {
    std::string cgroup;
};
struct UnfreezeCgroup {
    std::string cgroup;
};
struct CaptureSnapshot {
    std::string name;
}; // host: freeze every vCPU, capture, resume
struct WatchSnapshot {
    std::string name;
    KernelTarget target; // no task
    std::uint64_t max_fires = 16;
    std::uint64_t min_interval_ns = 10'000'000; // fires that come sooner are counted and dropped
};                                              // host: capture at every guest write, until the step ends
struct ReadKernel {
    std::string name; // what the value is called in the record
    KernelTarget target;
    bool cold = false; // with the vCPUs stopped
};
struct WriteKernel {
    KernelTarget target;
    std::int64_t value = 0;
    bool cold = false;
};
struct AttachScheduler {
    std::string scheduler;  // of Plan::schedulers; empty: the one attached last
};                          // after a detach
struct DetachScheduler {};  // SIGINT, wait until the kernel has let go of it
struct RestartScheduler {}; // detach and attach
struct ReplaceScheduler {
    std::string scheduler; // of Plan::schedulers
};                         // detach the running one, attach this one
struct PinBpfMap {
    std::string map;
}; // keeps the running scheduler's map alive across a replacement
struct WriteBpf {
    std::string variable; // a global of the running scheduler, with its path: "slice_ns", "config.enabled"
    std::int64_t value = 0;
}; // host, by BTF
struct CaptureCgroupProcs {
    std::string cgroup;
    std::string tag; // what the pids are called in the record
};
struct CaptureCtprof {
    std::string name; // what the capture is called in the record
};                    // of every thread of the machine: ctprof/capture.h

struct Op {
    using Action =
        std::variant<AddCgroup, RemoveCgroup, SetCpuset, ClearCpuset, SwapCpusets, Spawn, StopCgroup, SetAffinity,
                     MoveAllTasks, RunPayload, WaitPayload, KillPayload, FreezeCgroup, UnfreezeCgroup, CaptureSnapshot,
                     WatchSnapshot, ReadKernel, WriteKernel, AttachScheduler, DetachScheduler, RestartScheduler,
                     ReplaceScheduler, PinBpfMap, WriteBpf, CaptureCgroupProcs, CaptureCtprof>;
    Action action;
    SourcePosition source;
    [[nodiscard]] std::string_view name() const; // "add_cgroup"
};

// All op names, in the order of Op::Action.
const std::vector<std::string>& op_names();

struct Step {
    std::string name;
    std::vector<Op> ops;
    std::uint64_t hold_ns = 0;  // after the ops; then the step's own cgroups, workers and payloads are torn down
    std::vector<Op> loop;       // executed again and again during the hold ...
    std::uint64_t every_ns = 0; // ... at this interval; 0 if there is no loop
    // Cgroups of this step or an earlier one that live on into the next step, with the workers that they began with,
    // and with the cgroups above and below them.
    std::vector<std::string> keeps;
    SourcePosition source;
    [[nodiscard]] bool keeps_cgroup(const std::string& cgroup) const;
};

// Whether the cgroup `name` is `cgroup` or lies below it.
bool is_within(std::string_view name, std::string_view cgroup);

// --- Schedulers and payloads ---------------------------------------------------------------------------------------

struct Scheduler {
    std::string name;
    std::string binary; // as written: the host finds it and packs it; empty for one that is built into the kernel
    std::vector<std::string> args;
    std::string config;             // a file of the host that is packed; empty: none
    std::string config_flag;        // the argument before its path in the guest: "--config"
    std::string cgroup_parent;      // cgroup below the root for the scheduler's own process; empty: the root
    std::vector<std::string> flags; // names of the flags that are on: part of a result's identity
    std::string enable;             // built into the kernel: shell commands that switch it on and off
    std::string disable;
    SourcePosition source;
};

struct Metric {
    enum class Polarity { none, higher, lower }; // which way is better
    std::string name;                            // dotted path in JSON output, or a group's name of the regex
    std::string unit;
    Polarity better = Polarity::none;
};

// What the output of a payload must satisfy by itself; more is in expectations.
struct PayloadCheck {
    enum class Kind {
        exit_code, // of the program
        exists,    // there is the metric
        compare,   // the metric's value
        metrics,   // how many metrics there are
        values,    // of each metric
    };
    Kind kind = Kind::exit_code;
    std::string metric; // exists, compare
    Comparison comparison = Comparison::less_equal;
    double value = 0; // all but exists
    std::string written;
    SourcePosition source;
};

struct Payload {
    enum class Output { exit_code, json, regex, llm };
    std::string name;
    std::string binary; // as written: the host finds it and packs it with its libraries
    std::vector<std::string> args;
    Output output = Output::exit_code;
    std::string pattern;         // regex: ECMAScript with groups named by `metrics` in their order; llm: a hint for
                                 // whoever reads it, may be empty
    std::vector<Metric> metrics; // json: those with a unit or a polarity; every numeric leaf is one
    std::vector<PayloadCheck> checks;
    std::vector<std::string> files; // of the host, packed under their own paths
    SourcePosition source;
};

// --- Expectations --------------------------------------------------------------------------------------------------

// A formula over what was observed: terms are numbers (or series of numbers), conditions are true or false (or series
// of that). What `operands` means follows from the kind. Numbers are in base units: ns, bytes, per second, fractions.
struct Formula {
    enum class Kind {
        // Terms
        number,   // `number`
        series,   // `source`.`path`: bpf, stats, monitor or host; one value per sample
        snapshot, // `path` in the snapshot `subject`
        payload,  // metric `path` of payload `subject`, in `cgroup` if given
        measure,  // `path` = spread, gap, throughput, iterations, migrations, cpu_time, off_cpu, run_delay or
                  // wake_latency, of `cgroup` (empty: all); `number` = the quantile of a distribution (0.99)
        rate,     // change per second between consecutive samples of a series
        delta,    // last - first of a series [0], within step `subject` (empty: the whole run)
        reduce,   // `path` = first, last, mean, min or max of a series [0], within step `subject`
        add,
        subtract,
        multiply,
        divide, // [0] and [1]
        // Conditions at one sample
        compare, // [0] `comparison` [1]
        within,  // [0] is in [1] .. [2], both included
        rise,
        fall, // the condition [0] becomes true; becomes false
        logical_not,
        logical_and,
        logical_or,
        logical_implies,
        always,
        eventually, // [0] throughout, at some sample of the window
        until,      // [0] until [1] within the window
        // Patterns over a series [0]; what they do with missing samples is in docs/language.md
        nondecreasing,
        increasing, // increasing: strictly
        steady,     // within mean * (1 +- `tolerance`) after `from_ns`
        converges,  // to [1] +- `tolerance` (absolute) by `to_ns`
        sustained,  // the condition [0] may fail for fewer than `samples` samples in a row
    };
    Kind kind = Kind::number;
    std::vector<Formula> operands;
    std::string source;
    std::string path;
    std::string subject;
    std::string cgroup;
    double number = 0;
    double tolerance = 0;
    int samples = 0;
    Comparison comparison = Comparison::less_equal;
    std::uint64_t from_ns = 0;          // always, eventually, until: the window, relative to the outer formula's
    std::optional<std::uint64_t> to_ns; // time; absent: to the end
};

// One line of an expect block. What `value` is measured in follows from the kind.
struct Expectation {
    enum class Kind {
        progress,   // every worker has done at least one work unit; `cgroup` narrows
        spread,     // (max - min) / mean of the workers' work units per second of their life, in each cgroup: a ratio
        gap,        // longest time a worker was kept from its work: ns
        isolation,  // no worker ran outside its cgroup's cpuset
        throughput, // work units per second, all workers of `cgroup` (or of the scenario) together
        error,      // the run must fail, with `text` in what the scheduler, the kernel or the executor said
        repro,      // the run, or an expectation of it, must fail, and again when it is made once more; that leaves a
                    // valid artifact (Record::repro)
        allow_inconclusive, // asserts nothing: an inconclusive verdict does not count in the exit code
        formula,            // `formula`, a condition; one over series holds if it holds at the first sample
    };
    Kind kind = Kind::progress;
    std::string cgroup;                             // empty: all
    Comparison comparison = Comparison::less_equal; // spread, gap, throughput
    double value = 0;                               // spread, gap, throughput
    std::string text;                               // error: the text looked for
    bool text_is_regex = false;                     // error: ECMAScript regular expression instead
    std::optional<Formula> formula;
    std::string written; // as in the source: "spread(hot) <= 15%"
    SourcePosition source;
};

// A Lua check of the host, run after the run on its record.
struct Check {
    std::string name;
    std::string lua;       // the chunk
    bool always = false;   // also when the run has failed
    SourcePosition source; // of the chunk's first character
};

struct Plan {
    std::string scenario; // its name
    SourcePosition source;
    Topology topology;
    std::uint64_t memory_bytes = 0;
    std::uint64_t duration_ns = 0;        // the workload window: sum of the holds
    std::optional<std::string> scheduler; // of `schedulers`, attached before the first step; absent: EEVDF
    std::vector<Scheduler> schedulers;    // all that the run may attach, by name
    std::vector<Payload> payloads;        // all that the run may start, by name
    std::vector<std::string> kernel_args;
    std::map<std::string, std::string> sysctls; // "kernel.numa_balancing" -> "0"
    std::vector<std::uint64_t> captures_ns;     // periodic snapshots: times in the workload window, ascending
    std::vector<Op> backdrop;                   // executed before the first step, torn down after the last
    std::vector<Step> steps;
    std::vector<Expectation> expectations;
    std::vector<Check> checks;
    std::map<std::string, std::string> parameters; // those of the scenario, as written: part of a result's identity

    [[nodiscard]] const Scheduler* initial_scheduler() const; // null: EEVDF
    [[nodiscard]] bool expects(Expectation::Kind kind) const; // whether there is one of this kind
};

// The canonical form: the same plan gives the same bytes (keys sorted, no white space, dump() of to_json).
nlohmann::json to_json(const Plan& plan);
std::string canonical_bytes(const Plan& plan);
// SHA-256 of the canonical bytes without the members "source" and "written", as 64 hexadecimal digits: what the layout
// of the source file says nothing about.
std::string plan_hash(const Plan& plan);
// Refuses another plan_version, a missing field and a field of the wrong type or range, by name.
Result<Plan> plan_from_json(const nlohmann::json& json);

// The "topology" of a plan alone.
Result<Topology> topology_from_json(const nlohmann::json& json);

std::string_view to_string(Policy policy);
std::string_view to_string(Comparison comparison); // "<="
std::string_view to_string(Expectation::Kind kind);
nlohmann::json to_json(const SourcePosition& source);

} // namespace ktstr::plan
