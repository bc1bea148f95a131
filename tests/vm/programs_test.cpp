// SPDX-License-Identifier: GPL-2.0-only
// BPF programs as the host sees them, against what the guest says of them; and what the verifier makes of them.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <map>
#include <sstream>

#include "tests/vm/records.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

// "prog_id: 12", "verified_insns: 812", ... of each program that some process has open.
std::map<int, std::uint64_t> verified_insns_of(const std::string& fdinfo) {
    std::map<int, std::uint64_t> found;
    int id = 0;
    std::istringstream words(fdinfo);
    for (std::string word; words >> word;) {
        if (word == "prog_id:") words >> id;
        if (word == "verified_insns:") words >> found[id];
    }
    return found;
}

json verifier(const Sandbox& sandbox, std::vector<std::string> arguments, int exit_code) {
    arguments.insert(arguments.begin(), {"verifier", "--format", "json"});
    const auto outcome = run_ktstr(sandbox, arguments);
    INFO(outcome.errors << outcome.output);
    CHECK(outcome.exit.exit_code == exit_code);
    REQUIRE(outcome.lines().size() == 1);
    return outcome.lines()[0];
}

} // namespace

TEST_CASE(
    "a scheduler's programs are those that bpftool and the kernel's fdinfo show in the guest, with their counts") {
    const Sandbox sandbox;
    const auto [record, observed] = run_file(sandbox, R"(use std.schedulers
payload shown { binary "bpftool"  args ["-j", "prog", "show"] }
payload fdinfo { binary "sh"  args ["-c", "for p in /proc/[0-9]*; do read -r c < $p/comm; [ $c = scx_ktstr ] || continue; for f in $p/fdinfo/*; do (while read -r l; do echo $l; done < $f); done; done; exit 0"] }
scenario "programs" {
  scheduler ktstr
  topology 1n1l2c1t
  step "only" for 300ms {
    cgroup box { workers 3 of yield_heavy }
    snapshot before
    run shown in box
    wait shown in box
    snapshot after
    run fdinfo in box
    wait fdinfo in box
  }
  expect {
    monitor.program.running.run_count > 0
    delta(monitor.program.running.run_time_ns) > 0
  }
}
)");
    const json& before = named(observed["snapshots"], "before")["programs"];
    const json& after = named(observed["snapshots"], "after")["programs"];
    const auto insns = verified_insns_of(named(record["payloads"], "fdinfo")["stdout"].get<std::string>());
    std::size_t compared = 0;
    for (const json& theirs : json::parse(named(record["payloads"], "shown")["stdout"].get<std::string>())) {
        if (theirs["type"] != "struct_ops") continue;
        INFO(theirs.dump());
        const json& first = named(before, theirs["name"]);
        const json& last = named(after, theirs["name"]);
        INFO(last.dump());
        for (const json* ours : {&first, &last}) {
            CHECK((*ours)["id"] == theirs["id"]);
            CHECK((*ours)["tag"] == theirs["tag"]);
            CHECK((*ours)["jited_bytes"] == theirs["bytes_jited"]);
            CHECK((*ours)["scheduler"] == "ktstr");
            CHECK("ktstr_" + (*ours)["callback"].get<std::string>() == theirs["name"]);
            CHECK((*ours)["verified_insns"] == insns.at(theirs["id"].get<int>()));
        }
        const std::uint64_t runs = theirs.value("run_cnt", std::uint64_t{0}); // left out where it is 0
        const std::uint64_t time_ns = theirs.value("run_time_ns", std::uint64_t{0});
        CHECK(first["run_count"].get<std::uint64_t>() <= runs);
        CHECK(runs <= last["run_count"].get<std::uint64_t>());
        CHECK(first["run_time_ns"].get<std::uint64_t>() <= time_ns);
        CHECK(time_ns <= last["run_time_ns"].get<std::uint64_t>());
        ++compared;
    }
    CHECK(compared == after.size());
    CHECK(compared >= 10);
    CHECK(named(after, "ktstr_running")["run_count"] > 100);
    const json& summary = named(record["programs"]["list"], "ktstr_running");
    CHECK(summary["mean_ns"] > 0);
    CHECK(summary["run_count"] >= named(after, "ktstr_running")["run_count"]);
    CHECK(record["programs"]["warnings"].empty());
}

TEST_CASE("a kernel that is told not to count runs has none, and a bound on them is inconclusive") {
    const Sandbox sandbox;
    const json record = run_file(sandbox, R"(use std.schedulers
scenario "not counted" {
  scheduler ktstr
  topology 1n1l2c1t
  sysctl "kernel.bpf_stats_enabled" = 0
  step "only" for 200ms { cgroup box { workers 2 of yield_heavy } }
  expect { monitor.program.enqueue.run_count > 0 }
}
)",
                                 "inconclusive")
                            .sidecar;
    CHECK_THAT(record["programs"]["absent"]["run_count"].get<std::string>(),
               ContainsSubstring("not counted: kernel.bpf_stats_enabled is 0"));
    CHECK(named(record["programs"]["list"], "ktstr_enqueue")["run_count"].is_null());
    CHECK(named(record["programs"]["list"], "ktstr_enqueue")["verified_insns"] > 0);
}

TEST_CASE("the verifier's table has every program on every topology, and another scheduler's beside it") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"verifier", "scx_ktstr", "--topology", "1n1l1c1t"});
    INFO(outcome.errors << outcome.output);
    CHECK(outcome.exit.exit_code == 0);
    CHECK_THAT(outcome.output, ContainsSubstring("  program            callback     1n1l1c1t"));
    CHECK_THAT(outcome.output, ContainsSubstring("\n  ktstr_select_cpu   select_cpu "));
    sandbox.write("short.ktl", R"(
scheduler short { binary "scx_ktstr"  args ["--fault", "slow"] }
scenario "s" { scheduler short  cgroup a { workers 1 of spin_wait } }
)");
    const json compared = verifier(sandbox, {"short.ktl", "--against", "scx_ktstr", "--topology", "1n1l1c1t"}, 0);
    const json& dispatch = named(compared["programs"], "ktstr_dispatch");
    CHECK(dispatch["verified_insns"].get<int>() > dispatch["against"].get<int>()); // with a fault in it
    const json& init = named(compared["programs"], "ktstr_init");
    CHECK(init["verified_insns"] == init["against"]);
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("a scheduler that the verifier refuses is shown with its log, whose loops are one turn each") {
    const Sandbox sandbox;
    const json refused = verifier(sandbox, {"scx_ktstr", "--topology", "1n1l1c1t", "--", "--fault", "overrun"}, 1);
    const json& run = refused["runs"][0];
    CHECK(run["admission"] == "rejected");
    CHECK(run["program"] == "ktstr_dispatch");
    CHECK_THAT(run["message"].get<std::string>(), ContainsSubstring("unbounded"));
    CHECK_THAT(run["log"].get<std::string>(), ContainsSubstring(" more turns of the same loop, instructions "));
    const json left = verifier(sandbox, {"scx_ktstr", "--topology", "1n1l1c1t", "--", "--fault", "exit"}, 1);
    CHECK(left["runs"][0]["admission"] == "not_attached");
    CHECK_THAT(left["runs"][0]["log"].get<std::string>(), ContainsSubstring("fault exit"));
}
