// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/compare.h"

#include <catch2/catch_test_macros.hpp>

using namespace ktstr::ctprof;

namespace {

Thread thread_of(const std::string& process, const std::string& name, std::uint64_t run_time_ns) {
    Thread thread;
    thread.process = process;
    thread.thread = name;
    thread[Counter::run_time_ns] = run_time_ns;
    return thread;
}

Capture capture_of(std::vector<Thread> threads) {
    Capture capture;
    capture.threads = std::move(threads);
    return capture;
}

} // namespace

TEST_CASE("every run of digits of a name is a place for a number in its pattern") {
    CHECK(name_pattern("worker/12") == "worker/{N}");
    CHECK(name_pattern("kworker/0:1H-kblockd") == "kworker/{N}:{N}H-kblockd");
    CHECK(name_pattern("42") == "{N}");
    CHECK(name_pattern("plain").compare("plain") == 0);
    CHECK(name_pattern("").empty());
}

TEST_CASE("threads with numbered names are one group, and their numbers are added up") {
    const auto groups = compare(capture_of({thread_of("srv", "worker/1", 10), thread_of("srv", "worker/2", 20)}),
                                capture_of({thread_of("srv", "worker/2", 25), thread_of("srv", "worker/33", 65)}));
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].process == "srv");
    CHECK(groups[0].thread == "worker/{N}");
    CHECK(groups[0].before.threads == 2);
    CHECK(groups[0].before.count(Counter::run_time_ns) == 30);
    CHECK(groups[0].after.count(Counter::run_time_ns) == 90);
    CHECK(groups[0].delta(Counter::run_time_ns) == 60);
    CHECK(groups[0].percent(Counter::run_time_ns) == 200.0);
}

TEST_CASE("a name that is alone with its pattern keeps its number, and processes are grouped like threads") {
    const auto groups = compare(capture_of({thread_of("python3", "python3", 1), thread_of("job-1", "main", 2)}),
                                capture_of({thread_of("python3", "python3", 4), thread_of("job-2", "main", 8)}));
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].process == "job-{N}");
    CHECK(groups[0].delta(Counter::run_time_ns) == 6);
    CHECK(groups[1].process == "python3");
    CHECK(groups[1].thread == "python3");
}

TEST_CASE("the same thread name in two processes is two groups") {
    const auto capture = capture_of({thread_of("a", "main", 1), thread_of("b", "main", 2)});
    CHECK(compare(capture, capture).size() == 2);
}

TEST_CASE("what is new has no percentage, what is gone lost everything, and what is absent counts as 0") {
    auto groups = compare(capture_of({thread_of("gone", "main", 7)}), capture_of({thread_of("new", "main", 5)}));
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].delta(Counter::run_time_ns) == -7);
    CHECK(groups[0].percent(Counter::run_time_ns) == -100.0);
    CHECK(groups[0].after.threads == 0);
    CHECK_FALSE(groups[1].percent(Counter::run_time_ns).has_value());
    CHECK(groups[1].delta(Counter::allocated_bytes) == 0);
    CHECK(groups[1].changed());
}

TEST_CASE("a difference that no signed number holds is as large as one gets") {
    const auto groups = compare(capture_of({thread_of("p", "t", 0)}), capture_of({thread_of("p", "t", UINT64_MAX)}));
    CHECK(groups[0].delta(Counter::run_time_ns) == INT64_MAX);
}
