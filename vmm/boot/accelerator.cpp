// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/accelerator.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"
#include "vmm/boot/machine.h"
#include "vmm/boot/shape.h"

namespace ktstr::vmm {

namespace {

constexpr int probe_exit_code = 3; // isa-debug-exit gives (value << 1) | 1; the firmware writes 1

// A firmware image whose reset vector (16 bytes below the end, Intel SDM 3A 10.1.4) writes 1 to port 0xf4 and halts.
std::string probe_firmware() {
    std::string image(65536, '\x90');
    constexpr std::string_view code("\xba\xf4\x00\xb0\x01\xee\xf4\xeb\xfd",
                                    9); // mov dx,0xf4; mov al,1; out dx,al; hlt; jmp -3
    image.replace(image.size() - 16, code.size(), code);
    return image;
}

// The error that QEMU gave, without its warnings; or how it ended.
std::string first_error(const Result<std::string>& messages, const ProcessExit& exit) {
    std::istringstream lines(messages ? *messages : std::string());
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && line.find("warning:") == std::string::npos) return line;
    return exit.text();
}

// None if the firmware ran; else why not.
std::optional<Error> probe_firmware_run(const std::string& accelerator) {
    const Fd firmware(::memfd_create("ktstr-probe", MFD_CLOEXEC));
    const Fd messages(::memfd_create("ktstr-probe-messages", MFD_CLOEXEC));
    if (!firmware || !messages) return errno_error("create", "a memory file", errno);
    if (auto written = write_all(firmware.get(), probe_firmware(), "the probe firmware"); !written)
        return written.error();
    const std::string firmware_path = "/proc/self/fd/" + std::to_string(firmware.get());
    auto process =
        Process::start({.arguments = {qemu_program, "-accel", accelerator, "-nodefaults", "-no-user-config", "-display",
                                      "none", "-machine", "pc", "-cpu", cpu_model, "-m", "16", "-bios", firmware_path,
                                      "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"},
                        .stderr_fd = messages.get(),
                        .inherited_fds = {firmware.get()}});
    if (!process) return Error{process.error().message, "install QEMU: apt-get install qemu-system-x86"};
    const auto exit = process->wait_for(std::chrono::seconds(20));
    if (!exit) return Error{accelerator + ": the probe guest did not finish within 20 s"};
    if (exit->exit_code == probe_exit_code) return std::nullopt;
    return Error{"this host cannot run guests with " + accelerator + ": " +
                 first_error(read_file("/proc/self/fd/" + std::to_string(messages.get())), *exit)};
}

// None if the kernel came as far as to panic for want of an init.
std::optional<Error> probe_kernel_run(const std::string& accelerator, const std::filesystem::path& kernel_image) {
    auto machine = Machine::start({.kernel_image = kernel_image,
                                   .initramfs = {},
                                   .topology = {},
                                   .memory_bytes = 256U << 20U,
                                   .kernel_args = {},
                                   .accelerator = accelerator});
    if (!machine) return machine.error();
    std::string console;
    std::array<char, 4096> chunk{};
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (console.find("Kernel panic") == std::string::npos && std::chrono::steady_clock::now() < deadline) {
        pollfd entry{machine->console(), POLLIN, 0};
        if (::poll(&entry, 1, 100) <= 0) continue;
        const ssize_t count = ::recv(machine->console(), chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) break;
        if (count > 0) console.append(chunk.data(), static_cast<std::size_t>(count));
    }
    if (console.find("Kernel panic") != std::string::npos) return std::nullopt;
    return Error{"this host cannot run " + kernel_image.string() + " with " + accelerator +
                 ": the kernel did not come up"};
}

std::optional<Error> probe(const std::string& accelerator, const std::filesystem::path& kernel_image) {
    if (auto error = probe_firmware_run(accelerator)) return error;
    return accelerator == "tcg" ? std::nullopt : probe_kernel_run(accelerator, kernel_image);
}

// Everything that the answer depends on.
std::string probe_key(const std::string& qemu, const std::filesystem::path& kernel_image) {
    const auto boot = read_file("/proc/sys/kernel/random/boot_id");
    struct stat kvm {};
    const bool present = ::stat("/dev/kvm", &kvm) == 0;
    const bool usable = ::access("/dev/kvm", R_OK | W_OK) == 0;
    struct stat kernel {};
    (void)::stat(kernel_image.c_str(), &kernel);
    return sha256_hex(qemu + kernel_image.string() + std::to_string(kernel.st_mtime) + (boot ? *boot : "") +
                      std::to_string(present) + std::to_string(usable) + std::to_string(kvm.st_rdev));
}

} // namespace

std::string qemu_identity() {
    std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
    for (std::string directory; std::getline(path, directory, ':');) {
        const std::string program = directory + "/" + qemu_program;
        struct stat status {};
        if (::stat(program.c_str(), &status) == 0 && S_ISREG(status.st_mode))
            return program + " " + std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
                   std::to_string(status.st_mtim.tv_nsec);
    }
    return {};
}

Result<std::string> choose_accelerator(const std::optional<std::string>& override_name,
                                       const std::filesystem::path& kernel_image) {
    if (override_name) {
        if (*override_name != "kvm" && *override_name != "tcg")
            return Error{"'" + *override_name + "' is not an accelerator", "--accel takes kvm or tcg"};
        if (auto error = probe(*override_name, kernel_image))
            return Error{error->message, "leave --accel out to take what works"};
        return *override_name;
    }
    const std::string qemu = qemu_identity();
    if (qemu.empty())
        return Error{std::string("there is no ") + qemu_program, "install QEMU: apt-get install qemu-system-x86"};
    const std::string key = probe_key(qemu, kernel_image);
    const auto cache_path = cache_directory() / "accelerator.json";
    if (const auto cached = read_file(cache_path, 65536)) {
        const auto json = nlohmann::json::parse(*cached, nullptr, false);
        if (json.is_object() && json.value("key", "") == key && json.contains("accelerator") &&
            json["accelerator"].is_string())
            return json["accelerator"].get<std::string>();
    }
    std::string chosen = "kvm";
    if (probe("kvm", kernel_image)) {
        if (auto error = probe("tcg", kernel_image)) return *error;
        chosen = "tcg";
    }
    // A cache that cannot be written costs a probe per run, no more.
    if (make_directories(cache_directory()))
        (void)write_file(cache_path, nlohmann::json{{"key", key}, {"accelerator", chosen}}.dump() + "\n");
    return chosen;
}

} // namespace ktstr::vmm
