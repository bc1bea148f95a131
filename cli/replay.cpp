// SPDX-License-Identifier: GPL-2.0-only
// `ktstr replay`: what failed, once more, with the plan, the kernel and the seed that its record names.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/load.h"
#include "cli/messages.h"
#include "cli/run.h"
#include "report/html/page.h"
#include "report/result.h"
#include "report/stored.h"
#include "report/text.h"
#include "runs/environment.h"
#include "runs/names.h"
#include "vmm/schedulers.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct ReplayOptions {
    std::vector<fs::path> records;
    std::vector<std::string> filters;
    bool all = false;
    bool list = false;
    RunOptions run;
};

// A run to be made again.
struct Replay {
    fs::path record;
    eval::Outcome outcome = eval::Outcome::fail;
    Job job;
};

// The run directory that was written to last.
Result<fs::path> newest_run(const fs::path& root) {
    fs::path newest;
    fs::file_time_type newest_time;
    std::error_code code;
    for (const auto& entry :
         fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied, code)) {
        std::error_code gone;
        if (!entry.path().filename().string().ends_with(runs::record_suffix)) continue;
        const auto time = entry.last_write_time(gone);
        if (gone || (!newest.empty() && time <= newest_time)) continue;
        newest = entry.path().parent_path();
        newest_time = time;
    }
    if (newest.empty())
        return Error{"there are no records in " + root.string(),
                     "name a run directory or records, or run something first: ktstr run PATH"};
    return runs::is_seed_folder(newest.filename().string()) ? newest.parent_path() : newest;
}

// What the paths in the plan count from: the scenario's path without what the plan says of it.
fs::path root_of(const fs::path& file, const std::string& in_plan) {
    const std::string whole = file.string();
    if (in_plan.empty() || !whole.ends_with(in_plan)) return file.parent_path();
    return whole.substr(0, whole.size() - in_plan.size());
}

// Its scheduler may be another one by now.
void warn_of_scheduler(const json& sidecar, const CompiledScenario& scenario) {
    const json then = sidecar.value("scheduler_sha256", json());
    const auto binary = vmm::initial_scheduler_binary(scenario.plan, scenario.file.parent_path());
    if (!then.is_string() || !binary) return;
    const auto now = sha256_file(binary->path);
    if (now && *now != then.get<std::string>())
        std::fprintf(stderr, "ktstr: %s is another binary than the one that ran \"%s\"\n", binary->path.c_str(),
                     report::printable_line(scenario.plan.scenario).c_str());
}

Result<Job> job_of(const fs::path& record, const json& sidecar) {
    const auto refuse = [&record](const std::string& why, const std::string& hint) {
        return Error{record.string() + " cannot be run again: " + why, hint};
    };
    const std::string file = sidecar.value("file", "");
    const std::string by_hand = "run its scenario by itself: ktstr run " + report::shell_quoted(file);
    if (sidecar.value("accelerator", json()) == "host")
        return refuse("it is a run on a machine itself", by_hand + " --host");
    if (!sidecar.contains("plan") || !sidecar["plan"].is_string()) return refuse("there is no plan beside it", by_hand);
    const fs::path plan_file = record.parent_path() / fs::path(sidecar["plan"].get<std::string>()).filename();
    auto plans = read_plan_file(plan_file);
    if (!plans) return plans.error();
    if (plans->size() != 1 || plan::plan_hash(plans->front().plan) != sidecar.value("plan_hash", ""))
        return refuse("the plan beside it is another one", by_hand);
    if (!sidecar.value("kernel_version", json()).is_string() || !sidecar.value("seed", json()).is_number_unsigned())
        return refuse("it names no kernel or no seed", by_hand);
    Job job{std::move(plans->front()), sidecar["kernel_version"].get<std::string>(), std::nullopt};
    job.scenario.file = file;
    job.scenario.root = root_of(file, job.scenario.plan.source.file);
    Replayed replayed{sidecar["seed"].get<std::uint64_t>(), {}};
    for (const auto& word : sidecar.value("options", json::array()))
        if (word.is_string()) replayed.options.push_back(word.get<std::string>());
    if (runs::is_seed_folder(record.parent_path().filename().string())) job.seed = replayed.seed;
    job.replayed = std::move(replayed);
    warn_of_scheduler(sidecar, job.scenario);
    return job;
}

