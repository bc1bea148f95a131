// SPDX-License-Identifier: GPL-2.0-only
// What the work types that wake each other, or wait for locks and disks, show to those who watch from outside.
#include <sched.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/guest/running.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::guest;
using namespace ktstr::test;

namespace {

std::uint64_t distance(std::uint64_t one, std::uint64_t other) { return std::max(one, other) - std::min(one, other); }

long count_of(const std::vector<std::string>& names, const std::string& part) {
    return std::count_if(names.begin(), names.end(),
                         [&part](const std::string& name) { return name.find(part) != std::string::npos; });
}

// Packets that the loopback device has received.
std::uint64_t loopback_packets() {
    std::ifstream lines("/proc/net/dev");
    for (std::string name; lines >> name;) {
        std::uint64_t bytes = 0;
        std::uint64_t packets = 0;
        if (name == "lo:" && lines >> bytes >> packets) return packets;
        std::getline(lines, name);
    }
    return 0;
}

} // namespace

TEST_CASE("pipe_io and futex_ping_pong switch context for their turns") {
    const auto* type = GENERATE("pipe_io", "futex_ping_pong");
    const auto outcome = run(work_of(type), 500);
    for (const auto& [number, usage] : outcome.usage) CHECK(outcome.switches(number) > 0);
    CHECK(distance(outcome.reports[0].work_units, outcome.reports[1].work_units) <= 1); // they take turns
}

TEST_CASE("pipe_io sleeps for each byte") {
    const auto outcome = run(work_of("pipe_io"), 500);
    CHECK(outcome.voluntary_switches(0) + outcome.voluntary_switches(1) >= 250);
}

