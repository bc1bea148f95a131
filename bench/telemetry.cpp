// SPDX-License-Identifier: GPL-2.0-only
// What telemetry costs the workers of each type, in one guest.
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/figure.h"
#include "bench/guest_run.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/initramfs.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::bench {

namespace {

constexpr double bound = 0.97;
constexpr const char* seconds_per_type = "5"; // of the guest's time
constexpr auto longest = std::chrono::minutes(30);

Figure figure(const std::string& name, const nlohmann::json& line, const char* key) {
    return {.bench = "telemetry", .name = name, .value = line.at(key).get<double>(), .unit = "ratio"};
}

Result<std::vector<Figure>> figures_in(const std::string& console) {
    std::vector<Figure> figures;
    std::istringstream lines(console);
    for (std::string text; std::getline(lines, text);) {
        const auto line = nlohmann::json::parse(text, nullptr, false);
        if (!line.is_object() || !line.contains("work_type") || line.at("ratio").is_null()) continue;
        const auto name = line.at("work_type").get<std::string>();
        figures.push_back(figure(name, line, "ratio"));
        figures.back().bound = bound;
        figures.back().direction = Bound::at_least;
        figures.push_back(figure(name + "_low", line, "low"));
        figures.push_back(figure(name + "_high", line, "high"));
    }
    if (figures.empty()) return Error{"the guest printed no figures; its console says: " + console};
    return figures;
}

Result<std::vector<Figure>> measure() {
    const auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    const auto initramfs = vmm::make_initramfs(*executor);
    if (!initramfs) return initramfs.error();
    const auto kernel = resolve_kernel(std::nullopt);
    if (!kernel) return kernel.error();
    const auto accelerator = vmm::choose_accelerator(std::nullopt, kernel->image);
    if (!accelerator) return accelerator.error();
    const auto console = console_of_guest({.kernel_image = kernel->image,
                                           .initramfs = *initramfs,
                                           .topology = {.nodes = 2, .llcs = 2, .cores = 1},
                                           .memory_bytes = 2048U << 20U,
                                           .kernel_args = {"--", "bench-telemetry", seconds_per_type},
                                           .accelerator = *accelerator,
                                           .counts_instructions = *accelerator == "tcg",
                                           .disk = true},
                                          longest);
    if (!console) return console.error();
    return figures_in(*console);
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
