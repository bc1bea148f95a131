// SPDX-License-Identifier: GPL-2.0-only
// The monitor held against what the kernel says of itself in the same guest.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cctype>
#include <cmath>
#include <map>
#include <sstream>

#include "tests/vm/records.h"

using namespace ktstr;
using namespace ktstr::test;
using nlohmann::json;

namespace {

// A column of the monitor's samples with their times.
struct Column {
    std::vector<double> at_ns;
    std::vector<double> values;
    // The last value before that time, and the first one after it.
    [[nodiscard]] double before(double ns) const {
        double found = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            if (at_ns[i] < ns) found = values[i];
        return found;
    }
    [[nodiscard]] double after(double ns) const {
        for (std::size_t i = 0; i < values.size(); ++i)
            if (at_ns[i] > ns) return values[i];
        FAIL("there is no sample after " << ns);
        return 0;
    }
};

Column column_of(const json& monitor, const std::string& name) {
    const json& names = monitor["names"];
    const auto at = std::find(names.begin(), names.end(), name);
    REQUIRE(at != names.end());
    Column column;
    for (const auto& sample : monitor["samples"]) {
        column.at_ns.push_back(sample["at_ns"].get<double>());
        column.values.push_back(sample["values"][static_cast<std::size_t>(at - names.begin())].get<double>());
    }
    return column;
}

// /proc/schedstat, of all CPUs together, by the place in a CPU's line (Documentation/scheduler/sched-stats.rst).
std::map<int, double> schedstat_sums(const std::string& text) {
    std::map<int, double> sums;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("cpu")) continue;
        std::istringstream words(line.substr(line.find(' ')));
        double number = 0;
        for (int place = 1; words >> number; ++place) sums[place] += number;
    }
    return sums;
}

// A field of a CPU's runqueue in /sys/kernel/debug/sched/debug: "  .nr_switches                   : 1234".
double debug_field(const std::string& text, int cpu, const std::string& field) {
    const auto section = text.find("cpu#" + std::to_string(cpu) + ",");
    REQUIRE(section != std::string::npos);
    const auto line = text.find("." + field + " ", section);
    REQUIRE(line != std::string::npos);
    return std::stod(text.substr(text.find(':', line) + 1));
}

double read_of(const json& observed, const std::string& name) {
    return named(observed["kernel_reads"], name)["value"].get<double>();
}

} // namespace

