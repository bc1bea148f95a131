// SPDX-License-Identifier: GPL-2.0-only
// `ktstr export`: one file that runs a scenario on another machine.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/choice.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/load.h"
#include "export/bundle.h"
#include "vmm/boot/archive.h"
#include "vmm/boot/initramfs.h"
#include "vmm/host/plan.h"
#include "vmm/payloads.h"
#include "vmm/schedulers.h"
#include "wire/message.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

struct ExportOptions {
    fs::path file;
    std::string scenario;
    fs::path output;
    CompileArguments compile;
};

// What no machine is let in for is refused here, and not only there.
bool may_run_on_machines(const CompiledScenario& scenario) {
    if (!can_run_or_explain({&scenario})) return false;
    const auto refusals = vmm::host_refusals(scenario.plan, "");
    for (const auto& refused : refusals)
        std::fprintf(stderr, "%s\n", refusal(scenario, refused.source, refused.error).c_str());
    return refusals.empty();
}

// Where `run --host` looks for what a scenario names: an absolute path, or one that counts from the plan's folder. A
// name alone is found beside ktstr.
void add_name(const std::string& named, const std::string& packed, vmm::ArchiveBuilder& archive) {
    if (named.find('/') == std::string::npos) return;
    const fs::path path(named);
    archive.add_link((path.is_absolute() ? path : wire::work_directory / path).lexically_normal().string(), packed);
}

Result<void> pack_schedulers(const CompiledScenario& scenario, vmm::ArchiveBuilder& archive) {
    const auto packed = vmm::pack_schedulers(scenario.plan, scenario.file.parent_path(), archive, vmm::RunsOn::guest);
    if (!packed) return packed.error();
    for (const auto& scheduler : scenario.plan.schedulers) {
        add_name(scheduler.binary, packed->paths.at(scheduler.name), archive);
        if (scheduler.config.empty()) continue;
        const fs::path config(scheduler.config);
        archive.add_link((config.is_absolute() ? config : wire::work_directory / config).lexically_normal().string(),
                         packed->configs.at(scheduler.name));
    }
    return {};
}

Result<void> pack_payloads(const CompiledScenario& scenario, vmm::ArchiveBuilder& archive) {
    const auto packed = vmm::pack_payloads(scenario.plan, scenario.root, scenario.file.parent_path(), archive);
    if (!packed.problems.empty()) return packed.problems.front().error;
    for (const auto& payload : scenario.plan.payloads) add_name(payload.binary, packed.paths.at(payload.name), archive);
    return {};
}

// ktstr and its executor, where ktstr finds it.
Result<void> pack_programs(vmm::ArchiveBuilder& archive) {
    const auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    std::error_code code;
    const auto own = archive.add_program_without_debug(fs::read_symlink("/proc/self/exe", code));
    if (!own) return own.error();
    return archive.add_file(fs::path(*own).replace_filename("ktstr-executor").string(), *executor);
}

Result<std::string> find_launcher() {
    const auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    const fs::path launcher = executor->parent_path() / "ktstr-launcher";
    auto content = read_file(launcher);
    if (!content) return Error{content.error().message, "build the whole project: ./dev build"};
    return content;
}

Result<std::string> make_export(const CompiledScenario& scenario, const std::string& launcher) {
    vmm::ArchiveBuilder archive;
    for (const auto& packed :
         {pack_programs(archive), pack_schedulers(scenario, archive), pack_payloads(scenario, archive)})
        if (!packed) return packed.error();
    const auto bytes = archive.finish();
    if (!bytes) return bytes.error();
    return bundle::make(launcher, plan::to_json(scenario.plan).dump(2) + "\n", *bytes);
}

int fail(const Error& error, int exit_code) {
    complain(error);
    return exit_code;
}

int export_scenario(const ExportOptions& options) {
    const auto scenario = choose_scenario({.paths = {options.file}, .compile = options.compile}, options.scenario, {});
    if (!scenario || !may_run_on_machines(*scenario)) return exit_usage;
    const auto launcher = find_launcher();
    if (!launcher) return fail(launcher.error(), exit_host);
    const auto file = make_export(*scenario, *launcher);
    if (!file) return fail(file.error(), exit_usage);
    if (auto written = write_file(options.output, *file, 0755); !written) return fail(written.error(), exit_host);
    return exit_pass;
}

} // namespace

void add_export_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ExportOptions>();
    auto* command =
        app.add_subcommand("export", "make one executable file that runs a scenario on another machine itself");
    command->add_option("file", options->file, ".ktl file or plan (.json)")
        ->required()
        ->type_name("FILE")
        ->check(CLI::ExistingPath);
    command->add_option("scenario", options->scenario, "its name, if the file has several")->type_name("SCENARIO");
    command->add_option("--output,-o", options->output, "the file to write, as in name.run")
        ->required()
        ->type_name("FILE");
    add_compile_options(*command, options->compile);
    command->callback([options, &exit_code] { exit_code = export_scenario(*options); });
}

} // namespace ktstr::cli
