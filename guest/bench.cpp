// SPDX-License-Identifier: GPL-2.0-only
#include "guest/bench.h"

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <vector>

#include "guest/worker_pool.h"

namespace ktstr::guest {

namespace {

volatile std::sig_atomic_t time_is_up = 0;

struct Rate {
    std::uint64_t iterations = 0;
    std::uint64_t cpu_ns = 1;
    [[nodiscard]] double per_second() const {
        return static_cast<double>(iterations) * 1e9 / static_cast<double>(cpu_ns);
    }
};

void sleep_for(double seconds) {
    timespec left = to_timespec(static_cast<std::uint64_t>(seconds * 1e9));
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

// In the calling process. A timer signal ends it, so that the loop has nothing but the block and one flag.
Rate run_bare(double seconds) {
    struct sigaction action {};
    action.sa_handler = [](int) { time_is_up = 1; };
    ::sigaction(SIGALRM, &action, nullptr);
    time_is_up = 0;
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(seconds);
    timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(timer.it_value.tv_sec)) * 1e6);
    ::setitimer(ITIMER_REAL, &timer, nullptr);
    Rate rate;
    const std::uint64_t start = thread_cpu_ns();
    std::uint64_t value = 1;
    while (time_is_up == 0) {
        value = spin_block(value);
        ++rate.iterations;
    }
    rate.cpu_ns = std::max<std::uint64_t>(1, thread_cpu_ns() - start);
    return rate;
}

plan::Work spin_work() {
    plan::Work work;
    work.name = "bench";
    work.work_type = "spin_wait";
    return work;
}

// As the plan would: forked, started, stopped and reported by the pool.
Result<Rate> run_worker(double seconds) {
    auto pool = WorkerPool::create(1, 0, AffinityResolver({}, 0));
    if (!pool) return pool.error();
    const WorkerFilter every = [](const WorkerProcess&) { return true; };
    auto spawned = pool->spawn(spin_work(), {.allowed = plan::CpuSet::range(0, plan::max_cpus - 1)});
    if (!spawned) return spawned.error();
    pool->start(monotonic_ns());
    sleep_for(seconds);
    pool->request_stop(every, monotonic_ns());
    while (pool->any_live(every)) {
        int status = 0;
        rusage usage{};
        const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
        if (pid > 0) pool->reaped(pid, status, usage, monotonic_ns());
        if (pid > 0) continue;
        sleep_for(0.001);
        pool->nudge(monotonic_ns());
    }
    const auto reports = pool->take_reports(0);
    return Rate{reports.at(0).iterations, std::max<std::uint64_t>(1, reports.at(0).cpu_ns)};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.at(values.size() / 2);
}

} // namespace

Result<void> bench_loop(double seconds) {
    const Rate rate = run_bare(seconds);
    std::printf("{\"iterations\":%llu,\"cpu_ns\":%llu,\"per_second\":%.1f}\n",
                static_cast<unsigned long long>(rate.iterations), static_cast<unsigned long long>(rate.cpu_ns),
                rate.per_second());
    return {};
}

Result<void> bench_spin(double seconds) {
    // Short turns: what else the host does then falls on both alike.
    const int turns = std::clamp(static_cast<int>(seconds * 5), 5, 200);
    std::vector<double> bare;
    std::vector<double> worker;
    std::vector<double> ratios;
    for (int turn = 0; turn < turns; ++turn) {
        bare.push_back(run_bare(seconds / (2 * turns)).per_second());
        auto rate = run_worker(seconds / (2 * turns));
        if (!rate) return rate.error();
        worker.push_back(rate->per_second());
        ratios.push_back(worker.back() / bare.back());
    }
    std::printf("{\"bare_per_second\":%.1f,\"worker_per_second\":%.1f,\"ratio\":%.4f}\n", median(bare), median(worker),
                median(ratios));
    return {};
}

} // namespace ktstr::guest
