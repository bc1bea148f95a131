// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/observed.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ktstr::eval {

using nlohmann::json;

namespace {

constexpr std::size_t shown_names = 20;
constexpr std::size_t shown_bytes = 200; // of a path

// Members that no C identifier can be called mark what is more than a struct.
constexpr const char* absent_mark = "@absent";
constexpr const char* pointer_mark = "@pointer";
constexpr const char* target_mark = "@target";
constexpr const char* enum_mark = "@enum";
constexpr const char* number_mark = "@value";

bool has(const json& node, const char* mark) { return node.is_object() && node.contains(mark); }

// A part of the node.
std::string_view view_of(const json& node, const char* name) {
    if (!node.is_object()) return {};
    const auto found = node.find(name);
    return found != node.end() && found->is_string() ? std::string_view(found->get_ref<const std::string&>())
                                                     : std::string_view();
}

std::string text_of(const json& node, const char* name) { return std::string(view_of(node, name)); }

std::string in_quotes(std::string_view text) { return "'" + std::string(text.substr(0, shown_bytes)) + "'"; }

std::string listed_shortly(const std::vector<std::string>& names) {
    if (names.empty()) return "none";
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), shown_names); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > shown_names) text += " and " + std::to_string(names.size() - shown_names) + " more";
    return text;
}

std::string kind_of(const json& node) {
    if (has(node, pointer_mark)) return "a pointer";
    if (has(node, enum_mark)) return "an enumeration";
    if (node.is_object()) return "a struct";
    if (node.is_array()) return "an array";
    if (node.is_string()) return "a string";
    return node.is_null() ? "empty" : "a number";
}

Error absent(const json& node, std::string_view path) { return {in_quotes(path) + ": " + text_of(node, absent_mark)}; }

Error not_found(std::string_view component, std::string_view path, const std::string& instead) {
    const std::string after = path.empty() ? "" : " after " + in_quotes(path);
    return {"component " + in_quotes(component) + " not found" + after + " (" + instead + ")"};
}

std::optional<std::size_t> index_of(std::string_view text) {
    std::size_t index = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), index);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return index;
}

// Whether `path` begins with a component of this name.
bool begins_with(std::string_view path, std::string_view name) {
    if (!path.starts_with(name) || name.empty()) return false;
    return path.size() == name.size() || path[name.size()] == '.' || path[name.size()] == '[';
}

// One component off the front of a path: "a" of "a.b", "3" of "[3].b".
std::string_view take_component(std::string_view& path) {
    const bool bracket = path.starts_with('[');
    if (bracket) path.remove_prefix(1);
    const std::size_t end = std::min(path.find_first_of(bracket ? "]" : ".["), path.size());
    const auto component = path.substr(0, end);
    path.remove_prefix(std::min(end + (bracket ? 1 : 0), path.size()));
    if (path.starts_with('.')) path.remove_prefix(1);
    return component;
}

// The longest member's name that the path begins with, or its first component.
std::string_view take_member(const json& node, std::string_view& path) {
    std::size_t longest = 0;
    for (const auto& [name, value] : node.items())
        if (begins_with(path, name)) longest = std::max(longest, name.size());
    if (longest == 0) return take_component(path);
    const auto component = path.substr(0, longest);
    path.remove_prefix(longest);
    if (path.starts_with('.')) path.remove_prefix(1);
    return component;
}

// The number at `path` below `node`; `came` is how one came there.
Result<double> number_at(const json& root, std::string came, std::string_view path) {
    const json* node = &root;
    while (true) {
        if (has(*node, absent_mark)) return absent(*node, came);
        if (path.empty()) break;
        if (has(*node, pointer_mark)) {
            const auto target = node->find(target_mark);
            if (target == node->end())
                return Error{in_quotes(came) + " is a pointer (" + text_of(*node, pointer_mark) +
                             ") whose target was not captured"};
            node = &*target;
            continue;
        }
        if (node->is_object() && !has(*node, enum_mark)) {
            const auto component = take_member(*node, path);
            const auto found = node->find(std::string(component));
            if (found == node->end()) {
                std::vector<std::string> names;
                for (const auto& [name, value] : node->items()) names.push_back(name);
                return not_found(component, came, "members: " + listed_shortly(names));
            }
            came.append(came.empty() ? "" : ".").append(component);
            node = &*found;
            continue;
        }
        const auto component = take_component(path);
        if (!node->is_array()) return not_found(component, came, "it is " + kind_of(*node) + ", which has no members");
        const auto index = index_of(component);
        if (!index || *index >= node->size())
            return not_found(component, came, "it has " + std::to_string(node->size()) + " elements, counted from 0");
        came.append("[").append(component).append("]");
        node = &(*node)[*index];
    }
    if (node->is_boolean()) return node->get<bool>() ? 1.0 : 0.0;
    if (node->is_number()) return node->get<double>();
    if (has(*node, enum_mark) && node->contains(number_mark) && (*node)[number_mark].is_number())
        return (*node)[number_mark].get<double>();
    return Error{in_quotes(came) + ": cannot read as a number: it is " + kind_of(*node)};
}