// What cannot be replayed is said, and counts at the end.
std::vector<Replay> choose(const ReplayOptions& options, const std::vector<fs::path>& records, bool& all_good) {
    std::vector<Replay> chosen;
    for (const auto& record : records) {
        const auto stored = report::read_sidecar(record);
        if (!stored) {
            complain(stored.error());
            all_good = false;
            continue;
        }
        const json& sidecar = stored->sidecar;
        const auto outcome = report::outcome_of(sidecar);
        if (outcome == eval::Outcome::skip) continue; // it was not run
        if (outcome == eval::Outcome::pass && !options.all) continue;
        CompiledScenario named;
        named.plan.scenario = sidecar.at("test_name").get<std::string>();
        named.file = sidecar.value("file", "");
        if (!matches_filters(options.filters, named)) continue;
        auto job = job_of(record, sidecar);
        if (job) {
            chosen.push_back({record, outcome, std::move(*job)});
            continue;
        }
        complain(job.error());
        all_good = false;
    }
    return chosen;
}

void show(const std::vector<Replay>& chosen) {
    for (const auto& one : chosen) {
        const auto& plan = one.job.scenario.plan;
        std::cout << eval::to_string(one.outcome) << "  " << report::printable_line(plan.scenario) << "  ("
                  << report::printable_line(report::scheduler_name(plan)) << ", " << plan.topology.label()
                  << ", kernel " << one.job.kernel << ", seed " << one.job.replayed->seed << ")\n"
                  << "      " << one.record.string() << "\n";
    }
}

int replay(ReplayOptions& options) {
    if (options.records.empty()) {
        auto newest = newest_run(runs::Environment::read().root());
        if (!newest) {
            complain(newest.error());
            return exit_usage;
        }
        options.records = {std::move(*newest)};
    }
    const auto records = report::html::find_records(options.records);
    if (!records) {
        complain(records.error());
        return exit_usage;
    }
    bool all_good = true;
    auto chosen = choose(options, *records, all_good);
    if (chosen.empty()) {
        if (!all_good) return exit_usage;
        std::cout << (options.filters.empty() ? "nothing failed in " : "nothing that matches failed in ")
                  << options.records.front().string() << (options.records.size() > 1 ? " and the others" : "") << "\n";
        return exit_pass;
    }
    if (options.list) {
        show(chosen);
        return all_good ? exit_pass : exit_usage;
    }
    Batch batch;
    for (auto& one : chosen) batch.jobs.push_back(std::move(one.job));
    const int code = run_jobs(options.run, batch);
    return code == exit_pass && !all_good ? exit_usage : code;
}

} // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ReplayOptions>();
    options->run.out = "ktstr-replays";
    auto* command = app.add_subcommand("replay", "run what failed once more, with the same plans, kernels and seeds");
    command
        ->add_option("records", options->records,
                     "run directories, or records in them (*.ktstr.json); default: the run directory written to last")
        ->type_name("RUN");
    add_repeated(*command, "--filter,-E", options->filters,
                 "only scenarios whose name or file has this in it, or matches this pattern");
    command->add_flag("--all", options->all, "what passed, too");
    command->add_flag("--list", options->list, "only say what would be run");
    command->add_option("--out", options->run.out, "where the records go")->capture_default_str()->type_name("DIR");
    add_running_options(*command, options->run);
    command->callback([options, &exit_code] { exit_code = replay(*options); });
}

} // namespace ktstr::cli
