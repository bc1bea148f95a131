// SPDX-License-Identifier: GPL-2.0-only
// `ktstr perf-delta`: whether one side of two is slower, from several runs of each.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/checkout.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/measure.h"
#include "cli/messages.h"
#include "cli/replacement.h"
#include "cli/run_options.h"
#include "cli/signals.h"
#include "report/result.h"
#include "runs/environment.h"
#include "stats/comparison_output.h"
#include "stats/pool.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

struct DeltaOptions {
    std::vector<std::string> paths;
    std::vector<std::string> filters;
    CompileArguments compile;
    std::string kernel;
    std::string accelerator;
    std::optional<std::uint64_t> seed;
    std::size_t runs = 5;
    int jobs = 1;
    std::string scheduler;
    std::string scheduler_args;
    std::string baseline_scheduler;
    std::string baseline_scheduler_args;
    std::string baseline; // another checkout
    std::string revision;
    std::string build;
    std::vector<std::string> from;
    std::vector<std::string> to;
    std::string root;
    bool as_json = false;
    bool no_color = false;
    bool all = false;
};

int refuse(const Error& error, int exit_code = exit_usage) {
    complain(error);
    return exit_code;
}

// What both sides have in common behind `ktstr run`.
std::vector<std::string> common_words(const DeltaOptions& options) {
    std::vector<std::string> words = options.paths;
    const auto add = [&words](const std::string& option, const std::string& value) {
        if (!value.empty()) words.insert(words.end(), {option, value});
    };
    for (const auto& filter : options.filters) add("--filter", filter);
    for (const auto& word : options.compile.words()) words.push_back(word);
    add("--kernel", options.kernel);
    add("--accel", options.accelerator);
    if (options.seed) add("--seed", std::to_string(*options.seed));
    add("--jobs", std::to_string(options.jobs));
    return words;
}

void add_scheduler(MeasuredSide& side, const std::string& program, const std::string& arguments) {
    const Replacement replacement{program.empty() ? std::vector<std::string>{} : std::vector<std::string>{program},
                                  arguments};
    for (const auto& word : replacement.words()) {
        side.words.push_back(word);
        side.label += " " + report::shell_quoted(word);
    }
    // It says which program has that name, wherever it lies: then both sides could be the same.
    if (!program.empty()) side.environment.emplace_back("KTSTR_SCHEDULER", "");
}

// With another tree as the baseline the scheduler is looked for in both, unless the baseline has one of its own.
std::pair<MeasuredSide, MeasuredSide> sides_of(const DeltaOptions& options, const fs::path& baseline_tree,
                                               const std::string& baseline) {
    const auto words = common_words(options);
    MeasuredSide a{"a", "baseline" + baseline, baseline_tree, words};
    MeasuredSide b{"b", "head", {}, words};
    const bool two_trees = !baseline_tree.empty();
    const auto inherited = [two_trees](const std::string& own, const std::string& other) {
        return own.empty() && two_trees ? other : own;
    };
    add_scheduler(a, inherited(options.baseline_scheduler, options.scheduler),
                  inherited(options.baseline_scheduler_args, options.scheduler_args));
    add_scheduler(b, options.scheduler, options.scheduler_args);
    return {std::move(a), std::move(b)};
}

// One directory's records, all of one side.
Result<void> add_run(const fs::path& directory, const char* side, std::vector<stats::RecordFile>& files,
                     std::vector<stats::Unreadable>& unreadable) {
    auto found = stats::find_run_records(directory, unreadable);
    if (!found) return found.error();
    for (auto& file : *found) files.push_back({std::move(file.path), side});
    return {};
}

struct SideLabels {
    std::string a;
    std::string b;
};

