// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/monitor.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "interp/plan/monitor.h"
#include "made_guest.h"

namespace ktstr::observe {

namespace {

constexpr std::uint64_t idle_task = 0x1000;
constexpr std::uint64_t busy_task = 0x2000;

// Two CPUs with what the monitor reads of a runqueue; sched_ext's part is left out if `scx` is false.
class Queues {
  public:
    explicit Queues(bool scx = true) {
        auto& t = guest.types;
        std::vector<made::Field> fields = {{"nr_running", t.u32, 0},  {"clock", t.u64, 8},
                                           {"curr", t.pointer, 16},   {"idle", t.pointer, 24},
                                           {"ttwu_count", t.u32, 32}, {"ttwu_local", t.u32, 36}};
        const int info = t.structure("sched_info", 16, {{"pcount", t.u64, 0}, {"run_delay", t.u64, 8}});
        fields.push_back({"rq_sched_info", info, 40});
        if (scx) {
            const int dsq = t.structure("scx_dispatch_q", 8, {{"nr", t.u32, 4}});
            const int part =
                t.structure("scx_rq", 16, {{"local_dsq", dsq, 0}, {"nr_running", t.u32, 8}, {"flags", t.u32, 12}});
            fields.push_back({"scx", part, 64});
        }
        t.structure("rq", 128, fields);
        const std::uint64_t offsets = guest.symbol("__per_cpu_offset", 64);
        const std::uint64_t variable = guest.symbol("runqueues", 128);
        for (std::size_t cpu = 0; cpu < 2; ++cpu) {
            queues[cpu] = guest.allocate(128);
            guest.put<std::uint64_t>(offsets + cpu * 8, queues[cpu] - variable);
            guest.put<std::uint64_t>(queues[cpu] + 24, idle_task);
            set(cpu, 0, 0, idle_task);
        }
        auto found = guest.kernel();
        REQUIRE(found.ok());
        kernel.emplace(std::move(*found));
    }
    void set(std::size_t cpu, std::uint32_t running, std::uint64_t clock, std::uint64_t current) {
        guest.put<std::uint32_t>(queues[cpu], running);
        guest.put<std::uint64_t>(queues[cpu] + 8, clock);
        guest.put<std::uint64_t>(queues[cpu] + 16, current);
    }
    made::Guest guest;
    std::array<std::uint64_t, 2> queues{};
    std::optional<GuestKernel> kernel;
};

double value(MonitorReader& monitor, const std::string& name) {
    const auto sample = monitor.sample();
    const auto at = std::find(monitor.names().begin(), monitor.names().end(), name);
    REQUIRE(at != monitor.names().end());
    return sample[static_cast<std::size_t>(at - monitor.names().begin())];
}

} // namespace

TEST_CASE("the monitor sums and compares the runqueues") {
    Queues made;
    MonitorReader monitor(*made.kernel, 2, {});
    made.set(0, 6, 1, busy_task);
    made.set(1, 2, 1, busy_task);
    made.guest.put<std::uint32_t>(made.queues[1] + 64 + 4, 9);
    made.guest.put<std::uint64_t>(made.queues[0] + 48, 1000);
    made.guest.put<std::uint64_t>(made.queues[1] + 48, 500);
    CHECK(value(monitor, "imbalance") == 3);
    CHECK(value(monitor, "load") == 4);
    CHECK(value(monitor, "nr_running") == 8);
    CHECK(value(monitor, "max_nr_running") == 6);
    CHECK(value(monitor, "local_dsq_depth") == 9);
    CHECK(value(monitor, "run_delay") == 1500);
    made.set(1, 0, 2, idle_task);
    CHECK(value(monitor, "imbalance") == 6); // fewest counts as 1 at least
}

TEST_CASE("the monitor has the values of each CPU beside those of all") {
    Queues made;
    MonitorReader monitor(*made.kernel, 2, {});
    made.set(0, 6, 700, busy_task);
    made.set(1, 2, 800, busy_task);
    made.guest.put<std::uint32_t>(made.queues[1] + 64 + 4, 9);
    made.guest.put<std::uint32_t>(made.queues[1] + 64 + 8, 2);
    made.guest.put<std::uint32_t>(made.queues[0] + 64 + 12, 0x21);
    CHECK(value(monitor, "cpu[0].nr_running") == 6);
    CHECK(value(monitor, "cpu[1].nr_running") == 2);
    CHECK(value(monitor, "cpu[1].scx_nr_running") == 2);
    CHECK(value(monitor, "cpu[0].local_dsq_depth") == 0);
    CHECK(value(monitor, "cpu[1].local_dsq_depth") == 9);
    CHECK(value(monitor, "cpu[1].clock") == 800);
    CHECK(value(monitor, "cpu[0].scx_flags") == 0x21);
    CHECK(monitor.sample().size() == monitor.names().size());
    for (const auto& name : monitor.names()) CHECK(plan::find_monitor_value(name) != nullptr);
}

TEST_CASE("a clock that stands still is stuck only on a busy CPU that the host let run") {
    Queues made;
    bool host_runs_it = true;
    MonitorReader monitor(*made.kernel, 2, [&](int) { return host_runs_it; });
    made.set(0, 1, 100, busy_task);
    made.set(1, 0, 100, idle_task);
    CHECK(value(monitor, "stuck_cpus") == 0); // there is nothing to compare with yet
    CHECK(value(monitor, "stuck_cpus") == 1);
    host_runs_it = false;
    CHECK(value(monitor, "stuck_cpus") == 0);
    host_runs_it = true;
    made.set(0, 1, 200, busy_task);
    CHECK(value(monitor, "stuck_cpus") == 0);
}

TEST_CASE("what a kernel lacks is absent by name, and the rest is read") {
    Queues made(false);
    MonitorReader monitor(*made.kernel, 2, {});
    CHECK(monitor.absent().at("local_dsq_depth") == "struct rq of this kernel has no member scx.local_dsq.nr");
    CHECK(monitor.absent().contains("scx_nr_running"));
    CHECK(monitor.absent().at("cpu[N].scx_flags") == "struct rq of this kernel has no member scx.flags");
    CHECK_FALSE(monitor.absent().contains("cpu[N].clock"));
    CHECK(monitor.absent().contains("dispatch_keep_last"));
    CHECK(std::find(monitor.names().begin(), monitor.names().end(), "local_dsq_depth") == monitor.names().end());
    CHECK(value(monitor, "nr_running") == 0);
}

TEST_CASE("a runqueue that cannot be read makes no numbers") {
    Queues made;
    MonitorReader monitor(*made.kernel, 2, {});
    // The direct map goes away, as if the guest had changed its page tables.
    auto raw = made.guest.raw();
    std::fill(raw.begin() + (32U << 20U), raw.begin() + (33U << 20U), std::byte{0});
    CHECK(std::isnan(value(monitor, "nr_running")));
    CHECK(std::isnan(value(monitor, "run_delay")));
}

} // namespace ktstr::observe
