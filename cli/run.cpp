// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/load.h"
#include "cli/run_options.h"
#include "cli/signals.h"
#include "interp/eval/evaluate.h"
#include "report/progress.h"
#include "report/reporter.h"
#include "report/sidecar.h"
#include "report/variant.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/archive.h"
#include "vmm/boot/initramfs.h"
#include "vmm/conductor.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::cli {

namespace {

using plan::RunEnd;

// One scenario on one kernel.
struct Task {
    const CompiledScenario* scenario;
    const Kernel* kernel;
};

// What all runs share, ready before the first one starts.
struct Setup {
    std::vector<Kernel> kernels;
    std::string accelerator;
    std::string initramfs;
    std::string initramfs_sha256;
    std::optional<vmm::TemplateStore> templates; // none: always boot
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

Result<Setup> set_up(const RunOptions& options) {
    Setup setup;
    if (options.kernels.empty()) {
        auto kernel = resolve_kernel(std::nullopt);
        if (!kernel) return kernel.error();
        setup.kernels.push_back(std::move(*kernel));
    }
    for (const auto& spec : options.kernels) {
        auto kernel = resolve_kernel(spec);
        if (!kernel) return kernel.error();
        setup.kernels.push_back(std::move(*kernel));
    }
    auto accelerator = vmm::choose_accelerator(options.accelerator, setup.kernels.front().image);
    if (!accelerator) return accelerator.error();
    setup.accelerator = std::move(*accelerator);
    auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    auto initramfs = vmm::make_initramfs(*executor);
    if (!initramfs) return initramfs.error();
    setup.initramfs = std::move(*initramfs);
    setup.initramfs_sha256 = sha256_hex(setup.initramfs);
    if (!options.cold) setup.templates = vmm::TemplateStore::of_user();
    if (auto made = make_directories(options.out); !made) return made.error();
    return setup;
}

class Runner {
  public:
    Runner(const RunOptions& options, const Setup& setup, std::vector<Task> tasks, report::Progress& progress,
           report::Reporter& reporter, const vmm::Cancellation& cancellation)
        : options_(options), setup_(setup), tasks_(std::move(tasks)), progress_(progress), reporter_(reporter),
          cancellation_(cancellation) {}

    // Runs everything; returns the exit code.
    int run() {
        const std::size_t count = std::min(tasks_.size(), static_cast<std::size_t>(jobs()));
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
        for (auto& thread : threads) thread.join();
        return exit_code();
    }

  private:
    // Half the host's CPUs: two machines that share a CPU spoil each other's measurements.
    [[nodiscard]] int jobs() const {
        if (options_.jobs > 0) return options_.jobs;
        return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
    }

    void work() {
        while (!cancellation_.cancelled()) {
            const std::size_t index = next_.fetch_add(1);
            if (index >= tasks_.size()) return;
            run_task(static_cast<int>(index), tasks_[index]);
        }
    }

