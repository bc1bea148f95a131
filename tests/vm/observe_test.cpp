// SPDX-License-Identifier: GPL-2.0-only
// What the host sees in a guest's memory, against what the guest says of itself.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sstream>

#include "tests/vm/records.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

// bpftool writes enumerators by name and bit fields as texts of hexadecimal digits.
json plain(const json& value) {
    if (value.is_string() && value.get_ref<const std::string&>().starts_with("0x"))
        return std::stoull(value.get<std::string>(), nullptr, 16);
    if (value.is_object() && value.contains("@enum")) return value["@enum"];
    if (!value.is_structured()) return value;
    json result = value;
    for (auto& member : result) member = plain(member);
    return result;
}

// One text for each entry, in their order.
std::vector<std::string> entries_of_bpftool(const std::string& text) {
    std::vector<std::string> entries;
    for (const auto& entry : json::parse(text)) {
        const json& formatted = entry["formatted"];
        const json values = formatted.contains("values") ? formatted["values"] : json::array({formatted});
        for (const auto& value : values) {
            json one = {{"key", plain(formatted["key"])}, {"value", plain(value["value"])}};
            if (value.contains("cpu")) one["cpu"] = value["cpu"];
            entries.push_back(one.dump());
        }
    }
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::vector<std::string> entries_of_snapshot(const json& map) {
    std::vector<std::string> entries;
    for (const auto& entry : map["entries"]) entries.push_back(plain(entry).dump());
    std::sort(entries.begin(), entries.end());
    return entries;
}

constexpr const char* compared[] = {"fill_array", "fill_percpu",    "fill_hash",    "fill_keyed",
                                    "fill_lru",   "fill_pcpu_hash", "fill_lru_pcpu"};

} // namespace

