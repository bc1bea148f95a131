// SPDX-License-Identifier: GPL-2.0-only
#include "stats/summary.h"

#include <algorithm>
#include <map>
#include <set>

#include "interp/plan/observation.h"

namespace ktstr::stats {

namespace {

constexpr std::string_view program_prefix = "program.";
constexpr std::string_view verified_suffix = ".verified_insns";
constexpr std::string_view callback_prefix = "callback.";
constexpr std::string_view kvm_prefix = "kvm.";

// What a name of one pattern has between its ends, "ktstr_init" of "program.ktstr_init.verified_insns".
std::string between(std::string_view name, std::string_view before, std::string_view after) {
    return std::string(name.substr(before.size(), name.size() - before.size() - after.size()));
}

bool is_of(std::string_view name, std::string_view before, std::string_view after) {
    return name.size() > before.size() + after.size() && name.starts_with(before) && name.ends_with(after);
}

// The values of each metric in rows; what failed has numbers too, but they are of no use.
std::vector<std::vector<double>> measured_values(const std::vector<const Row*>& rows, const MetricTable& metrics) {
    std::vector<std::vector<double>> values(metrics.size());
    for (const auto* row : rows)
        if (row->measured())
            for (const auto& [metric, value] : row->values) values[metric].push_back(value);
    return values;
}

std::vector<Worst> worst_of(const std::vector<const Row*>& rows, const MetricTable& metrics) {
    std::vector<Worst> worst(metrics.size());
    for (const auto* row : rows) {
        if (!row->measured()) continue;
        for (const auto& [id, value] : row->values) {
            Worst& one = worst[id];
            const Polarity better = metrics[id].better;
            const bool is_worse =
                one.row == nullptr || (better == Polarity::higher ? value < one.value : value > one.value);
            ++one.records;
            if (!is_worse) continue;
            one.metric = metrics[id];
            one.value = value;
            one.row = row;
        }
    }
    std::erase_if(worst, [](const Worst& one) {
        return one.row == nullptr || one.metric.better == Polarity::none ||
               is_of(one.metric.name, program_prefix, verified_suffix);
    });
    std::stable_sort(worst.begin(), worst.end(), [](const Worst& a, const Worst& b) {
        return std::tie(a.metric.definition, a.metric.name) < std::tie(b.metric.definition, b.metric.name);
    });
    return worst;
}

std::vector<VerifiedProgram> programs_of(const std::vector<const Row*>& rows, const MetricTable& metrics) {
    std::map<std::string, double> most;
    for (const auto* row : rows)
        for (const auto& [id, value] : row->values)
            if (const auto& name = metrics[id].name; is_of(name, program_prefix, verified_suffix)) {
                double& so_far = most[between(name, program_prefix, verified_suffix)];
                so_far = std::max(so_far, value);
            }
    std::vector<VerifiedProgram> programs;
    for (const auto& [name, instructions] : most) programs.push_back({name, instructions});
    return programs;
}

std::vector<CallbackProfile> profiles_of(const std::vector<const Row*>& rows, const MetricTable& metrics) {
    const Pairing pairing;
    struct Sums {
        const Row* row = nullptr;
        std::map<std::string, CallbackRuns> callbacks;
    };
    std::map<std::string, Sums> scenarios;
    for (const auto* row : rows)
        for (const auto& [id, value] : row->values) {
            const auto& name = metrics[id].name;
            const bool runs = is_of(name, callback_prefix, ".runs");
            if (!runs && !is_of(name, callback_prefix, ".time_ns")) continue;
            auto& sums = scenarios[pairing.key(*row)];
            sums.row = row;
            const std::string callback = between(name, callback_prefix, runs ? ".runs" : ".time_ns");
            auto& one = sums.callbacks[callback];
            one.callback = callback;
            (runs ? one.runs : one.time_ns) += value;
        }
    std::vector<CallbackProfile> profiles;
    for (const auto& [key, sums] : scenarios) {
        CallbackProfile profile{sums.row->scenario, pairing.words(*sums.row), {}};
        for (const auto& [callback, one] : sums.callbacks)
            if (one.runs > 0) profile.callbacks.push_back(one);
        std::stable_sort(profile.callbacks.begin(), profile.callbacks.end(),
                         [](const CallbackRuns& a, const CallbackRuns& b) { return a.time_ns > b.time_ns; });
        if (!profile.callbacks.empty()) profiles.push_back(std::move(profile));
    }
    return profiles;
}

std::vector<std::string> distinct(const std::vector<const Row*>& rows, const std::string Row::*member) {
    std::set<std::string> values;
    for (const auto* row : rows)
        if (!(row->*member).empty()) values.insert(row->*member);
    return {values.begin(), values.end()};
}

} // namespace

double VerifiedProgram::part_of_limit() const { return instructions / static_cast<double>(plan::verified_insns_limit); }

bool VerifiedProgram::near_limit() const { return part_of_limit() >= plan::verified_insns_warning; }

RunSummary summarize_run(const Pool& pool, const std::string& run, const std::vector<const Row*>& chosen) {
    RunSummary summary{.run = run, .root = pool.root.string()};
    for (const auto* row : chosen) {
        summary.endings.add(*row);
        if (row->outcome == eval::Outcome::fail) summary.failed.push_back(row);
        if (row->outcome == eval::Outcome::inconclusive) summary.inconclusive.push_back(row);
        if (summary.first.empty() || row->timestamp < summary.first) summary.first = row->timestamp;
        summary.last = std::max(summary.last, row->timestamp);
    }
    summary.kernels = distinct(chosen, &Row::kernel);
    summary.commits = distinct(chosen, &Row::project_commit);
    summary.worst = worst_of(chosen, pool.metrics);
    summary.programs = programs_of(chosen, pool.metrics);
    summary.profiles = profiles_of(chosen, pool.metrics);
    const auto values = measured_values(chosen, pool.metrics);
    for (std::uint32_t id = 0; id < values.size(); ++id) {
        if (values[id].empty()) continue;
        const Metric& metric = pool.metrics[id];
        summary.values[metric.name] = aggregate(metric.definition->kind, values[id]);
        if (metric.name.starts_with(kvm_prefix))
            summary.kvm[metric.name.substr(kvm_prefix.size())] = aggregate(Kind::gauge, values[id]);
    }
    for (const auto& file : pool.unreadable)
        if (run.empty() || file.run == run) summary.unreadable.push_back(file);
    return summary;
}

} // namespace ktstr::stats