const json& list_of(const json& state, const char* name) {
    static const json none = json::array();
    const auto found = state.find(name);
    return found != state.end() && found->is_array() ? *found : none;
}

bool is_live(const json& variable) {
    const auto live = variable.find("live");
    return live != variable.end() && live->is_boolean() && live->get<bool>();
}

} // namespace

Variables::Variables(const json& state) : all_(&list_of(state, "variables")) {
    by_name_.reserve(all_->size());
    for (const json& variable : *all_)
        if (const auto name = view_of(variable, "name"); !name.empty()) by_name_.emplace_back(name, &variable);
    std::stable_sort(by_name_.begin(), by_name_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

// Those of the longest name that the path begins with.
std::span<const Variables::Named> Variables::named(std::string_view path) const {
    for (std::size_t end = path.size(); end != std::string_view::npos && end > 0;
         end = path.find_last_of(".[", end - 1)) {
        const auto [first, last] = std::ranges::equal_range(by_name_, path.substr(0, end), {}, &Named::first);
        if (first != last) return {first, last};
    }
    return {};
}

// Of several schedulers the one that is active.
Result<const json*> Variables::only(std::span<const Named> found) {
    if (found.size() == 1) return found.front().second;
    std::vector<std::string> schedulers;
    std::vector<const json*> live;
    for (const auto& [name, variable] : found) {
        schedulers.push_back(text_of(*variable, "scheduler"));
        if (is_live(*variable)) live.push_back(variable);
    }
    if (live.size() == 1) return live.front();
    return Error{"the variable " + in_quotes(found.front().first) + " is in several schedulers (" +
                 listed_shortly(schedulers) + "), of which " + (live.empty() ? "none" : "more than one") +
                 " is active"};
}

Result<double> Variables::at(std::string_view path) const {
    const auto found = named(path);
    if (found.empty()) {
        std::vector<std::string> known;
        for (const json& variable : *all_) known.push_back(text_of(variable, "name"));
        return Error{"no variable " + in_quotes(path) + " (captured: " + listed_shortly(known) + ")"};
    }
    const auto variable = only(found);
    if (!variable) return variable.error();
    const auto name = found.front().first;
    const auto value = (*variable)->find("value");
    if (value == (*variable)->end()) return Error{"the variable " + in_quotes(name) + " was captured without a value"};
    std::string_view rest = path.substr(name.size());
    if (rest.starts_with('.')) rest.remove_prefix(1);
    return number_at(*value, std::string(name), rest);
}

Result<double> variable_at(const json& state, std::string_view path) { return Variables(state).at(path); }

Result<double> stats_at(const json& state, std::string_view path) {
    const auto stats = state.find("stats");
    if (stats == state.end() || stats->is_null()) return Error{"the scheduler was not asked for its stats"};
    if (has(*stats, absent_mark)) return Error{text_of(*stats, absent_mark)};
    return number_at(*stats, "", path);
}

Result<double> cpu_time_at(const json& state, std::string_view path) {
    const auto all = state.find("cpus");
    if (all != state.end() && has(*all, absent_mark)) return Error{text_of(*all, absent_mark)};
    const json& cpus = list_of(state, "cpus");
    if (cpus.empty()) return Error{"the CPU times were not captured"};
    if (begins_with(path, "cpu")) {
        path.remove_prefix(3);
        if (path.starts_with('.')) path.remove_prefix(1);
        const auto wanted = index_of(take_component(path));
        for (const json& cpu : cpus)
            if (wanted && cpu.is_object() && cpu.value("cpu", json()) == json(*wanted))
                return number_at(cpu, "cpu[" + std::to_string(*wanted) + "]", path);
        return Error{"no such CPU (captured: " + std::to_string(cpus.size()) + " CPUs, counted from 0)"};
    }
    double sum = 0;
    for (const json& cpu : cpus) {
        const auto time = number_at(cpu, "", path);
        if (!time) return time.error();
        sum += *time;
    }
    return sum;
}

} // namespace ktstr::eval
