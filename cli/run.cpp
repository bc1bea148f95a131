// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>
#include <variant>

#include "base/file.h"
#include "cli/batch.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/load.h"
#include "cli/machines.h"
#include "cli/records.h"
#include "cli/replacement.h"
#include "cli/repro.h"
#include "cli/run.h"
#include "cli/signals.h"
#include "interp/eval/evaluate.h"
#include "interp/eval/precedence.h"
#include "interp/plan/renumber.h"
#include "llm/extract.h"
#include "report/plan_words.h"
#include "report/progress.h"
#include "report/reporter.h"
#include "report/variant.h"
#include "vmm/boot/archive.h"
#include "vmm/boot/initramfs.h"
#include "vmm/conductor.h"
#include "vmm/heap_images.h"
#include "vmm/host/plan.h"
#include "vmm/host/requirements.h"
#include "vmm/host/topology.h"
#include "vmm/kernel/kernel.h"
#include "vmm/payloads.h"
#include "vmm/schedulers.h"

namespace ktstr::cli {

namespace {

using plan::RunEnd;

constexpr std::uint64_t default_seed = 1;

using Clock = std::chrono::steady_clock;

// One scenario on one kernel.
struct Task {
    const Job* job;
    const Kernel* kernel;
    std::uint64_t seed;
};

// What all runs share, ready before the first one starts.
struct Setup {
    std::map<std::string, Kernel> kernels; // by what named them; "" is the default
    std::unique_ptr<Records> records;
    Machines machines;
    std::filesystem::path executor; // on this machine; empty: in virtual ones
};

class Listener : public vmm::RunListener {
  public:
    Listener(report::Progress& progress, int id) : progress_(progress), id_(id) {}
    void phase(const std::string& name) override { progress_.phase(id_, name); }
    void heartbeat(int step, std::uint64_t work_units) override { progress_.heartbeat(id_, step, work_units); }
    void note(const std::string& text) override { progress_.note(id_, text); }

  private:
    report::Progress& progress_;
    int id_;
};

vmm::PackedPayloads pack_payloads(const CompiledScenario& scenario, vmm::ArchiveBuilder& archive, bool on_host) {
    return vmm::pack_payloads(scenario.plan, scenario.root, scenario.file.parent_path(), archive,
                              on_host ? vmm::RunsOn::host : vmm::RunsOn::guest);
}

Result<Setup> set_up(const RunOptions& options, const Batch& batch) {
    Setup setup;
    std::set<std::string> names;
    for (const auto& job : batch.jobs) names.insert(job.kernel);
    for (const auto& one : batch.impossible)
        names.insert(one.job.kernel); // possible perhaps, once its version is known
    for (const auto& name : names) {
        auto kernel = resolve_kernel(wanted_kernel(name));
        if (!kernel) return kernel.error();
        setup.kernels.emplace(name, std::move(*kernel));
    }
    auto machines = set_up_machines(options.accelerator, setup.kernels.begin()->second.image, options.cold);
    if (!machines) return machines.error();
    setup.machines = std::move(*machines);
    return setup;
}

// None, with the reason on standard error, if records cannot be kept.
std::unique_ptr<Records> open_records(const RunOptions& options) {
    auto records = Records::open(options.out, options.host);
    if (records) return std::move(*records);
    complain(records.error());
    return nullptr;
}

llm::Settings llm_settings(const vmm::Cancellation& cancellation) {
    auto settings = llm::settings_from_environment();
    settings.cancel_fd = cancellation.fd();
    return settings;
}

class Runner {
  public:
    Runner(const RunOptions& options, const Setup& setup, std::vector<Task> tasks, report::Progress& progress,
           report::Reporter& reporter, const vmm::Cancellation& cancellation, std::optional<std::uint64_t> budget_ns)
        : options_(options), setup_(setup), tasks_(std::move(tasks)), progress_(progress), reporter_(reporter),
          cancellation_(cancellation), engine_(llm_settings(cancellation)), budget_ns_(budget_ns) {}

