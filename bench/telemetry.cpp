// SPDX-License-Identifier: GPL-2.0-only
// What telemetry costs the workers of each type, in one guest.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "base/process.h"
#include "bench/figure.h"
#include "bench/guest_run.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/initramfs.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::bench {

namespace {

constexpr double bound = 0.97;
constexpr const char* seconds_per_type = "8"; // of the guest's time, where it is a guest
constexpr auto longest = std::chrono::minutes(30);

std::vector<nlohmann::json> lines_in(const std::string& output) {
    std::vector<nlohmann::json> found;
    std::istringstream lines(output);
    for (std::string text; std::getline(lines, text);) {
        auto line = nlohmann::json::parse(text, nullptr, false);
        if (line.is_object() && line.contains("work_type")) found.push_back(std::move(line));
    }
    return found;
}

void add_figures(std::vector<Figure>& figures, const nlohmann::json& line, const std::string& place) {
    const auto name = line.at("work_type").get<std::string>();
    const auto add = [&](const std::string& suffix, const char* key) {
        figures.push_back({.bench = "telemetry",
                           .name = name + suffix + place,
                           .value = line.at(key).get<double>(),
                           .unit = "ratio"});
    };
    // Telemetry takes CPU time. One that sleeps has some to spare; one that does not is kept from its work by others,
    // and by a disk, just as well: where one of the two ratios holds, telemetry is not in the way.
    add("", line.at("ratio") > line.at("cpu_ratio") ? "ratio" : "cpu_ratio");
    figures.back().bound = bound;
    figures.back().direction = Bound::at_least;
    add("_cpu", "cpu_ratio");
    add("_throughput", "ratio");
    add("_throughput_low", "low");
    add("_throughput_high", "high");
}

Result<std::string> run_in_guest(const std::filesystem::path& executor, const std::vector<std::string>& work_types) {
    const auto initramfs = vmm::make_initramfs(executor);
    if (!initramfs) return initramfs.error();
    const auto kernel = resolve_kernel(std::nullopt);
    if (!kernel) return kernel.error();
    const auto accelerator = vmm::choose_accelerator(std::nullopt, kernel->image);
    if (!accelerator) return accelerator.error();
    std::vector<std::string> kernel_args{"--", "bench-telemetry", seconds_per_type};
    kernel_args.insert(kernel_args.end(), work_types.begin(), work_types.end());
    return console_of_guest({.kernel_image = kernel->image,
                             .initramfs = *initramfs,
                             .topology = {.nodes = 2, .llcs = 2, .cores = 1},
                             .memory_bytes = 2048U << 20U,
                             .kernel_args = kernel_args,
                             .accelerator = *accelerator,
                             .counts_instructions = *accelerator == "tcg",
                             .disk = true},
                            longest);
}

// On the machine itself; in a guest what takes cgroups, NUMA nodes or a disk that the machine does not lend.
Result<std::vector<Figure>> measure(const std::vector<std::string>& work_types) {
    const auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    std::vector<std::string> command{executor->string(), "bench-telemetry", seconds_per_type};
    command.insert(command.end(), work_types.begin(), work_types.end());
    const auto here = run_command({.arguments = command});
    if (!here) return here.error();
    std::vector<Figure> figures;
    std::vector<std::string> others;
    for (const auto& line : lines_in(here->output))
        if (line.at("ratio").is_null())
            others.push_back(line.at("work_type").get<std::string>());
        else
            add_figures(figures, line, "");
    if (others.empty()) return figures;
    const auto console = run_in_guest(*executor, others);
    if (!console) return console.error();
    for (const auto& line : lines_in(*console))
        if (!line.at("ratio").is_null()) add_figures(figures, line, "_guest");
    return figures;
}

} // namespace

} // namespace ktstr::bench

// bench-telemetry [WORK_TYPE ...]
int main(int argc, char** argv) {
    return ktstr::bench::finish(ktstr::bench::measure({argv + std::min(argc, 1), argv + argc}));
}
