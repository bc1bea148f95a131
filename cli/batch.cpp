// SPDX-License-Identifier: GPL-2.0-only
#include "cli/batch.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "cli/load.h"
#include "interp/diagnostics/suggest.h"
#include "report/plan_words.h"
#include "report/variant.h"
#include "vmm/host/plan.h"

namespace ktstr::cli {

namespace {

using Run = CompiledGauntlet::Run;

void set_kernel(CompileOptions& options, const std::string& kernel, const KernelVersions& versions) {
    const auto known = versions.find(kernel);
    const std::string digits = version_digits(known == versions.end() ? kernel : known->second);
    if (!digits.empty()) options.kernel = digits;
}

// Runs that differ in the seed alone have the same plans.
bool same_plans(const CompileOptions& a, const CompileOptions& b) {
    const auto key = [](const CompileOptions& o) { return std::tie(o.topology, o.kernel, o.flags, o.work_type); };
    return key(a) == key(b);
}

// Scenarios under the options of one run: their plans, or why there is none.
struct Compiled {
    std::vector<CompiledScenario> scenarios;
    std::map<std::string, std::vector<Diagnostic>> refused; // by scenario
};

bool is_error(const Diagnostic& diagnostic) { return diagnostic.severity() == Severity::error; }

// All files at once; where that has errors, scenario by scenario to see whose they are.
Compiled compile_run(const std::vector<std::filesystem::path>& paths, const std::vector<CompiledScenario>& wanted,
                     CompileOptions options) {
    Compiled out;
    const auto take = [&out](std::vector<CompiledScenario>& scenarios, const CompiledScenario& one) {
        for (auto& scenario : scenarios)
            if (scenario.plan.scenario == one.plan.scenario && scenario.file == one.file)
                out.scenarios.push_back(std::move(scenario));
    };
    auto all = compile_paths(paths, options);
    const bool good = all && std::none_of(all->diagnostics.begin(), all->diagnostics.end(), is_error);
    for (const auto& scenario : wanted) {
        const std::string& name = scenario.plan.scenario;
        if (good) {
            take(all->scenarios, scenario);
            continue;
        }
        options.only_scenario = name;
        auto alone = compile_paths(paths, options);
        if (!alone) continue; // the file is gone since it was compiled first
        std::erase_if(alone->diagnostics, [](const Diagnostic& one) { return !is_error(one); });
        if (alone->diagnostics.empty())
            take(alone->scenarios, scenario);
        else
            out.refused.emplace(name, std::move(alone->diagnostics));
    }
    return out;
}

// The first of the errors on one line: "a.ktl:3:5: CPUs 4-7 ..."
std::string reason_of(const std::vector<Diagnostic>& errors) {
    const auto position = errors.front().position();
    return errors.front().file->shown() + ":" + std::to_string(position.line) + ":" + std::to_string(position.column) +
           ": " + errors.front().message;
}

// "1n1l4c1t, flags [short], work type bursty"
std::string combination_of(const Run& run) {
    std::vector<std::string> parts;
    if (run.options.topology) parts.push_back(run.options.topology->label());
    if (run.options.replace_flags) parts.push_back("flags [" + report::joined(run.options.flags) + "]");
    if (!run.options.work_type.empty()) parts.push_back("work type " + run.options.work_type);
    return report::joined(parts);
}

void add_once(std::vector<Impossible>& all, Impossible one) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const Impossible& other) {
        const auto key = [](const Impossible& i) {
            return std::tuple(i.job.scenario.plan.scenario, i.job.scenario.plan.topology.label(), i.job.kernel,
                              i.reason);
        };
        return key(other) == key(one);
    });
    if (same == all.end())
        all.push_back(std::move(one));
    else
        ++same->count;
}

bool explain_no_gauntlet(const std::string& wanted, const std::vector<CompiledGauntlet>& gauntlets) {
    std::vector<std::string> names;
    for (const auto& gauntlet : gauntlets) names.push_back(gauntlet.name);
    if (std::find(names.begin(), names.end(), wanted) != names.end()) return false;
    std::string hint = suggest(wanted, names);
    if (hint.empty()) hint = names.empty() ? "these files have none" : "`ktstr list gauntlets PATH` shows their names";
    complain({"there is no gauntlet \"" + wanted + "\"", hint});
    return true;
}

} // namespace

