// SPDX-License-Identifier: GPL-2.0-only
// `ktstr shell`: a virtual machine to look around in.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "cli/batch.h"
#include "cli/choice.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/machines.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "interp/plan/consistency.h"
#include "interp/plan/memory.h"
#include "vmm/conductor.h"
#include "vmm/kernel/kernel.h"
#include "vmm/payloads.h"
#include "vmm/schedulers.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;
using plan::RunEnd;

constexpr char escape = 0x1d; // Ctrl-]
constexpr const char* default_topology = "1n1l2c1t";

struct ShellOptions {
    fs::path file; // empty: a plain machine
    std::string scenario;
    CompileArguments compile;
    std::string kernel;
    std::optional<std::string> memory;
    std::optional<std::string> scheduler;
    bool no_scheduler = false;
    std::vector<fs::path> include;
    std::optional<std::string> command;
    std::optional<std::string> accelerator;
    bool cold = false;
};

// The user of ktstr: at a terminal, or behind whatever takes the output of a command.
class User : public vmm::ShellUser {
  public:
    User(bool at_terminal, const vmm::Cancellation& cancellation)
        : at_terminal_(at_terminal), cancellation_(cancellation) {}

    void begins() override {
        if (!at_terminal_) return;
        auto taken = RawTerminal::take(STDIN_FILENO);
        if (taken)
            terminal_.emplace(std::move(*taken));
        else
            failure_ = taken.error();
        note_resize(); // it may have changed since the guest was told
    }
    [[nodiscard]] std::array<int, 2> descriptors() const override {
        if (!at_terminal_) return {-1, -1};
        return {STDIN_FILENO, resize_descriptor()};
    }
    Said listen() override;
    bool show(bool errors, std::string_view bytes) override;
    void ended(const wire::ShellEnd& how) override { end_ = how; }

    // Gives the terminal back.
    void leave() { terminal_.reset(); }
    // A line of ktstr's own.
    void say(const std::string& text) const {
        std::fprintf(stderr, terminal_ ? "\r\nktstr: %s\r\n" : "ktstr: %s\n", text.c_str());
    }
    [[nodiscard]] bool left() const { return left_; }
    [[nodiscard]] const std::optional<wire::ShellEnd>& end() const { return end_; }
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    const bool at_terminal_;
    const vmm::Cancellation& cancellation_;
    std::optional<RawTerminal> terminal_;
    bool left_ = false;
    std::optional<wire::ShellEnd> end_;
    std::optional<Error> failure_;
};

User::Said User::listen() {
    Said said;
    std::uint64_t changes = 0;
    if (::read(resize_descriptor(), &changes, sizeof(changes)) > 0) said.size = terminal_size(STDIN_FILENO);
    pollfd entry{STDIN_FILENO, POLLIN, 0};
    if (::poll(&entry, 1, 0) > 0) {
        std::array<char, 4096> buffer{};
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count > 0) said.typed.assign(buffer.data(), static_cast<std::size_t>(count));
        left_ = count == 0 || (count < 0 && errno != EINTR) || said.typed.find(escape) != std::string::npos;
    }
    said.leaves = left_ || failure_;
    return said;
}

// Never more at once than what a pipe that can be written to takes without blocking.
bool User::show(bool errors, std::string_view bytes) {
    constexpr std::size_t piece = 4096; // PIPE_BUF
    const int fd = errors ? STDERR_FILENO : STDOUT_FILENO;
    while (!bytes.empty()) {
        std::array<pollfd, 2> entries = {{{fd, POLLOUT, 0}, {cancellation_.fd(), POLLIN, 0}}};
        if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) break;
        if (entries[1].revents != 0) return true; // the conductor sees it too
        if (entries[0].revents == 0) continue;
        const ssize_t count = ::write(fd, bytes.data(), std::min(piece, bytes.size()));
        if (count >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(count));
        else if (errno != EINTR && errno != EAGAIN)
            break;
    }
    if (bytes.empty()) return true;
    failure_ = errno_error("write", errors ? "standard error" : "standard output", errno);
    return false;
}

class Listener : public vmm::RunListener {
  public:
    explicit Listener(const User& user) : user_(user) {}
    void phase(const std::string&) override {}
    void heartbeat(int, std::uint64_t) override {}
    void note(const std::string& text) override { user_.say(text); }

  private:
    const User& user_;
};