int compare_runs(const DeltaOptions& options, const SideLabels& labels, const std::vector<fs::path>& a,
                 const std::vector<fs::path>& b, const fs::path& measured) {
    std::vector<stats::RecordFile> files;
    std::vector<stats::Unreadable> unreadable;
    for (const auto& [side, runs] : {std::pair("a", &a), std::pair("b", &b)})
        for (const auto& run : *runs)
            if (auto added = add_run(run, side, files, unreadable); !added) return refuse(added.error());
    auto pool = stats::read_files(std::move(files));
    unreadable.insert(unreadable.end(), pool.unreadable.begin(), pool.unreadable.end());
    for (const auto& file : unreadable) complain({file.path + ": " + file.reason, file.way_out});
    auto rows_of = [&](const char* side) {
        auto rows = pool.rows_of(side);
        std::erase_if(rows, [&](const auto* row) { return !name_matches(options.filters, row->scenario); });
        return rows;
    };
    const auto comparison =
        stats::compare({labels.a, rows_of("a")}, {labels.b, rows_of("b")}, pool.metrics, {}, {.single_runs = false});
    if (options.as_json) {
        auto document = stats::comparison_json(comparison);
        document["directory"] = measured.empty() ? nlohmann::json() : nlohmann::json(measured.string());
        std::cout << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    } else {
        const bool color = !options.no_color && report::wants_color(STDOUT_FILENO);
        std::cout << stats::comparison_text(comparison, {.style = report::Style{color},
                                                         .columns = report::columns_of(STDOUT_FILENO),
                                                         .all = options.all,
                                                         .judged = true});
    }
    std::cout << std::flush;
    if (!std::cout)
        return refuse({"cannot write to standard output", "is the disk full, or the reader gone?"}, exit_host);
    if (comparison.regressed()) return exit_fail;
    return comparison.can_be_judged() ? exit_pass : exit_inconclusive;
}

std::string words(const std::vector<fs::path>& runs) {
    std::string words;
    for (const auto& run : runs) words += " " + report::shell_quoted(run.string());
    return words;
}

int measure_sides(const DeltaOptions& options, const MeasuredSide& a, const MeasuredSide& b,
                  const vmm::Cancellation& cancellation) {
    const fs::path root = options.root.empty() ? runs::Environment::read().root() : fs::path(options.root);
    const auto measured = measure(a, b, options.runs, root, cancellation);
    if (!measured) return refuse(measured.error());
    if (measured->interrupted) {
        const bool some = !measured->a.empty() && !measured->b.empty();
        return refuse({"interrupted; what was measured is in " + measured->directory.string(),
                       some ? "ktstr perf-delta --from" + words(measured->a) + " --to" + words(measured->b)
                            : "there is nothing to compare in it"},
                      exit_interrupted);
    }
    std::fprintf(stderr, "perf-delta: the records are in %s\n", measured->directory.c_str());
    const int exit_code = compare_runs(options, {a.label, b.label}, measured->a, measured->b, measured->directory);
    return exit_code == exit_inconclusive && measured->host_failures > 0 ? exit_host : exit_code;
}

int measure_revision(const DeltaOptions& options, const vmm::Cancellation& cancellation) {
    const auto checkout = Checkout::create(options.revision);
    if (!checkout) return refuse(checkout.error());
    if (!options.build.empty())
        if (auto built = run_shell(options.build, checkout->path(), cancellation); !built)
            return cancellation.cancelled() ? exit_interrupted : refuse(built.error());
    auto [a, b] = sides_of(options, checkout->path(), " " + options.revision + " (" + checkout->commit() + ")");
    a.environment.emplace_back("KTSTR_PROJECT_COMMIT", checkout->commit());
    return measure_sides(options, a, b, cancellation);
}

// What is wrong with the options together; none if nothing is.
std::optional<Error> contradiction(const DeltaOptions& options) {
    const bool stored = !options.from.empty() || !options.to.empty();
    if (stored && (options.from.empty() || options.to.empty()))
        return Error{"--from and --to go together", "name the runs of both sides"};
    if (stored && !options.paths.empty())
        return Error{"--from and --to run nothing", "leave out " + options.paths.front()};
    if (stored) return std::nullopt;
    if (options.paths.empty())
        return Error{"there is nothing to run", "name .ktl files, or stored runs by --from and --to"};
    if (!options.build.empty() && options.revision.empty())
        return Error{"--build is for the tree of --baseline-rev", "name its commit, too"};
    const bool differs = !options.baseline.empty() || !options.revision.empty() ||
                         !options.baseline_scheduler.empty() || !options.baseline_scheduler_args.empty() ||
                         !options.scheduler.empty() || !options.scheduler_args.empty();
    if (!differs)
        return Error{"both sides are the same",
                     "say what to compare with: --baseline-scheduler FILE, --baseline DIR or --baseline-rev REV"};
    return std::nullopt;
}