bool BatchMaker::is_wanted(const CompiledScenario& scenario) const {
    return matches_filters(options_.filters, scenario) &&
           (options_.variant.empty() || report::variant_hash(scenario.plan) == options_.variant);
}

std::string BatchMaker::shown_paths() const {
    std::string text;
    for (const auto& path : options_.paths) text += (text.empty() ? "" : " ") + path.string();
    return text;
}

std::optional<Batch> BatchMaker::make(const KernelVersions& versions) {
    const auto settings = compile_options(options_.compile);
    if (!settings) {
        complain(settings.error());
        return std::nullopt;
    }
    auto batch = options_.machine != nullptr ? make_on_machine(*settings, versions)
                 : options_.gauntlet.empty() ? make_plain(*settings, versions)
                                             : make_gauntlet(*settings, versions);
    if (!batch || !batch->jobs.empty() || (options_.machine != nullptr && !batch->impossible.empty())) return batch;
    if (options_.filters.empty() && options_.variant.empty())
        complain({"there is no scenario in " + shown_paths(),
                  "a file has one by: scenario \"name\" { cgroup a { workers 2 of spin_wait } }"});
    else
        complain({"no scenario matches", "`ktstr list " + shown_paths() + "` shows their names"});
    return std::nullopt;
}

std::optional<Batch> BatchMaker::make_plain(const CompileOptions& settings, const KernelVersions& versions) {
    std::vector<std::filesystem::path> sources = options_.paths;
    const auto first_plan =
        std::stable_partition(sources.begin(), sources.end(), [](const auto& path) { return !is_plan_file(path); });
    const std::vector<std::filesystem::path> plan_files(first_plan, sources.end());
    sources.erase(first_plan, sources.end());
    if (!plan_files.empty() && !options_.compile.words().empty()) {
        complain({options_.compile.words().front() + " does not go with the plan file " + plan_files.front().string(),
                  "parameters, topology and duration are in the plan: give the .ktl file, or make another plan"});
        return std::nullopt;
    }
    std::vector<CompiledScenario> planned;
    for (const auto& path : plan_files) {
        auto read = read_plan_file(path);
        if (!read) {
            complain(read.error());
            return std::nullopt;
        }
        std::move(read->begin(), read->end(), std::back_inserter(planned));
    }
    Batch batch;
    const auto kernels = options_.kernels.empty() ? std::vector<std::string>{""} : options_.kernels;
    for (const auto& kernel : kernels) {
        std::vector<CompiledScenario> scenarios;
        if (!sources.empty()) {
            CompileOptions options = settings;
            set_kernel(options, kernel, versions);
            auto compiled = compile_or_explain(sources, options, printer_);
            if (!compiled) return std::nullopt;
            scenarios = std::move(compiled->scenarios);
        }
        scenarios.insert(scenarios.end(), planned.begin(), planned.end());
        for (auto& scenario : scenarios)
            if (is_wanted(scenario)) batch.jobs.push_back({std::move(scenario), kernel, std::nullopt});
    }
    return batch;
}

// A scenario is compiled for the machine's topology once it is known that its own fits into that; a plan takes a part
// of the machine.
std::optional<Batch> BatchMaker::make_on_machine(const CompileOptions& settings, const KernelVersions& versions) {
    auto own = make_plain(settings, versions);
    if (!own) return own;
    const auto shape = vmm::shape_of(*options_.machine);
    if (!shape) {
        complain(shape.error());
        return std::nullopt;
    }
    Batch batch;
    std::vector<CompiledScenario> wanted;
    std::vector<std::filesystem::path> paths;
    for (const auto& path : options_.paths)
        if (!is_plan_file(path)) paths.push_back(path);
    for (auto& job : own->jobs) {
        const plan::Topology& asked = job.scenario.plan.topology;
        const bool is_plan = is_plan_file(job.scenario.file);
        auto reason = vmm::too_small(asked, shape->topology);
        auto placed = vmm::place_topology(*options_.machine, asked);
        if (!reason && is_plan && !placed) reason = placed.error().message;
        if (reason) {
            batch.impossible.push_back({std::move(job), *reason});
        } else if (is_plan) {
            job.cpus = std::move(*placed);
            batch.jobs.push_back(std::move(job));
        } else {
            wanted.push_back(std::move(job.scenario));
        }
    }
    if (wanted.empty()) return batch;
    CompileOptions options = settings;
    options.topology = shape->topology;
    set_kernel(options, "", versions);
    Compiled compiled = compile_run(paths, wanted, options);
    for (auto& scenario : compiled.scenarios)
        batch.jobs.push_back({std::move(scenario), "", std::nullopt, "", shape->cpus});
    for (auto& scenario : wanted)
        if (const auto errors = compiled.refused.find(scenario.plan.scenario); errors != compiled.refused.end())
            batch.impossible.push_back({{std::move(scenario), "", std::nullopt}, reason_of(errors->second)});
    return batch;
}

