// SPDX-License-Identifier: GPL-2.0-only
// What ktstr costs: the size of what a guest boots from, the memory of the executor inside and of ktstr outside, and
// what telling of its work takes from a worker.
#include "bench/figure.h"
#include "bench/guest_run.h"
#include "bench/ktstr_run.h"
#include "vmm/boot/initramfs.h"
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

// The throughput of a spin_wait worker over that of the bare loop, side by side in one guest.
Result<double> spin_ratio(const Kernel& kernel, std::string_view initramfs) {
    const auto printed = run_guest_bench(kernel, initramfs, {.cores = 2}, "bench-spin", spin_seconds);
    if (!printed) return printed.error();
    return printed->at("ratio").get<double>();
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
