// SPDX-License-Identifier: GPL-2.0-only
// What it takes to start workers, beside processes that do nothing: each in turns, in one guest.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <vector>

#include "guest/bench.h"
#include "guest/futex.h"
#include "guest/worker_pool.h"
#include "interp/plan/work_types.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t crowd = 64;
constexpr std::uint64_t settle_ns = 50 * ns_per_ms; // for all to wait for the start
constexpr std::uint64_t look_ns = ns_per_ms;

void sleep_ns(std::uint64_t ns) {
    timespec left = to_timespec(ns);
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

// When each of the crowd ran its first instruction, in ticks; 0: not yet.
using Begins = std::array<std::atomic<std::uint64_t>, crowd>;

struct Shared {
    std::atomic<std::uint32_t> go{0}; // a futex
    Begins began{};
};

struct Cycle {
    double per_second = 0; // processes that were started and had ended again
    double skew_us = 0;    // between the first one's first instruction and the last one's
    double start_us = 0;   // from the start signal to the last one's
};

double us(const TickClock& clock, std::uint64_t ticks) { return static_cast<double>(clock.to_ns(ticks)) / 1e3; }

template <typename BeganAt> Cycle skew_of(const TickClock& clock, std::uint64_t signal, const BeganAt& began_at) {
    std::uint64_t first = ~std::uint64_t{0};
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < crowd; ++i) {
        first = std::min(first, began_at(i));
        last = std::max(last, began_at(i));
    }
    return {.skew_us = us(clock, last - first), .start_us = us(clock, last - signal)};
}

// Bare processes: forked, woken by one futex, killed.
Result<Cycle> bare_crowd(const TickClock& clock) {
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno_error("map", "shared memory", errno);
    auto& shared = *new (memory) Shared;
    std::vector<pid_t> pids;
    for (std::size_t i = 0; i < crowd; ++i) {
        const pid_t pid = ::fork();
        if (pid < 0) return errno_error("fork", "a process", errno);
        if (pid > 0) {
            pids.push_back(pid);
            continue;
        }
        while (shared.go.load() == 0) futex_wait(shared.go, 0);
        shared.began.at(i) = ticks_now();
        while (true) ::pause();
    }
    sleep_ns(settle_ns);
    const std::uint64_t signal = ticks_now();
    shared.go = 1;
    futex_wake(shared.go);
    for (std::size_t i = 0; i < crowd; ++i)
        while (shared.began.at(i) == 0) sleep_ns(look_ns);
    const Cycle cycle = skew_of(clock, signal, [&shared](std::size_t i) { return shared.began.at(i).load(); });
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
    for (const pid_t pid : pids) ::waitpid(pid, nullptr, 0);
    ::munmap(memory, sizeof(Shared));
    return cycle;
}

// One after the other, as a shell does it.
Result<double> bare_rate() {
    const std::uint64_t start = monotonic_ns();
    for (std::size_t i = 0; i < crowd; ++i) {
        const pid_t pid = ::fork();
        if (pid < 0) return errno_error("fork", "a process", errno);
        if (pid == 0) ::_exit(0);
        ::waitpid(pid, nullptr, 0);
    }
    return static_cast<double>(crowd) * 1e9 / static_cast<double>(monotonic_ns() - start);
}

plan::Work sleepers() {
    plan::Work work;
    work.name = "bench";
    work.work_type = "idle_churn";
    work.workers = crowd;
    work.parameters = plan::find_work_type(work.work_type)->defaults();
    return work;
}

void end_all(WorkerPool& pool) {
    const WorkerFilter every = [](const WorkerProcess&) { return true; };
    pool.request_stop(every, monotonic_ns());
    while (pool.any_live(every)) {
        int status = 0;
        rusage usage{};
        const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
        if (pid > 0) pool.reaped(pid, status, usage, monotonic_ns());
        if (pid > 0) continue;
        sleep_ns(look_ns / 10);
        pool.nudge(monotonic_ns());
    }
}

// Workers as a plan has them. With `waits` all stand at the start before the signal; else it comes at once, and the
// whole way from the first fork to the last report counts for the rate.
Result<Cycle> workers(const TickClock& clock, bool waits) {
    const std::uint64_t begin = monotonic_ns();
    auto pool = WorkerPool::create(crowd, 0, AffinityResolver({}, 0));
    if (!pool) return pool.error();
    auto spawned = pool->spawn(sleepers(), {.allowed = plan::CpuSet::range(0, plan::max_cpus - 1)});
    if (!spawned) return spawned.error();
    if (waits) sleep_ns(settle_ns);
    const std::uint64_t signal = ticks_now();
    pool->start(monotonic_ns());
    const auto began = [&pool](std::size_t i) { return pool->began_ticks(i); };
    Cycle cycle;
    if (waits) {
        for (std::size_t i = 0; i < crowd; ++i)
            while (began(i) == 0) sleep_ns(look_ns);
        cycle = skew_of(clock, signal, began);
    }
    end_all(*pool);
    (void)pool->take_reports(0);
    cycle.per_second = static_cast<double>(crowd) * 1e9 / static_cast<double>(monotonic_ns() - begin);
    return cycle;
}

// A busy host only adds to a time: of many, the one that a tenth is below.
double least(std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    return times.at(times.size() / 10);
}

double most(std::vector<double>& rates) {
    std::sort(rates.begin(), rates.end());
    return rates.at(rates.size() - 1 - rates.size() / 10);
}

} // namespace

Result<void> bench_start(double seconds) {
    const std::uint64_t end = monotonic_ns() + static_cast<std::uint64_t>(seconds * 1e9);
    const TickClock clock;
    std::vector<double> skew, bare_skew, start, bare_start, rate, fork_rate;
    while (skew.size() < 5 || monotonic_ns() < end) {
        const auto bare = bare_crowd(clock);
        if (!bare) return bare.error();
        const auto placed = workers(clock, true);
        if (!placed) return placed.error();
        const auto forked = bare_rate();
        if (!forked) return forked.error();
        const auto cycle = workers(clock, false);
        if (!cycle) return cycle.error();
        bare_skew.push_back(bare->skew_us);
        bare_start.push_back(bare->start_us);
        skew.push_back(placed->skew_us);
        start.push_back(placed->start_us);
        fork_rate.push_back(*forked);
        rate.push_back(cycle->per_second);
    }
    std::printf("{\"skew_us\":%.1f,\"bare_skew_us\":%.1f,\"start_us\":%.1f,\"bare_start_us\":%.1f,"
                "\"workers_per_second\":%.1f,\"forks_per_second\":%.1f,\"rounds\":%zu}\n",
                least(skew), least(bare_skew), least(start), least(bare_start), most(rate), most(fork_rate),
                rate.size());
    return {};
}

} // namespace ktstr::guest