TEST_CASE("the host's view of runqueues is that of sched/debug and schedstat in the guest at the same time") {
    const Sandbox sandbox;
    const auto records = run_file(sandbox, R"(
payload debug { binary "cat"  args ["/sys/kernel/debug/sched/debug"] }
payload stat { binary "cat"  args ["/proc/schedstat"] }
scenario "held against the guest" {
  topology 1n1l2c1t
  sysctl "kernel.sched_schedstats" = 1
  step "steady" for 1500ms {
    cgroup left { cpuset 0  workers 3 of spin_wait }
    cgroup right { cpuset 1  workers 1 of spin_wait }
    read_kernel per_cpu("runqueues", cpu: 0, field: "nr_switches") as switches_before
    read_kernel per_cpu("runqueues", cpu: 0, field: "clock") as clock_before
    run debug in right
    wait debug in right
    read_kernel per_cpu("runqueues", cpu: 0, field: "nr_switches") as switches_after
    read_kernel per_cpu("runqueues", cpu: 0, field: "clock") as clock_after
    run stat in right
    wait stat in right
  }
  check "it ran" lua [[ claim("it ran"):equals(run.ended, "completed") ]]
}
)");
    const json& payloads = records.sidecar["payloads"];
    const auto debug = named(payloads, "debug")["stdout"].get<std::string>();
    INFO(debug.substr(0, 2000));
    const auto between = [](double low, double value, double high) {
        INFO(low << " <= " << value << " <= " << high);
        CHECK(low <= value);
        CHECK(value <= high);
    };
    between(read_of(records.observed, "switches_before"), debug_field(debug, 0, "nr_switches"),
            read_of(records.observed, "switches_after"));
    // The file has milliseconds with a point before the nanoseconds.
    constexpr double ns_per_ms = 1e6;
    constexpr double rounding = 1000;
    between(read_of(records.observed, "clock_before") - rounding, debug_field(debug, 0, "clock") * ns_per_ms,
            read_of(records.observed, "clock_after") + rounding);

    const json& monitor = records.observed["monitor"];
    const json& stat = named(payloads, "stat");
    const auto from = stat["started_at_ns"].get<double>();
    const auto until = from + stat["wall_ns"].get<double>();
    const auto sums = schedstat_sums(stat["stdout"].get<std::string>());
    constexpr double clock_error_ns = 50e6; // between host and guest, and what a busy host adds to it
    for (const auto& [place, name] :
         std::map<int, std::string>{{5, "wakeups"}, {6, "local_wakeups"}, {8, "run_delay"}, {9, "timeslices"}}) {
        INFO(name);
        const auto column = column_of(monitor, name);
        between(column.before(from - clock_error_ns), sums.at(place), column.after(until + clock_error_ns));
    }
    // Three and one spin from the first op on to the step's end, whatever else runs for a moment.
    const double first = named(records.observed["kernel_reads"], "switches_before")["at_ns"].get<double>();
    double last = 0;
    for (const auto& event : records.sidecar["stimulus_events"])
        if (event["kind"] == "step_end") last = event["at_ns"].get<double>();
    const auto least = [&](const std::string& name) {
        const auto column = column_of(monitor, name);
        double value = INFINITY;
        for (std::size_t i = 0; i < column.values.size(); ++i)
            if (column.at_ns[i] > first + clock_error_ns && column.at_ns[i] < last - clock_error_ns)
                value = std::min(value, column.values[i]);
        return value;
    };
    CHECK(least("nr_running") == 4);
    CHECK(least("max_nr_running") == 3);
    CHECK(least("cpu[0].nr_running") == 3);
    CHECK(least("cpu[1].nr_running") == 1);
    const auto clocks = column_of(monitor, "cpu[0].clock");
    CHECK(std::is_sorted(clocks.values.begin(), clocks.values.end()));
    CHECK(clocks.before(named(records.observed["kernel_reads"], "clock_before")["at_ns"].get<double>()) <=
          read_of(records.observed, "clock_before"));
    CHECK(debug_field(debug, 0, "nr_running") >= 3);
}

namespace {

// "cpu0/domain1/name:PKG" lines as {"cpu0/domain1/name": "PKG"}.
std::map<std::string, std::string> files_of(const std::string& text) {
    std::map<std::string, std::string> files;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (const auto colon = line.find(':'); colon != std::string::npos)
            files[line.substr(0, colon)] = line.substr(colon + 1);
    return files;
}

std::string joined(const json& words) {
    std::string text;
    for (const auto& word : words) text += word.get<std::string>() + " ";
    return text;
}

} // namespace

TEST_CASE("the scheduling domains in the record are those of the topology, and the guest's own") {
    const Sandbox sandbox;
    const auto records = run_file(sandbox, R"(
payload domains {
  binary "busybox"
  args ["sh", "-c", "cd /sys/kernel/debug/sched; echo Y > verbose; cd domains; busybox grep . cpu*/domain*/name cpu*/domain*/flags"]
}
scenario "two nodes of two LLCs" {
  topology 2n4l1c2t
  step "only" for 600ms {
    cgroup box { workers 2 of spin_wait }
    run domains in box
    wait domains in box
  }
  check "it ran" lua [[ claim("it ran"):equals(run.ended, "completed") ]]
}
)");
    const auto& output = named(records.sidecar["payloads"], "domains");
    const auto files = files_of(output["stdout"].get<std::string>());
    INFO(output.dump(1));
    const json& trees = records.observed["monitor"]["domains"];
    REQUIRE(trees.size() == 1);
    const json& cpus = trees[0]["cpus"];
    REQUIRE(cpus.size() == 8);
    std::size_t compared = 0;
    for (std::size_t cpu = 0; cpu < cpus.size(); ++cpu)
        for (std::size_t level = 0; level < cpus[cpu].size(); ++level) {
            const json& domain = cpus[cpu][level];
            const std::string folder = "cpu" + std::to_string(cpu) + "/domain" + std::to_string(level);
            INFO(folder << " " << domain.dump());
            REQUIRE(files.contains(folder + "/name"));
            CHECK(domain["name"] == files.at(folder + "/name"));
            CHECK(joined(domain["flags"]) == files.at(folder + "/flags"));
            ++compared;
        }
    CHECK(compared * 2 == files.size());
    // Two threads to a core, an LLC is one core here, and four CPUs to a node.
    const json& fifth = cpus[5];
    REQUIRE(fifth.size() >= 2);
    CHECK(fifth.front()["name"] == "SMT");
    CHECK(fifth.front()["span"] == "4-5");
    CHECK(fifth.back()["name"] == "NUMA");
    CHECK(fifth.back()["span"] == "0-7");
    const bool has_node = std::any_of(fifth.begin(), fifth.end(), [](const json& one) { return one["span"] == "4-7"; });
    CHECK(has_node);
}

