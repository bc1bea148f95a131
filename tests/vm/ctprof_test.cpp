// SPDX-License-Identifier: GPL-2.0-only
// ctprof captures in a guest. The workers with jemalloc are built by the target alloc_workers.
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

const std::string workers = KTSTR_ALLOC_WORKERS;

// Three payloads that go on beyond the captures: one that keeps 16 MiB, one that churns threads, one without debug
// information.
std::string scenario() {
    return "payload alloc { binary \"" + workers + "/alloc_worker\" args [\"16777216\"] }\n" +                  //
           "payload churn { binary \"" + workers + "/alloc_worker_shared\" args [\"1048576\", \"churn\"] }\n" + //
           "payload bare  { binary \"" + workers + "/alloc_worker_stripped\" args [\"1048576\"] }\n" + R"(
scenario "heaps" {
  topology 1n1l2c1t
  duration 4s
  backdrop { run alloc run churn run bare }
  step "settle" for 3s { ctprof early }
  step "look" { ctprof late }
  expect { progress off }
  check "heaps" lua [[
    local late = run:ctprof("late")
    local alloc = late:thread{process = "alloc_worker"}
    claim("allocated", "bytes"):between(alloc.allocated_bytes, 16 << 20, 20 << 20)
    claim("freed", "bytes"):between(alloc.deallocated_bytes, 0, (16 << 20) - 1)
    claim("heap"):equals(alloc.heap, "read")

    local kthreadd = late:thread{process = "kthreadd"}
    claim("kthreadd allocated", "bytes"):equals(kthreadd.allocated_bytes, 0)
    claim("kthreadd freed", "bytes"):equals(kthreadd.deallocated_bytes, 0)
    claim("kthreadd heap"):equals(kthreadd.heap, "kernel_thread")

    local churn = late:threads{process = "alloc_worker_sh"}
    claim("threads of the churning worker"):at_least(#churn, 1)
    local leader = late:thread{process = "alloc_worker_sh", tid = churn[1].pid}
    claim("its leader's", "bytes"):between(leader.allocated_bytes, 1 << 20, 2 << 20)
    claim("a program without debug information"):equals(late:thread{process = "alloc_worker_st"}.heap,
                                                        "no_debug_information")
    for _, thread in ipairs(late:since(run:ctprof("early"), {process = "kthreadd"})) do
      claim("kthreadd ran", "ns"):at_least(thread.run_time_ns, 0)
    end
  ]]
}
)";
}

} // namespace

TEST_CASE("a capture in a guest has the heap bytes of what was allocated, and its file is read on the host") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", scenario());
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--out", "records", "--format", "json"});
    INFO(outcome.errors << outcome.output);
    REQUIRE(outcome.exit.clean());
    const auto content = read_file(sandbox.path("work") / outcome.lines()[0]["sidecar"].get<std::string>());
    REQUIRE(content.ok());
    const auto record = nlohmann::json::parse(*content);
    REQUIRE(record["ctprof"].size() == 2);
    CHECK(record["ctprof"][1]["name"] == "late");
    const auto folder = std::filesystem::path(outcome.lines()[0]["sidecar"].get<std::string>()).parent_path();
    const auto early = (folder / record["ctprof"][0]["file"].get<std::string>()).string();
    const auto late = (folder / record["ctprof"][1]["file"].get<std::string>()).string();

    const auto shown = run_ktstr(sandbox, {"ctprof", "show", late, "--filter", "process=alloc_worker", "--json"});
    REQUIRE(shown.exit.clean());
    const auto threads = nlohmann::json::parse(shown.output)["threads"];
    REQUIRE(threads.size() == 1);
    CHECK(threads[0]["counters"]["allocated_bytes"] >= 16U << 20U);
    const auto compared = run_ktstr(sandbox, {"ctprof", "compare", early, late});
    CHECK(compared.exit.clean());
    CHECK(compared.output.find("alloc_worker_sh") != std::string::npos);
    CHECK(sandbox.leftovers().empty());
}
