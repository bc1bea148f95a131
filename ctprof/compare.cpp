// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/compare.h"

#include <limits>
#include <map>
#include <set>
#include <utility>

namespace ktstr::ctprof {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Names, and the patterns that several of them have.
class Names {
  public:
    void add(const std::string& name) { by_pattern_[name_pattern(name)].insert(name); }
    [[nodiscard]] std::string group_of(const std::string& name) const {
        const auto found = by_pattern_.find(name_pattern(name));
        return found != by_pattern_.end() && found->second.size() > 1 ? found->first : name;
    }

  private:
    std::map<std::string, std::set<std::string>> by_pattern_;
};

} // namespace

std::string name_pattern(std::string_view name) {
    std::string pattern;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (!is_digit(name[i])) {
            pattern += name[i];
            continue;
        }
        while (i + 1 < name.size() && is_digit(name[i + 1])) ++i;
        pattern += "{N}";
    }
    return pattern;
}

std::int64_t ComparedGroup::delta(Counter counter) const {
    const std::uint64_t from = before.count(counter);
    const std::uint64_t to = after.count(counter);
    const std::uint64_t size = to >= from ? to - from : from - to;
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const auto bounded = size > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(size);
    return to >= from ? bounded : -bounded;
}

std::optional<double> ComparedGroup::percent(Counter counter) const {
    const std::uint64_t from = before.count(counter);
    if (from == 0) return std::nullopt;
    return (static_cast<double>(after.count(counter)) - static_cast<double>(from)) / static_cast<double>(from) * 100.0;
}

bool ComparedGroup::changed() const { return before.threads != after.threads || before.values != after.values; }

std::vector<ComparedGroup> compare(const Capture& before, const Capture& after) {
    Names processes;
    for (const auto* capture : {&before, &after})
        for (const auto& thread : capture->threads) processes.add(thread.process);
    std::map<std::string, Names> threads; // by the process's group
    for (const auto* capture : {&before, &after})
        for (const auto& thread : capture->threads) threads[processes.group_of(thread.process)].add(thread.thread);

    std::map<std::pair<std::string, std::string>, ComparedGroup> groups;
    const auto add = [&](const Capture& capture, GroupSum ComparedGroup::*side) {
        for (const auto& thread : capture.threads) {
            const std::string process = processes.group_of(thread.process);
            const std::string name = threads[process].group_of(thread.thread);
            ComparedGroup& group = groups[{process, name}];
            group.process = process;
            group.thread = name;
            GroupSum& sum = group.*side;
            ++sum.threads;
            for (const auto& info : counters)
                sum.values.at(static_cast<std::size_t>(info.counter)) += thread.count(info.counter);
        }
    };
    add(before, &ComparedGroup::before);
    add(after, &ComparedGroup::after);
    std::vector<ComparedGroup> result;
    for (auto& [key, group] : groups) result.push_back(std::move(group));
    return result;
}

} // namespace ktstr::ctprof