    void run_task(int id, const Task& task) {
        const auto& plan = task.scenario->plan;
        progress_.scenario_started(id, plan);
        report::ScenarioResult result;
        result.plan = plan;
        result.file = task.scenario->file;
        result.variant = report::variant_hash(plan);
        result.kernel = task.kernel->version;
        result.record = record_of(id, task);
        result.duration_ms = result.record.duration_ms;
        // An interrupted run says nothing about the scheduler: it is not reported.
        if (result.record.end == RunEnd::interrupted) return;
        result.verdict = eval::evaluate(plan, result.record);
        auto sidecar = report::write_sidecar(options_.out / task.kernel->version, result);
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

    plan::Record record_of(int id, const Task& task) {
        const auto& plan = task.scenario->plan;
        vmm::ArchiveBuilder archive;
        std::string scheduler_path;
        if (!plan.schedulers.empty()) {
            auto found = vmm::find_program(plan.schedulers.front().binary, task.scenario->file.parent_path());
            if (!found) return failed(RunEnd::scheduler_not_found, found.error());
            auto packed = archive.add_program(found->path);
            if (!packed) return failed(RunEnd::scheduler_not_found, packed.error());
            scheduler_path = *packed;
        }
        auto bytes = archive.finish();
        if (!bytes) return failed(RunEnd::host_failed, bytes.error());
        Listener listener(progress_, id);
        return vmm::conduct({.plan = plan,
                             .kernel_image = task.kernel->image,
                             .initramfs = setup_.initramfs,
                             .archive = std::move(*bytes),
                             .scheduler_path = std::move(scheduler_path),
                             .accelerator = setup_.accelerator,
                             .seed = options_.seed,
                             .templates = setup_.templates ? &*setup_.templates : nullptr,
                             .kernel_sha256 = task.kernel->sha256,
                             .initramfs_sha256 = setup_.initramfs_sha256},
                            listener, cancellation_);
    }

    [[nodiscard]] plan::Record failed(RunEnd end, const Error& error) const {
        plan::Record record;
        record.end = end;
        record.message = error.message;
        record.hint = error.hint;
        record.seed = options_.seed;
        record.accelerator = setup_.accelerator;
        return record;
    }

    void note_failure(int id, const Error& error) {
        progress_.note(id, "its record could not be written: " + error.text());
        const std::lock_guard lock(mutex_);
        host_failed_ = true;
    }

    void count(const report::ScenarioResult& result) {
        const std::lock_guard lock(mutex_);
        outcomes_.push_back(result.verdict.outcome);
        const RunEnd end = result.record.end;
        host_failed_ = host_failed_ || end == RunEnd::host_failed || end == RunEnd::vm_died;
        source_failed_ = source_failed_ || end == RunEnd::scheduler_not_found;
    }

    // What kept runs from saying anything about the scheduler comes before what they said.
    [[nodiscard]] int exit_code() const {
        if (cancellation_.cancelled() && !failed_fast_) return exit_interrupted;
        if (host_failed_) return exit_host;
        if (source_failed_) return exit_usage;
        return eval::exit_code(outcomes_);
    }

    const RunOptions& options_;
    const Setup& setup_;
    const std::vector<Task> tasks_;
    report::Progress& progress_;
    report::Reporter& reporter_;
    const vmm::Cancellation& cancellation_;
    std::atomic<bool> failed_fast_ = false;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
    std::vector<eval::Outcome> outcomes_;
    bool host_failed_ = false;
    bool source_failed_ = false;
};

// Records are named by scenario and variant: two that share both would overwrite each other.
Result<void> check_distinct(const std::vector<Task>& tasks) {
    std::map<std::string, const Task*> seen;
    for (const auto& task : tasks) {
        const auto& plan = task.scenario->plan;
        const auto [other, added] =
            seen.emplace(plan.scenario + "\n" + report::variant_hash(plan) + "\n" + task.kernel->version, &task);
        if (added) continue;
        const std::string first = other->second->scenario->file.string();
        const std::string second = task.scenario->file.string();
        if (first == second)
            return Error{"the kernel " + task.kernel->version + " was named twice", "name each --kernel once"};
        return Error{"two scenarios have the name '" + plan.scenario + "', in " + first + " and in " + second,
                     "rename one: their records would overwrite each other"};
    }
    return {};
}

int run_scenarios(const RunOptions& options) {
    const auto started = std::chrono::steady_clock::now();
    const auto& cancellation = cancel_on_signals();
    const auto format = report::parse_format(options.format);
    if (!format) {
        complain(format.error());
        return exit_usage;
    }
    const auto scenarios = load_or_explain({options.paths, options.filters, options.topology, options.duration});
    if (!scenarios) return exit_usage;
    const auto refused = std::count_if(scenarios->begin(), scenarios->end(), [](const CompiledScenario& scenario) {
        return !can_run_or_explain(scenario); // all of them, not the first
    });
    if (refused > 0) return exit_usage;
    auto setup = set_up(options);
    if (!setup) {
        complain(setup.error());
        return options.kernels.empty() ? exit_host : exit_usage;
    }
    std::vector<Task> tasks;
    for (const auto& scenario : *scenarios)
        for (const auto& kernel : setup->kernels) tasks.push_back({&scenario, &kernel});
    if (auto distinct = check_distinct(tasks); !distinct) {
        complain(distinct.error());
        return exit_usage;
    }
    report::Progress progress(STDERR_FILENO, report::Progress::mode_for(STDERR_FILENO),
                              report::Style{report::wants_color(STDERR_FILENO)}, static_cast<int>(tasks.size()));
    const auto reporter =
        report::make_reporter(*format, std::cout, {.style = report::Style{report::wants_color(STDOUT_FILENO)}});
    const int exit_code = Runner(options, *setup, std::move(tasks), progress, *reporter, cancellation).run();
    const std::chrono::duration<double, std::milli> duration = std::chrono::steady_clock::now() - started;
    if (auto finished = reporter->finish(duration.count()); !finished) {
        complain(finished.error());
        return exit_host;
    }
    return exit_code;
}

} // namespace

void add_run_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<RunOptions>();
    auto* command = app.add_subcommand(
        "run", "run every scenario of .ktl files, folders and plan files, each in its own virtual machine");
    command->add_option("paths", options->paths, ".ktl files and folders, and plans (.json)")
        ->required()
        ->type_name("PATH");
    command->add_option("--filter", options->filters,
                        "only scenarios whose name or file has this in it, or matches this pattern");
    command->add_option("--jobs,-j", options->jobs, "virtual machines at a time (default: half the CPUs)")
        ->check(CLI::Range(1, 1024));
    command->add_option("--kernel", options->kernels, "version, cache id, image or build tree; repeat it for a matrix");
    command->add_option("--accel", options->accelerator, "kvm or tcg (default: what works here)")
        ->check(CLI::IsMember({"kvm", "tcg"}));
    command->add_option("--format", options->format, "pretty, json (a line per result) or junit")
        ->check(CLI::IsMember({"pretty", "json", "junit"}));
    command->add_option("--out", options->out, "where the records go")->capture_default_str()->type_name("DIR");
    command->add_flag("--fail-fast,!--keep-going", options->fail_fast,
                      "stop at the first failure (default: keep going)");
    command->add_flag("--cold", options->cold, "boot every machine, instead of starting from saved ones");
    command->add_option("--seed", options->seed, "seed of everything random in the guest")->capture_default_str();
    add_compile_options(*command, options->topology, options->duration);
    command->callback([options, &exit_code] { exit_code = run_scenarios(*options); });
}

} // namespace ktstr::cli
