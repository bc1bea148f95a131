// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/run_failure.h"

#include <algorithm>
#include <regex>
#include <string_view>

#include "base/lines.h"

namespace ktstr::eval {

namespace {

using plan::RunEnd;

constexpr std::size_t shown_line = 240; // bytes of one quoted line in a message
// libstdc++ matches a regular expression by recursion, one frame per character: a longer line could end the stack.
constexpr std::size_t searched_line = 4096;
constexpr std::size_t listed_workers = 4;

std::string quoted_line(std::string_view line) {
    const auto first = line.find_first_not_of(" \t\r");
    line = first == std::string_view::npos ? std::string_view() : line.substr(first);
    if (line.size() > shown_line) return std::string(line.substr(0, shown_line)) + "...";
    return std::string(line);
}

bool is_scheduler_end(RunEnd end) {
    return end == RunEnd::scheduler_not_found || end == RunEnd::scheduler_attach_failed ||
           end == RunEnd::scheduler_exited;
}

std::string worker_ending(const plan::WorkerReport& worker) {
    const std::string who = "worker " + std::to_string(worker.worker) + " (" + worker.work_type +
                            (worker.cgroup.empty() ? "" : " in " + worker.cgroup) + ")";
    if (worker.exit == "killed") return who + " did not stop when it was asked to and was killed";
    if (worker.exit.empty()) return who + " ended, nothing is known of how";
    return who + " ended by itself: " + worker.exit;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : std::string(separator)) + part;
    return text;
}

std::vector<std::string> worker_endings(const plan::Record& record) {
    std::vector<std::string> endings;
    for (const auto& worker : record.workers)
        if (worker.exit != "stopped") endings.push_back(worker_ending(worker));
    return endings;
}

// Where the scheduler is declared that a run has failed with: the one that ended last, or was to be attached first.
plan::SourcePosition scheduler_source(const plan::Plan& plan, const plan::Record& record) {
    std::string name = plan.scheduler.value_or("");
    if (!record.scheduler_exits.empty()) name = record.scheduler_exits.back().scheduler;
    for (const auto& scheduler : plan.schedulers)
        if (scheduler.name == name) return scheduler.source;
    return plan.schedulers.empty() ? plan.source : plan.schedulers.front().source;
}

AssertionResult run_failure(const plan::Plan& plan, const plan::Record& record, RunEnd end, std::string message) {
    AssertionResult result;
    result.outcome = Outcome::fail;
    result.kind = "run";
    result.source = is_scheduler_end(end) ? scheduler_source(plan, record) : plan.source;
    result.message = std::move(message);
    result.hint = record.hint;
    return result;
}

std::optional<AssertionResult> ended_badly(const plan::Plan& plan, const plan::Record& record) {
    if (record.end != RunEnd::completed) {
        std::string message = record.message;
        if (message.empty()) message = "the run ended with " + std::string(plan::to_string(record.end));
        return run_failure(plan, record, record.end, std::move(message));
    }
    for (const auto& exit : record.scheduler_exits)
        if (exit.attached && !exit.requested)
            return run_failure(plan, record, RunEnd::scheduler_exited,
                               "the scheduler " + exit.scheduler + " ended by itself: " + exit.text());
    return std::nullopt;
}

std::optional<AssertionResult> lost_workers(const plan::Plan& plan, const plan::Record& record) {
    auto endings = worker_endings(record);
    if (endings.empty()) return std::nullopt;
    AssertionResult result;
    result.outcome = Outcome::fail;
    result.kind = "workers";
    result.source = plan.source;
    result.value = static_cast<double>(endings.size());
    result.bound = 0;
    result.unit = "workers";
    if (endings.size() > listed_workers) {
        const auto more = endings.size() - listed_workers;
        endings.resize(listed_workers);
        endings.push_back("and " + std::to_string(more) + " more");
    }
    result.message = join(endings, "; ");
    return result;
}

struct Said {
    std::string_view where;
    std::string text;
};

// The boot log repeats the kernel command line, where "panic=-1" would satisfy `error "panic"`.
std::string console_without_command_line(std::string_view console) {
    std::string text;
    for (const auto line : lines_of(console))
        if (line.find("ommand line: ") == std::string_view::npos) text.append(line).append("\n");
    return text;
}

std::vector<Said> everything_said(const plan::Record& record) {
    std::vector<Said> said = {{"the run's message", record.message}};
    const bool whole_guest = record.end == RunEnd::kernel_panicked || record.end == RunEnd::guest_hung;
    if (!whole_guest) {
        for (const auto& exit : record.scheduler_exits)
            said.push_back({"the kernel's reason for the scheduler's exit", exit.kernel_reason});
        said.push_back({"the workers' exits", join(worker_endings(record), "\n")});
        said.push_back({"the scheduler's log", record.scheduler_log});
    }
    said.push_back({"the kernel console", console_without_command_line(record.console)});
    return said;
}

// The line that holds `text`, or none.
std::optional<std::string> find_text(const std::string& said, const std::string& text) {
    const auto at = said.find(text);
    if (at == std::string::npos) return std::nullopt;
    const auto before = at == 0 ? std::string::npos : said.rfind('\n', at - 1);
    const auto begin = before == std::string::npos ? 0 : before + 1;
    const auto end = std::min(said.find('\n', at), said.size());
    // A hit far into an endless line is quoted from the hit on.
    return quoted_line(std::string_view(said).substr(at - begin > shown_line ? at : begin, end - begin));
}

std::optional<std::string> find_regex(const std::string& said, const std::regex& regex) {
    for (const auto line : lines_of(said)) {
        const auto part = line.substr(0, searched_line);
        if (std::regex_search(part.begin(), part.end(), regex)) return quoted_line(line);
    }
    return std::nullopt;
}

std::string last_words(const std::string& log) {
    const auto lines = lines_of(log);
    const auto last =
        std::find_if(lines.rbegin(), lines.rend(), [](const auto line) { return !quoted_line(line).empty(); });
    return last == lines.rend() ? "" : quoted_line(*last);
}

std::string what_was_said(const plan::Record& record, const std::vector<AssertionResult>& failures) {
    std::vector<std::string> parts;
    for (const auto& failure : failures) parts.push_back(failure.message);
    for (const auto& exit : record.scheduler_exits) {
        const bool told = join(parts, "\n").find(exit.kernel_reason) != std::string::npos;
        if (!told) parts.push_back("the kernel said: " + quoted_line(exit.kernel_reason));
    }
    if (const auto last = last_words(record.scheduler_log); is_scheduler_end(record.end) && !last.empty())
        parts.push_back("the scheduler's last words: " + last);
    return join(parts, "; ");
}

void judge_failed_run(AssertionResult& result, const plan::Expectation& expectation, const plan::Record& record,
                      const std::vector<AssertionResult>& failures) {
    const bool whole_guest = record.end == RunEnd::kernel_panicked || record.end == RunEnd::guest_hung;
    if (expectation.text.empty()) {
        result.outcome = whole_guest ? Outcome::fail : Outcome::pass;
        result.message = result.written +
                         (whole_guest ? ": does not cover a panic or a hang unless it names a text of it: "
                                      : ": the run failed, as expected: ") +
                         what_was_said(record, failures);
        return;
    }
    try {
        std::optional<std::regex> regex;
        if (expectation.text_is_regex) regex.emplace(expectation.text, std::regex::ECMAScript);
        for (const auto& said : everything_said(record)) {
            const auto line = regex ? find_regex(said.text, *regex) : find_text(said.text, expectation.text);
            if (!line) continue;
            result.outcome = Outcome::pass;
            result.message = result.written + ": found in " + std::string(said.where) + ": " + *line;
            return;
        }
        result.outcome = Outcome::fail;
        result.message = result.written + ": the run failed, but in another way: " + what_was_said(record, failures);
    } catch (const std::regex_error& error) {
        result.outcome = Outcome::fail;
        result.message =
            result.written + ": cannot match the regular expression \"" + expectation.text + "\": " + error.what();
        result.hint = "it is an ECMAScript regular expression; write the text itself to look for it as it stands";
    }
}

} // namespace

