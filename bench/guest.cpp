// SPDX-License-Identifier: GPL-2.0-only
// What ktstr costs: the size of what a guest boots from, the memory of the executor inside and of ktstr outside, and
// what telling of its work takes from a worker.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "bench/figure.h"
#include "bench/ktstr_run.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/initramfs.h"
#include "vmm/boot/machine.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::bench {

namespace {

constexpr double mib = 1U << 20U;
constexpr double initramfs_bound_mib = 8;
constexpr double executor_bound_mib = 12;
constexpr double ktstr_bound_mib = 60;
constexpr int spin_guests = 5; // an emulated CPU on a busy host scatters by some per cent
constexpr double spin_bound = 0.98;

// What PID 1 is told behind "--" on the kernel's command line: seconds in all for the bare loop and the worker in
// turns.
constexpr const char* spin_seconds = "9";
constexpr auto longest_spin = std::chrono::minutes(3);

constexpr const char* scenario = R"(
scenario "plain" {
  topology 1n1l2c1t
  duration 1s
  cgroup one { workers 2 of spin_wait }
  cgroup two { workers 2 of spin_wait }
  expect { progress }
}
)";

Figure at_most(const char* name, double bytes, double bound_mib) {
    return {.bench = "guest", .name = name, .value = bytes / mib, .unit = "MiB", .bound = bound_mib};
}

// What the guest prints on its console until it has powered off.
Result<std::string> console_to_the_end(vmm::Machine& machine) {
    const auto deadline = std::chrono::steady_clock::now() + longest_spin;
    std::string text;
    std::array<char, 4096> chunk{};
    while (std::chrono::steady_clock::now() < deadline) {
        pollfd ready{machine.console(), POLLIN, 0};
        if (::poll(&ready, 1, 100) <= 0) continue;
        const auto count = ::read(machine.console(), chunk.data(), chunk.size());
        if (count == 0) return text;
        if (count > 0) text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return Error{"the guest did not end within three minutes; its console says: " + text};
}

// The throughput of a spin_wait worker over that of the bare loop, side by side in one guest.
Result<double> spin_ratio(const Kernel& kernel, std::string_view initramfs) {
    const auto accelerator = vmm::choose_accelerator(std::nullopt, kernel.image);
    if (!accelerator) return accelerator.error();
    auto machine = vmm::Machine::start({.kernel_image = kernel.image,
                                        .initramfs = initramfs,
                                        .topology = {.cores = 2},
                                        .memory_bytes = 512U << 20U,
                                        .kernel_args = {"--", "bench-spin", spin_seconds},
                                        .accelerator = *accelerator});
    if (!machine) return machine.error();
    const auto console = console_to_the_end(*machine);
    if (!console) return console.error();
    const auto at = console->find("{\"bare_per_second\"");
    const auto line = at == std::string::npos ? std::string() : console->substr(at, console->find('\n', at) - at);
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("ratio"))
        return Error{"the guest did not print its figures; its console says: " + *console};
    return json.at("ratio").get<double>();
}

Result<std::vector<Figure>> measure() {
    const auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    const auto initramfs = vmm::make_initramfs(*executor);
    if (!initramfs) return initramfs.error();
    const auto kernel = resolve_kernel(std::nullopt);
    if (!kernel) return kernel.error();
    const auto bench = Bench::create(scenario, kernel->id);
    if (!bench) return bench.error();
    const auto run = bench->run(true);
    if (!run) return run.error();
    std::vector<double> ratios;
    for (int guest = 0; guest < spin_guests; ++guest) {
        const auto ratio = spin_ratio(*kernel, *initramfs);
        if (!ratio) return ratio.error();
        ratios.push_back(*ratio);
    }
    return std::vector<Figure>{
        at_most("initramfs", static_cast<double>(initramfs->size()), initramfs_bound_mib),
        at_most("executor_resident", run->sidecar.at("executor_resident_bytes").get<double>(), executor_bound_mib),
        at_most("ktstr_resident", static_cast<double>(run->peak_private_bytes), ktstr_bound_mib),
        {.bench = "guest",
         .name = "spin_ratio",
         .value = median(ratios),
         .unit = "ratio",
         .bound = spin_bound,
         .direction = Bound::at_least}};
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
