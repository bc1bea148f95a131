// SPDX-License-Identifier: GPL-2.0-only
#include <fnmatch.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/ctprof_text.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "ctprof/compare.h"
#include "ctprof/document.h"
#include "ctprof/host/elf_layout.h"
#include "ctprof/host/file.h"
#include "ctprof/walk.h"
#include "report/text.h"

namespace ktstr::cli {

namespace {

using ctprof::Capture;
using ctprof::Counter;
using nlohmann::json;

struct CtprofOptions {
    std::vector<std::string> files;
    std::string out;
    std::string sort = "run_time_ns";
    std::vector<std::string> filters;
    std::vector<std::string> fields = {"run_time_ns",          "run_delay_ns", "timeslices",      "voluntary_switches",
                                       "involuntary_switches", "migrations",   "minor_faults",    "major_faults",
                                       "read_bytes",           "write_bytes",  "allocated_bytes", "deallocated_bytes"};
    std::size_t top = 20;
    bool all = false;
    bool as_json = false;
};

int columns_of_terminal() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 120;
}

report::Style style() { return report::Style{report::wants_color(STDOUT_FILENO)}; }

int finish_output() {
    std::cout.flush();
    if (std::cout) return exit_pass;
    complain({"cannot write to standard output", "is the disk full, or the reader gone?"});
    return exit_host;
}

void print_json(const json& document) {
    std::cout << document.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

int refuse(const Error& error) {
    complain(error);
    return exit_usage;
}

// "2026-01-02T03-04-05.ctprof.zst"
std::string name_by_time() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H-%M-%S", &parts);
    return text.data() + std::string(ctprof::file_suffix);
}

int capture(const CtprofOptions& options) {
    ctprof::ElfLayouts layouts;
    ctprof::CaptureOptions wanted;
    wanted.layouts = &layouts;
    const auto taken = ctprof::take_capture(wanted);
    if (!taken) {
        complain(taken.error());
        return exit_host;
    }
    if (options.as_json) print_json(to_json(*taken));
    const std::string path = options.out.empty() && !options.as_json ? name_by_time() : options.out;
    if (path.empty()) return finish_output();
    if (auto written = ctprof::write_capture(path, *taken); !written) {
        complain(written.error());
        return exit_host;
    }
    if (!options.as_json) std::cout << path << ": " << report_text(*taken, style());
    return finish_output();
}

// A pattern of a shell, of the process's or thread's name or the cgroup: "process=redis*"; without a word before it, of
// either name.
Result<bool> matches(const ctprof::Thread& thread, const std::string& filter) {
    const auto equals = filter.find('=');
    const std::string key = equals == std::string::npos ? "" : filter.substr(0, equals);
    const std::string pattern = equals == std::string::npos ? filter : filter.substr(equals + 1);
    const auto fits = [&pattern](const std::string& text) {
        return ::fnmatch(pattern.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
    };
    if (key.empty()) return fits(thread.process) || fits(thread.thread);
    if (key == "process") return fits(thread.process);
    if (key == "thread") return fits(thread.thread);
    if (key == "cgroup") return fits(thread.cgroup);
    if (key == "pid") return fits(std::to_string(thread.pid));
    if (key == "heap") return fits(std::string(to_string(thread.heap)));
    return Error{"threads cannot be chosen by '" + key + "'", "by process, thread, cgroup, pid or heap"};
}

Result<void> keep_matching(Capture& capture, const std::vector<std::string>& filters) {
    for (const auto& filter : filters) {
        std::vector<ctprof::Thread> kept;
        for (auto& thread : capture.threads) {
            const auto match = matches(thread, filter);
            if (!match) return match.error();
            if (*match) kept.push_back(std::move(thread));
        }
        capture.threads = std::move(kept);
    }
    return {};
}

int show(const CtprofOptions& options) {
    auto read = ctprof::read_capture(options.files.front());
    if (!read) return refuse(read.error());
    const Counter by = *ctprof::counter_from_string(options.sort);
    const std::string about = report_text(*read, style());
    if (auto kept = keep_matching(*read, options.filters); !kept) return refuse(kept.error());
    std::stable_sort(read->threads.begin(), read->threads.end(),
                     [by](const auto& a, const auto& b) { return a.count(by) > b.count(by); });
    if (options.as_json) {
        print_json(to_json(*read));
        return finish_output();
    }
    std::vector<const ctprof::Thread*> threads;
    for (const auto& thread : read->threads) threads.push_back(&thread);
    std::cout << about << threads_table(threads, by, columns_of_terminal(), style());
    return finish_output();
}

json side_json(const ctprof::GroupSum& sum) {
    json values = json::object();
    for (const auto& info : ctprof::counters) values[std::string(info.name)] = sum.count(info.counter);
    return {{"threads", sum.threads}, {"counters", values}};
}

json to_json(const ctprof::ComparedGroup& group) {
    json deltas = json::object();
    json percents = json::object();
    for (const auto& info : ctprof::counters) {
        deltas[std::string(info.name)] = group.delta(info.counter);
        const auto percent = group.percent(info.counter);
        percents[std::string(info.name)] = percent ? json(*percent) : json();
    }
    return {{"process", group.process},        {"thread", group.thread}, {"before", side_json(group.before)},
            {"after", side_json(group.after)}, {"delta", deltas},        {"percent", percents}};
}

int compare(const CtprofOptions& options) {
    auto before = ctprof::read_capture(options.files.front());
    if (!before) return refuse(before.error());
    auto after = ctprof::read_capture(options.files.back());
    if (!after) return refuse(after.error());
    for (auto* one : {&*before, &*after})
        if (auto kept = keep_matching(*one, options.filters); !kept) return refuse(kept.error());
    auto groups = ctprof::compare(*before, *after);
    const Counter by = *ctprof::counter_from_string(options.sort);
    if (!options.all) std::erase_if(groups, [](const auto& group) { return !group.changed(); });
    std::stable_sort(groups.begin(), groups.end(),
                     [by](const auto& a, const auto& b) { return std::abs(a.delta(by)) > std::abs(b.delta(by)); });
    if (options.as_json) {
        json list = json::array();
        for (const auto& group : groups) list.push_back(to_json(group));
        print_json({{"before", options.files.front()}, {"after", options.files.back()}, {"groups", list}});
        return finish_output();
    }
    const std::size_t found = groups.size();
    if (options.top > 0 && found > options.top) groups.resize(options.top);
    std::vector<Counter> fields;
    for (const auto& name : options.fields) fields.push_back(*ctprof::counter_from_string(name));
    std::cout << compared_text(groups, fields, options.all, columns_of_terminal(), style());
    if (found > groups.size())
        std::cout << "and " << found - groups.size() << " more groups that changed less in " << options.sort
                  << ": --top 0 shows all\n";
    if (found == 0) std::cout << "nothing has changed\n";
    return finish_output();
}

CLI::Validator known_counter() {
    std::vector<std::string> names;
    for (const auto& info : ctprof::counters) names.emplace_back(info.name);
    return CLI::IsMember(names);
}

void add_filter(CLI::App& command, CtprofOptions& options) {
    command
        .add_option("--filter", options.filters,
                    "only threads whose process or own name fits this pattern of a shell; process=, thread=, cgroup=, "
                    "pid= or heap= before it says what has to fit")
        ->type_name("PATTERN")
        ->allow_extra_args(false);
}

} // namespace

void add_ctprof_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<CtprofOptions>();
    auto* group = app.add_subcommand("ctprof", "profile every thread of this machine: what each has done so far");
    group->require_subcommand(1);