    // Reports a scenario that is not run, and keeps a record of that.
    void skip(const Job& job, const std::string& reason) {
        report::ScenarioResult result = result_of(job);
        result.verdict.outcome = eval::conclude({.run = eval::RunResult::skipped}).outcome;
        result.verdict.assertions.push_back(
            {.outcome = eval::Outcome::skip, .kind = options_.host ? "host" : "gauntlet", .message = reason});
        auto sidecar = setup_.records->write(result, result.kernel, job.seed);
        if (sidecar) result.sidecar = *sidecar;
        if (!sidecar) note_failure(not_running, sidecar.error());
        reporter_.add(result);
        count(result);
    }

    // Runs everything; returns the exit code.
    int run() {
        const std::size_t count = std::min(tasks_.size(), static_cast<std::size_t>(jobs()));
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
        for (auto& thread : threads) thread.join();
        return exit_code();
    }

  private:
    [[nodiscard]] int jobs() const {
        if (options_.host) return 1; // on the host itself
        return options_.jobs > 0 ? options_.jobs : default_jobs();
    }

    void work() {
        while (!cancellation_.cancelled()) {
            const std::size_t index = next_.fetch_add(1);
            if (index >= tasks_.size()) return;
            if (fits_budget(tasks_[index]))
                run_task(static_cast<int>(index), tasks_[index]);
            else
                skip(*tasks_[index].job, "the gauntlet's budget of host time is used up");
        }
    }

    // A scenario is not begun if its workload alone takes longer than what is left.
    [[nodiscard]] bool fits_budget(const Task& task) const {
        if (!budget_ns_) return true;
        const auto used = std::chrono::nanoseconds(Clock::now() - started_).count();
        return static_cast<std::uint64_t>(used) + task.job->scenario.plan.duration_ns <= *budget_ns_;
    }

    [[nodiscard]] report::ScenarioResult result_of(const Job& job) const {
        const Kernel& kernel = setup_.kernels.at(job.kernel);
        report::ScenarioResult result;
        result.plan = job.cpus.empty() ? job.scenario.plan : plan::renumbered(job.scenario.plan, job.cpus);
        result.file = job.scenario.file;
        result.variant = report::variant_hash(result.plan);
        result.kernel = kernel.version;
        result.provenance =
            setup_.records->provenance(job.scenario.plan, job.scenario.file.parent_path(), kernel.source_commit);
        result.options = job.replayed ? job.replayed->options : options_.compile.words();
        for (const auto& word : options_.replacement.words()) result.options.push_back(word);
        if (options_.host) result.options.emplace_back("--host");
        if (!options_.gauntlet.empty())
            for (const auto& word :
                 {std::string("--gauntlet"), options_.gauntlet, std::string("--variant"), result.variant})
                result.options.push_back(word);
        result.kernel_option = options_.host ? "" : wanted_kernel(job.kernel).value_or("");
        result.rerun = options_.rerun;
        return result;
    }

    void run_task(int id, const Task& task) {
        progress_.scenario_started(id, task.job->scenario.plan);
        report::ScenarioResult result = result_of(*task.job);
        result.planned = task.job->scenario.plan;
        result.record = record_of(id, task, options_.monitor_ms);
        if (!llm::extract_metrics(result.plan, result.record, engine_)) result.record.end = RunEnd::interrupted;
        result.duration_ms = result.record.duration_ms;
        // An interrupted run says nothing about the scheduler: it is not reported.
        if (result.record.end == RunEnd::interrupted) return;
        result.verdict = eval::evaluate(result.plan, result.record);
        reproduce(id, task, result);
        if (cancellation_.cancelled() && result.plan.expects(plan::Expectation::Kind::repro)) return;
        auto sidecar = setup_.records->write(result, result.kernel, task.job->seed);
        if (sidecar) result.sidecar = *sidecar;
        progress_.scenario_finished(id, result);
        if (!sidecar) note_failure(id, sidecar.error());
        reporter_.add(result);
        count(result);
        if (options_.fail_fast && result.verdict.outcome == eval::Outcome::fail) {
            failed_fast_ = true;
            cancellation_.cancel();
        }
    }

