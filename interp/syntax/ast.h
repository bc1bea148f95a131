// SPDX-License-Identifier: GPL-2.0-only
// The abstract syntax tree: what was written, with nothing looked up or computed yet.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "interp/diagnostics/source.h"
#include "interp/syntax/tree.h"

namespace ktstr::ast {

struct Name {
    std::string text; // a string's text with its escapes resolved
    Span span;
};

struct Argument;

struct Expression {
    enum class Kind { number, cpu_list, string, name, call, list, negation, chain };
    Kind kind = Kind::number;
    Span span;
    std::string text;                  // string: its content; name, call: the name; chain: its operators
    std::vector<Expression> operands;  // list: its elements; negation: 1; chain: one more than operators
    std::vector<Argument> arguments{}; // call
};

struct Argument {
    std::optional<Name> name; // burst: 5ms
    Expression value;
};

// A keyword with its values: `duration 4s`, `cpu_max 50ms per 100ms`.
struct Setting {
    syntax::Kind kind;
    Span span;
    std::vector<Expression> values;
};

struct Sysctl {
    Name key;
    Expression value;
};

// spin_wait(...) nice 5 as hogs
struct Workload {
    Span span; // of the work type and its arguments
    Name base; // a work type or a named workload
    std::vector<Argument> arguments;
    std::vector<Setting> settings; // nice, policy, affinity
    std::vector<Name> labels;      // at most one is right
};

struct Workers {
    Span span;
    Expression count;
    Workload workload;
};

struct Cgroup {
    Span span; // of the head: cgroup hot
    Name path;
    std::vector<Setting> settings;
    std::vector<Workers> workers;
    std::vector<Cgroup> children;
};

struct Op {
    syntax::Kind kind;
    Span span;
    std::vector<Name> cgroups;      // in the order written
    std::optional<Expression> set;  // set_cpuset, set_affinity
    std::optional<Setting> mems;    // set_cpuset
    std::optional<Workers> workers; // spawn
    bool host = false;              // spawn ... in host
    bool if_present = false;        // remove_cgroup
};

using Statement = std::variant<Cgroup, Op>;

struct Expectation {
    syntax::Kind kind; // progress, spread, gap, isolation, throughput, error
    Span span;
    std::optional<Name> cgroup;
    bool off = false;
    std::string comparison;          // "<="
    std::optional<Expression> value; // the bound, or the text of error
    bool matches = false;            // error matches
};

struct Step {
    Span span; // of the head
    std::optional<Name> name;
    std::optional<Expression> hold;
    std::vector<Statement> statements;
};

struct SchedulerUse {
    Name name;
    std::optional<Setting> with_args;
};

struct Scenario {
    Span span; // of the head
    Name name;
    std::vector<Setting> settings;
    std::vector<Sysctl> sysctls;
    std::vector<SchedulerUse> schedulers; // at most one is right
    std::vector<Statement> backdrop;
    std::vector<Step> steps;
    std::vector<Statement> statements; // of a step, directly in the scenario
    std::vector<Expectation> expectations;
};

struct Scheduler {
    Name name;
    std::vector<Setting> settings;
    std::vector<Sysctl> sysctls;
    std::vector<Expectation> expectations;
};

struct Use {
    Span span;
    Name module; // std.workloads, or a path
    bool is_path = false;
    std::optional<Name> alias;
};

struct Topology {
    Name name;
    Expression value;
};

struct Let {
    Name name;
    Expression value;
};

struct Work {
    Name name;
    Workload workload;
};

struct File {
    std::vector<Use> uses;
    std::vector<Topology> topologies;
    std::vector<Let> lets;
    std::vector<Work> works;
    std::vector<Scheduler> schedulers;
    std::vector<Scenario> scenarios;
};

} // namespace ktstr::ast
