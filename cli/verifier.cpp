// SPDX-License-Identifier: GPL-2.0-only
// `ktstr verifier`: what the BPF verifier makes of a scheduler, by kernel and topology.
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/choice.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/machines.h"
#include "cli/signals.h"
#include "interp/plan/memory.h"
#include "report/plan_words.h"
#include "report/verifier.h"
#include "vmm/boot/archive.h"
#include "vmm/conductor.h"
#include "vmm/kernel/kernel.h"
#include "vmm/schedulers.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;
using plan::RunEnd;
using report::Admission;
using report::VerifierRun;

// Of a program that is refused libbpf prints all that the verifier says, 16 MiB at most (BPF_LOG_MAX_SIZE of its own).
constexpr std::size_t log_limit = std::size_t{32} << 20U;
// The verifier walks through a refused program three times: libbpf loads it without a log, then with one that may be
// too small.
constexpr double attach_s = 120;
constexpr std::uint64_t hold_ns = 1'000'000;

struct VerifierOptions {
    std::string scheduler; // a program, or a .ktl file
    std::optional<std::string> against;
    std::vector<std::string> arguments; // of the programs
    std::string scenario;               // of a .ktl file
    std::vector<std::string> topologies;
    std::vector<std::string> kernels;
    std::optional<std::string> accelerator;
    std::string format = "pretty";
    bool cold = false;
};

// One of the two that are compared.
struct Subject {
    std::string shown;
    plan::Scheduler scheduler;
    fs::path folder; // what its relative paths count from
    bool against = false;
};

class Listener : public vmm::RunListener {
  public:
    void phase(const std::string&) override {}
    void heartbeat(int, std::uint64_t) override {}
    void note(const std::string& text) override { std::fprintf(stderr, "ktstr: %s\n", text.c_str()); }
};

std::optional<Subject> subject_of(const std::string& given, const VerifierOptions& options, bool against) {
    Subject subject{given, {}, {}, against};
    if (!given.ends_with(".ktl")) {
        subject.scheduler.name = fs::path(given).filename().string();
        subject.scheduler.binary = given;
        subject.scheduler.args = options.arguments;
        return subject;
    }
    auto scenario = choose_scenario({.paths = {given}}, options.scenario, {});
    if (!scenario) return std::nullopt;
    for (auto& scheduler : scenario->plan.schedulers)
        if (scheduler.name == scenario->plan.scheduler && !scheduler.binary.empty()) {
            subject.scheduler = std::move(scheduler);
            subject.scheduler.args.insert(subject.scheduler.args.end(), options.arguments.begin(),
                                          options.arguments.end());
            subject.folder = scenario->file.parent_path();
            return subject;
        }
    complain({"the scenario \"" + scenario->plan.scenario + "\" of " + given + " has no sched_ext scheduler",
              "give it one, name another with --scenario, or name the scheduler's program instead of a file"});
    return std::nullopt;
}

// Attaches it and reads a word of the kernel: at an op that the host carries out the guest waits, and so the programs
// are there when the host looks at them.
plan::Plan plan_of(const Subject& subject, const plan::Topology& topology) {
    plan::Plan plan;
    plan.scenario = "verifier";
    plan.topology = topology;
    plan.memory_bytes = plan::default_memory(topology);
    plan.scheduler = subject.scheduler.name;
    plan.schedulers.push_back(subject.scheduler);
    plan.duration_ns = hold_ns;
    plan::ReadKernel read;
    read.name = "jiffies";
    read.target.symbol = "jiffies";
    plan.steps.push_back({.name = "attached", .ops = {{read, {}}}, .hold_ns = hold_ns, .loop = {}, .source = {}});
    return plan;
}

// What the kernel lacks that schedulers need, in words; empty: nothing.
std::string lacks(const Kernel& kernel) {
    if (!kernel.sched_ext.present) return "it has no sched_ext";
    if (kernel.sched_ext.missing.empty()) return "";
    return "it has sched_ext, but kfuncs that schedulers need cannot be called: " +
           report::joined(kernel.sched_ext.missing);
}

struct Setup {
    std::vector<Subject> subjects;
    std::vector<plan::Topology> topologies;
    std::vector<Kernel> kernels;
    std::map<std::string, Machines> machines; // by kernel's version
};

VerifierRun run_one(const Subject& subject, const plan::Topology& topology, const Kernel& kernel,
                    const Machines& machines, const vmm::Cancellation& cancellation, bool& interrupted) {
    VerifierRun run{.scheduler = subject.shown, .against = subject.against, .kernel = kernel.version};
    run.topology = topology.label();
    const plan::Plan plan = plan_of(subject, topology);
    vmm::ArchiveBuilder archive;
    auto packed = vmm::pack_schedulers(plan, subject.folder, archive, vmm::RunsOn::guest);
    auto bytes = packed ? archive.finish() : packed.error();
    if (!bytes) {
        run.message = bytes.error().message;
        run.hint = bytes.error().hint;
        return run;
    }
    Listener listener;
    const auto record =
        vmm::conduct({.plan = plan,
                      .kernel_image = kernel.image,
                      .initramfs = machines.initramfs,
                      .archive = std::move(*bytes),
                      .scheduler_paths = std::move(packed->paths),
                      .scheduler_configs = std::move(packed->configs),
                      .accelerator = machines.accelerator,
                      .seed = 1,
                      .templates = machines.templates ? &*machines.templates : nullptr,
                      .kernel_sha256 = kernel.sha256,
                      .initramfs_sha256 = machines.initramfs_sha256,
                      .kernel_files = vmm::KernelFiles{kernel.vmlinux, kernel.system_map, kernel.version, 0},
                      .scheduler_log_limit = log_limit,
                      .more_attach_s = attach_s},
                     listener, cancellation);
    interrupted = interrupted || record.end == RunEnd::interrupted;
    report::judge(run, record, lacks(kernel));
    return run;
}