TEST_CASE("cache_pipe passes all of its buffer through the pipe, and has it in memory") {
    Running running(work_of("cache_pipe"));
    running.run_until_each_has(50);
    for (const std::size_t worker : {0U, 1U}) {
        const auto units = running.units(worker);
        CHECK(proc_number(running.pid(worker), "io", "rchar") >= units * 64 * 1024);
        CHECK(proc_number(running.pid(worker), "io", "wchar") >= units * 64 * 1024);
        CHECK(count_of(descriptors_of(running.pid(worker)), "pipe:") == 2);
    }
    const auto reports = running.stop();
    CHECK(distance(reports[0].work_units, reports[1].work_units) <= 1);
    CHECK(reports[0].cpu_ns >= 50 * 50'000ULL * 8 / 10);
}

TEST_CASE("wake_chain wakes one after the other, through futexes or pipes") {
    const std::string by = GENERATE("futex", "pipe");
    Running running(work_of("wake_chain", 1, {{"wake_by", by}, {"depth", std::int64_t{5}}}));
    running.run_until_each_has(50);
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(count_of(descriptors_of(running.pid(i)), "pipe:") == (by == "pipe" ? 2 : 0));
    const auto reports = running.stop();
    for (int i = 0; i < 5; ++i) {
        CHECK(distance(reports.at(static_cast<std::size_t>(i)).work_units, reports[0].work_units) <= 1);
        CHECK(running.usage.at(i).ru_nvcsw >= 10);
    }
}

TEST_CASE("asymmetric_waker has its two members in the policies that it was given, and sleeps for its turns") {
    Running running(work_of("asymmetric_waker", 1, {{"waker", std::string("batch")}, {"wakee", std::string("idle")}}));
    running.run_until_each_has(50);
    CHECK(::sched_getscheduler(running.pid(0)) == SCHED_BATCH);
    CHECK(::sched_getscheduler(running.pid(1)) == SCHED_IDLE);
    const auto reports = running.stop();
    CHECK(distance(reports[0].work_units, reports[1].work_units) <= 1);
    CHECK(running.usage.at(0).ru_nvcsw >= 10);
}

TEST_CASE("futex_fan_out has all of its group run in every round") {
    const auto outcome = run(work_of("futex_fan_out"), 100);
    for (const auto& report : outcome.reports) CHECK(distance(report.work_units, outcome.reports[0].work_units) <= 1);
    for (const auto& [number, usage] : outcome.usage) CHECK(outcome.voluntary_switches(number) >= 10);
}

TEST_CASE("fan_out_compute has the many compute while the one sleeps") {
    const auto outcome = run(work_of("fan_out_compute"), 20);
    CHECK(outcome.voluntary_switches(0) >= 20);
    for (std::size_t i = 1; i < outcome.reports.size(); ++i) {
        CHECK(distance(outcome.reports[i].work_units, outcome.reports[0].work_units) <= 1);
        CHECK(outcome.reports[i].cpu_ns > outcome.reports[0].cpu_ns);
    }
}

TEST_CASE("epoll_storm has all others wait with epoll for the same eventfds") {
    Running running(work_of("epoll_storm", 1, {{"events", std::int64_t{6}}}));
    running.run_until_each_has(20);
    CHECK(count_of(descriptors_of(running.pid(0)), "[eventfd]") == 6);
    CHECK(count_of(descriptors_of(running.pid(0)), "[eventpoll]") == 0);
    for (std::size_t i = 1; i <= 4; ++i) CHECK(count_of(descriptors_of(running.pid(i)), "[eventpoll]") == 1);
    running.stop();
    for (int i = 0; i <= 4; ++i) CHECK(running.usage.at(i).ru_nvcsw >= 3);
}

TEST_CASE("thundering_herd wakes all of its waiters each time") {
    const auto outcome = run(work_of("thundering_herd", 1, {{"interval", std::int64_t{2'000'000}}}), 20);
    for (std::size_t i = 1; i < outcome.reports.size(); ++i) {
        CHECK(outcome.reports[i].work_units <= outcome.reports[0].work_units);
        CHECK(outcome.voluntary_switches(static_cast<int>(i)) >= 5);
    }
}

TEST_CASE("producer_consumer_imbalance is never further ahead than its queue, and blocked by it") {
    const auto outcome = run(work_of("producer_consumer_imbalance", 1, {{"depth", std::int64_t{16}}}), 200);
    std::uint64_t consumed = 0;
    for (std::size_t i = 1; i < outcome.reports.size(); ++i) consumed += outcome.reports[i].work_units;
    const auto produced = outcome.reports[0].work_units;
    CHECK(produced >= consumed);
    CHECK(produced <= consumed + 16 + 3 + 1); // in the queue, being consumed, and in the making
    CHECK(outcome.voluntary_switches(0) >= 3);
}

TEST_CASE("net_traffic sends its payload through the loopback device") {
    const std::string protocol = GENERATE("udp", "tcp");
    const auto before = loopback_packets();
    Running running(work_of("net_traffic", 1, {{"protocol", protocol}}));
    running.run_until_each_has(100);
    CHECK(loopback_packets() >= before + 200);
    CHECK(count_of(descriptors_of(running.pid(0)), "socket:") == 1);
    const auto reports = running.stop();
    CHECK(distance(reports[0].work_units, reports[1].work_units) <= 1);
    CHECK(running.usage.at(0).ru_nvcsw + running.usage.at(1).ru_nvcsw >= 10);
}

TEST_CASE("net_traffic carries datagrams of the largest size") {
    CHECK(run(work_of("net_traffic", 1, {{"size", std::int64_t{65'507}}}), 20).reports.size() == 2);
}

TEST_CASE("io_sync_write has every block on the disk") {
    Running running(work_of("io_sync_write", 2, {{"block", std::int64_t{8192}}}));
    running.run_until_each_has(20);
    for (const std::size_t worker : {0U, 1U}) {
        const auto units = running.units(worker);
        CHECK(proc_number(running.pid(worker), "io", "write_bytes") >= units * 8192);
        CHECK(proc_number(running.pid(worker), "io", "syscw") >= units);
    }
    running.stop();
    CHECK(running.usage.at(0).ru_nvcsw >= 10);
    for (const off_t start : {off_t{0}, off_t{16 << 20}}) { // an extent each
        std::uint64_t second_block = 0;
        REQUIRE(::pread(running.disk.get(), &second_block, 0, start) == 0);
        CHECK(::lseek(running.disk.get(), start, SEEK_DATA) == start);
    }
}

TEST_CASE("io_rand_read reads blocks from the disk") {
    Running running(work_of("io_rand_read"));
    const std::string content(1 << 20, 'k'); // what was never written is not on the disk, and not read from it
    std::ofstream file(running.directory.path() / "disk", std::ios::in | std::ios::out);
    for (int mib = 0; mib < 16; ++mib) file << content;
    file.close();
    REQUIRE(::fsync(running.disk.get()) == 0);
    running.run_until_each_has(50);
    const auto units = running.units(0);
    CHECK(proc_number(running.pid(0), "io", "rchar") >= units * 4096);
    CHECK(proc_number(running.pid(0), "io", "read_bytes") >= units * 4096);
}

TEST_CASE("io_convoy queues for the one that writes") {
    Running running(work_of("io_convoy"));
    running.run_until_each_has(20);
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(proc_number(running.pid(i), "io", "write_bytes") >= running.units(i) * 4096);
    running.stop();
    for (int i = 0; i < 4; ++i) CHECK(running.usage.at(i).ru_nvcsw >= 5);
}

TEST_CASE("block I/O is refused without a disk, beyond its end, and in parts of sectors") {
    auto pool = WorkerPool::create(8, 8, AffinityResolver({}, 1));
    REQUIRE(pool.ok());
    auto spawned = pool->spawn(work_of("io_sync_write"), {});
    REQUIRE(!spawned.ok());
    CHECK_THAT(spawned.error().text(), ContainsSubstring("CONFIG_VIRTIO_BLK=y"));
    pool->use_disk(0, 1 << 20);
    spawned = pool->spawn(work_of("io_convoy"), {});
    REQUIRE(!spawned.ok());
    CHECK_THAT(spawned.error().text(), ContainsSubstring("more than the scratch disk has"));
    Running running(work_of("io_sync_write", 1, {{"block", std::int64_t{1000}}}));
    running.start();
    running.wait_for_end_of(0);
    CHECK_THAT(running.pool.take_reports(0).at(0).exit, ContainsSubstring("1000 bytes is not of whole sectors"));
}

TEST_CASE("mutex_contention sleeps for its lock") {
    const auto outcome = run(work_of("mutex_contention"), 200);
    std::uint64_t sleeps = 0;
    for (const auto& [number, usage] : outcome.usage) sleeps += outcome.voluntary_switches(number);
    CHECK(sleeps >= 5);
}

TEST_CASE("priority_inversion has one of low, one of high and others of medium priority") {
    if (!host_permits("priority_inversion")) return;
    Running running(work_of("priority_inversion", 1, {{"contenders", std::int64_t{2}}}));
    running.run_until_each_has(2);
    CHECK(::sched_getscheduler(running.pid(0)) == SCHED_OTHER);
    CHECK(proc_stat(running.pid(1), 18) == -3); // fifo 2, as proc(5) has it
    CHECK(proc_stat(running.pid(2), 18) == -2);
    CHECK(proc_stat(running.pid(3), 18) == -2);
    running.stop();
    CHECK(running.usage.at(1).ru_nvcsw >= 2);
}

TEST_CASE("priority_inversion lends the priority of the one that waits to the owner of a lock that inherits it") {
    if (!host_permits("priority_inversion")) return;
    Running running(work_of("priority_inversion", 1, {{"lock", std::string("pi")}}));
    running.start();
    CHECK(comes_true([&] { return proc_stat(running.pid(0), 18) == -3; }));
    CHECK(::sched_getscheduler(running.pid(0)) == SCHED_OTHER); // of its own it has none
    const auto reports = running.stop();
    for (const auto& report : reports) CHECK(report.exit == "stopped");
}
