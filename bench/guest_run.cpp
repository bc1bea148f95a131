// SPDX-License-Identifier: GPL-2.0-only
#include "bench/guest_run.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "vmm/boot/accelerator.h"
#include "vmm/boot/machine.h"

namespace ktstr::bench {

namespace {

constexpr auto longest_run = std::chrono::minutes(5);

// What the guest prints on its console until it has powered off.
Result<std::string> console_to_the_end(vmm::Machine& machine) {
    const auto deadline = std::chrono::steady_clock::now() + longest_run;
    std::string text;
    std::array<char, 4096> chunk{};
    while (std::chrono::steady_clock::now() < deadline) {
        pollfd ready{machine.console(), POLLIN, 0};
        if (::poll(&ready, 1, 100) <= 0) continue;
        const auto count = ::read(machine.console(), chunk.data(), chunk.size());
        if (count == 0) return text;
        if (count > 0) text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return Error{"the guest did not end within five minutes; its console says: " + text};
}

} // namespace

Result<nlohmann::json> run_guest_bench(const Kernel& kernel, std::string_view initramfs, const plan::Topology& topology,
                                       const std::string& bench, const std::string& seconds) {
    const auto accelerator = vmm::choose_accelerator(std::nullopt, kernel.image);
    if (!accelerator) return accelerator.error();
    auto machine = vmm::Machine::start({.kernel_image = kernel.image,
                                        .initramfs = initramfs,
                                        .topology = topology,
                                        .memory_bytes = 512U << 20U,
                                        .kernel_args = {"--", bench, seconds},
                                        .accelerator = *accelerator});
    if (!machine) return machine.error();
    const auto console = console_to_the_end(*machine);
    if (!console) return console.error();
    const auto at = console->find("{\"");
    const auto line = at == std::string::npos ? std::string() : console->substr(at, console->find('\n', at) - at);
    auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return Error{"the guest did not print its figures; its console says: " + *console};
    return json;
}

} // namespace ktstr::bench