bool can_be_expected(RunEnd end) {
    switch (end) {
    case RunEnd::completed: // with a lost scheduler or worker
    case RunEnd::scheduler_attach_failed:
    case RunEnd::scheduler_exited:
    case RunEnd::executor_failed:
    case RunEnd::kernel_panicked:
    case RunEnd::guest_hung: return true;
    case RunEnd::scheduler_not_found:
    case RunEnd::kernel_unusable:
    case RunEnd::vm_died:
    case RunEnd::interrupted:
    case RunEnd::host_failed: return false;
    }
    return false;
}

std::vector<AssertionResult> run_failures(const plan::Plan& plan, const plan::Record& record) {
    std::vector<AssertionResult> failures;
    if (auto end = ended_badly(plan, record)) failures.push_back(std::move(*end));
    if (auto workers = lost_workers(plan, record)) failures.push_back(std::move(*workers));
    return failures;
}

AssertionResult judge_expected_error(const plan::Expectation& expectation, const plan::Record& record,
                                     const std::vector<AssertionResult>& failures) {
    AssertionResult result;
    result.kind = plan::to_string(plan::Expectation::Kind::error);
    result.written = expectation.written.empty() ? "error \"" + expectation.text + "\"" : expectation.written;
    result.source = expectation.source;
    if (failures.empty()) {
        result.outcome = Outcome::fail;
        result.message = result.written + ": the run was expected to fail, but it completed and nothing failed";
    } else if (!can_be_expected(record.end)) {
        result.outcome = Outcome::skip;
        result.message = result.written + ": not judged: the run ended on the host's side (" +
                         std::string(plan::to_string(record.end)) + ")";
    } else {
        judge_failed_run(result, expectation, record, failures);
    }
    return result;
}

} // namespace ktstr::eval
