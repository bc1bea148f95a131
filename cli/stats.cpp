// SPDX-License-Identifier: GPL-2.0-only
// `ktstr stats`: what the records of many runs say together.
#include <fnmatch.h>
#include <unistd.h>

#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "cli/run_options.h"
#include "runs/environment.h"
#include "stats/comparison_output.h"
#include "stats/listing.h"
#include "stats/pool.h"
#include "stats/summary.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using stats::Pool;
using stats::Row;

struct StatsOptions {
    std::string root; // empty: the default
    std::vector<std::string> filters;
    bool as_json = false;
    bool no_color = false;
    bool all = false;
    std::vector<std::string> runs;                         // positional: of compare and show-host
    std::string path;                                      // of explain
    std::map<std::string, std::vector<std::string>> sides; // "a-kernel" and so on, as given

    [[nodiscard]] fs::path root_path() const {
        return root.empty() ? runs::Environment::read().root() : fs::path(root);
    }
    [[nodiscard]] stats::TextOptions text() const {
        return {report::Style{!no_color && report::wants_color(STDOUT_FILENO)}, report::columns_of(STDOUT_FILENO), all};
    }
};

int refuse(const Error& error, int exit_code = exit_usage) {
    complain(error);
    return exit_code;
}

// Writes one of the two; the exit code is `exit_code` if that went well.
int answer(const StatsOptions& options, const std::function<std::string()>& text, const std::function<json()>& as_json,
           int exit_code = exit_pass) {
    if (options.as_json)
        std::cout << as_json().dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    else
        std::cout << text();
    std::cout << std::flush;
    if (std::cout) return exit_code;
    return refuse({"cannot write to standard output", "is the disk full, or the reader gone?"}, exit_host);
}

std::vector<const Row*> chosen(const StatsOptions& options, std::vector<const Row*> rows) {
    std::erase_if(rows, [&options](const Row* row) { return !name_matches(options.filters, row->scenario); });
    return rows;
}

// A pool from elsewhere is an archive: where its runs came from is not known here.
void tag_archive(Pool& pool, const StatsOptions& options) {
    std::error_code ignored; // of a default root that is not there
    if (options.root.empty() || fs::equivalent(options.root, runs::Environment::read().root(), ignored)) return;
    for (auto& row : pool.rows) row.run_source = "archive";
}

Result<Pool> pool_of(const StatsOptions& options) {
    auto pool = stats::read_pool(options.root_path());
    if (pool) tag_archive(*pool, options);
    return pool;
}

int nothing(const Pool& pool) {
    std::string message = "there is no record that can be read in " + pool.root.string();
    if (!pool.unreadable.empty()) message += ", and " + std::to_string(pool.unreadable.size()) + " that cannot";
    return refuse({message, pool.unreadable.empty() ? "run something: ktstr run PATH" : "ktstr stats explain says why"},
                  exit_inconclusive);
}

int with_pool(const StatsOptions& options, const std::function<int(const Pool&)>& work) {
    const auto pool = pool_of(options);
    if (!pool) return refuse(pool.error());
    return pool->rows.empty() ? nothing(*pool) : work(*pool);
}

int no_match() {
    return refuse({"no record matches the filter", "ktstr stats list shows what there is"}, exit_inconclusive);
}

int summarize(const StatsOptions& options) {
    return with_pool(options, [&options](const Pool& pool) {
        const std::string run = pool.newest_run();
        const auto rows = chosen(options, pool.rows_of(run));
        if (rows.empty()) return no_match();
        const auto summary = stats::summarize_run(pool, run, rows);
        return answer(
            options, [&] { return stats::summary_text(summary, options.text()); },
            [&] { return stats::summary_json(summary); });
    });
}

int list(const StatsOptions& options) {
    return with_pool(options, [&options](const Pool& pool) {
        const auto runs = stats::list_runs(pool, chosen(options, pool.rows_of("")));
        return answer(
            options, [&] { return stats::runs_text(runs, options.text()); }, [&] { return stats::runs_json(runs); });
    });
}

int list_values(const StatsOptions& options) {
    return with_pool(options, [&options](const Pool& pool) {
        const auto values = stats::list_values(chosen(options, pool.rows_of("")));
        return answer(
            options, [&] { return stats::values_text(values, options.text()); }, [&] { return json(values); });
    });
}

// A run as it was named: a path, or a directory of the root.
Result<fs::path> find_run(const StatsOptions& options, const std::string& named) {
    std::error_code ignored;
    for (const auto& path : {fs::path(named), options.root_path() / named})
        if (fs::is_directory(path, ignored)) return path;
    return Error{"there is no run " + named + ", neither here nor in " + options.root_path().string(),
                 "ktstr stats list shows the runs"};
}