std::optional<Setup> set_up(const VerifierOptions& options, int& exit_code) {
    Setup setup;
    const auto refuse = [&exit_code](const Error& error, int code) {
        complain(error);
        exit_code = code;
        return std::nullopt;
    };
    exit_code = exit_usage;
    auto subject = subject_of(options.scheduler, options, false);
    if (!subject) return std::nullopt;
    setup.subjects.push_back(std::move(*subject));
    if (options.against) {
        auto other = subject_of(*options.against, options, true);
        if (!other) return std::nullopt;
        setup.subjects.push_back(std::move(*other));
    }
    for (const auto& text : options.topologies) {
        const auto topology = plan::parse_topology(text);
        if (!topology) return refuse(topology.error(), exit_usage);
        setup.topologies.push_back(*topology);
    }
    for (const auto& one : setup.subjects) { // what is missing is said before anything boots
        vmm::ArchiveBuilder archive;
        const auto packed =
            vmm::pack_schedulers(plan_of(one, setup.topologies.front()), one.folder, archive, vmm::RunsOn::guest);
        if (!packed) return refuse(packed.error(), exit_usage);
    }
    const auto kernels = options.kernels.empty() ? std::vector<std::string>{""} : options.kernels;
    for (const auto& name : kernels) {
        auto kernel = resolve_kernel(wanted_kernel(name));
        if (!kernel) return refuse(kernel.error(), wanted_kernel(name) ? exit_usage : exit_host);
        auto machines = set_up_machines(options.accelerator, kernel->image, options.cold);
        if (!machines) return refuse(machines.error(), exit_host);
        setup.machines.emplace(kernel->version, std::move(*machines));
        setup.kernels.push_back(std::move(*kernel));
    }
    exit_code = exit_pass;
    return setup;
}

int exit_code_of(const std::vector<VerifierRun>& runs) {
    const auto any = [&runs](Admission admission) {
        return std::any_of(runs.begin(), runs.end(),
                           [admission](const VerifierRun& run) { return run.admission == admission; });
    };
    if (any(Admission::not_run)) return exit_host;
    if (any(Admission::rejected) || any(Admission::not_attached)) return exit_fail;
    return any(Admission::kernel_unusable) ? exit_inconclusive : exit_pass;
}

int run_verifier(const VerifierOptions& options) {
    const auto& cancellation = cancel_on_signals();
    int exit_code = exit_pass;
    const auto setup = set_up(options, exit_code);
    if (!setup) return exit_code;
    std::vector<VerifierRun> runs;
    bool interrupted = false;
    for (const auto& kernel : setup->kernels)
        for (const auto& topology : setup->topologies)
            for (const auto& subject : setup->subjects)
                if (!interrupted)
                    runs.push_back(run_one(subject, topology, kernel, setup->machines.at(kernel.version), cancellation,
                                           interrupted));
    if (interrupted) return exit_interrupted;
    if (options.format == "json")
        std::cout << report::verifier_json(runs).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    else
        std::cout << report::verifier_text(runs, report::Style{report::wants_color(STDOUT_FILENO)});
    std::cout << std::flush;
    return std::cout ? exit_code_of(runs) : exit_host;
}

} // namespace

void add_verifier_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<VerifierOptions>();
    options->topologies = {"1n1l2c1t", "1n2l4c1t"};
    auto* command =
        app.add_subcommand("verifier", "what the BPF verifier makes of a scheduler, by kernel and topology");
    command->add_option("scheduler", options->scheduler, "its program, as `binary` names it, or a .ktl file")
        ->required()
        ->type_name("SCHEDULER");
    command->add_option("arguments", options->arguments, "of the program, behind --")->type_name("ARGUMENT");
    command->add_option("--against", options->against, "another one, to compare it with")->type_name("SCHEDULER");
    command->add_option("--scenario", options->scenario, "of a .ktl file that has several: whose scheduler")
        ->type_name("NAME");
    add_repeated(*command, "--topology", options->topologies, "machine shape, as in 1n2l4c1t; repeat it")
        ->type_name("NnNlNcNt")
        ->capture_default_str();
    add_repeated(*command, "--kernel", options->kernels,
                 "version, cache id, image or build tree; repeat it for a matrix");
    command->add_option("--accel", options->accelerator, "kvm or tcg (default: what works here)")
        ->check(CLI::IsMember({"kvm", "tcg"}));
    command->add_option("--format", options->format, "pretty or json")->check(CLI::IsMember({"pretty", "json"}));
    command->add_flag("--cold", options->cold, "boot every machine, instead of starting from saved ones");
    command->callback([options, &exit_code] { exit_code = run_verifier(*options); });
}

} // namespace ktstr::cli