    void reproduce(int id, const Task& task, report::ScenarioResult& result) {
        if (!wants_repro(result, options_.repro)) return;
        progress_.note(id, "it failed: once more, with closer observation");
        make_again(result, [&] { return record_of(id, task, repro_monitor_ms); });
        progress_.note(id, (result.record.repro.valid ? "it failed again: " : "") + result.record.repro.reason);
        result.verdict = eval::evaluate(result.plan, result.record);
    }

    plan::Record record_of(int id, const Task& task, std::uint64_t monitor_ms) {
        const auto& plan = task.job->scenario.plan;
        vmm::ArchiveBuilder archive;
        const auto place = options_.host ? vmm::RunsOn::host : vmm::RunsOn::guest;
        auto schedulers = vmm::pack_schedulers(plan, task.job->scenario.file.parent_path(), archive, place);
        if (!schedulers) return failed(task, RunEnd::scheduler_not_found, schedulers.error());
        auto payloads = pack_payloads(task.job->scenario, archive, options_.host);
        if (!payloads.problems.empty()) return failed(task, RunEnd::host_failed, payloads.problems.front().error);
        auto heap_images = vmm::heap_images(plan, archive, payloads.paths, place);
        auto bytes = archive.finish();
        if (!bytes) return failed(task, RunEnd::host_failed, bytes.error());
        Listener listener(progress_, id);
        const vmm::HostRun host{setup_.executor, task.job->cpus};
        return vmm::conduct({.plan = plan,
                             .kernel_image = task.kernel->image,
                             .initramfs = setup_.machines.initramfs,
                             .archive = std::move(*bytes),
                             .scheduler_paths = std::move(schedulers->paths),
                             .scheduler_configs = std::move(schedulers->configs),
                             .payload_paths = std::move(payloads.paths),
                             .heap_images = std::move(heap_images),
                             .accelerator = setup_.machines.accelerator,
                             .seed = task.seed,
                             .templates = setup_.machines.templates ? &*setup_.machines.templates : nullptr,
                             .kernel_sha256 = task.kernel->sha256,
                             .initramfs_sha256 = setup_.machines.initramfs_sha256,
                             .kernel_files = vmm::KernelFiles{task.kernel->vmlinux, task.kernel->system_map,
                                                              task.kernel->version, monitor_ms * 1'000'000},
                             .host = options_.host ? &host : nullptr},
                            listener, cancellation_);
    }

    [[nodiscard]] plan::Record failed(const Task& task, RunEnd end, const Error& error) const {
        plan::Record record;
        record.end = end;
        record.message = error.message;
        record.hint = error.hint;
        record.seed = task.seed;
        record.accelerator = setup_.machines.accelerator;
        return record;
    }

    static constexpr int not_running = -1; // for Progress: about no scenario that runs

    void note_failure(int id, const Error& error) {
        progress_.note(id, "its record could not be written: " + error.text());
        const std::lock_guard lock(mutex_);
        host_failed_ = true;
    }

    void count(const report::ScenarioResult& result) {
        const std::lock_guard lock(mutex_);
        const bool allowed =
            options_.allow_inconclusive || result.plan.expects(plan::Expectation::Kind::allow_inconclusive);
        verdicts_code_ =
            eval::worse_exit_code(verdicts_code_, eval::exit_code(result.verdict.outcome, {allowed, options_.no_skip}));
        if (result.verdict.outcome == eval::Outcome::skip) return;
        const RunEnd end = result.record.end;
        host_failed_ = host_failed_ || end == RunEnd::host_failed || end == RunEnd::vm_died;
        source_failed_ = source_failed_ || end == RunEnd::scheduler_not_found;
    }

    // What kept runs from saying anything about the scheduler comes before what they said.
    [[nodiscard]] int exit_code() const {
        if (cancellation_.cancelled() && !failed_fast_) return exit_interrupted;
        if (host_failed_) return exit_host;
        if (source_failed_) return exit_usage;
        return verdicts_code_;
    }

