// SPDX-License-Identifier: GPL-2.0-only
// The typed model: a scenario with every name resolved, every type and unit checked and every value computed, but no
// CPU set laid on the topology yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "interp/diagnostics/diagnostic.h"
#include "interp/plan/plan.h"
#include "interp/syntax/tree.h"

namespace ktstr::model {

// A set of CPUs, or of NUMA nodes, in words of the topology.
struct CpuSetSpec {
    enum class Kind { all, usable, llc, numa, range, disjoint, overlap, exact };
    Kind kind = Kind::all;
    int index = 0;       // llc, numa, disjoint, overlap; first CPU of range
    int count = 1;       // disjoint, overlap: of how many parts; last CPU of range
    double fraction = 0; // overlap: how much of a part reaches into the next
    plan::CpuSet exact;
};

// How many workers: a count, or a fraction of the CPUs that the cgroup may use.
struct WorkerCount {
    std::optional<int> count;
    double fraction = 0;
    Span span;
};

struct PlacedSet {
    CpuSetSpec set;
    Span span;
};

struct Affinity {
    plan::Affinity::Kind kind = plan::Affinity::Kind::inherit;
    std::optional<PlacedSet> set; // exact, single
    int count = 0;                // random
    Span span;
};

struct MemoryPolicy {
    plan::MemoryPolicy policy; // all but `nodes`
    std::optional<PlacedSet> nodes;
    Span span;
};

struct Work {
    plan::Work work; // all but `workers`, `affinity` and `memory_policy`
    WorkerCount count;
    Affinity affinity;
    std::optional<MemoryPolicy> memory_policy;
    Span span;
};

struct Cgroup {
    plan::CgroupSpec spec; // all but `cpus`, `mems` and `works`
    std::optional<PlacedSet> cpus;
    std::optional<PlacedSet> mems;
    std::vector<Work> works;
};

// Something named, and where.
struct Mention {
    std::string name;
    Span span;
};

// One op. Which fields count follows from the kind, one of the op kinds of syntax::Kind, or `cgroup` for a definition.
struct Op {
    syntax::Kind kind = syntax::Kind::cgroup;
    Span span;
    std::vector<Mention> cgroups;           // in the order written; none for `in host`
    std::optional<Cgroup> added;            // cgroup, add_cgroup
    std::optional<PlacedSet> set;           // set_cpuset
    std::optional<PlacedSet> mems;          // set_cpuset
    std::optional<Affinity> affinity;       // set_affinity
    std::optional<Work> work;               // spawn
    bool if_present = false;                // remove_cgroup
    std::optional<Mention> payload;         // run, wait, kill
    std::optional<Mention> scheduler;       // attach, replace
    std::optional<plan::Op::Action> action; // of the kinds that need no topology
};

struct Hold {
    std::optional<std::uint64_t> fixed_ns;
    std::optional<double> fraction; // of the duration; neither: a share of what the others leave
    Span span;
};

struct Step {
    std::string name;
    std::vector<Op> ops;
    Hold hold;
    Span span;
    std::vector<Op> loop{};
    std::uint64_t every_ns = 0;
    std::vector<std::string> keeps{}; // set by check_lifetimes()
};

// An expectation with what it names, to be looked up once the whole scenario is known.
struct Expectation {
    plan::Expectation expectation;
    Span span;
    std::vector<Mention> cgroups{};
    std::vector<Mention> steps{};
    std::vector<Mention> snapshots{};
    std::vector<Mention> payloads{};
    std::vector<Mention> series{}; // "bpf.nr_dispatched"
    struct Time {
        std::uint64_t ns = 0;
        Span span;
    };
    bool bundled = false;      // from `include`: what stands beside it may say otherwise
    std::vector<Time> times{}; // in the workload window, of deadlines and windows
};

// One layer of expectations. A later layer takes the place of an earlier one's on the same subject.
struct Expectations {
    std::vector<Expectation> expected;
    std::vector<Expectation> switched_off;
};

struct Scheduler {
    plan::Scheduler scheduler;
    std::optional<plan::Topology> topology;
    std::vector<std::string> kernel_args;
    std::map<std::string, std::string> sysctls;
    Expectations expectations;
    struct Flag {
        std::string name;
        std::vector<std::string> args;
        std::vector<std::string> required;
        Span span;
    };
    std::vector<Flag> flags;
};

struct Scenario {
    std::string name;
    Span span;
    Span whole;                                                 // with its block
    const std::set<std::string, std::less<>>* unread = nullptr; // words of what did not parse in its file
    std::optional<std::string> scheduler;                       // the one attached first
    std::vector<plan::Scheduler> schedulers;
    std::vector<plan::Payload> payloads;
    plan::Topology topology;
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::uint64_t> duration_ns;
    std::vector<std::string> kernel_args;
    std::map<std::string, std::string> sysctls;
    int captures = 0;
    Span captures_span;
    std::vector<Op> backdrop;
    std::vector<Step> steps;
    std::vector<Expectation> expectations; // merged
    std::vector<plan::Check> checks;
    std::map<std::string, std::string> parameters;

    // "for the scenario "x" on line 3"
    [[nodiscard]] std::string where() const {
        return "for the scenario \"" + name + "\" on line " + std::to_string(span.line()) + " of " + span.file->shown();
    }
    // Says of what lies outside of it, in a template or a bundle, which scenario it is about.
    void explain(Diagnostics& diagnostics, std::size_t mark) const {
        diagnostics.explain(
            mark,
            [this](const Diagnostic& diagnostic) {
                return diagnostic.file.get() != whole.file || diagnostic.begin < whole.begin ||
                       diagnostic.begin >= whole.end;
            },
            where());
    }
};

} // namespace ktstr::model