// "512MiB", "2GiB"
Result<std::uint64_t> parse_memory(const std::string& text) {
    char* unit = nullptr;
    const double number = std::strtod(text.c_str(), &unit);
    const double factor = std::strcmp(unit, "MiB") == 0 ? 1 : std::strcmp(unit, "GiB") == 0 ? 1024 : 0;
    const double mib = number * factor;
    if (unit == text.c_str() || !(mib >= 1) || mib > 1e6 || mib != static_cast<double>(static_cast<int>(mib)))
        return Error{"'" + text + "' is not a size of memory", "write it as in 512MiB or 2GiB"};
    return static_cast<std::uint64_t>(mib) << 20U;
}

Result<CompiledScenario> plain_machine(const ShellOptions& options) {
    const auto topology = plan::parse_topology(options.compile.topology.value_or(default_topology));
    if (!topology) return topology.error();
    CompiledScenario scenario;
    plan::Plan& plan = scenario.plan;
    plan.scenario = "shell";
    plan.topology = *topology;
    plan.memory_bytes = plan::default_memory(*topology);
    scenario.file = "shell";
    if (options.scheduler) {
        plan::Scheduler scheduler;
        scheduler.name = fs::path(*options.scheduler).filename().string();
        scheduler.binary = *options.scheduler;
        plan.scheduler = scheduler.name;
        plan.schedulers.push_back(std::move(scheduler));
    }
    return scenario;
}

// None, and a message, if there is no such machine.
std::optional<CompiledScenario> wanted_machine(const ShellOptions& options, const Kernel& kernel) {
    std::optional<CompiledScenario> scenario;
    if (!options.file.empty()) {
        scenario = choose_scenario({.paths = {options.file}, .compile = options.compile, .kernels = {options.kernel}},
                                   options.scenario, {{options.kernel, kernel.version}});
        if (!scenario) return std::nullopt;
    } else if (auto plain = plain_machine(options)) {
        scenario = std::move(*plain);
    } else {
        complain(plain.error());
        return std::nullopt;
    }
    if (options.no_scheduler) scenario->plan.scheduler.reset();
    if (!options.memory) return scenario;
    const auto memory = parse_memory(*options.memory);
    if (memory) scenario->plan.memory_bytes = *memory;
    const auto fits = memory ? plan::check_consistent(scenario->plan) : Result<void>(memory.error());
    if (fits) return scenario;
    complain(fits.error());
    return std::nullopt;
}

struct Packed {
    std::string archive;
    std::vector<std::string> shell; // its words
    vmm::PackedSchedulers schedulers;
    std::map<std::string, std::string> payload_paths;
};

Result<Packed> pack(const CompiledScenario& scenario, const ShellOptions& options) {
    vmm::ArchiveBuilder archive;
    const fs::path folder = scenario.file.parent_path();
    Packed packed;
    auto schedulers = vmm::pack_schedulers(scenario.plan, folder, archive, vmm::RunsOn::guest);
    if (!schedulers) return schedulers.error();
    packed.schedulers = std::move(*schedulers);
    auto payloads = vmm::pack_payloads(scenario.plan, scenario.root, folder, archive);
    if (!payloads.problems.empty()) return payloads.problems.front().error;
    packed.payload_paths = std::move(payloads.paths);
    auto shell = vmm::pack_shell(options.include, archive);
    if (!shell) return shell.error();
    packed.shell = std::move(*shell);
    if (options.command) packed.shell.insert(packed.shell.end(), {"-c", *options.command});
    if (auto fits = vmm::check_fits(archive, scenario.plan); !fits)
        return Error{fits.error().message, "give it more with --memory"};
    auto bytes = archive.finish();
    if (!bytes) return bytes.error();
    packed.archive = std::move(*bytes);
    return packed;
}

int exit_code_of(const plan::Record& record, const User& user) {
    if (record.end == RunEnd::interrupted) return exit_interrupted;
    if (record.end != RunEnd::completed) {
        complain({record.message, record.hint});
        if (record.end == RunEnd::scheduler_attach_failed) std::fputs(record.scheduler_log.c_str(), stderr);
        return exit_host;
    }
    if (user.failure()) {
        complain(*user.failure());
        return exit_host;
    }
    if (user.left()) return exit_pass;
    if (!user.end()) {
        complain({"the machine ended, and said nothing of the shell"});
        return exit_host;
    }
    return user.end()->signal != 0 ? 128 + user.end()->signal : user.end()->exit_code;
}

