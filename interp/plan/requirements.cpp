// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/requirements.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "interp/plan/op_words.h"

namespace ktstr::plan {

namespace {

// Which ops are done. A test compares them with the executor's own table.
constexpr std::array<std::string_view, 26> executed_ops = {
    "add_cgroup",           "remove_cgroup",     "set_cpuset",
    "clear_cpuset",         "swap_cpusets",      "spawn",
    "stop_cgroup",          "set_affinity",      "move_all_tasks",
    "run_payload",          "wait_payload",      "kill_payload",
    "freeze_cgroup",        "unfreeze_cgroup",   "attach_scheduler",
    "detach_scheduler",     "restart_scheduler", "replace_scheduler",
    "capture_cgroup_procs", "pin_bpf_map",       "capture_snapshot",
    "read_kernel",          "write_kernel",      "write_bpf",
    "watch_snapshot",       "capture_ctprof"};

constexpr std::array<std::string_view, 9> judged_measures = {
    "iterations", "migrations", "cpu_time", "gap", "run_delay", "throughput", "off_cpu", "wake_latency", "spread"};

std::string in_backquotes(std::string_view word) { return "`" + std::string(word) + "`"; }

class Finder {
  public:
    explicit Finder(const Plan& plan) : plan_(plan) {}

    std::vector<Lack> find() {
        ops(plan_.backdrop);
        for (const auto& step : plan_.steps) {
            ops(step.ops);
            ops(step.loop);
        }
        for (const auto& expectation : plan_.expectations)
            if (expectation.formula) formula(*expectation.formula, expectation.source);
        return std::move(found_);
    }

  private:
    void add(const std::string& what, const SourcePosition& source) {
        if (seen_.emplace(what, source.file, source.line, source.column).second) found_.push_back({what, source});
    }

    void ops(const std::vector<Op>& ops) {
        for (const auto& op : ops)
            if (!is_executed_op(op.name())) add("op " + in_backquotes(op_word(op.name())), op.source);
    }

    // By what it is about: whoever reads it knows the word that they wrote.
    void formula(const Formula& formula, const SourcePosition& source) {
        if (formula.kind == Formula::Kind::measure && !is_judged(formula))
            add("an expectation over a formula of " + in_backquotes(formula.path), source);
        for (const auto& operand : formula.operands) this->formula(operand, source);
    }

    const Plan& plan_;
    std::vector<Lack> found_;
    std::set<std::tuple<std::string, std::string, int, int>> seen_;
};

} // namespace

std::vector<Lack> lacks(const Plan& plan) { return Finder(plan).find(); }

bool is_executed_op(std::string_view name) {
    return std::find(executed_ops.begin(), executed_ops.end(), name) != executed_ops.end();
}

bool is_judged(const plan::Formula& formula) {
    if (formula.kind == Formula::Kind::measure)
        return std::find(judged_measures.begin(), judged_measures.end(), formula.path) != judged_measures.end();
    return std::all_of(formula.operands.begin(), formula.operands.end(), is_judged);
}

} // namespace ktstr::plan
