// SPDX-License-Identifier: GPL-2.0-only
// How long a start takes, from `ktstr run` to the first worker running, against bare QEMU that boots the same kernel
// with an init that does nothing (floor_init.c): cold, that is the least it could be; from a saved machine it is many
// times less.
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <sstream>

#include "base/file.h"
#include "base/process.h"
#include "bench/figure.h"
#include "bench/ktstr_run.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/cpio.h"
#include "vmm/boot/machine.h"
#include "vmm/boot/shape.h"
#include "vmm/kernel/kernel.h"

namespace ktstr::bench {

namespace {

constexpr int floor_exit_code = 1; // isa-debug-exit ends QEMU with (value << 1) | 1

// One comparison of `ktstr run` with the floor on the same kernel and shape.
struct Case {
    std::string name;     // of the figures
    std::string kernel;   // what --kernel takes; empty: the built one
    std::string topology; // as in .ktl
    bool warm = false;    // from a saved machine
    int pairs = 1;
    // Cold: ktstr's time in floors, at most. Warm: how many times faster than the floor, at least.
    double bound = 0;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"cold_2", "", "1n1l2c1t", false, 9, 1.25}, {"warm_2", "", "1n1l2c1t", true, 9, 2.5},
        {"warm_8", "", "1n1l8c1t", true, 5, 3},     {"warm_32", "", "1n4l8c1t", true, 3, 5},
        {"warm_64", "", "1n8l8c1t", true, 3, 8},    {"warm_prebuilt_2", "7.0", "1n1l2c1t", true, 5, 5},
    };
    return all;
}

std::string scenario(const Case& which) {
    return "scenario \"start\" {\n  topology " + which.topology +
           "\n  memory 512MiB\n  duration 100ms\n  cgroup one { workers 1 of spin_wait }\n  expect { progress }\n}\n";
}

// An archive with floor_init as its /init, in memory.
Result<Fd> floor_initramfs() {
    const auto program = read_file(program_directory() / "floor_init");
    if (!program) return program.error();
    vmm::CpioWriter archive;
    archive.add_file("init", *program, 0755);
    Fd file(::memfd_create("ktstr-floor", MFD_CLOEXEC));
    if (!file) return errno_error("create", "a memory file", errno);
    if (auto written = write_all(file.get(), archive.finish(), "the floor's initramfs"); !written)
        return written.error();
    return file;
}

class Floor {
  public:
    static Result<Floor> create(const plan::Plan& plan, const std::filesystem::path& kernel_image) {
        auto initramfs = floor_initramfs();
        if (!initramfs) return initramfs.error();
        auto accelerator = vmm::choose_accelerator(std::nullopt, kernel_image);
        if (!accelerator) return accelerator.error();
        std::string command_line;
        for (const auto& argument : vmm::base_kernel_args()) command_line += argument + " ";
        const auto& topology = plan.topology;
        // The machine that the scenario asks for, and no device but the one that ends it.
        std::vector<std::string> arguments = {
            vmm::qemu_program,
            "-accel",
            *accelerator,
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            "-machine",
            "q35",
            "-cpu",
            vmm::cpu_model,
            "-smp",
            std::to_string(topology.cpus()) + ",sockets=" + std::to_string(topology.nodes) +
                ",dies=" + std::to_string(topology.llcs / topology.nodes) + ",cores=" + std::to_string(topology.cores) +
                ",threads=" + std::to_string(topology.threads),
            "-m",
            std::to_string(plan.memory_bytes >> 20U) + "M",
            "-kernel",
            kernel_image.string(),
            "-initrd",
            "/proc/self/fd/" + std::to_string(initramfs->get()),
            "-append",
            command_line,
            "-device",
            "isa-debug-exit,iobase=0xf4,iosize=0x04"};
        return Floor(std::move(*initramfs), std::move(arguments));
    }

    // Milliseconds from the start of QEMU to its end, which the init asks for.
    [[nodiscard]] Result<double> run() const {
        const auto started = std::chrono::steady_clock::now();
        auto process = Process::start({.arguments = arguments_, .inherited_fds = {initramfs_.get()}});
        if (!process) return process.error();
        const auto exit = process->wait_for(std::chrono::minutes(2));
        if (!exit) return Error{"the floor's guest did not reach its init"};
        if (exit->exit_code != floor_exit_code) return Error{"the floor's QEMU ended with " + exit->text()};
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
    }

  private:
    Floor(Fd initramfs, std::vector<std::string> arguments)
        : initramfs_(std::move(initramfs)), arguments_(std::move(arguments)) {}
    Fd initramfs_;
    std::vector<std::string> arguments_;
};

// All of the run but the scenario and what comes after it in the guest. What ktstr does after the guest has ended is in
// it too, so that it can only be too long.
double start_ms(const KtstrRun& run) { return run.wall_ms - run.phase_ms("scenario") - run.phase_ms("teardown"); }

