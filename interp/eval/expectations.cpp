// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/expectations.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "interp/eval/comparison.h"
#include "interp/eval/units.h"
#include "interp/eval/workers.h"

namespace ktstr::eval {

namespace {

using plan::Expectation;
using plan::WorkerReport;

std::string name_of(const WorkerReport& worker) {
    const std::string name = "worker " + std::to_string(worker.worker);
    return worker.cgroup.empty() ? name : name + " in " + worker.cgroup;
}

std::string human_bound(const Expectation& expectation) {
    switch (expectation.kind) {
    case Expectation::Kind::spread: return human_ratio(expectation.value);
    case Expectation::Kind::gap: return human_duration(expectation.value);
    default: return human_rate(expectation.value);
    }
}

std::string written_of(const Expectation& expectation) {
    if (!expectation.written.empty()) return expectation.written;
    std::string text(plan::to_string(expectation.kind));
    if (!expectation.cgroup.empty()) text += "(" + expectation.cgroup + ")";
    if (expectation.kind == Expectation::Kind::progress || expectation.kind == Expectation::Kind::isolation)
        return text;
    return text + " " + std::string(plan::to_string(expectation.comparison)) + " " + human_bound(expectation);
}

// One expectation under judgement.
struct Judge {
    const plan::Plan& plan;
    const Expectation& expectation;

    [[nodiscard]] AssertionResult result(Outcome outcome, const std::string& text) const {
        AssertionResult result;
        result.outcome = outcome;
        result.kind = plan::to_string(expectation.kind);
        result.cgroup = expectation.cgroup;
        result.written = written_of(expectation);
        result.source = expectation.source;
        result.comparison = expectation.comparison;
        result.message = result.written + ": " + text;
        return result;
    }

