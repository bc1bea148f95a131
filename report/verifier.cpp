// SPDX-License-Identifier: GPL-2.0-only
#include "report/verifier.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "report/table.h"
#include "report/verifier_log.h"

namespace ktstr::report {

using nlohmann::json;

namespace {

constexpr std::size_t shown_log_lines = 300; // half of them from its beginning
constexpr std::size_t shown_columns = 200;

std::string percent_of(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "-";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
    return text.data();
}

std::string difference(const ProgramSize& size) {
    if (!size.verified_insns) return "gone";
    if (!size.against) return "new";
    const auto by = static_cast<std::int64_t>(*size.verified_insns) - static_cast<std::int64_t>(*size.against);
    if (by == 0) return "0";
    const std::string sign = by > 0 ? "+" : "-";
    const auto amount = static_cast<std::uint64_t>(by > 0 ? by : -by);
    return sign + std::to_string(amount) + " (" + sign + percent_of(amount, *size.against) + ")";
}

std::string or_dash(const std::optional<std::uint64_t>& number) { return number ? std::to_string(*number) : "-"; }

bool near_limit(const ProgramSize& size) {
    plan::BpfProgram program;
    program.verified_insns = size.verified_insns;
    return plan::near_limit(program);
}

template <typename Member> std::vector<std::string> distinct(const std::vector<VerifierRun>& runs, Member member) {
    std::vector<std::string> names;
    for (const auto& run : runs)
        if (std::find(names.begin(), names.end(), run.*member) == names.end()) names.push_back(run.*member);
    return names;
}

const VerifierRun* attached_run(const std::vector<VerifierRun>& runs, const std::string& kernel,
                                const std::string& topology) {
    const auto found = std::find_if(runs.begin(), runs.end(), [&](const VerifierRun& run) {
        return !run.against && run.kernel == kernel && run.topology == topology && run.admission == Admission::attached;
    });
    return found == runs.end() ? nullptr : &*found;
}

std::string insns_in(const VerifierRun* run, const std::string& program) {
    if (run == nullptr) return "-";
    for (const auto& one : run->programs)
        if (one.name == program) return or_dash(one.verified_insns);
    return "-";
}

std::vector<std::string> warnings_of(const std::vector<ProgramSize>& sizes) {
    std::vector<std::string> lines;
    for (const auto& size : sizes) {
        plan::BpfPrograms one;
        one.list.push_back({.name = size.name, .verified_insns = size.verified_insns});
        for (const auto& line : plan::verifier_warnings(one)) lines.push_back(line + ", on " + size.kernel);
    }
    return lines;
}

std::string size_table(const std::vector<VerifierRun>& runs, const std::vector<ProgramSize>& sizes,
                       const std::string& kernel, const Style& style) {
    using Align = Table::Align;
    std::vector<std::string> topologies;
    for (const auto& topology : distinct(runs, &VerifierRun::topology))
        if (attached_run(runs, kernel, topology) != nullptr) topologies.push_back(topology);
    std::vector<Table::Column> columns = {{"program"}, {"callback"}};
    for (const auto& topology : topologies) columns.push_back({topology, Align::right});
    columns.push_back({"most", Align::right});
    columns.push_back({"of 1M", Align::right});
    Table table(std::move(columns));
    std::uint64_t total = 0;
    for (const auto& size : sizes) {
        if (size.kernel != kernel) continue;
        std::vector<std::string> cells = {printable_line(size.name), size.callback};
        for (const auto& topology : topologies)
            cells.push_back(insns_in(attached_run(runs, kernel, topology), size.name));
        cells.push_back(or_dash(size.verified_insns));
        cells.push_back(size.verified_insns ? percent_of(*size.verified_insns, plan::verified_insns_limit) : "-");
        table.add(std::move(cells), near_limit(size) ? &Style::yellow : nullptr);
        total += size.verified_insns.value_or(0);
    }
    return table.text(style, "  ") + "  " + std::to_string(total) + " verified instructions in all\n";
}

std::string comparison_table(const std::vector<ProgramSize>& sizes, const std::string& kernel, const Style& style) {
    using Align = Table::Align;
    Table table({{"program"},
                 {"callback"},
                 {"against", Align::right},
                 {"now", Align::right},
                 {"difference", Align::right},
                 {"of 1M", Align::right}});
    std::uint64_t now = 0;
    std::uint64_t before = 0;
    for (const auto& size : sizes) {
        if (size.kernel != kernel) continue;
        table.add({printable_line(size.name), size.callback, or_dash(size.against), or_dash(size.verified_insns),
                   difference(size),
                   size.verified_insns ? percent_of(*size.verified_insns, plan::verified_insns_limit) : "-"},
                  near_limit(size) ? &Style::yellow : nullptr);
        now += size.verified_insns.value_or(0);
        before += size.against.value_or(0);
    }
    return table.text(style, "  ") + "  " + std::to_string(now) + " verified instructions in all, against " +
           std::to_string(before) + "\n";
}

std::string shown_log(const std::string& log, const Style& style) {
    std::vector<std::string> lines = tail_of(printable(log), log.size()).lines;
    std::string text;
    const std::size_t half = shown_log_lines / 2;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines.size() > shown_log_lines && i == half) {
            i = lines.size() - half;
            text += "    " + style.dim("| ") + "[" + std::to_string(lines.size() - 2 * half) +
                    " lines are left out here; --format json has them]\n";
        }
        text += "    " + style.dim("| ") + cut_to_width(lines[i], shown_columns) + "\n";
    }
    return text;
}

