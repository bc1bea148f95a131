// SPDX-License-Identifier: GPL-2.0-only
#include "guest/telemetry.h"

#include <catch2/catch_test_macros.hpp>

using namespace ktstr::guest;
using ktstr::plan::CpuSet;

namespace {

constexpr std::uint64_t start = 1'000'000; // ticks; one tick is one nanosecond here

struct Observed {
    WorkerSlot slot;
    std::uint64_t now = start;
    Telemetry telemetry;
    Observed() : telemetry((slot.last_ticks = start, end_cpuset_change(slot, CpuSet::range(0, 1)), slot)) {}
    void passes(int count, int cpu, std::uint64_t units = 1) {
        for (int i = 0; i < count; ++i) telemetry.pass(cpu, now, units);
    }
};

} // namespace

TEST_CASE("a worker's slot counts passes, units, CPUs and migrations") {
    Observed observed;
    observed.passes(2, 0, 3);
    observed.passes(1, 1, 3);
    observed.passes(1, 0, 3);
    CHECK(observed.slot.iterations == 4);
    CHECK(observed.slot.work_units == 12);
    CHECK(observed.slot.migrations == 2);
    CHECK(cpu_set_of(observed.slot.seen_cpus) == CpuSet::range(0, 1));
    CHECK(observed.slot.isolation_violations == 0);
}

TEST_CASE("CPUs up to the last one are told apart") {
    Observed observed;
    observed.passes(1, 511);
    observed.passes(1, 64);
    CHECK(cpu_set_of(observed.slot.seen_cpus).list() == "64,511");
}

TEST_CASE("every pass outside of the cpuset is a violation, and the first CPU is kept") {
    Observed observed;
    observed.passes(3, 1);
    observed.passes(4, 3);
    observed.passes(2, 2);
    CHECK(observed.slot.isolation_violations == 6);
    CHECK(observed.slot.isolation_cpu == 3);
    observed.passes(5, 0);
    CHECK(observed.slot.isolation_violations == 6);
}

TEST_CASE("while a cpuset is being changed nobody is judged") {
    Observed observed;
    observed.passes(3, 1);
    begin_cpuset_change(observed.slot);
    observed.passes(10, 5);
    CHECK(observed.slot.isolation_violations == 0);
}

TEST_CASE("a CPU read before a cpuset change ended is not judged by the new cpuset") {
    Observed observed;
    observed.passes(3, 1);
    begin_cpuset_change(observed.slot);
    end_cpuset_change(observed.slot, CpuSet::range(4, 5));
    observed.passes(1, 1); // this CPU number may be from before the change
    CHECK(observed.slot.isolation_violations == 0);
    observed.passes(1, 1); // this one is not
    CHECK(observed.slot.isolation_violations == 1);
    observed.passes(3, 4);
    CHECK(observed.slot.isolation_violations == 1);
}

TEST_CASE("changes that nest or repeat leave an even epoch that is new") {
    WorkerSlot slot;
    end_cpuset_change(slot, CpuSet::range(0, 0));
    const auto before = slot.epoch.load();
    begin_cpuset_change(slot);
    begin_cpuset_change(slot);
    CHECK(slot.epoch % 2 == 1);
    end_cpuset_change(slot, CpuSet::range(0, 0));
    CHECK(slot.epoch % 2 == 0);
    CHECK(slot.epoch > before);
}

TEST_CASE("a gap is the time between two passes, with its CPU and its end") {
    Observed observed;
    observed.passes(100, 0);
    observed.now += 7000;
    observed.passes(100, 1);
    CHECK(observed.slot.longest_gap_ticks == 7000);
    CHECK(observed.slot.longest_gap_cpu == 1);
    CHECK(observed.slot.longest_gap_at_ticks == start + 7000);
    observed.now += 3000;
    observed.passes(100, 0);
    CHECK(observed.slot.longest_gap_ticks == 7000);
}

TEST_CASE("many passes in a row are no gap, however long they take together") {
    Observed observed;
    for (int i = 0; i < 10000; ++i, observed.now += 50) observed.passes(1, 0);
    CHECK(observed.slot.longest_gap_ticks == 50);
}