    const RunOptions& options_;
    const Setup& setup_;
    const std::vector<Task> tasks_;
    report::Progress& progress_;
    report::Reporter& reporter_;
    const vmm::Cancellation& cancellation_;
    llm::Engine engine_;
    const std::optional<std::uint64_t> budget_ns_; // of host time
    const Clock::time_point started_ = Clock::now();
    std::atomic<bool> failed_fast_ = false;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
    int verdicts_code_ = exit_pass;
    bool host_failed_ = false;
    bool source_failed_ = false;
};

// Records are named by scenario and variant: two that share both would overwrite each other.
Result<void> check_distinct(const std::vector<Task>& tasks, bool share_directory) {
    std::map<std::string, const Task*> seen;
    for (const auto& task : tasks) {
        const auto& plan = task.job->scenario.plan;
        const std::string seed = task.job->seed ? std::to_string(task.seed) : "";
        const std::string kernel = share_directory ? "" : task.kernel->version;
        const auto [other, added] =
            seen.emplace(plan.scenario + "\n" + report::variant_hash(plan) + "\n" + kernel + "\n" + seed, &task);
        if (added) continue;
        if (other->second->kernel->version != task.kernel->version)
            return Error{"the records of '" + plan.scenario +
                             "' on two kernels would overwrite each other: "
                             "KTSTR_SIDECAR_DIR names one directory for all",
                         "run the kernels one by one, or name a directory for all runs by KTSTR_RUNS_ROOT"};
        const std::string first = other->second->job->scenario.file.string();
        const std::string second = task.job->scenario.file.string();
        if (first == second)
            return Error{"the kernel " + task.kernel->version + " was named twice", "name each --kernel once"};
        return Error{"two scenarios have the name '" + plan.scenario + "', in " + first + " and in " + second,
                     "rename one: their records would overwrite each other"};
    }
    return {};
}

// What the payloads need of the host is looked for before anything boots.
bool can_pack_all(const std::vector<const CompiledScenario*>& scenarios, bool on_host) {
    std::set<std::string> said;
    for (const auto* scenario : scenarios) {
        if (scenario->plan.payloads.empty()) continue;
        vmm::ArchiveBuilder archive;
        auto problems = pack_payloads(*scenario, archive, on_host).problems;
        if (auto fits = vmm::check_fits(archive, scenario->plan); !fits && !on_host)
            problems.push_back({fits.error(), scenario->plan.source});
        for (const auto& problem : problems)
            if (const auto [text, is_new] = said.insert(refusal(*scenario, problem.source, problem.error)); is_new)
                std::fprintf(stderr, "%s\n", text->c_str());
    }
    return said.empty();
}

bool can_run_all(const Batch& batch, bool on_host = false) {
    std::vector<const CompiledScenario*> scenarios;
    for (const auto& job : batch.jobs) scenarios.push_back(&job.scenario);
    return can_run_or_explain(scenarios) && can_pack_all(scenarios, on_host);
}

bool replaced(const RunOptions& options, Batch& batch) {
    const auto done = replace_schedulers(options.replacement, batch);
    if (!done) complain(done.error());
    return done.ok();
}

std::uint64_t seed_of(const Job& job, const RunOptions& options) {
    if (job.replayed) return job.replayed->seed;
    return job.seed.value_or(options.seed.value_or(default_seed));
}

int run_batch(const RunOptions& options, const Batch& batch, const Setup& setup, report::Format format) {
    const auto started = Clock::now();
    std::vector<Task> tasks;
    for (const auto& job : batch.jobs) tasks.push_back({&job, &setup.kernels.at(job.kernel), seed_of(job, options)});
    if (auto distinct = check_distinct(tasks, setup.records->share_directory()); !distinct) {
        complain(distinct.error());
        return exit_usage;
    }
    setup.records->announce();
    report::Progress progress(STDERR_FILENO, report::Progress::mode_for(STDERR_FILENO),
                              report::Style{report::wants_color(STDERR_FILENO)}, static_cast<int>(tasks.size()));
    const auto reporter = report::make_reporter(format, std::cout,
                                                {.style = report::Style{report::wants_color(STDOUT_FILENO)},
                                                 .verbose = options.verbose,
                                                 .allow_inconclusive = options.allow_inconclusive});
    Runner runner(options, setup, std::move(tasks), progress, *reporter, cancel_on_signals(), batch.budget_ns);
    for (const auto& one : batch.impossible)
        runner.skip(one.job,
                    one.reason + (one.count > 1 ? " (" + report::count_words(one.count, "combination") + ")" : ""));
    const int exit_code = runner.run();
    const std::chrono::duration<double, std::milli> duration = Clock::now() - started;
    if (auto finished = reporter->finish(duration.count()); !finished) {
        complain(finished.error());
        return exit_host;
    }
    return exit_code;
}

// Whether nothing in the plans would be done to this machine that others on it would feel.
bool may_run_on_host(const Batch& batch, const std::string& active) {
    std::set<std::string> said;
    for (const auto& job : batch.jobs)
        for (const auto& refused : vmm::host_refusals(job.scenario.plan, active))
            if (const auto [text, is_new] = said.insert(refusal(job.scenario, refused.source, refused.error)); is_new)
                std::fprintf(stderr, "%s\n", text->c_str());
    return said.empty();
}

int run_on_host(const RunOptions& options, report::Format format) {
    const std::string release = vmm::host_kernel_release();
    const auto lacks = vmm::host_lacks(::geteuid(), release);
    for (const auto& lack : lacks) complain(lack);
    if (!lacks.empty()) return exit_usage;
    const auto machine = vmm::read_host_topology();
    const auto executor = vmm::find_executor();
    for (const auto* error : {machine ? nullptr : &machine.error(), executor ? nullptr : &executor.error()}) {
        if (error == nullptr) continue;
        complain(*error);
        return exit_host;
    }
    auto batch = BatchMaker({.paths = options.paths,
                             .filters = options.filters,
                             .compile = options.compile,
                             .seed = options.seed,
                             .variant = options.variant,
                             .machine = &*machine})
                     .make({{"", release}});
    const std::string active = vmm::active_scheduler();
    if (!batch || !replaced(options, *batch) || !can_run_all(*batch, true) || !may_run_on_host(*batch, active))
        return exit_usage;
    auto records = open_records(options);
    if (!records) return exit_host;
    if (!active.empty()) std::fprintf(stderr, "ktstr: on this machine, under the scheduler %s\n", active.c_str());
    Setup setup;
    setup.kernels[""].version = release;
    setup.records = std::move(records);
    setup.machines.accelerator = "host";
    setup.executor = *executor;
    return run_batch(options, *batch, setup, format);
}

// Records and machines, or the exit code; what is wrong has been said then.
std::variant<Setup, int> open_setup(const RunOptions& options, const Batch& batch) {
    auto records = open_records(options);
    if (!records) return exit_host;
    auto setup = set_up(options, batch);
    if (!setup) {
        complain(setup.error());
        return wanted_kernel(batch.jobs.front().kernel) ? exit_usage : exit_host;
    }
    setup->records = std::move(records);
    return std::move(*setup);
}

// The scenarios are compiled before the kernels are looked for, so that what is wrong in them is said first; and again
// where a kernel turns out to be of another version than its name says.
int run_scenarios(const RunOptions& options) {
    (void)cancel_on_signals(); // from here on
    const auto format = report::parse_format(options.format);
    if (!format) {
        complain(format.error());
        return exit_usage;
    }
    if (options.host) return run_on_host(options, *format);
    BatchMaker maker({options.paths, options.filters, options.compile, options.kernels, options.seed, options.gauntlet,
                      options.variant});
    auto batch = maker.make({});
    if (!batch || !replaced(options, *batch) || !can_run_all(*batch)) return exit_usage;
    const auto opened = open_setup(options, *batch);
    if (const int* code = std::get_if<int>(&opened)) return *code;
    const Setup& setup = std::get<Setup>(opened);
    KernelVersions versions;
    for (const auto& [name, kernel] : setup.kernels) versions.emplace(name, kernel.version);
    batch = maker.make(versions);
    if (!batch || !replaced(options, *batch) || !can_run_all(*batch)) return exit_usage;
    return run_batch(options, *batch, setup, *format);
}

} // namespace

int default_jobs() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2); }