TEST_CASE("the maps of a snapshot are those that bpftool shows in the guest, for every kind that it shows") {
    const Sandbox sandbox;
    std::string payloads;
    std::string runs;
    for (const std::string name : compared) {
        payloads += "payload " + name + " { binary \"bpftool\"  args [\"-j\", \"map\", \"dump\", \"name\", \"" + name +
                    "\"] }\n";
        runs += "    run " + name + " in box\n    wait " + name + " in box\n";
    }
    const auto records = run_file(sandbox, "use std.schedulers\n" + payloads + R"(
scenario "maps" {
  scheduler ktstr with args ["--fill", "20"]
  topology 1n1l2c1t
  step "only" for 100ms {
    cgroup box { workers 1 of spin_wait }
    snapshot now
)" + runs + R"(  }
  check "it is there" lua [[ claim("maps"):at_least(#run:snapshot("now"):maps(), 12) ]]
}
)");
    const json& maps = named(records.observed["snapshots"], "now")["maps"];
    for (const std::string name : compared) {
        INFO(name);
        const auto seen = entries_of_snapshot(named(maps, name));
        CHECK(seen.size() >= 20);
        CHECK(seen == entries_of_bpftool(named(records.sidecar["payloads"], name)["stdout"].get<std::string>()));
    }
    CHECK(named(maps, "fill_ring")["entries"][0]["value"]["size"] == 4096);
    CHECK(named(maps, "fill_queue")["absent"] == "maps of the type queue are not read");
    CHECK(named(maps, "fill_stacks")["entries"].empty());
    const json& pages = named(maps, "fill_arena")["entries"];
    REQUIRE(pages.size() == 2);
    CHECK_THAT(pages[1]["value"]["@bytes"].get<std::string>(), ContainsSubstring("0002000000000000010200000000000002"));
    CHECK(named(maps, "ktstr_ops")["entries"][0]["value"]["data"]["name"] == "ktstr");
    CHECK(named(maps, "task_states")["entries"].size() > 10);
}

TEST_CASE("what the monitor reads is what the guest's own files say, while nothing changes") {
    const Sandbox sandbox;
    const auto records = run_file(sandbox, R"(use std.schedulers
payload schedstat { binary "cat"  args ["/proc/schedstat"] }
scenario "monitor" {
  scheduler ktstr
  topology 1n1l2c1t
  step "crowded" for 1200ms { cgroup box { workers 6 of spin_wait } }
  step "empty" for 800ms {
    cgroup box { cpuset llc(0) }
    run schedstat in box
  }
  check "always" lua [[ claim("it ran"):equals(run.ended, "completed") ]]
}
)");
    const json& monitor = records.observed["monitor"];
    const auto column = [&monitor](const std::string& name) {
        const json& names = monitor["names"];
        return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    double most = 0;
    for (const auto& sample : monitor["samples"])
        if (sample["step"] == 0) most = std::max(most, sample["values"][column("scx_nr_running")].get<double>());
    CHECK(most >= 5); // six spin on two CPUs
    // The run delays of all CPUs, eighth of the line's numbers (Documentation/scheduler/sched-stats.rst), only grow.
    std::istringstream lines(named(records.sidecar["payloads"], "schedstat")["stdout"].get<std::string>());
    double delay = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("cpu")) continue;
        std::istringstream words(line);
        std::string word;
        double number = 0;
        words >> word;
        for (int i = 0; i < 8; ++i) words >> number;
        delay += number;
    }
    const auto run_delay = column("run_delay");
    double before = 0;
    for (const auto& sample : monitor["samples"])
        if (sample["step"] == 0) before = sample["values"][run_delay].get<double>();
    CHECK(before <= delay);
    CHECK(delay <= monitor["samples"].back()["values"][run_delay].get<double>() + 1e9);
    CHECK(monitor["absent"].contains("dispatch_keep_last")); // 6.12 has no such counter
}

// What lets the machine go on, and what stops it, come to QEMU by two ways.
TEST_CASE("a machine that is stopped right after it went on is not waited for in vain") {
    const Sandbox sandbox;
    std::string reads;
    constexpr std::size_t count = 60;
    for (std::size_t i = 0; i < count; ++i)
        reads += "    read_kernel symbol(\"jiffies\", bytes: 8) cold as at_" + std::to_string(i) + "\n";
    const auto records = run_file(sandbox, R"(use std.schedulers
scenario "stopped often" {
  scheduler ktstr
  topology 1n1l4c1t
  step "only" for 300ms {
    cgroup box { workers 4 of spin_wait }
    watch symbol("panic_timeout", bytes: 4) as never
)" + reads + R"(  }
  check "always" lua [[ claim("it ran"):equals(run.ended, "completed") ]]
}
)");
    CHECK(records.observed["kernel_reads"].size() == count);
    CHECK(records.observed["snapshots"].empty()); // none that says that watchpoints are lost
    CHECK(records.observed["monitor"]["samples"].size() >= 3);
}

TEST_CASE("a host op that cannot be done ends the run at its line, with what there is instead") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(use std.schedulers
scenario "field" {
  topology 1n1l2c1t
  step "only" for 100ms { read_kernel per_cpu("runqueues", cpu: 0, field: "nr_runing") as n }
}
scenario "symbol" {
  topology 1n1l2c1t
  step "only" for 100ms { watch scx_watchdog_timestam as w }
}
scenario "global" {
  scheduler ktstr
  topology 1n1l2c1t
  step "only" for 100ms { write_bpf slice = 5 }
}
scenario "constant" {
  scheduler ktstr
  topology 1n1l2c1t
  step "only" for 100ms { write_bpf fault = 1 }
}
)");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--out", "records", "--format", "json"});
    INFO(outcome.errors);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 5);
    const auto message = [&](std::size_t index) { return lines[index].dump(); };
    CHECK_THAT(message(0), ContainsSubstring("a.ktl:4: read_kernel: component 'nr_runing' not found (members: "));
    CHECK_THAT(message(1), ContainsSubstring("has no symbol 'scx_watchdog_timestam'"));
    CHECK_THAT(message(1), ContainsSubstring("it has: scx_watchdog_timestamp"));
    CHECK_THAT(message(2), ContainsSubstring("the scheduler 'ktstr' has no global 'slice'"));
    CHECK_THAT(message(3), ContainsSubstring("is a constant (.rodata)"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("a place that is written all the time is watched without wedging the guest, and its writes are counted") {
    const Sandbox sandbox;
    const auto records = run_file(sandbox, R"(use std.schedulers
scenario "hot" {
  scheduler ktstr
  topology 1n1l2c1t
  step "watched" for 600ms {
    cgroup box { workers 4 of yield_heavy }
    watch bpf("nr_runs") as runs at_most 3 times every 150ms
  }
  step "free" for 300ms { cgroup box { workers 4 of yield_heavy } }
  expect { progress }
}
)");
    const json& watch = named(records.sidecar["watches"], "runs");
    CHECK(watch["captured"] >= 1);
    CHECK(watch["captured"] <= 3);
    CHECK(watch["fires"].get<int>() == watch["captured"].get<int>() + watch["dropped"].get<int>());
    CHECK(watch["dropped"] > 0);
    const json& first = named(records.observed["snapshots"], "runs#1");
    CHECK(first["trigger"] == "watch");
    CHECK_FALSE(first["registers"].empty());
    CHECK_FALSE(first["variables"].empty());
}

TEST_CASE("the moment in which the kernel lets go of a scheduler is kept, and an orderly end is not") {
    const Sandbox sandbox;
    const auto records = run_file(sandbox, R"(use std.schedulers
scenario "crash" {
  scheduler ktstr with args ["--fault", "crash", "--fault-after", "1000"]
  topology 1n1l2c1t
  step "only" for 2s { cgroup box { workers 3 of spin_wait } }
  expect { error matches "fault: crash" }
}
)");
    const json& last = named(records.observed["snapshots"], "scheduler_exit");
    CHECK(last["trigger"] == "scheduler_exit");
    CHECK(last["scheduler"] == "ktstr");
    CHECK(named(last["variables"], "nr_tasks")["value"] > 3);
    CHECK(named(last["variables"], "nr_tasks")["live"] == true);
    CHECK_THAT(last["registers"].dump(), ContainsSubstring("disable_workfn+0x0"));

    const auto orderly = run_file(sandbox, R"(use std.schedulers
scenario "orderly" {
  scheduler ktstr
  topology 1n1l2c1t
  step "only" for 100ms {
    cgroup box { workers 1 of spin_wait }
    restart_scheduler
  }
  expect { progress }
}
)");
    INFO(orderly.sidecar["snapshots"].dump(1));
    CHECK(orderly.observed["snapshots"].empty());
}