int run_perf_delta(const DeltaOptions& options) {
    if (const auto wrong = contradiction(options)) return refuse(*wrong);
    const auto as_paths = [](const std::vector<std::string>& names) {
        return std::vector<fs::path>(names.begin(), names.end());
    };
    if (!options.from.empty())
        return compare_runs(options, {"--from" + words(as_paths(options.from)), "--to" + words(as_paths(options.to))},
                            as_paths(options.from), as_paths(options.to), {});
    const auto& cancellation = cancel_on_signals();
    if (!options.revision.empty()) return measure_revision(options, cancellation);
    std::error_code code;
    if (!options.baseline.empty() && !fs::is_directory(options.baseline, code))
        return refuse({"there is no directory " + options.baseline, "--baseline takes another checkout"});
    const auto [a, b] = options.baseline.empty()
                            ? sides_of(options, {}, "")
                            : sides_of(options, fs::absolute(options.baseline), " " + options.baseline);
    return measure_sides(options, a, b, cancellation);
}

void add_sides(CLI::App& command, DeltaOptions& options) {
    command.add_option("--scheduler", options.scheduler, "this program in the place of the scenario's scheduler")
        ->type_name("[NAME=]FILE");
    command.add_option("--scheduler-args", options.scheduler_args, "more arguments for it")->type_name("WORDS");
    command.add_option("--baseline-scheduler", options.baseline_scheduler, "likewise on the baseline's side")
        ->type_name("[NAME=]FILE");
    command.add_option("--baseline-scheduler-args", options.baseline_scheduler_args, "likewise on the baseline's side")
        ->type_name("WORDS");
    auto* tree =
        command
            .add_option("--baseline", options.baseline, "another checkout as the baseline; paths count from it there")
            ->type_name("DIR");
    command
        .add_option("--baseline-rev", options.revision,
                    "a commit of this repository as the baseline, checked out "
                    "into a directory that goes afterwards")
        ->type_name("REV")
        ->excludes(tree);
    command.add_option("--build", options.build, "builds what --baseline-rev has checked out, by a shell in it")
        ->type_name("COMMAND");
    command.add_option("--from", options.from, "nothing is run: stored runs as the baseline")->type_name("RUN...");
    command.add_option("--to", options.to, "and these as the other side")->type_name("RUN...");
}

} // namespace

void add_perf_delta_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<DeltaOptions>();
    auto* command =
        app.add_subcommand("perf-delta", "whether scenarios do worse than on a baseline, from several runs");
    command->add_option("paths", options->paths, ".ktl files and folders")->type_name("PATH");
    command->add_option("-N,--runs", options->runs, "of each side, in turns")
        ->capture_default_str()
        ->check(CLI::Range(2, 1000));
    add_repeated(*command, "-E,--filter", options->filters,
                 "only scenarios whose name or file has this in it; repeat it");
    add_compile_options(*command, options->compile);
    command->add_option("--kernel", options->kernel, "version, cache id, image or build tree")->type_name("KERNEL");
    command->add_option("--accel", options->accelerator, "kvm or tcg (default: what works here)")
        ->check(CLI::IsMember({"kvm", "tcg"}));
    command->add_option("--seed", options->seed, "seed of everything random in the guest (default: 1)");
    command->add_option("--jobs,-j", options->jobs, "virtual machines at a time: they disturb each other")
        ->capture_default_str()
        ->check(CLI::Range(1, 1024));
    add_sides(*command, *options);
    command->add_option("--root", options->root, "where the records go (default: $KTSTR_RUNS_ROOT, or ktstr-runs)")
        ->type_name("DIR");
    command->add_flag("--json", options->as_json, "for programs");
    command->add_flag("--all", options->all, "metrics that have no better way, too");
    command->add_flag("--no-color", options->no_color, "no colours, on a terminal neither");
    command->footer(
        "Exit codes: 0 no regression, 1 a regression, 2 it cannot be judged, 64 the command line or a file, "
        "70 the host, 130 interrupted.");
    command->callback([options, &exit_code] { exit_code = run_perf_delta(*options); });
}

} // namespace ktstr::cli