int run_jobs(const RunOptions& options, const Batch& batch) {
    (void)cancel_on_signals(); // from here on
    const auto format = report::parse_format(options.format);
    if (!format) {
        complain(format.error());
        return exit_usage;
    }
    if (!can_run_all(batch)) return exit_usage;
    const auto opened = open_setup(options, batch);
    if (const int* code = std::get_if<int>(&opened)) return *code;
    return run_batch(options, batch, std::get<Setup>(opened), *format);
}

void add_running_options(CLI::App& command, RunOptions& options) {
    command.add_option("--jobs,-j", options.jobs, "virtual machines at a time (default: half the CPUs)")
        ->check(CLI::Range(1, 1024));
    command.add_option("--accel", options.accelerator, "kvm or tcg (default: what works here)")
        ->check(CLI::IsMember({"kvm", "tcg"}));
    command.add_option("--format", options.format, "pretty, json (a line per result), junit or ktap")
        ->check(CLI::IsMember({"pretty", "json", "junit", "ktap"}));
    command.add_flag("--fail-fast,!--keep-going", options.fail_fast, "stop at the first failure (default: keep going)");
    command.add_flag("--verbose,-v", options.verbose,
                     "of scenarios that pass too: workers, latencies, metrics of payloads");
    command.add_flag("--no-skip", options.no_skip, "a skipped scenario counts as failed in the exit code");
    command.add_flag("--allow-inconclusive", options.allow_inconclusive,
                     "an inconclusive scenario does not count in the exit code");
    command.add_flag("--repro", options.repro,
                     "run what failed once more, with closer observation, and keep that beside its record");
    command.add_flag("--cold", options.cold, "boot every machine, instead of starting from saved ones");
    command
        .add_option("--monitor-ms", options.monitor_ms,
                    "time between two looks of the monitor at the guest, in ms; 0: none (default: 100)")
        ->check(CLI::Range(0, 60'000));
}

void add_run_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<RunOptions>();
    auto* command = app.add_subcommand(
        "run", "run every scenario of .ktl files, folders and plan files, each in its own virtual machine");
    command->add_option("paths", options->paths, ".ktl files and folders, and plans (.json)")
        ->required()
        ->type_name("PATH");
    add_repeated(*command, "--filter", options->filters,
                 "only scenarios whose name or file has this in it, or matches this pattern");
    add_repeated(*command, "--kernel", options->kernels,
                 "version, cache id, image or build tree; repeat it for a matrix");
    command->add_option("--gauntlet", options->gauntlet, "the runs of this gauntlet of the files")->type_name("NAME");
    command->add_option("--variant", options->variant, "only scenarios of this variant, as in a record's name")
        ->type_name("HASH");
    auto* host = command->add_flag("--host", options->host, "on this machine itself, under the scheduler that it has");
    command->add_option("--out", options->out, "where the records go (default: ktstr-runs)")->type_name("DIR");
    command->add_option("--rerun", options->rerun, "what reports name as the command that runs it again")->group("");
    command->add_option("--seed", options->seed, "seed of everything random in the guest (default: 1)");
    add_running_options(*command, *options);
    add_compile_options(*command, options->compile);
    add_replacement_options(*command, options->replacement);
    for (const char* other : {"--jobs", "--kernel", "--gauntlet", "--accel", "--cold", "--topology", "--repro"})
        host->excludes(command->get_option(other));
    command->callback([options, &exit_code] { exit_code = run_scenarios(*options); });
}

} // namespace ktstr::cli
