// SPDX-License-Identifier: GPL-2.0-only
#include "cli/catalogue.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/messages.h"
#include "interp/check/check.h"
#include "interp/compile/declarations.h"
#include "interp/plan/monitor.h"
#include "interp/plan/op_words.h"
#include "interp/plan/work_types.h"
#include "interp/syntax/keywords.h"

namespace ktstr::cli {

namespace {

using nlohmann::json;
using Entries = std::vector<CatalogueEntry>;
using Summaries = std::map<std::string, std::string, std::less<>>;

const Summaries op_summaries = {
    // by the plan's names
    {"add_cgroup", "create a cgroup, set its limits and start its workers"},
    {"remove_cgroup", "stop a cgroup's workers and remove it"},
    {"set_cpuset", "give a cgroup other CPUs and memory nodes"},
    {"clear_cpuset", "give a cgroup its parent's CPUs and memory nodes"},
    {"swap_cpusets", "exchange the CPUs and memory nodes of two cgroups"},
    {"spawn", "start more workers in a cgroup, or beside all of them"},
    {"stop_cgroup", "stop a cgroup's workers and keep the cgroup"},
    {"set_affinity", "give all workers of a cgroup other CPU affinities"},
    {"move_all_tasks", "move all tasks of a cgroup to another one"},
    {"run_payload", "start a program in the background"},
    {"wait_payload", "wait until a program ends by itself"},
    {"kill_payload", "end a program"},
    {"freeze_cgroup", "freeze a cgroup's tasks"},
    {"unfreeze_cgroup", "let a frozen cgroup's tasks run again"},
    {"capture_snapshot", "stop all CPUs for a moment and capture the scheduler's state"},
    {"watch_snapshot", "capture the scheduler's state whenever the guest writes a place in memory"},
    {"read_kernel", "note a value of the kernel's memory"},
    {"write_kernel", "write a value to the kernel's memory"},
    {"attach_scheduler", "start a scheduler after one was detached"},
    {"detach_scheduler", "end the scheduler: tasks go back to EEVDF"},
    {"restart_scheduler", "detach the scheduler and attach it again"},
    {"replace_scheduler", "detach the scheduler and attach another one"},
    {"pin_bpf_map", "keep a BPF map of the scheduler alive across a replacement"},
    {"write_bpf", "write a global variable of the running scheduler"},
    {"capture_cgroup_procs", "note which processes a cgroup has"},
    {"capture_ctprof", "note what every thread of the machine has done so far"},
};

const Summaries policy_summaries = {
    {"normal", "SCHED_OTHER, the default"},
    {"batch", "SCHED_BATCH: CPU-bound, does not preempt when it wakes"},
    {"idle", "SCHED_IDLE: runs when nothing else does"},
    {"ext", "SCHED_EXT: under the attached scheduler, even one for some tasks only"},
    {"fifo", "SCHED_FIFO at a priority of 1..98: fifo(10)"},
    {"rr", "SCHED_RR at a priority of 1..98: rr(10)"},
    {"deadline", "SCHED_DEADLINE: deadline(runtime: 1ms, period: 10ms)"},
};

const Summaries pattern_summaries = {
    {"nondecreasing", "a series never falls: bpf.nr_dispatched nondecreasing"},
    {"increasing", "a series rises from each sample to the next: bpf.nr_ticks increasing"},
    {"rate within", "a series changes as fast as this: rate(bpf.nr_dispatched) within 0.5/ms .. 2.0/ms"},
    {"steady within", "a series stays near its mean: stats.busy steady within 10% after 1s"},
    {"converges to", "a series comes near a value and stays: monitor.load converges to 1.0 +- 0.5 by 5s"},
    {"always", "a condition holds at each sample: always monitor.local_dsq_depth <= 50"},
    {"eventually", "a condition holds at some sample of a window: eventually[0s, 3s] stats.busy > 50%"},
    {"until", "a condition holds until another one does: stats.a > 3 until[1s, 2s] stats.b < 5"},
    {"sustained", "a condition fails for fewer samples in a row than these: monitor.imbalance <= 4 for 5 samples"},
    {"ratio within", "one value divided by another is in a range: stats.a / stats.b within 0.9 .. 1.1"},
    {"rise", "a condition becomes true: rise(stats.a > 3)"},
    {"fall", "a condition becomes false: fall(stats.a > 3)"},
};

const Summaries function_summaries = {
    {"llc", "the CPUs of an LLC: llc(0)"},
    {"numa", "the CPUs of a NUMA node: numa(0)"},
    {"range", "CPUs from one to another, both included: range(0, 3)"},
    {"disjoint", "one of n parts of the CPUs: disjoint(0, of: 2)"},
    {"overlap", "one of n parts that reaches into the next: overlap(0, of: 2, frac: 50%)"},
    {"min", "the least of some values of one type: min(2s, 500ms)"},
    {"max", "the greatest of some values of one type: max(1, topology.llcs)"},
    {"indices", "the list of counts from 0 to below n: indices(4)"},
    {"length", "the number of items of a list: length([1, 2])"},
};

// By the words of the language, with the plan's name where it is another.
Entries ops() {
    Entries entries;
    for (const auto& name : plan::op_names()) {
        const std::string word(plan::op_word(name));
        std::string summary = op_summaries.find(name)->second;
        if (word != name) summary += " (`" + name + "` in plans)";
        entries.push_back({word, summary, json{{"plan", name}}.dump()});
    }
    return entries;
}

Entries monitor() {
    Entries entries;
    for (const auto* values : {&plan::monitor_values(), &plan::cpu_values(), &plan::program_values()})
        for (const auto& value : *values)
            entries.push_back(
                {std::string(value.name), std::string(value.summary), json{{"counter", value.counts}}.dump()});
    return entries;
}

Entries described(const std::vector<std::string>& names, const Summaries& summaries) {
    Entries entries;
    for (const auto& name : names) {
        const auto summary = summaries.find(name);
        entries.push_back({name, summary == summaries.end() ? "" : summary->second, ""});
    }
    return entries;
}

json value_json(const plan::WorkParameterValue& value) {
    return std::visit(
        [](const auto& held) -> json {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::vector<plan::WorkPhase>>) {
                json phases = json::array();
                for (const auto& phase : held)
                    phases.push_back({{"kind", phase.kind}, {"duration_ns", phase.duration_ns}});
                return phases;
            } else {
                return held;
            }
        },
        value);
}

Entries work_types() {
    Entries entries;
    for (const auto& type : plan::work_types()) {
        json parameters = json::array();
        for (const auto& parameter : type.parameters)
            parameters.push_back({{"name", parameter.name},
                                  {"kind", to_string(parameter.kind)},
                                  {"default", value_json(parameter.default_value)},
                                  {"minimum", parameter.minimum},
                                  {"maximum", parameter.maximum},
                                  {"choices", parameter.choices},
                                  {"summary", parameter.summary}});
        const json more = {{"category", to_string(type.category)},
                           {"group_size", type.group_size},
                           {"group_parameter", type.group_parameter},
                           {"parameters", parameters}};
        entries.push_back({type.name, type.summary, more.dump()});
    }
    return entries;
}

Entries keywords() {
    Entries entries;
    for (const auto& keyword : syntax::keywords())
        entries.push_back({std::string(keyword.text), std::string(to_string(keyword.keyword_class)), ""});
    return entries;
}

Result<Entries> declared(const std::string& kind, const std::vector<std::string>& paths) {
    const auto all = declarations({paths.begin(), paths.end()});
    if (!all) return all.error();
    print(all->diagnostics);
    Entries entries;
    for (const auto& one : all->found)
        if (one.kind == kind) entries.push_back({one.name, one.summary, json{{"module", one.module}}.dump()});
    return entries;
}

} // namespace

const std::vector<std::string>& catalogue_names() {
    static const std::vector<std::string> names = {"ops",        "work-types", "patterns",  "presets",
                                                   "policies",   "keywords",   "functions", "monitor",
                                                   "schedulers", "payloads",   "templates"};
    return names;
}

Result<Entries> catalogue(const std::string& name, const std::vector<std::string>& paths) {
    if (name == "ops") return ops();
    if (name == "monitor") return monitor();
    if (name == "work-types") return work_types();
    if (name == "patterns") return described(check::pattern_names(), pattern_summaries);
    if (name == "policies") return described(check::policy_names(), policy_summaries);
    if (name == "functions") return described(check::function_names(), function_summaries);
    if (name == "keywords") return keywords();
    if (name == "presets") return declared("topology", paths);
    return declared(name.substr(0, name.size() - 1), paths); // schedulers: what is a scheduler
}

} // namespace ktstr::cli