// What the command line names takes the place of what the gauntlet names.
std::vector<Run> BatchMaker::runs_of(const CompiledGauntlet& gauntlet, const CompileOptions& settings,
                                     const KernelVersions& versions) const {
    std::vector<Run> runs;
    for (Run run : gauntlet.runs) {
        if (settings.topology) run.options.topology = settings.topology;
        if (options_.seed) run.seed = options_.seed;
        const auto kernels = options_.kernels.empty() ? std::vector<std::string>{run.kernel} : options_.kernels;
        for (const auto& kernel : kernels) {
            run.kernel = kernel;
            run.options.kernel = settings.kernel;
            set_kernel(run.options, kernel, versions);
            runs.push_back(run);
        }
    }
    return runs;
}

std::optional<Batch> BatchMaker::make_gauntlet(const CompileOptions& settings, const KernelVersions& versions) {
    for (const auto& path : options_.paths)
        if (is_plan_file(path)) {
            complain({"the plan file " + path.string() + " has no gauntlets", "they are in .ktl files"});
            return std::nullopt;
        }
    const auto base = compile_or_explain(options_.paths, settings, printer_);
    if (!base || explain_no_gauntlet(options_.gauntlet, base->gauntlets)) return std::nullopt;
    Batch batch;
    for (const auto& gauntlet : base->gauntlets) {
        if (gauntlet.name != options_.gauntlet) continue;
        std::vector<CompiledScenario> wanted;
        for (const auto& scenario : base->scenarios) {
            const auto& names = gauntlet.scenarios;
            const bool named =
                names.empty() || std::find(names.begin(), names.end(), scenario.plan.scenario) != names.end();
            if (named && scenario.file == gauntlet.file && matches_filters(options_.filters, scenario))
                wanted.push_back(scenario);
        }
        if (!add_runs(gauntlet, wanted, runs_of(gauntlet, settings, versions), batch)) return std::nullopt;
        if (gauntlet.budget_ns) batch.budget_ns = batch.budget_ns.value_or(0) + *gauntlet.budget_ns;
    }
    return batch;
}

bool BatchMaker::add_runs(const CompiledGauntlet& gauntlet, const std::vector<CompiledScenario>& wanted,
                          const std::vector<Run>& runs, Batch& batch) {
    std::set<std::tuple<std::string, std::string, std::uint64_t>> there; // plan, kernel, seed
    std::set<std::string> possible;                                      // scenarios with a plan in some run
    std::map<std::string, std::vector<Diagnostic>> first_refusal;
    Compiled compiled;
    for (const auto& run : runs) {
        const bool repeats = &run != &runs.front() && same_plans(run.options, (&run - 1)->options);
        if (!repeats) compiled = compile_run({gauntlet.file}, wanted, run.options);
        for (const auto& scenario : compiled.scenarios) {
            possible.insert(scenario.plan.scenario);
            if (!is_wanted(scenario)) continue;
            if (there.emplace(plan::plan_hash(scenario.plan), run.kernel, run.seed.value_or(0)).second)
                batch.jobs.push_back({scenario, run.kernel, run.seed, combination_of(run)});
        }
        for (const auto& [name, errors] : compiled.refused) {
            first_refusal.emplace(name, errors);
            const auto alone = std::find_if(wanted.begin(), wanted.end(),
                                            [&n = name](const auto& one) { return one.plan.scenario == n; });
            Impossible skipped{{*alone, run.kernel, run.seed}, reason_of(errors)};
            if (run.options.topology) skipped.job.scenario.plan.topology = *run.options.topology;
            if (options_.variant.empty()) add_once(batch.impossible, std::move(skipped));
        }
    }
    bool good = true; // a scenario that no run suits is a mistake, not a gap in the matrix
    for (const auto& [name, errors] : first_refusal)
        if (!possible.contains(name)) good = !printer_.print(errors) && good;
    return good;
}

} // namespace ktstr::cli
