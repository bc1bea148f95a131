// SPDX-License-Identifier: GPL-2.0-only
#include "stats/sides.h"

#include <algorithm>

namespace ktstr::stats {

// Two runs of one tree differ in all that does not pair, and are compared for it.
const std::vector<Dimension>& dimensions() {
    static const std::vector<Dimension> all = {
        {"kernel", "version of the guest's kernel", [](const Row& row) { return row.kernel; }, true},
        {"scheduler", "its name in the scenario", [](const Row& row) { return row.scheduler; }, true},
        {"topology", "shape of the machine", [](const Row& row) { return row.topology; }, true},
        {"work-type", "of the workers", [](const Row& row) { return row.work_type; }, true},
        {"project-commit", "of the tree that was tested", [](const Row& row) { return row.project_commit; }, false},
        {"kernel-commit", "of the kernel's tree", [](const Row& row) { return row.kernel_commit; }, false},
        {"scheduler-commit", "of the scheduler's tree", [](const Row& row) { return row.scheduler_commit; }, false},
        {"run-source", "ci, local or archive", [](const Row& row) { return row.run_source; }, false},
        {"cpu-budget", "CPUs of the host that ktstr could use",
         [](const Row& row) { return row.cpu_budget ? std::to_string(*row.cpu_budget) : std::string(); }, false},
        {"seed", "of everything random in the guest", [](const Row& row) { return std::to_string(row.seed); }, false},
    };
    return all;
}

const Dimension* find_dimension(std::string_view name) {
    const auto& all = dimensions();
    const auto found = std::find_if(all.begin(), all.end(), [name](const Dimension& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

namespace {

bool is_value(const Dimension& dimension, const std::string& seen, const std::string& wanted) {
    if (seen == wanted) return true;
    if (dimension.name != "kernel" || wanted.empty() || !seen.starts_with(wanted)) return false;
    const char behind = seen[wanted.size()];
    return behind == '.' || behind == '-' || behind == '+';
}

} // namespace

bool matches(const Row& row, const Filter& filter) {
    return std::all_of(filter.begin(), filter.end(), [&row](const auto& asked) {
        const Dimension* dimension = find_dimension(asked.first);
        if (dimension == nullptr) return false;
        const std::string seen = dimension->of(row);
        return std::any_of(asked.second.begin(), asked.second.end(),
                           [&](const std::string& wanted) { return is_value(*dimension, seen, wanted); });
    });
}

std::set<std::string, std::less<>> sliced_by(const Filter& a, const Filter& b) {
    std::set<std::string, std::less<>> sliced;
    for (const auto& dimension : dimensions()) {
        const auto in_a = a.find(dimension.name);
        const auto in_b = b.find(dimension.name);
        if (in_a == a.end() && in_b == b.end()) continue;
        if (in_a == a.end() || in_b == b.end() || in_a->second != in_b->second) sliced.emplace(dimension.name);
    }
    return sliced;
}

std::string Pairing::key(const Row& row) const {
    std::string key = row.scenario;
    for (const auto& dimension : dimensions())
        if (dimension.pairs && !sliced.contains(dimension.name)) key.append("\n").append(dimension.of(row));
    for (const std::string* more : {&row.payload, &row.sysctls, &row.kargs, &row.flags, &row.parameters})
        key.append("\n").append(*more);
    // A record of version 1 has flags and parameters in its variant only, and there with what may be sliced.
    const bool variant_is_whole =
        !sliced.contains("scheduler") && !sliced.contains("topology") && !sliced.contains("work-type");
    if (variant_is_whole) key.append("\n").append(row.variant);
    return key;
}

std::string Pairing::words(const Row& row) const {
    std::string words;
    const auto add = [&words](const std::string& word) {
        if (!word.empty()) words.append(words.empty() ? "" : ", ").append(word);
    };
    for (const char* name : {"topology", "scheduler", "kernel"})
        if (!sliced.contains(name)) add(find_dimension(name)->of(row));
    add(row.flags);
    add(row.parameters);
    return words;
}

} // namespace ktstr::stats
