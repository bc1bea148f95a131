// SPDX-License-Identifier: GPL-2.0-only
// The plan: what the compiler makes of one scenario on one topology, and all that the guest executor, the host
// conductor and the evaluator know of it. Plain data; times are in nanoseconds, sizes in bytes, ratios are fractions
// (15 % is 0.15). docs/plan.schema.json is its published JSON schema; the JSON keys are the names used here.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "interp/plan/topology.h"

namespace ktstr::plan {

constexpr int plan_version = 1;

struct SourcePosition {
    std::string file; // relative to the library's root, so that the plan does not depend on where a clone lies
    int line = 0;     // from 1
    int column = 0;   // from 1
};

enum class Policy { normal, batch, idle, fifo, rr, ext };

// Where a worker may run, within its cgroup's cpuset.
struct Affinity {
    enum class Kind { inherit, exact };
    Kind kind = Kind::inherit;
    CpuSet cpus; // for exact
};

// A group of like workers.
struct Work {
    std::string name;      // label in reports; unique in its cgroup
    std::string work_type; // snake_case, of work_types()
    nlohmann::json parameters =
        nlohmann::json::object(); // every parameter of the work type, defaults filled in:
                                  // durations in ns, sizes in bytes, counts as integers, choices as strings
    int workers = 1;              // processes; a multiple of the work type's group size
    Policy policy = Policy::normal;
    int priority = 0; // fifo and rr only, 1..98
    int nice = 0;     // -20..19
    Affinity affinity;
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
    std::vector<Work> works;
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
struct FreezeCgroup {
    std::string cgroup;
};
struct UnfreezeCgroup {
    std::string cgroup;
};
struct AttachScheduler {};  // the plan's scheduler, after a detach
struct DetachScheduler {};  // SIGINT, wait until the kernel has let go of it
struct RestartScheduler {}; // detach and attach

struct Op {
    using Action =
        std::variant<AddCgroup, RemoveCgroup, SetCpuset, ClearCpuset, SwapCpusets, Spawn, StopCgroup, SetAffinity,
                     MoveAllTasks, FreezeCgroup, UnfreezeCgroup, AttachScheduler, DetachScheduler, RestartScheduler>;
    Action action;
    SourcePosition source;
    [[nodiscard]] std::string_view name() const; // "add_cgroup"
};

// All op names, in the order of Op::Action.
const std::vector<std::string>& op_names();

struct Step {
    std::string name;
    std::vector<Op> ops;
    std::uint64_t hold_ns = 0; // after the ops; then the step's own cgroups and workers are torn down
    SourcePosition source;
};

struct Scheduler {
    std::string name;
    std::string binary; // as written: the host finds it and packs it
    std::vector<std::string> args;
    SourcePosition source;
};

enum class Comparison { less, less_equal, greater, greater_equal };

// One assertion. What `value` is measured in follows from the kind.
struct Expectation {
    enum class Kind {
        progress,   // every worker has done at least one work unit; `cgroup` narrows
        spread,     // (max - min) / mean of the workers' work units per second of their life, in each cgroup: a ratio
        gap,        // longest time a worker was kept from its work: ns
        isolation,  // no worker ran outside its cgroup's cpuset
        throughput, // work units per second, all workers of `cgroup` (or of the scenario) together
        error,      // the run must fail, with `text` in what the scheduler, the kernel or the executor said
    };
    Kind kind = Kind::progress;
    std::string cgroup;                             // empty: all
    Comparison comparison = Comparison::less_equal; // spread, gap, throughput
    double value = 0;                               // spread, gap, throughput
    std::string text;                               // error: the text looked for
    bool text_is_regex = false;                     // error: ECMAScript regular expression instead
    std::string written;                            // as in the source: "spread(hot) <= 15%"
    SourcePosition source;
};

struct Plan {
    std::string scenario; // its name
    SourcePosition source;
    Topology topology;
    std::uint64_t memory_bytes = 0;
    std::uint64_t duration_ns = 0;      // the workload window: sum of the holds
    std::optional<Scheduler> scheduler; // absent: the kernel's own (EEVDF)
    std::vector<std::string> kernel_args;
    std::map<std::string, std::string> sysctls; // "kernel.numa_balancing" -> "0"
    std::vector<Op> backdrop;                   // executed before the first step, torn down after the last
    std::vector<Step> steps;
    std::vector<Expectation> expectations;

    [[nodiscard]] bool expects_error() const;
};

// The canonical form: the same plan gives the same bytes (keys sorted, no white space, dump() of to_json).
nlohmann::json to_json(const Plan& plan);
std::string canonical_bytes(const Plan& plan);
// SHA-256 of the canonical bytes, as 64 hexadecimal digits.
std::string plan_hash(const Plan& plan);
// Refuses another plan_version, a missing field and a field of the wrong type or range, by name.
Result<Plan> plan_from_json(const nlohmann::json& json);

std::string_view to_string(Policy policy);
std::string_view to_string(Comparison comparison); // "<="
std::string_view to_string(Expectation::Kind kind);
nlohmann::json to_json(const SourcePosition& source);

} // namespace ktstr::plan
