// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/accelerator.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"

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

// None if a guest ran; else why not.
std::optional<Error> probe(const std::string& accelerator) {
    const Fd firmware(::memfd_create("ktstr-probe", MFD_CLOEXEC));
    const Fd messages(::memfd_create("ktstr-probe-messages", MFD_CLOEXEC));
    if (!firmware || !messages) return errno_error("create", "a memory file", errno);
    if (auto written = write_all(firmware.get(), probe_firmware(), "the probe firmware"); !written)
        return written.error();
    const std::string firmware_path = "/proc/self/fd/" + std::to_string(firmware.get());
    auto process = Process::start({.arguments = {qemu_program, "-accel", accelerator, "-nodefaults", "-no-user-config",
                                                 "-display", "none", "-machine", "pc", "-m", "16", "-bios",
                                                 firmware_path, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"},
                                   .stderr_fd = messages.get(),
                                   .inherited_fds = {firmware.get()}});
    if (!process) return Error{process.error().message, "install QEMU: apt-get install qemu-system-x86"};
    const auto exit = process->wait_for(std::chrono::seconds(20));
    if (!exit) return Error{accelerator + ": the probe guest did not finish within 20 s"};
    if (exit->exit_code == probe_exit_code) return std::nullopt;
    const auto text = read_file("/proc/self/fd/" + std::to_string(messages.get()));
    std::string reason = text && !text->empty() ? *text : exit->text();
    while (!reason.empty() && reason.back() == '\n') reason.pop_back();
    return Error{"this host cannot run guests with " + accelerator + ": " + reason};
}

// Everything that the answer depends on.
std::string probe_key(const std::string& version) {
    const auto boot = read_file("/proc/sys/kernel/random/boot_id");
    struct stat kvm {};
    const bool present = ::stat("/dev/kvm", &kvm) == 0;
    const bool usable = ::access("/dev/kvm", R_OK | W_OK) == 0;
    return sha256_hex(version + (boot ? *boot : "") + std::to_string(present) + std::to_string(usable) +
                      std::to_string(kvm.st_rdev));
}

} // namespace

Result<std::string> qemu_version() {
    auto output = run_command({.arguments = {qemu_program, "--version"}});
    if (!output || !output->exit.clean())
        return Error{std::string("cannot run ") + qemu_program, "install QEMU: apt-get install qemu-system-x86"};
    return output->output.substr(0, output->output.find('\n'));
}

Result<std::string> choose_accelerator(const std::optional<std::string>& override_name) {
    if (override_name) {
        if (*override_name != "kvm" && *override_name != "tcg")
            return Error{"'" + *override_name + "' is not an accelerator", "--accel takes kvm or tcg"};
        if (auto error = probe(*override_name)) return Error{error->message, "leave --accel out to take what works"};
        return *override_name;
    }
    auto version = qemu_version();
    if (!version) return version.error();
    const std::string key = probe_key(*version);
    const auto cache_path = cache_directory() / "accelerator.json";
    if (const auto cached = read_file(cache_path, 65536)) {
        const auto json = nlohmann::json::parse(*cached, nullptr, false);
        if (json.is_object() && json.value("key", "") == key && json.contains("accelerator") &&
            json["accelerator"].is_string())
            return json["accelerator"].get<std::string>();
    }
    std::string chosen = "kvm";
    if (probe("kvm")) {
        if (auto error = probe("tcg")) return *error;
        chosen = "tcg";
    }
    // A cache that cannot be written costs a probe per run, no more.
    if (make_directories(cache_directory()))
        (void)write_file(cache_path, nlohmann::json{{"key", key}, {"accelerator", chosen}}.dump() + "\n");
    return chosen;
}

} // namespace ktstr::vmm