Result<std::vector<Figure>> measure(const Case& which) {
    const auto kernel = resolve_kernel(which.kernel.empty() ? std::nullopt : std::optional(which.kernel));
    if (!kernel) return kernel.error();
    auto bench = Bench::create(scenario(which), kernel->id);
    if (!bench) return bench.error();
    if (which.warm) bench->use_templates();
    const auto plan = bench->plan();
    if (!plan) return plan.error();
    const auto floor = Floor::create(*plan, kernel->image);
    if (!floor) return floor.error();

    std::vector<double> floors;
    std::vector<double> starts;
    std::vector<double> ratios;
    // The first pair fills the page cache, saves the machine, and does not count.
    for (int pair = 0; pair <= which.pairs; ++pair) {
        const auto floor_ms = floor->run();
        if (!floor_ms) return floor_ms.error();
        const auto run = bench->run();
        if (!run) return run.error();
        std::cerr << which.name << " pair " << pair << ": floor " << *floor_ms << " ms, ktstr " << start_ms(*run)
                  << " ms\n";
        if (pair == 0) continue;
        if (run->sidecar["restored"] != which.warm)
            return Error{which.name + ": a run did not start the way it should"};
        floors.push_back(*floor_ms);
        starts.push_back(start_ms(*run));
        ratios.push_back(which.warm ? floors.back() / starts.back() : starts.back() / floors.back());
    }
    return std::vector<Figure>{
        {.bench = "start", .name = which.name + "_floor", .value = median(floors), .unit = "ms"},
        {.bench = "start", .name = which.name + "_first_worker", .value = median(starts), .unit = "ms"},
        {.bench = "start",
         .name = which.name + (which.warm ? "_times_faster" : "_ratio"),
         .value = median(ratios),
         .unit = "ratio",
         .bound = which.bound,
         .direction = which.warm ? Bound::at_least : Bound::at_most}};
}

// The largest saved machine of a guest of 512 MiB, of those that the cases made.
Result<Figure> disk_figure() {
    std::uint64_t largest = 0;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(cache_directory() / "templates", code)) {
        struct stat status {};
        const auto memory = entry.path() / "memory";
        if (::stat(memory.c_str(), &status) == 0 && status.st_size == 512 << 20)
            largest = std::max(largest, static_cast<std::uint64_t>(status.st_blocks) * 512);
    }
    if (largest == 0) return Error{"there is no saved machine to measure"};
    return Figure{.bench = "start",
                  .name = "template_disk",
                  .value = static_cast<double>(largest) / (1 << 20),
                  .unit = "MiB",
                  .bound = 120,
                  .direction = Bound::at_most};
}

// Restored guests in a row, two at a time: how many did not start from the saved machine, or did not pass.
Result<Figure> measure_consecutive() {
    constexpr std::array<std::pair<const char*, int>, 3> shapes = {
        {{"1n1l2c1t", 200}, {"1n1l8c1t", 200}, {"1n4l8c1t", 100}}};
    auto directory = TemporaryDirectory::create("ktstr-bench-");
    if (!directory) return directory.error();
    std::string text;
    for (const auto& [topology, count] : shapes)
        for (int i = 0; i < count; ++i)
            text += "scenario \"" + std::string(topology) + " " + std::to_string(i) + "\" {\n  topology " + topology +
                    "\n  memory 512MiB\n  duration 10ms\n  cgroup one { workers 1 of spin_wait }\n  expect { progress "
                    "off }\n}\n";
    const auto source = directory->path() / "many.ktl";
    if (auto written = write_file(source, text); !written) return written.error();
    auto output = run_command({.arguments = {(program_directory() / "ktstr").string(), "run", source.string(), "--out",
                                             directory->path().string(), "--format", "json", "--jobs", "2"},
                               .stderr_fd = 2});
    if (!output) return output.error();
    double late = 0;
    std::istringstream lines(output->output);
    for (std::string line; std::getline(lines, line);) {
        const auto result = nlohmann::json::parse(line, nullptr, false);
        if (!result.is_object() || result.value("type", "") != "scenario") continue;
        const auto sidecar = read_file(result.value("sidecar", ""));
        if (!sidecar) return sidecar.error();
        const auto record = nlohmann::json::parse(*sidecar, nullptr, false);
        if (!record.value("restored", false) || record.value("end", "") != "completed") ++late;
    }
    return Figure{.bench = "start", .name = "consecutive_500_not_restored", .value = late, .unit = "runs", .bound = 0};
}

Result<std::vector<Figure>> measure_all() {
    std::vector<Figure> all;
    for (const auto& which : cases()) {
        auto figures = measure(which);
        if (!figures) return figures.error();
        for (auto& figure : *figures) all.push_back(std::move(figure));
    }
    auto disk = disk_figure();
    if (!disk) return disk.error();
    all.push_back(*disk);
    auto consecutive = measure_consecutive();
    if (!consecutive) return consecutive.error();
    all.push_back(*consecutive);
    return all;
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure_all()); }
