// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/machine.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <sstream>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/socket_pair.h"
#include "interp/plan/disk.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/shape.h"
#include "vmm/boot/tsc.h"
#include "wire/message.h"

namespace ktstr::vmm {

namespace {

constexpr int control_timeout_ms = 30'000; // for an answer of QEMU's, on the busiest of hosts

Result<Fd> make_memory_file(const char* name, std::uint64_t bytes) {
    Fd file(::memfd_create(name, MFD_CLOEXEC));
    if (!file) return errno_error("create", std::string("the memory file ") + name, errno);
    if (bytes > 0 && ::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0)
        return errno_error("size", std::string("the memory file ") + name, errno);
    return file;
}

std::string fd_path(const Fd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

constexpr unsigned instruction_khz = 1'000'000; // the TSC of such a guest counts its nanoseconds

// tsc_early_khz: do not calibrate; tsc=reliable: do not check it against slower clocks, which are later on a busy host.
std::string command_line(const MachineConfig& config) {
    const auto khz = config.counts_instructions ? instruction_khz : host_tsc_khz();
    const std::string tsc = "tsc_early_khz=" + std::to_string(khz) + " tsc=reliable ";
    return (config.accelerator == "tcg" ? tsc : std::string()) + kernel_args(config);
}

} // namespace

std::string kernel_args(const MachineConfig& config) {
    std::string line;
    for (const auto* list : {&base_kernel_args(), &config.kernel_args})
        for (const auto& argument : *list) line += (line.empty() ? "" : " ") + argument;
    return line;
}

const std::vector<std::string>& base_kernel_args() {
    // panic=-1: reboot at once on a panic, which -no-reboot turns into the end of QEMU.
    // no_timer_check: no test at boot whether the timer interrupts, which a vCPU that the host keeps waiting fails
    // ("IO-APIC + timer doesn't work!").
    static const std::vector<std::string> arguments = {"console=ttyS0", "quiet", "panic=-1", "no_timer_check"};
    return arguments;
}

Result<Machine> Machine::start(const MachineConfig& config) {
    auto channel = make_socket_pair();
    auto console = make_socket_pair();
    auto control = make_socket_pair();
    auto debugger = make_socket_pair();
    auto messages = make_memory_file("ktstr-qemu-messages", 0);
    auto initramfs = make_memory_file("ktstr-initramfs", 0);
    for (const auto* pair : {&channel, &console, &control, &debugger})
        if (!*pair) return pair->error();
    if (!messages) return messages.error();
    if (!initramfs) return initramfs.error();
    if (auto written = write_all(initramfs->get(), config.initramfs, "the initramfs"); !written) return written.error();

    std::vector<NodeMemory> memory;
    std::vector<MemoryFile> files; // the same, as QEMU names them
    for (const auto bytes : node_memory(config.topology, config.memory_bytes)) {
        auto file = make_memory_file("ktstr-guest-memory", bytes);
        if (!file) return file.error();
        files.push_back({fd_path(*file), bytes});
        memory.push_back({std::move(*file), bytes});
    }

    auto disk = make_memory_file("ktstr-scratch-disk", config.disk ? plan::disk_bytes : 0);
    if (!disk) return disk.error();

    ProcessOptions options{
        .arguments = {qemu_program, "-name", "ktstr", "-accel", config.accelerator, "-nodefaults", "-no-user-config",
                      "-display", "none", "-no-reboot", "-machine", "q35"},
        .stderr_fd = messages->get(),
        .inherited_fds = {channel->theirs.get(), console->theirs.get(), control->theirs.get(), initramfs->get()}};
    for (const auto& node : memory) options.inherited_fds.push_back(node.file.get());
    auto& arguments = options.arguments;
    for (auto& argument : shape_arguments(config.topology, files)) arguments.push_back(std::move(argument));
    auto socket = [](const char* id, const SocketPair& pair) {
        return std::string("socket,id=") + id + ",fd=" + std::to_string(pair.theirs.get());
    };
    for (const std::string& argument :
         {std::string("-kernel"),  config.kernel_image.string(),
          std::string("-initrd"),  fd_path(*initramfs),
          std::string("-append"),  command_line(config),
          std::string("-chardev"), socket("control", *control),
          std::string("-mon"),     std::string("chardev=control,mode=control"),
          std::string("-chardev"), socket("console", *console),
          std::string("-serial"),  std::string("chardev:console"),
          std::string("-device"),  std::string("virtio-serial-pci"),
          std::string("-chardev"), socket("port", *channel),
          std::string("-device"),  std::string("virtserialport,chardev=port,name=") + wire::port_name})
        arguments.push_back(argument);

    if (config.disk) {
        options.inherited_fds.push_back(disk->get());
        arguments.insert(arguments.end(),
                         {"-blockdev", "driver=file,node-name=scratch,locking=off,filename=" + fd_path(*disk),
                          "-device", std::string("virtio-blk-pci,drive=scratch,serial=") + plan::disk_serial});
    }
    if (config.debugger) {
        options.inherited_fds.push_back(debugger->theirs.get());
        arguments.insert(arguments.end(), {"-chardev", socket("debugger", *debugger)});
    }
    if (config.counts_instructions) arguments.insert(arguments.end(), {"-icount", "shift=2,sleep=off"});
    if (config.incoming) arguments.insert(arguments.end(), {"-incoming", "defer"});

    auto process = Process::start(options);
    if (!process) return Error{process.error().message, "install QEMU: apt-get install qemu-system-x86"};
    Machine machine(std::move(*process));
    machine.memory_ = std::move(memory);
    machine.messages_ = std::move(*messages);
    machine.channel_ = std::move(channel->ours);
    machine.console_ = std::move(console->ours);
    machine.qmp_ = Qmp(std::move(control->ours));
    if (config.debugger) machine.debugger_ = Debugger(std::move(debugger->ours));
    return machine;
}

Result<void> Machine::command(const std::string& name, nlohmann::json arguments) {
    const auto id = qmp_.execute(name, std::move(arguments));
    if (!id) return id.error();
    const auto reply = qmp_.wait_reply(*id, control_timeout_ms);
    if (!reply) return Error{"'" + name + "': " + reply.error().message};
    return {};
}

// Guest memory is in files of its own: the stream holds the rest only (QEMU's docs/devel/migration).
Result<void> Machine::leave_out_memory() {
    return command("migrate-set-capabilities",
                   {{"capabilities", {{{"capability", "x-ignore-shared"}, {"state", true}}}}});
}

Result<void> Machine::wait_migration() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(control_timeout_ms);
    while (std::chrono::steady_clock::now() < deadline) {
        const auto id = qmp_.execute("query-migrate");
        if (!id) return id.error();
        const auto reply = qmp_.wait_reply(*id, control_timeout_ms);
        if (!reply) return reply.error();
        const std::string status = reply->value("status", "none");
        if (status == "completed") return {};
        if (status == "failed" || status == "cancelled")
            return Error{"QEMU could not move the machine's state: " + reply->value("error-desc", status)};
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return Error{"QEMU did not move the machine's state within " + std::to_string(control_timeout_ms) + " ms"};
}

// "c" and QMP's commands come to QEMU by two ways: one that is sent later can be read first, and a "stop" that comes
// before the "c" stops nothing and tells nobody. None: it runs.
Result<std::optional<Debugger::Stop>> Machine::see_it_go_on() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(control_timeout_ms);
    while (std::chrono::steady_clock::now() < deadline) {
        auto told = debugger_.next_stop(0);
        if (!told || *told) return told; // it did, and has stopped by itself
        const auto id = qmp_.execute("query-status");
        if (!id) return id.error();
        const auto reply = qmp_.wait_reply(*id, control_timeout_ms);
        if (!reply) return reply.error();
        if (reply->value("running", false)) return std::optional<Debugger::Stop>();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return Error{"QEMU did not let the machine go on within " + std::to_string(control_timeout_ms) + " ms"};
}

Result<void> Machine::stop() {
    if (std::exchange(resuming_, false)) {
        const auto stopped = see_it_go_on();
        if (!stopped) return stopped.error();
        if (*stopped) {
            missed_ = **stopped;
            return {};
        }
    }
    if (auto stopped = command("stop"); !stopped || !debugging_) return stopped;
    // QEMU tells the debugger too; or has told it right before of a write that came first.
    auto told = debugger_.next_stop(control_timeout_ms);
    if (!told) return told.error();
    if (*told && ((*told)->watchpoint || (*told)->breakpoint)) missed_ = **told;
    return {};
}

Result<void> Machine::resume() {
    if (!debugging_) return command("cont");
    resuming_ = true;
    return debugger_.continue_all();
}

Result<void> Machine::start_debugger() {
    if (debugging_) return {};
    if (debugger_.fd() < 0) return Error{"this machine was started without a way in for a debugger"};
    const auto id = qmp_.execute("human-monitor-command", {{"command-line", "gdbserver chardev:debugger"}});
    if (!id) return id.error();
    const auto reply = qmp_.wait_reply(*id, control_timeout_ms);
    if (!reply) return reply.error();
    debugging_ = true; // and the machine stands still: a debugger that comes stops it
    return resume();
}

std::vector<int> Machine::vcpu_threads() {
    const auto id = qmp_.execute("query-cpus-fast");
    if (!id) return {};
    const auto reply = qmp_.wait_reply(*id, control_timeout_ms);
    if (!reply || !reply->is_array()) return {};
    std::vector<int> threads(reply->size(), -1);
    for (const auto& cpu : *reply) {
        const auto index = cpu.value("cpu-index", -1);
        if (index >= 0 && static_cast<std::size_t>(index) < threads.size())
            threads[static_cast<std::size_t>(index)] = cpu.value("thread-id", -1);
    }
    return threads;
}

Result<std::string> Machine::registers() {
    const auto id = qmp_.execute("human-monitor-command", {{"command-line", "info registers -a"}});
    if (!id) return id.error();
    const auto reply = qmp_.wait_reply(*id, control_timeout_ms);
    if (!reply) return reply.error();
    return reply->is_string() ? reply->get<std::string>() : std::string();
}

Result<void> Machine::save_state(const std::filesystem::path& path) {
    if (auto set = leave_out_memory(); !set) return set;
    if (auto begun = command("migrate", {{"uri", "file:" + path.string()}}); !begun) return begun;
    return wait_migration();
}

Result<void> Machine::restore_state(const Fd& state) {
    // QEMU reads the file through this process's descriptor: the name may be gone by now.
    const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(state.get());
    if (auto set = leave_out_memory(); !set) return set;
    if (auto begun = command("migrate-incoming", {{"uri", "file:" + path}}); !begun) return begun;
    if (auto moved = wait_migration(); !moved) return moved;
    return resume();
}

std::string Machine::messages() const {
    const auto text = read_file(fd_path(messages_), 1U << 20U);
    if (!text) return {};
    std::istringstream lines(*text);
    std::string kept;
    for (std::string line; std::getline(lines, line);)
        if (line.find("warning:") == std::string::npos) kept += (kept.empty() ? "" : "; ") + line;
    return kept;
}

} // namespace ktstr::vmm
