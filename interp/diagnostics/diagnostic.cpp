// SPDX-License-Identifier: GPL-2.0-only
#include "interp/diagnostics/diagnostic.h"

#include <algorithm>
#include <map>

namespace ktstr {

namespace {

constexpr auto error = Severity::error;
constexpr auto warning = Severity::warning;

constexpr std::size_t max_errors = 100; // of one file

// A name in a message can be as long as a file.
std::string cut(std::string text) {
    constexpr std::size_t longest = 1000;
    if (text.size() <= longest) return text;
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + "...";
}

// Whether the error is there on every topology and kernel, and for every value of a parameter.
bool holds_everywhere(Code code) {
    switch (code) {
    case Code::unknown_name:
    case Code::ambiguous_name:
    case Code::wrong_kind_of_name:
    case Code::bad_literal:
    case Code::type_mismatch:
    case Code::bad_operation:
    case Code::unknown_parameter:
    case Code::wrong_arguments:
    case Code::bad_regex:
    case Code::bad_lua:
    case Code::missing_setting:
    case Code::duplicate_setting:
    case Code::wrong_place:
    case Code::bad_cgroup_name: return true;
    default: return false;
    }
}

} // namespace

const std::vector<CodeInfo>& diagnostic_codes() {
    static const std::vector<CodeInfo> codes = {
        {Code::unreadable_file, "E0101", error, "the file cannot be read"},
        {Code::file_too_large, "E0102", error, "the file is too large"},
        {Code::not_utf8, "E0103", error, "the file is not UTF-8 text"},
        {Code::nul_byte, "E0104", error, "the file holds a NUL byte"},
        {Code::nested_too_deep, "E0105", error, "brackets are nested too deep"},
        {Code::too_many_errors, "E0106", error, "the file has too many errors to show"},
        {Code::unexpected_token, "E0110", error, "something else was expected here"},
        {Code::unknown_statement, "E0111", error, "no statement of this block begins like this"},
        {Code::unclosed_block, "E0112", error, "a block is not closed"},
        {Code::unclosed_string, "E0113", error, "a string is not closed"},
        {Code::bad_escape, "E0114", error, "a string has an unknown escape"},
        {Code::unknown_module, "E0201", error, "there is no such module"},
        {Code::import_cycle, "E0202", error, "modules use each other in a circle"},
        {Code::unknown_name, "E0203", error, "a name is not defined"},
        {Code::duplicate_name, "E0204", error, "a name is defined twice"},
        {Code::ambiguous_name, "E0205", error, "a name comes from two modules"},
        {Code::wrong_kind_of_name, "E0206", error, "a name stands for another kind of thing"},
        {Code::definition_cycle, "E0207", error, "a definition depends on itself"},
        {Code::unused_name, "W0201", warning, "a definition is not used"},
        {Code::unused_module, "W0202", warning, "a module is not used"},
        {Code::failed_assertion, "E0208", error, "an assertion does not hold"},
        {Code::too_much, "E0210", error, "a loop, a list or a scenario is too large"},
        {Code::bad_literal, "E0301", error, "a literal is not well formed"},
        {Code::overflow, "E0302", error, "a number is too large"},
        {Code::type_mismatch, "E0303", error, "a value has the wrong type"},
        {Code::out_of_range, "E0304", error, "a value is out of its range"},
        {Code::bad_operation, "E0305", error, "an operator does not take these types"},
        {Code::unknown_parameter, "E0306", error, "there is no such parameter"},
        {Code::wrong_arguments, "E0307", error, "a call has the wrong arguments"},
        {Code::bad_regex, "E0308", error, "a regular expression is not valid"},
        {Code::bad_lua, "E0309", error, "a Lua program is not valid"},
        {Code::missing_setting, "E0401", error, "a setting is missing"},
        {Code::duplicate_setting, "E0402", error, "a setting is given twice"},
        {Code::steps_and_direct_statements, "E0403", error, "a scenario has steps and statements of a step"},
        {Code::empty_scenario, "E0404", error, "a scenario has nothing to run"},
        {Code::holds_exceed_duration, "E0405", error, "the holds exceed the duration"},
        {Code::no_scheduler, "E0406", error, "a scheduler is needed and the scenario has none"},
        {Code::scheduler_state, "E0407", error, "the scheduler is not in the state that the op needs"},
        {Code::flag_cycle, "E0408", error, "flags require each other in a circle"},
        {Code::missing_flag, "E0409", error, "a flag requires another that is not on"},
        {Code::payload_state, "E0410", error, "the payload is not in the state that the op needs"},
        {Code::wrong_place, "E0411", error, "a statement cannot stand here"},
        {Code::capture_spacing, "E0412", error, "periodic snapshots are too close"},
        {Code::too_many_watches, "W0401", warning, "more watchpoints than KVM has"},
        {Code::unread_snapshot, "W0402", warning, "a snapshot is not read"},
        {Code::unknown_cgroup, "E0501", error, "there is no such cgroup"},
        {Code::cgroup_not_alive, "E0502", error, "the cgroup does not exist at this point"},
        {Code::duplicate_cgroup, "E0503", error, "the cgroup exists already"},
        {Code::bad_cgroup_name, "E0504", error, "a cgroup cannot have this name"},
        {Code::no_cpuset, "E0505", error, "the cgroup has no cpuset"},
        {Code::outside_topology, "E0601", error, "CPUs or nodes are outside of the topology"},
        {Code::outside_parent, "E0602", error, "CPUs are outside of the parent cgroup's cpuset"},
        {Code::affinity_outside_cpuset, "E0603", error, "an affinity has no CPU of the cgroup's cpuset"},
        {Code::group_size, "E0604", error, "the number of workers does not suit the work type"},
        {Code::nodes_outside_mems, "E0605", error, "a memory policy names nodes that the cgroup may not use"},
        {Code::duplicate_expectation, "E0701", error, "an expectation is given twice"},
        {Code::expectation_of_scheduler, "E0702", error, "a scheduler cannot expect this"},
        {Code::unreachable_expectation, "E0703", error, "nothing in the scenario gives what this expects"},
        {Code::not_a_formula, "E0704", error, "this cannot be expected"},
        {Code::beyond_duration, "E0705", error, "a deadline is beyond the duration"},
        {Code::unknown_subject, "E0706", error, "there is no step, snapshot or payload of this name"},
        {Code::idle_off, "W0701", warning, "an `off` drops nothing"},
    };
    return codes;
}

const CodeInfo& info(Code code) { return diagnostic_codes().at(static_cast<std::size_t>(code)); }

void Diagnostics::explain(std::size_t from, const std::function<bool(const Diagnostic&)>& applies,
                          const std::string& hint) {
    for (std::size_t i = from; i < all_.size(); ++i)
        if (applies(all_[i])) all_[i].hint += all_[i].hint.empty() ? hint : " (" + hint + ")";
}

void Diagnostics::add(Code code, Span span, std::string message, std::string hint) {
    if (rehearsed_ && !holds_everywhere(code)) return;
    const bool is_error = info(code).severity == Severity::error;
    if (is_error) ++errors_;
    if (!seen_.emplace(code, span.file, span.begin).second) return;
    std::size_t& kept = kept_errors_[span.file];
    if (is_error && ++kept > max_errors) {
        if (kept > max_errors + 1) return;
        code = Code::too_many_errors;
        message = "there are more errors; these are the first " + std::to_string(max_errors);
        hint.clear();
    }
    all_.push_back(
        {code, span.file->shared_from_this(), span.begin, span.end, cut(std::move(message)), cut(std::move(hint))});
}

bool Diagnostics::keeps(Code code, Span span) const {
    const auto kept = kept_errors_.find(span.file);
    return seen_.count({code, span.file, span.begin}) == 0 && (kept == kept_errors_.end() || kept->second < max_errors);
}

std::vector<Diagnostic> Diagnostics::take() {
    std::map<const SourceFile*, std::size_t> order;
    for (const auto& diagnostic : all_) order.emplace(diagnostic.file.get(), order.size());
    std::stable_sort(all_.begin(), all_.end(), [&](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(order.at(a.file.get()), a.begin) < std::pair(order.at(b.file.get()), b.begin);
    });
    errors_ = 0;
    return std::move(all_);
}

} // namespace ktstr