TEST_CASE("the monitor reads every kernel in the cache, and names what one of them lacks") {
    const Sandbox sandbox;
    const auto listed = run_ktstr(sandbox, {"kernel", "list", "--format", "json"});
    REQUIRE(listed.exit.exit_code == 0);
    std::size_t kernels = 0;
    for (const std::string version : {"6.12", "6.19", "7.0", "7.2"}) {
        if (listed.output.find("\"" + version + ".") == std::string::npos) continue;
        ++kernels;
        INFO(version);
        const auto records = run_file(sandbox, R"(
scenario "spinning" {
  topology 1n1l2c1t
  step "only" for 800ms { cgroup box { workers 4 of spin_wait } }
  check "it ran" lua [[ claim("it ran"):equals(run.ended, "completed") ]]
}
)",
                                      "pass", {"--kernel", version});
        const json& monitor = records.observed["monitor"];
        INFO(monitor["absent"].dump(1));
        CHECK(monitor["reason"] == "");
        const auto running = column_of(monitor, "nr_running");
        CHECK(*std::max_element(running.values.begin(), running.values.end()) >= 4);
        for (const char* counter : {"nr_switches", "timeslices", "run_delay"}) {
            const auto column = column_of(monitor, counter);
            CHECK(column.values.front() < column.values.back());
        }
        const json& domains = monitor["domains"];
        REQUIRE(domains.size() == 1);
        REQUIRE(domains[0]["cpus"].size() == 2);
        CHECK(domains[0]["cpus"][1][0]["span"] == "0-1");
        const bool has_events = version != "6.12";
        CHECK(monitor["absent"].contains("dispatch_keep_last") == !has_events);
        CHECK(monitor["absent"].contains("reenq_immed") == (version != "7.2"));
    }
    CHECK(kernels > 0);
}

namespace {

// The counters of CPU 0's innermost domain in /proc/schedstat, under the names that struct sched_domain has for them,
// in the order of the kernel's show_schedstat() (kernel/sched/stats.c, version 16): eight for each idle type, then
// twelve.
std::map<std::string, std::vector<double>> domain_counters(const std::string& text) {
    std::istringstream line(text.substr(text.find("domain0")));
    std::string word;
    line >> word >> word; // its name, its CPUs
    std::map<std::string, std::vector<double>> counters;
    double number = 0;
    const auto take = [&](const char* name) {
        REQUIRE(line >> number);
        counters[name].push_back(number);
    };
    for (int idle_type = 0; idle_type < 3; ++idle_type)
        for (const char* name : {"lb_count", "lb_balanced", "lb_failed", "lb_imbalance", "lb_gained", "lb_hot_gained",
                                 "lb_nobusyq", "lb_nobusyg"})
            take(name);
    for (const char* name :
         {"alb_count", "alb_failed", "alb_pushed", "sbe_count", "sbe_balanced", "sbe_pushed", "sbf_count",
          "sbf_balanced", "sbf_pushed", "ttwu_wake_remote", "ttwu_move_affine", "ttwu_move_balance"})
        take(name);
    return counters;
}

} // namespace