int run_in(const CompiledScenario& scenario, Packed packed, const Kernel& kernel, const Machines& machines,
           const ShellOptions& options, const vmm::Cancellation& cancellation) {
    const bool at_terminal = !options.command;
    User user(at_terminal, cancellation);
    Listener listener(user);
    const char* type = std::getenv("TERM");
    wire::Shell shell{.command = std::move(packed.shell), .terminal = at_terminal};
    if (at_terminal) {
        (void)resize_descriptor(); // from here on
        shell.size = terminal_size(STDIN_FILENO);
        if (type != nullptr && *type != '\0') shell.terminal_type = type;
        user.say("kernel " + kernel.version + ", " + scenario.plan.topology.label() + ", scheduler " +
                 scenario.plan.scheduler.value_or("eevdf") + "; Ctrl-] ends the machine");
    }
    const vmm::ShellRequest request{std::move(shell), user};
    const auto record = vmm::conduct({.plan = scenario.plan,
                                      .kernel_image = kernel.image,
                                      .initramfs = machines.initramfs,
                                      .archive = std::move(packed.archive),
                                      .scheduler_paths = std::move(packed.schedulers.paths),
                                      .scheduler_configs = std::move(packed.schedulers.configs),
                                      .payload_paths = std::move(packed.payload_paths),
                                      .accelerator = machines.accelerator,
                                      .seed = 1,
                                      .templates = machines.templates ? &*machines.templates : nullptr,
                                      .kernel_sha256 = kernel.sha256,
                                      .initramfs_sha256 = machines.initramfs_sha256,
                                      .shell = &request},
                                     listener, cancellation);
    user.leave();
    if (at_terminal && !user.end()) std::fputs("\n", stderr); // the cursor is where the guest left it
    return exit_code_of(record, user);
}

int run_shell(const ShellOptions& options) {
    if (!options.command && ::isatty(STDIN_FILENO) == 0) {
        complain({"standard input is no terminal, which a shell needs", "run one command with --exec COMMAND"});
        return exit_usage;
    }
    const auto& cancellation = cancel_on_signals(restore_terminal);
    const auto kernel = resolve_kernel(wanted_kernel(options.kernel));
    if (!kernel) {
        complain(kernel.error());
        return wanted_kernel(options.kernel) ? exit_usage : exit_host;
    }
    const auto scenario = wanted_machine(options, *kernel);
    if (!scenario) return exit_usage;
    auto packed = pack(*scenario, options);
    if (!packed) {
        complain(packed.error());
        return exit_usage;
    }
    const auto machines = set_up_machines(options.accelerator, kernel->image, options.cold);
    if (!machines) {
        complain(machines.error());
        return exit_host;
    }
    return run_in(*scenario, std::move(*packed), *kernel, *machines, options, cancellation);
}

} // namespace

void add_shell_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ShellOptions>();
    auto* command = app.add_subcommand("shell", "a shell in the virtual machine of a scenario, or in a plain one");
    auto* file = command->add_option("file", options->file, ".ktl file or plan (.json)")
                     ->type_name("FILE")
                     ->check(CLI::ExistingPath);
    command->add_option("scenario", options->scenario, "its name, if the file has several")->type_name("SCENARIO");
    command->add_option("--exec", options->command, "run this command instead; its exit code is ktstr's")
        ->type_name("COMMAND");
    command->add_option("--include", options->include, "pack this file or folder into /ktstr/include; repeat it")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command->add_option("--kernel", options->kernel, "version, cache id, image or build tree");
    command->add_option("--memory", options->memory, "of the machine, as in 512MiB or 2GiB")->type_name("SIZE");
    auto* scheduler = command->add_option("--scheduler", options->scheduler, "sched_ext scheduler of a plain machine")
                          ->type_name("PROGRAM")
                          ->excludes(file);
    command->add_flag("--no-scheduler", options->no_scheduler, "do not attach the scheduler")->excludes(scheduler);
    add_compile_options(*command, options->compile);
    command->add_option("--accel", options->accelerator, "kvm or tcg (default: what works here)")
        ->check(CLI::IsMember({"kvm", "tcg"}));
    command->add_flag("--cold", options->cold, "boot, instead of starting from a saved machine");
    command->callback([options, &exit_code] { exit_code = run_shell(*options); });
}

} // namespace ktstr::cli
