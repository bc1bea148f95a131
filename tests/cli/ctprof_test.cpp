// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "ctprof/host/file.h"
#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using namespace ktstr::ctprof;
using Catch::Matchers::ContainsSubstring;

namespace {

Thread thread_of(int tid, const std::string& name, std::uint64_t run_time_ns) {
    Thread thread;
    thread.pid = 10;
    thread.tid = tid;
    thread.process = "server";
    thread.thread = name;
    thread[Counter::run_time_ns] = run_time_ns;
    return thread;
}

void write(const Sandbox& sandbox, const std::string& name, std::vector<Thread> threads) {
    Capture capture;
    capture.host_name = "here\x1b[31m";
    capture.kernel_release = "6.12";
    capture.threads = std::move(threads);
    capture.report.processes = 1;
    capture.report.left_out = 3;
    capture.report.heap.at(static_cast<std::size_t>(HeapState::read)) = capture.threads.size();
    REQUIRE(write_capture(sandbox.path("work") / name, capture).ok());
}

void write_two(const Sandbox& sandbox) {
    auto first = thread_of(11, "worker/1", 1'000'000);
    first[Counter::allocated_bytes] = 16U << 20U;
    write(sandbox, "a.zst", {thread_of(10, "server", 5'000), first, thread_of(12, "worker/2", 2'000'000)});
    auto later = first;
    later[Counter::run_time_ns] = 3'500'000;
    write(sandbox, "b.zst", {thread_of(10, "server", 5'000), later, thread_of(13, "worker/3", 1'000'000)});
}

} // namespace

TEST_CASE("a capture is shown by the field that is asked for, and what a terminal would obey is not printed") {
    const Sandbox sandbox;
    write_two(sandbox);
    const auto shown = run_ktstr(sandbox, {"ctprof", "show", "a.zst"});
    CHECK(shown.exit.clean());
    CHECK(shown.output.find('\x1b') == std::string::npos);
    CHECK_THAT(shown.output,
               ContainsSubstring("3 threads in 1 processes on here") && ContainsSubstring("3 threads are left out"));
    const auto second = shown.output.find("worker/2");
    CHECK(second < shown.output.find("worker/1"));
    CHECK_THAT(shown.output, ContainsSubstring("     12 server           worker/2              2 ms         -"));
    const auto sorted = run_ktstr(sandbox, {"ctprof", "show", "a.zst", "--sort", "allocated_bytes"});
    CHECK_THAT(sorted.output, ContainsSubstring("     11 server           worker/1            16 MiB      1 ms"));
    CHECK(sorted.output.find("worker/1") < sorted.output.find("worker/2"));
    const auto filtered = run_ktstr(sandbox, {"ctprof", "show", "a.zst", "--filter", "thread=worker/*", "--json"});
    CHECK(nlohmann::json::parse(filtered.output)["threads"].size() == 2);
}

TEST_CASE("captures are compared by groups of names, with value, difference and percentage") {
    const Sandbox sandbox;
    write_two(sandbox);
    const auto compared = run_ktstr(sandbox, {"ctprof", "compare", "a.zst", "b.zst"});
    CHECK(compared.exit.clean());
    CHECK(compared.output == "server / worker/{N}  threads 2 -> 2\n"
                             "  run_time_ns                 3 ms    4.5 ms    +1.5 ms    +50.0 %\n");
    const auto json = run_ktstr(sandbox, {"ctprof", "compare", "a.zst", "b.zst", "--json", "--all"});
    const auto groups = nlohmann::json::parse(json.output)["groups"];
    REQUIRE(groups.size() == 2);
    CHECK(groups[0]["thread"] == "worker/{N}");
    CHECK(groups[0]["delta"]["run_time_ns"] == 1'500'000);
    CHECK(groups[0]["percent"]["run_time_ns"] == 50.0);
    CHECK(groups[0]["percent"]["migrations"].is_null());
    CHECK(groups[1]["thread"] == "server");
    CHECK(run_ktstr(sandbox, {"ctprof", "compare", "a.zst", "a.zst"}).output == "nothing has changed\n");
}

TEST_CASE("a file that is no capture and a filter that is none are refused by name") {
    const Sandbox sandbox;
    write_two(sandbox);
    sandbox.write("c.zst", "something else");
    const auto foreign = run_ktstr(sandbox, {"ctprof", "show", "c.zst"});
    CHECK(foreign.exit.exit_code == 64);
    CHECK_THAT(foreign.errors, ContainsSubstring("c.zst"));
    CHECK(run_ktstr(sandbox, {"ctprof", "compare", "a.zst", "absent.zst"}).exit.exit_code == 64);
    const auto filter = run_ktstr(sandbox, {"ctprof", "show", "a.zst", "--filter", "name=x"});
    CHECK(filter.exit.exit_code == 64);
    CHECK_THAT(filter.errors, ContainsSubstring("'name'"));
    CHECK(run_ktstr(sandbox, {"ctprof", "show", "a.zst", "--sort", "runtime"}).exit.exit_code == 64);
}

TEST_CASE("this machine is captured into a file, which is shown again, and not where no file can be") {
    const Sandbox sandbox;
    const auto taken = run_ktstr(sandbox, {"ctprof", "capture", "-o", "now.zst"});
    CHECK(taken.exit.clean());
    CHECK_THAT(taken.output, ContainsSubstring("now.zst: ") && ContainsSubstring(" threads in "));
    CHECK(run_ktstr(sandbox, {"ctprof", "show", "now.zst"}).exit.clean());
    CHECK(run_ktstr(sandbox, {"ctprof", "capture", "-o", "no/folder/now.zst"}).exit.exit_code == 70);
    const auto json = run_ktstr(sandbox, {"ctprof", "capture", "--json"});
    CHECK(nlohmann::json::parse(json.output)["format"] == "ktstr ctprof");
}