// Records of several runs as one pool, each row with the place of its run in `runs` as its run.
Result<Pool> pool_of_runs(const StatsOptions& options, const std::vector<std::string>& runs) {
    std::vector<stats::RecordFile> files;
    std::vector<stats::Unreadable> unreadable;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto directory = find_run(options, runs[i]);
        if (!directory) return directory.error();
        auto found = stats::find_run_records(*directory, unreadable);
        if (!found) return found.error();
        for (auto& file : *found) files.push_back({std::move(file.path), std::to_string(i)});
    }
    Pool pool = stats::read_files(std::move(files));
    pool.root = options.root_path();
    pool.unreadable.insert(pool.unreadable.end(), unreadable.begin(), unreadable.end());
    return pool;
}

void note_unreadable(const Pool& pool) {
    if (pool.unreadable.empty()) return;
    const auto& first = pool.unreadable.front();
    complain(
        {std::to_string(pool.unreadable.size()) + " records could not be read, as " + first.path + ": " + first.reason,
         "ktstr stats explain PATH says what to do"});
}

int show_host(const StatsOptions& options) {
    const auto pool = pool_of_runs(options, options.runs);
    if (!pool) return refuse(pool.error());
    note_unreadable(*pool);
    std::vector<std::vector<stats::Host>> hosts;
    for (std::size_t i = 0; i < options.runs.size(); ++i) {
        hosts.push_back(stats::hosts_of(chosen(options, pool->rows_of(std::to_string(i)))));
        if (hosts.back().empty())
            return refuse({"no record of " + options.runs[i] + " says anything of its host",
                           "records of version 1 do not: run it again"},
                          exit_inconclusive);
    }
    if (hosts.size() == 1)
        return answer(
            options, [&] { return stats::hosts_text(hosts[0], options.text()); },
            [&] { return stats::hosts_json(hosts[0]); });
    const auto found = stats::differences(hosts[0], hosts[1]);
    return answer(
        options, [&] { return stats::differences_text(found, options.text()); },
        [&] { return stats::differences_json(found); });
}

int explain(const StatsOptions& options) {
    std::vector<stats::Unreadable> files;
    std::error_code ignored;
    if (!options.path.empty() && !fs::is_directory(options.path, ignored)) {
        if (!fs::exists(options.path, ignored)) return refuse({"there is no file " + options.path, "name a record"});
        if (const auto why = stats::explain_file(options.path))
            files.push_back({options.path, "", why->message, why->hint});
    } else {
        const fs::path root = options.path.empty() ? options.root_path() : fs::path(options.path);
        auto pool = stats::read_pool(root);
        if (!pool) return refuse(pool.error());
        files = std::move(pool->unreadable);
    }
    return answer(
        options, [&] { return stats::explained_text(files, options.text()); },
        [&] { return stats::explained_json(files); });
}

// The filter of one side, of options like --a-kernel.
stats::Filter filter_of(const StatsOptions& options, const char* side) {
    stats::Filter filter;
    for (const auto& dimension : stats::dimensions())
        if (const auto given = options.sides.find(std::string(side) + "-" + std::string(dimension.name));
            given != options.sides.end() && !given->second.empty())
            filter[std::string(dimension.name)] = given->second;
    return filter;
}

std::string words(const stats::Filter& filter) {
    std::string words;
    for (const auto& [name, values] : filter)
        for (const auto& value : values) words.append(words.empty() ? "" : " ").append(name).append(" ").append(value);
    return words;
}

stats::Side side_of(std::string label, std::vector<const Row*> rows, const stats::Filter& filter) {
    std::erase_if(rows, [&filter](const Row* row) { return !stats::matches(*row, filter); });
    const std::string asked = words(filter);
    if (!asked.empty()) label += label.empty() ? asked : ", " + asked;
    return {std::move(label), std::move(rows)};
}

std::set<std::string> kernels_of(const stats::Side& side) {
    std::set<std::string> kernels;
    for (const auto* row : side.rows)
        if (!row->kernel.empty()) kernels.insert(row->kernel);
    return kernels;
}