    auto* take = group->add_subcommand("capture", "write down what every visible thread has done");
    take->add_option("-o,--out", options->out, "the file (default: named by the time; none with --json)")
        ->type_name("FILE");
    take->add_flag("--json", options->as_json, "print it as JSON");
    take->callback([options, &exit_code] { exit_code = capture(*options); });

    auto* print = group->add_subcommand("show", "print a capture, a line for each thread");
    print->add_option("file", options->files, "a capture")->required()->expected(1)->type_name("FILE");
    print->add_option("--sort", options->sort, "largest first (default: run_time_ns)")->check(known_counter());
    add_filter(*print, *options);
    print->add_flag("--json", options->as_json, "as JSON");
    print->callback([options, &exit_code] { exit_code = show(*options); });

    auto* difference =
        group->add_subcommand("compare", "what changed between two captures, by process and thread name");
    difference->add_option("files", options->files, "the earlier and the later one")
        ->required()
        ->expected(2)
        ->type_name("FILE");
    difference->add_option("--sort", options->sort, "largest change first (default: run_time_ns)")
        ->check(known_counter());
    add_filter(*difference, *options);
    difference->add_option("--field", options->fields, "what to compare; may be repeated (default: a dozen)")
        ->check(known_counter())
        ->allow_extra_args(false);
    difference->add_option("--top", options->top, "how many groups; 0 for all (default: 20)");
    difference->add_flag("--all", options->all, "also what has not changed");
    difference->add_flag("--json", options->as_json, "as JSON, all groups and fields");
    difference->callback([options, &exit_code] { exit_code = compare(*options); });
}

} // namespace ktstr::cli