    // Compares, unless there is nothing to compare with.
    [[nodiscard]] AssertionResult compared(double value, const char* unit, const std::string& seen) const {
        AssertionResult compared = result(Outcome::fail, "saw " + seen);
        compared.unit = unit;
        compared.value = value;
        compared.bound = expectation.value;
        if (std::isnan(expectation.value))
            compared.message = compared.written + ": its bound is not a number (NaN)";
        else if (std::isnan(value))
            compared.message = compared.written + ": the value seen is not a number (NaN): " + seen;
        else if (holds(value, expectation.comparison, expectation.value))
            compared.outcome = Outcome::pass;
        return compared;
    }
};

AssertionResult no_workers(const Judge& judge) {
    const auto& cgroup = judge.expectation.cgroup;
    return judge.result(Outcome::inconclusive,
                        cgroup.empty() ? "no worker reported" : "no worker of the cgroup " + cgroup + " reported");
}

// The first worker without a lifetime; everything per second is undefined for it.
const WorkerReport* timeless(const Workers& workers) {
    const auto found =
        std::find_if(workers.begin(), workers.end(), [](const auto* worker) { return worker->wall_ns == 0; });
    return found == workers.end() ? nullptr : *found;
}

AssertionResult judge_progress(const Judge& judge, const Workers& workers) {
    const WorkerReport* idle = nullptr;
    std::size_t idle_count = 0;
    for (const auto* worker : workers) {
        if (worker->work_units > 0 || worker->wall_ns == 0) continue;
        if (idle == nullptr) idle = worker;
        ++idle_count;
    }
    const double least =
        static_cast<double>((*std::min_element(workers.begin(), workers.end(), [](const auto* a, const auto* b) {
                                return a->work_units < b->work_units;
                            }))->work_units);
    AssertionResult result;
    if (idle != nullptr)
        result = judge.result(Outcome::fail, std::to_string(idle_count) + " of " + std::to_string(workers.size()) +
                                                 " workers did no work (" + name_of(*idle) + ", " + idle->work_type +
                                                 ", had " + human_duration(static_cast<double>(idle->wall_ns)) + ")");
    else if (const auto* none = timeless(workers); none != nullptr && none->work_units == 0)
        result = judge.result(Outcome::inconclusive, name_of(*none) + " had no time to work in");
    else
        result = judge.result(Outcome::pass, "saw all " + std::to_string(workers.size()) +
                                                 " workers work, the slowest did " + human_count(least) + " units");
    result.value = least;
    result.bound = 1;
    result.unit = "work_units";
    result.comparison = plan::Comparison::greater_equal;
    return result;
}

AssertionResult judge_spread_of(const Judge& judge, const Workers& group, const std::string& where) {
    if (group.size() < 2) return judge.result(Outcome::skip, where + "has one worker, nothing to compare it with");
    if (const auto* none = timeless(group))
        return judge.result(Outcome::inconclusive,
                            where + "has no value: " + name_of(*none) + " had no time to work in");
    const auto by_rate = [](const auto* a, const auto* b) { return rate_of(*a) < rate_of(*b); };
    const auto [slowest, fastest] = std::minmax_element(group.begin(), group.end(), by_rate);
    const auto spread = spread_of(group);
    if (!spread) return judge.result(Outcome::inconclusive, where + "has no value: none of its workers did any work");
    return judge.compared(*spread, "ratio",
                          human_ratio(*spread) + " (" + where + "worker " + std::to_string((*fastest)->worker) +
                              " did " + human_rate(rate_of(**fastest), "units/s") + ", worker " +
                              std::to_string((*slowest)->worker) + " did " + human_rate(rate_of(**slowest), "units/s") +
                              ")");
}

std::vector<AssertionResult> judge_spread(const Judge& judge, const Workers& workers) {
    const auto groups = comparable(workers);
    std::map<std::string, int> groups_of_cgroup;
    for (const auto& group : groups) ++groups_of_cgroup[group.front()->cgroup];
    std::vector<AssertionResult> results;
    for (const auto& group : groups) {
        const auto& [cgroup, step, work_type] =
            std::tie(group.front()->cgroup, group.front()->step, group.front()->work_type);
        std::string where; // what the message must say for the reader to know which group is meant
        if (cgroup != judge.expectation.cgroup) where = cgroup.empty() ? "outside of the cgroups" : cgroup;
        if (groups_of_cgroup[cgroup] > 1) {
            where += (where.empty() ? "" : ", ") + work_type;
            if (step >= 0 && step < static_cast<int>(judge.plan.steps.size()))
                where += " of step \"" + judge.plan.steps[static_cast<std::size_t>(step)].name + "\"";
        }
        if (!where.empty()) where += ": ";
        auto result = judge_spread_of(judge, group, where);
        result.cgroup = cgroup;
        results.push_back(std::move(result));
    }
    return results;
}

AssertionResult judge_gap(const Judge& judge, const Workers& workers) {
    const auto* worst = *std::max_element(workers.begin(), workers.end(),
                                          [](const auto* a, const auto* b) { return gap_of(*a) < gap_of(*b); });
    const double gap = gap_of(*worst);
    std::string seen = human_duration(gap) + " (" + name_of(*worst);
    if (gap > static_cast<double>(worst->longest_gap_ns)) {
        seen += ", which never came to its work";
    } else {
        if (worst->longest_gap_cpu >= 0) seen += ", on CPU " + std::to_string(worst->longest_gap_cpu);
        seen += ", until " + human_duration(static_cast<double>(worst->longest_gap_at_ns)) + " into the run";
    }
    auto result = judge.compared(gap, "ns", seen + ")");
    const auto* none = timeless(workers);
    if (result.outcome == Outcome::pass && none != nullptr)
        return judge.result(Outcome::inconclusive, name_of(*none) + " had no time to work in");
    return result;
}

AssertionResult judge_isolation(const Judge& judge, const Workers& workers) {
    std::uint64_t violations = 0;
    std::uint64_t iterations = 0;
    const WorkerReport* worst = nullptr;
    const WorkerReport* unseen = nullptr;
    for (const auto* worker : workers) {
        violations += worker->isolation_violations;
        iterations += worker->iterations;
        if (worker->isolation_violations > (worst != nullptr ? worst->isolation_violations : 0)) worst = worker;
        if (worker->iterations == 0 && worker->cpus.empty()) unseen = worker;
    }
    AssertionResult result;
    if (worst != nullptr)
        result = judge.result(Outcome::fail, "saw " + human_count(static_cast<double>(violations)) +
                                                 " iterations outside of the cpuset (" + name_of(*worst) + " on CPU " +
                                                 std::to_string(worst->isolation_cpu) + ", in all on CPUs " +
                                                 worst->cpus.list() + ")");
    else if (unseen != nullptr)
        result = judge.result(Outcome::inconclusive, name_of(*unseen) + " was never seen on a CPU");
    else
        result = judge.result(Outcome::pass, "saw " + human_count(static_cast<double>(iterations)) +
                                                 " iterations, all within the cpuset");
    result.value = static_cast<double>(violations);
    result.bound = 0;
    result.unit = "iterations";
    return result;
}

AssertionResult judge_throughput(const Judge& judge, const Workers& workers) {
    double units = 0;
    for (const auto* worker : workers) units += static_cast<double>(worker->work_units);
    const double time_ns = lived_ns(workers);
    const auto rate = throughput_of(workers);
    if (!rate) return judge.result(Outcome::inconclusive, "the workers had no time to work in");
    return judge.compared(*rate, "work_units_per_s",
                          human_rate(*rate, "units/s") + " (" + std::to_string(workers.size()) + " workers did " +
                              human_count(units) + " units in " + human_duration(time_ns) + ")");
}

} // namespace

std::vector<AssertionResult> judge_measured(const plan::Plan& plan, const Expectation& expectation,
                                            const plan::Record& record) {
    const Judge judge{plan, expectation};
    const Workers workers = workers_of(record, expectation.cgroup);
    if (workers.empty()) return {no_workers(judge)};
    switch (expectation.kind) {
    case Expectation::Kind::progress: return {judge_progress(judge, workers)};
    case Expectation::Kind::spread: return judge_spread(judge, workers);
    case Expectation::Kind::gap: return {judge_gap(judge, workers)};
    case Expectation::Kind::isolation: return {judge_isolation(judge, workers)};
    case Expectation::Kind::throughput: return {judge_throughput(judge, workers)};
    case Expectation::Kind::error: break;   // run_failure.h
    case Expectation::Kind::repro: break;   // repro.h
    case Expectation::Kind::formula: break; // formulas.h
    case Expectation::Kind::allow_inconclusive: break;
    }
    return {};
}

} // namespace ktstr::eval
