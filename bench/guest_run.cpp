// SPDX-License-Identifier: GPL-2.0-only
#include "bench/guest_run.h"

#include <poll.h>
#include <unistd.h>

#include <array>

#include "vmm/boot/accelerator.h"

namespace ktstr::bench {

Result<std::string> console_of_guest(const vmm::MachineConfig& config, std::chrono::minutes limit) {
    auto machine = vmm::Machine::start(config);
    if (!machine) return machine.error();
    const auto deadline = std::chrono::steady_clock::now() + limit;
    std::string text;
    std::array<char, 4096> chunk{};
    while (std::chrono::steady_clock::now() < deadline) {
        pollfd ready{machine->console(), POLLIN, 0};
        if (::poll(&ready, 1, 100) <= 0) continue;
        const auto count = ::read(machine->console(), chunk.data(), chunk.size());
        if (count == 0) return text;
        if (count > 0) text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return Error{"the guest did not end within " + std::to_string(limit.count()) +
                 " minutes; its console says: " + text};
}

Result<nlohmann::json> run_guest_bench(const Kernel& kernel, std::string_view initramfs, const plan::Topology& topology,
                                       const std::string& bench, const std::string& seconds) {
    const auto accelerator = vmm::choose_accelerator(std::nullopt, kernel.image);
    if (!accelerator) return accelerator.error();
    const auto console = console_of_guest({.kernel_image = kernel.image,
                                           .initramfs = initramfs,
                                           .topology = topology,
                                           .memory_bytes = 512U << 20U,
                                           .kernel_args = {"--", bench, seconds},
                                           .accelerator = *accelerator},
                                          std::chrono::minutes(5));
    if (!console) return console.error();
    const auto at = console->find("{\"");
    const auto line = at == std::string::npos ? std::string() : console->substr(at, console->find('\n', at) - at);
    auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return Error{"the guest did not print its figures; its console says: " + *console};
    return json;
}

} // namespace ktstr::bench
