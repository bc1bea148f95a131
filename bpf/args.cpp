// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/args.h"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace ktstr::scx {
namespace {

struct FaultName {
    std::string_view name;
    Fault fault;
    std::string_view description;
};

constexpr std::array<FaultName, 10> faults = {{
    {"stall", Fault::stall, "loses every ordinary task that becomes ready; the kernel's watchdog ends it"},
    {"crash", Fault::crash, "raises an error, scx_bpf_error(\"ktstr fault: crash\")"},
    {"slow", Fault::slow, "wastes two slices of CPU time in every dispatch"},
    {"unfair", Fault::unfair, "charges tasks with an odd pid 64 times the CPU time they use"},
    {"verify", Fault::verify, "is refused by the BPF verifier: uses a pointer that may be NULL"},
    {"loop", Fault::loop, "is refused by the BPF verifier: has a loop without a bound"},
    {"overrun", Fault::overrun, "is refused by the BPF verifier: reads anywhere, after a loop of 32 turns"},
    {"exit", Fault::exit, "exits with code 3 before it attaches"},
    {"hang", Fault::hang, "never attaches, and waits for a signal"},
    {"exit-late", Fault::exit_late, "detaches and exits with code 0, unasked"},
}};

enum Option : int {
    slice_us = 1,
    fault,
    fault_after,
    stats_socket,
    exit_dump_len,
    timeout_ms,
    config,
    fill,
    spin_ns,
    help
};

const std::array<option, 11> long_options = {{
    {"slice-us", required_argument, nullptr, slice_us},
    {"fault", required_argument, nullptr, fault},
    {"fault-after", required_argument, nullptr, fault_after},
    {"stats-socket", required_argument, nullptr, stats_socket},
    {"exit-dump-len", required_argument, nullptr, exit_dump_len},
    {"timeout-ms", required_argument, nullptr, timeout_ms},
    {"config", required_argument, nullptr, config},
    {"fill", required_argument, nullptr, fill},
    {"spin-ns", required_argument, nullptr, spin_ns},
    {"help", no_argument, nullptr, help},
    {nullptr, 0, nullptr, 0},
}};

Error usage_error(std::string message) { return Error{std::move(message), "scx_ktstr --help lists the options"}; }

Result<std::uint64_t> number(const std::string& name, std::string_view text, std::uint64_t low, std::uint64_t high) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high)
        return usage_error(name + " takes a whole number from " + std::to_string(low) + " to " + std::to_string(high) +
                           ", not '" + std::string(text) + "'");
    return value;
}

Result<void> set_number(std::uint64_t& out, const std::string& name, std::uint64_t low, std::uint64_t high) {
    const Result<std::uint64_t> value = number(name, optarg, low, high);
    if (!value) return value.error();
    out = *value;
    return {};
}