std::string headline(const VerifierRun& run, const Style& style) {
    const bool refused = run.admission == Admission::rejected || run.admission == Admission::not_attached;
    const std::string where = printable_line(run.scheduler) + " on " + run.topology + ": ";
    const std::string what = printable_line(run.message);
    std::string text = "  " + (refused ? style.red(where + what) : style.yellow(where + what)) + "\n";
    if (!run.hint.empty()) text += "    hint: " + printable_line(run.hint) + "\n";
    return text;
}

// A log that was shown for another topology is not shown again.
std::string failures_of(const std::vector<VerifierRun>& runs, const std::string& kernel, const Style& style) {
    std::string text;
    std::set<std::string> shown;
    for (const auto& run : runs) {
        if (run.kernel != kernel) continue;
        if (!run.programs_absent.empty())
            text += "  " +
                    style.yellow(run.topology + ": it attaches, but its programs cannot be read: " +
                                 printable_line(run.programs_absent)) +
                    "\n";
        if (run.admission == Admission::attached) continue;
        text += headline(run, style);
        if (run.log.empty()) continue;
        if (shown.insert(run.scheduler + "\n" + run.message).second)
            text += shown_log(run.log, style);
        else
            text += "    its log says the same as above\n";
    }
    return text;
}

} // namespace

std::string_view to_string(Admission admission) {
    constexpr std::array<std::string_view, 5> names = {"attached", "rejected", "not_attached", "kernel_unusable",
                                                       "not_run"};
    return names.at(static_cast<std::size_t>(admission));
}

