// SPDX-License-Identifier: GPL-2.0-only
// ktstr-executor: PID 1 of the virtual machine. As anything else it only measures itself:
//   ktstr-executor bench-loop | bench-spin | bench-start | bench-telemetry SECONDS [WORK_TYPE ...]
// and, started by `ktstr run --host`, runs a plan on the machine itself:
//   ktstr-executor host CHANNEL CGROUP OWN DIRECTORY
// PID 1 takes these too, from behind "--" on the kernel's command line, and then powers off.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>

#include "guest/bench.h"
#include "guest/executor.h"
#include "guest/host_run.h"
#include "guest/system.h"

namespace {

using namespace ktstr;

constexpr int usage_error = 64;
constexpr int internal_error = 70;

int failed(const Error& error) {
    std::fprintf(stderr, "ktstr-executor: %s\n", error.text().c_str());
    return internal_error;
}

using Bench = std::function<Result<void>()>;

// The benchmark that the arguments ask for; none if they ask for none.
std::optional<Bench> wanted_bench(int argc, char** argv) {
    if (argc < 3) return std::nullopt;
    const std::string_view name = argv[1];
    const std::string_view number = argv[2];
    double seconds = 0;
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (code != std::errc() || end != number.data() + number.size() || seconds <= 0 || seconds > 3600)
        return std::nullopt;
    if (name == "bench-telemetry")
        return [seconds, only = std::vector<std::string>(argv + 3, argv + argc)] {
            return guest::bench_telemetry(seconds, only);
        };
    if (argc != 3) return std::nullopt;
    if (name == "bench-loop") return [seconds] { return guest::bench_loop(seconds); };
    if (name == "bench-spin") return [seconds] { return guest::bench_spin(seconds); };
    if (name == "bench-start") return [seconds] { return guest::bench_start(seconds); };
    return std::nullopt;
}

int run_bench(const Bench& bench) {
    const auto done = bench();
    std::fflush(stdout);
    return done ? 0 : failed(done.error());
}

// The descriptor of the channel, and a HostPlace; none if the arguments are others.
std::optional<int> host_channel(int argc, char** argv) {
    if (argc != 6 || std::string_view(argv[1]) != "host") return std::nullopt;
    const std::string_view number = argv[2];
    int channel = -1;
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), channel);
    if (code != std::errc() || end != number.data() + number.size() || channel < 3) return std::nullopt;
    return channel;
}

[[noreturn]] void run_as_init(int argc, char** argv) {
    guest::install_crash_handler();
    if (const auto bench = wanted_bench(argc, argv)) {
        if (auto mounted = guest::mount_file_systems(); !mounted) failed(mounted.error());
        run_bench(*bench);
    } else if (auto ready = guest::make_ready(); !ready) {
        failed(ready.error());
    } else {
        guest::run_executor(std::move(*ready));
    }
    guest::power_off();
}

} // namespace

int main(int argc, char** argv) {
    if (::getpid() == 1) run_as_init(argc, argv);
    if (const auto bench = wanted_bench(argc, argv)) return run_bench(*bench);
    if (const auto channel = host_channel(argc, argv))
        return guest::run_on_host(Fd(*channel), {argv[3], argv[4], argv[5]});
    std::fprintf(stderr, "ktstr-executor is started by ktstr, as the first process of a virtual machine.\n"
                         "Here it can only measure itself: ktstr-executor bench-loop | bench-spin | bench-start | "
                         "bench-telemetry SECONDS [WORK_TYPE ...]\n");
    return usage_error;
}