TEST_CASE("the counters of scheduling domains are those of the guest's own /proc/schedstat") {
    const Sandbox sandbox;
    const auto records = run_file(sandbox, R"(
payload early { binary "cat"  args ["/proc/schedstat"] }
payload late { binary "cat"  args ["/proc/schedstat"] }
scenario "balanced" {
  topology 1n1l2c1t
  sysctl "kernel.sched_schedstats" = 1
  backdrop { cgroup box { workers 5 of bursty } }
  step "first" for 300ms {
    run early in box
    wait early in box
  }
  step "second" for 1500ms {}
  step "third" for 200ms {
    run late in box
    wait late in box
  }
  check "it ran" lua [[ claim("it ran"):equals(run.ended, "completed") ]]
}
)");
    const json& payloads = records.sidecar["payloads"];
    const auto text = named(payloads, "late")["stdout"].get<std::string>();
    INFO(text);
    REQUIRE(text.starts_with("version 16"));
    const auto early = domain_counters(named(payloads, "early")["stdout"].get<std::string>());
    const auto late = domain_counters(text);
    const json& counters = records.observed["monitor"]["domains"].back()["cpus"][0][0]["counters"];
    // The record has them as of the last sample, a moment after the second look, which came long after the first.
    double compared = 0;
    for (const auto& [name, numbers] : late) {
        INFO(name << " " << counters.dump());
        REQUIRE(counters.contains(name));
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const json& kept = counters[name]; // one number, or one for each idle type
            const double at_end = kept.is_array() ? kept[i].get<double>() : kept.get<double>();
            INFO(early.at(name)[i] << " " << numbers[i] << " " << at_end);
            CHECK(at_end >= numbers[i]);
            CHECK(at_end - numbers[i] <= std::max(16.0, numbers[i] - early.at(name)[i]));
            compared += numbers[i];
        }
    }
    CHECK(compared > 0);
}

TEST_CASE("the events of sched_ext are those that the kernel tells itself, under a scheduler") {
    const Sandbox sandbox;
    const auto listed = run_ktstr(sandbox, {"kernel", "list", "--format", "json"});
    REQUIRE(listed.exit.exit_code == 0);
    std::size_t kernels = 0;
    for (const std::string version : {"6.19", "7.0"}) {
        if (listed.output.find("\"" + version + ".") == std::string::npos) continue;
        ++kernels;
        INFO(version);
        const auto records = run_file(sandbox, R"(
use std.schedulers
payload events { binary "cat"  args ["/sys/kernel/sched_ext/root/events"] }
scenario "with events" {
  scheduler ktstr
  topology 1n1l2c1t
  backdrop { cgroup box { workers 1 of spin_wait } }
  step "busy" for 700ms {}
  step "look" for 700ms {
    run events in box
    wait events in box
  }
  check "it ran" lua [[ claim("it ran"):equals(run.ended, "completed") ]]
}
)",
                                      "pass", {"--kernel", version});
        const json& monitor = records.observed["monitor"];
        const json& events = named(records.sidecar["payloads"], "events");
        const auto from = events["started_at_ns"].get<double>();
        const auto until = from + events["wall_ns"].get<double>();
        std::istringstream lines(events["stdout"].get<std::string>());
        INFO(lines.str());
        constexpr double clock_error_ns = 50e6;
        std::string name;
        double value = 0;
        double seen = 0;
        int compared = 0;
        while (lines >> name >> value) {
            constexpr std::size_t prefix = std::string_view("SCX_EV_").size();
            std::string series = name.substr(prefix);
            std::transform(series.begin(), series.end(), series.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            const json& names = monitor["names"];
            if (std::find(names.begin(), names.end(), series) == names.end()) continue;
            const auto column = column_of(monitor, series);
            INFO(series << ": " << column.before(from - clock_error_ns) << " <= " << value
                        << " <= " << column.after(until + clock_error_ns));
            CHECK(column.before(from - clock_error_ns) <= value);
            CHECK(value <= column.after(until + clock_error_ns));
            seen += value;
            ++compared;
        }
        CHECK(compared >= 8);
        CHECK(seen > 0);
    }
    CHECK(kernels > 0);
}