void judge(VerifierRun& run, const plan::Record& record, const std::string& kernel_lacks) {
    run.message = record.message;
    run.hint = record.hint;
    const bool attach_failed = record.end == plan::RunEnd::scheduler_attach_failed;
    if (record.end == plan::RunEnd::completed) {
        run.admission = Admission::attached;
        run.message.clear();
        run.programs = record.programs.list;
        run.programs_absent = record.programs.reason;
        if (const auto absent = record.programs.absent.find("verified_insns"); absent != record.programs.absent.end())
            run.programs_absent = absent->second;
        return;
    }
    if (record.end == plan::RunEnd::kernel_unusable || (attach_failed && !kernel_lacks.empty())) {
        run.admission = Admission::kernel_unusable;
        if (!kernel_lacks.empty()) {
            run.message = "it does not attach, and this kernel is not one to tell by: " + kernel_lacks;
            run.hint = "`ktstr kernel info` says what it lacks; choose another with --kernel";
        }
        run.log = collapse_loops(record.scheduler_log);
        return;
    }
    if (!attach_failed && record.end != plan::RunEnd::scheduler_exited) return; // the host's, or the machine's, fault
    run.log = collapse_loops(record.scheduler_log);
    run.hint.clear();
    if (!has_verifier_log(record.scheduler_log)) {
        run.admission = Admission::not_attached;
        return;
    }
    run.admission = Admission::rejected;
    run.program = refused_program(record.scheduler_log);
    run.message = "the BPF verifier refuses " + (run.program.empty() ? "it" : "its program " + run.program) + ": " +
                  verifier_reason(record.scheduler_log);
}

std::vector<ProgramSize> program_sizes(const std::vector<VerifierRun>& runs) {
    std::vector<ProgramSize> all;
    for (const auto& kernel : distinct(runs, &VerifierRun::kernel)) {
        std::map<std::string, ProgramSize> sizes;
        for (const auto& run : runs) {
            if (run.kernel != kernel) continue;
            for (const auto& program : run.programs) {
                auto& size = sizes[program.name];
                size.kernel = kernel;
                size.name = program.name;
                if (!run.against || size.callback.empty()) size.callback = program.callback;
                auto& most = run.against ? size.against : size.verified_insns;
                if (program.verified_insns) most = std::max(most.value_or(0), *program.verified_insns);
            }
        }
        for (auto& [name, size] : sizes) all.push_back(std::move(size));
    }
    return all;
}

std::string verifier_text(const std::vector<VerifierRun>& runs, const Style& style) {
    const auto sizes = program_sizes(runs);
    std::string text;
    for (const auto& kernel : distinct(runs, &VerifierRun::kernel)) {
        text += (text.empty() ? "" : "\n") + style.bold("kernel " + printable_line(kernel)) + "\n";
        const auto has = [&](bool against) {
            return std::any_of(runs.begin(), runs.end(), [&](const VerifierRun& run) {
                return run.kernel == kernel && run.against == against && !run.programs.empty();
            });
        };
        if (has(true) && has(false))
            text += comparison_table(sizes, kernel, style);
        else if (has(false))
            text += size_table(runs, sizes, kernel, style);
        text += failures_of(runs, kernel, style);
    }
    for (const auto& warning : warnings_of(sizes)) text += style.yellow("warning: " + warning) + "\n";
    return text;
}

json verifier_json(const std::vector<VerifierRun>& runs) {
    json list = json::array();
    for (const auto& run : runs) {
        json programs = json::array();
        for (const auto& program : run.programs) programs.push_back(to_json(program));
        const auto or_null = [](const std::string& text) { return text.empty() ? json() : json(valid_utf8(text)); };
        list.push_back({{"scheduler", valid_utf8(run.scheduler)},
                        {"against", run.against},
                        {"kernel", run.kernel},
                        {"topology", run.topology},
                        {"admission", to_string(run.admission)},
                        {"message", or_null(run.message)},
                        {"hint", or_null(run.hint)},
                        {"program", or_null(run.program)},
                        {"log", or_null(run.log)},
                        {"programs_absent", or_null(run.programs_absent)},
                        {"programs", std::move(programs)}});
    }
    json sizes = json::array();
    const auto all = program_sizes(runs);
    for (const auto& size : all) {
        const auto or_null = [](const std::optional<std::uint64_t>& number) { return number ? json(*number) : json(); };
        sizes.push_back({{"kernel", size.kernel},
                         {"name", size.name},
                         {"callback", size.callback},
                         {"verified_insns", or_null(size.verified_insns)},
                         {"against", or_null(size.against)}});
    }
    return {{"runs", std::move(list)}, {"programs", std::move(sizes)}, {"warnings", warnings_of(all)}};
}

} // namespace ktstr::report
