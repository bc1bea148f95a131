// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/workers.h"

#include <algorithm>

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

std::optional<double> throughput_of(const Workers& workers) {
    double units = 0;
    for (const auto* worker : workers) units += static_cast<double>(worker->work_units);
    const double time_ns = lived_ns(workers);
    if (time_ns == 0) return std::nullopt;
    return units * ns_per_s / time_ns;
}

} // namespace ktstr::eval