TEST_CASE("the time from the start signal to the first pass is a gap") {
    Observed observed;
    observed.now += 40000;
    observed.passes(1, 0);
    CHECK(observed.slot.longest_gap_ticks == 40000);
}

TEST_CASE("a cycle counter that steps back is no gap") {
    Observed observed;
    observed.passes(1, 0);
    observed.now -= 500;
    observed.passes(2, 1);
    CHECK(observed.slot.longest_gap_ticks == 0);
}

TEST_CASE("sleep that was asked for is no gap, oversleeping is") {
    Observed observed;
    observed.passes(1, 0);
    observed.telemetry.begin_sleep(20000);
    observed.now += 20000;
    observed.telemetry.end_sleep(0, observed.now);
    CHECK(observed.slot.longest_gap_ticks == 0);
    observed.telemetry.begin_sleep(20000);
    observed.now += 25000;
    observed.telemetry.end_sleep(0, observed.now);
    CHECK(observed.slot.longest_gap_ticks == 5000);
    observed.now += 6000;
    observed.passes(1, 0); // the sleep is over: it excuses nothing any more
    CHECK(observed.slot.longest_gap_ticks == 6000);
}

TEST_CASE("time spent frozen is excused, for the gap that it lies in only") {
    Observed observed;
    observed.passes(1, 0);
    excuse_freeze(observed.slot, start + 5000, start + 495000);
    observed.now += 500000;
    observed.passes(1, 0);
    CHECK(observed.slot.longest_gap_ticks == 10000);
    observed.now += 300000;
    observed.passes(1, 0);
    CHECK(observed.slot.longest_gap_ticks == 300000);
}

TEST_CASE("two freezes without a pass in between are one") {
    Observed observed;
    observed.passes(1, 0);
    excuse_freeze(observed.slot, start + 1000, start + 100000);
    excuse_freeze(observed.slot, start + 101000, start + 200000);
    observed.now += 201000;
    observed.passes(1, 0);
    CHECK(observed.slot.longest_gap_ticks == 2000);
}

TEST_CASE("a worker that was starved to the end has its gap closed from outside") {
    Observed observed;
    observed.passes(1, 1);
    close_gap(observed.slot, start + 900000);
    CHECK(observed.slot.longest_gap_ticks == 900000);
    CHECK(observed.slot.longest_gap_at_ticks == start + 900000);
    CHECK(observed.slot.longest_gap_cpu == 1);
}

TEST_CASE("a worker stopped in its own sleep, or in a frozen cgroup, has no gap") {
    Observed asleep;
    asleep.passes(1, 1);
    asleep.telemetry.begin_sleep(600000);
    close_gap(asleep.slot, start + 500000);
    CHECK(asleep.slot.longest_gap_ticks == 0);
    Observed frozen;
    frozen.passes(1, 1);
    excuse_freeze(frozen.slot, start, start + 500000);
    close_gap(frozen.slot, start + 500000);
    CHECK(frozen.slot.longest_gap_ticks == 0);
}

TEST_CASE("what happens after the stop is not held against the scheduler") {
    Observed observed;
    observed.passes(1, 0);
    observed.slot.stop = 1;
    observed.now += 700000;
    observed.passes(10, 0);
    CHECK(observed.slot.longest_gap_ticks == 0);
}

TEST_CASE("the tick clock and the monotonic clock agree") {
    const TickClock clock;
    const std::uint64_t before = monotonic_ns();
    const std::uint64_t ticks = ticks_now();
    const std::uint64_t after = monotonic_ns();
    CHECK(clock.ticks_per_ns() > 0);
    const std::uint64_t time = clock.time_of(ticks);
    const std::uint64_t slack = 50 * ns_per_ms; // a preemption while calibrating; the point is the unit
    CHECK(time + slack >= before);
    CHECK(time <= after + slack);
}

TEST_CASE("the current CPU is one that exists") {
    const int cpu = current_cpu();
    CHECK(cpu >= 0);
    CHECK(cpu < ktstr::plan::max_cpus);
}
