// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>

#include <optional>
#include <vector>

#include "guest/work/disk.h"
#include "guest/work/loops.h"
#include "interp/plan/disk.h"

namespace ktstr::guest::work {

namespace {

void yield_until(Worker& worker, std::uint64_t deadline_ns) {
    while (worker.running() && monotonic_ns() < deadline_ns) {
        ::sched_yield();
        worker.observe();
    }
}

void write_until(Worker& worker, const Disk& disk, std::uint64_t deadline_ns) {
    for (std::uint64_t block = 0; worker.running() && monotonic_ns() < deadline_ns; ++block) {
        disk.write(block);
        worker.observe();
    }
}

} // namespace

void sequence(Worker& worker) {
    const auto& phases = worker.value<std::vector<plan::WorkPhase>>("phases");
    std::optional<Disk> disk;
    if (worker.setting().disk.bytes > 0) disk.emplace(worker, plan::sequence_block);
    Pace arithmetic;
    while (worker.running()) {
        for (const auto& phase : phases) {
            if (!worker.running()) return;
            const std::uint64_t end = monotonic_ns() + phase.duration_ns;
            if (phase.kind == "spin") worker.compute(phase.duration_ns);
            if (phase.kind == "alu") worker.compute(phase.duration_ns, arithmetic, independent_chains);
            if (phase.kind == "sleep") worker.sleep_for(phase.duration_ns);
            if (phase.kind == "yield") yield_until(worker, end);
            if (phase.kind == "io") write_until(worker, disk.value(), end);
        }
        if (worker.running()) worker.pass();
    }
}

} // namespace ktstr::guest::work
