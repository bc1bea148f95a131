// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/workers.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "interp/eval/comparison.h"

namespace ktstr::eval {

constexpr double ns_per_s = 1e9;

Workers workers_of(const plan::Record& record, const std::string& cgroup) {
    Workers workers;
    for (const auto& worker : record.workers)
        if (covers(cgroup, worker.cgroup)) workers.push_back(&worker);
    return workers;
}

double gap_of(const plan::WorkerReport& worker) {
    const bool never_worked = worker.iterations == 0 && worker.work_units == 0;
    return static_cast<double>(never_worked ? std::max(worker.wall_ns, worker.longest_gap_ns) : worker.longest_gap_ns);
}

double lived_ns(const Workers& workers) {
    std::vector<std::pair<double, double>> lives;
    for (const auto* worker : workers) {
        const auto begin = static_cast<double>(worker->started_at_ns);
        lives.emplace_back(begin, begin + static_cast<double>(worker->wall_ns));
    }
    std::sort(lives.begin(), lives.end());
    double total = 0;
    double covered_until = lives.front().first;
    for (const auto& [begin, end] : lives) {
        total += std::max(0.0, end - std::max(begin, covered_until));
        covered_until = std::max(covered_until, end);
    }
    return total;
}

std::vector<Workers> comparable(const Workers& workers) {
    std::map<std::tuple<std::string, int, std::string>, Workers> groups;
    for (const auto* worker : workers) groups[{worker->cgroup, worker->step, worker->work_type}].push_back(worker);
    std::vector<Workers> result;
    for (auto& [key, group] : groups) result.push_back(std::move(group));
    return result;
}

double rate_of(const plan::WorkerReport& worker) {
    return static_cast<double>(worker.work_units) * ns_per_s / static_cast<double>(worker.wall_ns);
}

std::optional<double> spread_of(const Workers& group) {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    double sum = 0;
    for (const auto* worker : group) {
        if (worker->wall_ns == 0) return std::nullopt;
        const double rate = rate_of(*worker);
        least = std::min(least, rate);
        most = std::max(most, rate);
        sum += rate;
    }
    if (sum == 0) return std::nullopt;
    return (most - least) / (sum / static_cast<double>(group.size()));
}

std::optional<double> worst_spread_of(const Workers& workers) {
    std::optional<double> worst;
    for (const auto& group : comparable(workers)) {
        if (group.size() < 2) continue;
        const auto spread = spread_of(group);
        if (!spread) return std::nullopt;
        worst = std::max(worst.value_or(0), *spread);
    }
    return worst;
}

plan::MergedLatencies wake_latencies_of(const Workers& workers) {
    plan::MergedLatencies merged;
    for (const auto* worker : workers)
        for (const auto& latency : worker->latencies)
            if (latency.name == plan::wake_latency) merged.add(latency.seen, latency.max_ns, latency.kept_ns);
    return merged;
}

std::optional<double> throughput_of(const Workers& workers) {
    double units = 0;
    for (const auto* worker : workers) units += static_cast<double>(worker->work_units);
    const double time_ns = lived_ns(workers);
    if (time_ns == 0) return std::nullopt;
    return units * ns_per_s / time_ns;
}

} // namespace ktstr::eval