int compare_sides(const StatsOptions& options, const Pool& pool, stats::Side a, stats::Side b, stats::Pairing pairing) {
    for (auto* side : {&a, &b}) {
        side->rows = chosen(options, std::move(side->rows));
        if (side->rows.empty())
            return refuse({"no record is of the side " + side->label, "ktstr stats list-values shows what there is"},
                          exit_inconclusive);
    }
    // Two runs of one kernel each are compared even if those differ: that is then what is compared.
    if (options.runs.size() == 2 && kernels_of(a).size() == 1 && kernels_of(b).size() == 1)
        pairing.sliced.insert("kernel");
    const auto comparison = stats::compare(a, b, pool.metrics, pairing);
    const int exit_code = comparison.regressed()       ? exit_fail
                          : comparison.can_be_judged() ? exit_pass
                                                       : exit_inconclusive;
    return answer(
        options, [&] { return stats::comparison_text(comparison, options.text()); },
        [&] { return stats::comparison_json(comparison); }, exit_code);
}

int compare(const StatsOptions& options) {
    const auto a = filter_of(options, "a");
    const auto b = filter_of(options, "b");
    const stats::Pairing pairing{stats::sliced_by(a, b)};
    if (options.runs.size() == 1) return refuse({"compare takes two runs", "name the other one, too"});
    if (options.runs.empty() && pairing.sliced.empty())
        return refuse({"compare does not know what to compare",
                       "name two runs, or two sides of the pool: --a-kernel 6.12 --b-kernel 6.14"});
    const auto pool = options.runs.empty() ? pool_of(options) : pool_of_runs(options, options.runs);
    if (!pool) return refuse(pool.error());
    note_unreadable(*pool);
    if (options.runs.empty())
        return compare_sides(options, *pool, side_of("", pool->rows_of(""), a), side_of("", pool->rows_of(""), b),
                             pairing);
    return compare_sides(options, *pool, side_of(options.runs[0], pool->rows_of("0"), a),
                         side_of(options.runs[1], pool->rows_of("1"), b), pairing);
}

void add_common(CLI::App& command, StatsOptions& options) {
    command.add_option("--root", options.root, "the folder with the runs (default: $KTSTR_RUNS_ROOT, or ktstr-runs)")
        ->type_name("DIR");
    command.add_flag("--json", options.as_json, "for programs");
    add_repeated(command, "-E,--filter", options.filters,
                 "only scenarios whose name has this in it, or matches this pattern; repeat it");
    command.add_flag("--no-color", options.no_color, "no colours, on a terminal neither");
}

void add_sides(CLI::App& command, StatsOptions& options) {
    for (const char* side : {"a", "b"})
        for (const auto& dimension : stats::dimensions()) {
            const std::string name = std::string(side) + "-" + std::string(dimension.name);
            add_repeated(command, "--" + name, options.sides[name],
                         std::string("of side ") + (*side == 'a' ? "A: " : "B: ") + std::string(dimension.summary))
                ->type_name("VALUE");
        }
}

} // namespace

void add_stats_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<StatsOptions>();
    auto* command = app.add_subcommand("stats", "what the records of runs say together; of the newest run, a summary");
    command->require_subcommand(0, 1);
    add_common(*command, *options);
    command->add_flag("--all", options->all, "all rows, of tables that show the first ones");
    const auto add = [&](const char* name, const char* what, int (*run)(const StatsOptions&)) {
        auto* sub = command->add_subcommand(name, what);
        add_common(*sub, *options);
        sub->callback([options, run, &exit_code] { exit_code = run(*options); });
        return sub;
    };
    add("list", "the runs: directory, date, kernel, commit, verdicts", list);
    add("list-metrics", "what can be compared, and from which change on it counts", [](const StatsOptions& given) {
        return answer(
            given, [&] { return stats::definitions_text(given.text()); }, stats::definitions_json);
    });
    add("list-values", "the values that sides of a comparison can be told apart by", list_values);
    add("show-host", "the host of a run; of two runs, how their hosts differ", show_host)
        ->add_option("run", options->runs, "directories of runs")
        ->required()
        ->expected(1, 2)
        ->type_name("RUN");
    add("explain", "why records could not be read, and the way out", explain)
        ->add_option("path", options->path, "a record, or a folder with runs (default: the root)")
        ->type_name("PATH");
    auto* sides = add("compare", "two runs, or two sides of all runs", compare);
    sides->add_option("run", options->runs, "two directories of runs")->expected(0, 2)->type_name("RUN");
    sides->add_flag("--all", options->all, "metrics that did not change, too");
    add_sides(*sides, *options);
    sides->footer("Exit codes: 0 no regression, 1 a regression, 2 nothing that can be judged, 64 the command line, 70 "
                  "the host.");
    command->callback([command, options, &exit_code] {
        if (command->get_subcommands().empty()) exit_code = summarize(*options);
    });
}

} // namespace ktstr::cli