Result<void> set_fault(Fault& out, std::string_view name) {
    std::string known;
    for (const FaultName& entry : faults) {
        if (entry.name == name) {
            out = entry.fault;
            return {};
        }
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    return usage_error("--fault takes one of " + known + ", not '" + std::string(name) + "'");
}

Result<void> set_path(std::string& out, const std::string& name, std::string_view path) {
    if (path.empty()) return usage_error(name + " takes a path, not an empty word");
    out = path;
    return {};
}

Result<void> set_option(Options& options, int which) {
    switch (which) {
    case slice_us: return set_number(options.slice_us, "--slice-us", 10, 1'000'000);
    case fault: return set_fault(options.fault, optarg);
    case fault_after: return set_number(options.fault_after_ms, "--fault-after", 0, 3'600'000);
    case stats_socket: return set_path(options.stats_socket, "--stats-socket", optarg);
    case config: return set_path(options.config, "--config", optarg);
    case fill: return set_number(options.fill, "--fill", 0, 100'000);
    case spin_ns: return set_number(options.spin_ns, "--spin-ns", 0, 10'000'000);
    case exit_dump_len: return set_number(options.exit_dump_len, "--exit-dump-len", 1024, 16U << 20U);
    case timeout_ms: return set_number(options.timeout_ms, "--timeout-ms", 1, 30'000);
    case help: options.help = true; return {};
    default: return usage_error("unexpected option");
    }
}

// One option a line, as in "slice-us 1000"; # begins a comment.
Result<void> read_config(Options& options) {
    std::ifstream file(options.config);
    if (!file) return errno_error("read", options.config, errno);
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        const std::string where = options.config + ":" + std::to_string(++number) + ": ";
        std::istringstream words(line.substr(0, line.find('#')));
        std::string name;
        std::string value;
        std::string more;
        if (!(words >> name)) continue;
        if (!(words >> value) || words >> more) return usage_error(where + "an option and its value were expected");
        const auto known = std::find_if(long_options.begin(), long_options.end(), [&name](const option& entry) {
            return entry.name != nullptr && name == entry.name && entry.val != help && entry.val != config;
        });
        if (known == long_options.end()) return usage_error(where + "unknown option '" + name + "'");
        optarg = value.data();
        const Result<void> set = set_option(options, known->val);
        optarg = nullptr;
        if (!set) return Error{where + set.error().message, set.error().hint};
    }
    return {};
}

} // namespace

Result<Options> parse_arguments(int count, char* const* arguments) {
    Options options;
    optind = 0; // start over: a program may parse more than once
    while (true) {
        // The leading ':' tells a missing value from an unknown option, and keeps getopt from printing.
        const int which = getopt_long(count, arguments, ":", long_options.data(), nullptr);
        if (which == -1) break;
        if (which == ':') return usage_error(std::string(arguments[optind - 1]) + " needs a value");
        if (which == '?') return usage_error("unknown option '" + std::string(arguments[optind - 1]) + "'");
        if (const Result<void> set = set_option(options, which); !set) return set.error();
    }
    if (optind < count) return usage_error("unexpected word '" + std::string(arguments[optind]) + "'");
    if (!options.config.empty())
        if (const Result<void> read = read_config(options); !read) return read.error();
    if (options.timeout_ms == 0 && options.fault == Fault::stall) options.timeout_ms = 2000;
    return options;
}

std::string help_text() {
    std::string text = "scx_ktstr: a sched_ext scheduler to test with. Runs until SIGINT or SIGTERM.\n"
                       "\n"
                       "usage: scx_ktstr [OPTIONS]\n"
                       "\n"
                       "  --slice-us N          time slice in microseconds, 10 to 1000000 (default 5000)\n"
                       "  --fault KIND          what to do wrong; see below (default: nothing)\n"
                       "  --fault-after MS      when, in milliseconds after the attach (default 1000)\n"
                       "  --stats-socket PATH   where to serve statistics, in the scx_stats protocol\n"
                       "                        (default /var/run/scx/root/stats)\n"
                       "  --exit-dump-len N     bytes of the kernel's dump when it detaches the scheduler, 1024 to\n"
                       "                        16777216 (default 16384, as much as is printed)\n"
                       "  --timeout-ms N        how long a task may wait for a CPU before the kernel detaches the\n"
                       "                        scheduler, 1 to 30000 (default 2000 with --fault stall, else 30000)\n"
                       "  --config FILE         more options, one a line without the dashes, as in: slice-us 1000\n"
                       "  --fill N              have a map of each kind, with N entries, to be looked at from outside\n"
                       "                        (default 0: none)\n"
                       "  --spin-ns N           make it slower: burn N ns in each call of enqueue and dispatch, up to\n"
                       "                        10000000 (default 0)\n"
                       "  --help                print this\n"
                       "\n"
                       "faults:\n";
    for (const FaultName& entry : faults) {
        std::string name(entry.name);
        name.resize(10, ' ');
        text += "  " + name + " " + std::string(entry.description) + "\n";
    }
    text += "\n"
            "exit codes: 0 detached on a signal; 1 not attached, or detached by the kernel; 3 the fault exit;\n"
            "            64 wrong usage\n";
    return text;
}

} // namespace ktstr::scx
