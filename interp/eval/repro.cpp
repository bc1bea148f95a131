// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/repro.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "base/lines.h"
#include "interp/eval/run_failure.h"

namespace ktstr::eval {

namespace {

constexpr std::size_t told_lines = 2; // of a reason; registers and stacks follow

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// One word: a task "spin:12[345]" is a "#", and so is each number in it that is not a part of a name.
std::string without_numbers(std::string_view word) {
    const auto open = word.find('[');
    if (open != std::string_view::npos && open + 1 < word.size() && is_digit(word[open + 1])) return "#";
    std::string text;
    for (std::size_t i = 0; i < word.size();) {
        const bool in_name = i > 0 && is_name(word[i - 1]);
        if (!is_digit(word[i]) || in_name) {
            text += word[i++];
            continue;
        }
        text += '#';
        while (i < word.size() &&
               (is_name(word[i]) || (word[i] == '.' && i + 1 < word.size() && is_digit(word[i + 1]))))
            ++i;
    }
    return text;
}

std::string class_of_line(std::string_view line) {
    std::string text;
    while (!line.empty()) {
        const auto end = std::min(line.find(' '), line.size());
        if (end > 0) text += (text.empty() ? "" : " ") + without_numbers(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return text;
}

std::string class_of_text(std::string_view said) {
    std::string text;
    std::size_t told = 0;
    for (const auto line : lines_of(said)) {
        if (line.empty()) continue;
        if (told++ == told_lines) break;
        text += (text.empty() ? "" : "\n") + class_of_line(line);
    }
    return text;
}

// What of a run's failures is the same each time that it fails so. How many workers go down with it is not.
std::string class_of_failure(const plan::Record& record) {
    for (auto exit = record.scheduler_exits.rbegin(); exit != record.scheduler_exits.rend(); ++exit)
        if (!exit->requested) return class_of_text(exit->kernel_reason.empty() ? exit->text() : exit->kernel_reason);
    if (record.end != plan::RunEnd::completed) return class_of_text(record.message);
    std::set<std::string> endings;
    for (const auto& worker : record.workers)
        if (worker.exit != "stopped") endings.insert(worker.work_type + " " + worker.exit);
    std::string text;
    for (const auto& ending : endings) text += (text.empty() ? "" : "\n") + ending;
    return text;
}

} // namespace

std::string failure_class(const plan::Plan& plan, const plan::Record& record, const Verdict& verdict) {
    if (!run_failures(plan, record).empty()) {
        if (!can_be_expected(record.end)) return "";
        return std::string(plan::to_string(record.end)) + ": " + class_of_failure(record);
    }
    std::set<std::string> failed; // spread is judged in several groups of a cgroup
    for (const auto& assertion : verdict.assertions)
        if (assertion.outcome == Outcome::fail && assertion.kind != "error" && assertion.kind != "repro")
            failed.insert((assertion.written.empty() ? assertion.kind : assertion.written) +
                          (assertion.cgroup.empty() ? "" : " of " + assertion.cgroup));
    std::string text;
    for (const auto& what : failed) text += (text.empty() ? "" : "\n") + what;
    return text;
}

void judge_expected_repro(AssertionResult& result, const plan::Repro& repro, bool failed) {
    result.outcome = Outcome::fail;
    if (!failed)
        result.message += "the run was expected to fail, and to fail again, but nothing in it failed";
    else if (!repro.attempted)
        result.message += "the run failed, and was not made again" + (repro.reason.empty() ? "" : ": " + repro.reason);
    else if (!repro.valid)
        result.message += "the run failed, and was made again, but " + repro.reason;
    else {
        result.outcome = Outcome::pass;
        result.message += "the run failed, and failed again in the same way: " + repro.reason;
    }
}

} // namespace ktstr::eval
