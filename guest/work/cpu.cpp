// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>

#include <array>
#include <numeric>
#include <random>
#include <vector>

#include "guest/work/buffer.h"
#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

using Chains = std::array<std::uint64_t, 8>;

template <int Width> Chains chains(Chains values, std::uint32_t steps) {
    for (std::uint32_t i = 0; i < steps; ++i) {
#pragma GCC unroll 8
        for (int chain = 0; chain < Width; ++chain) {
            auto& value = values[static_cast<std::size_t>(chain)];
            value = value * 6364136223846793005ULL + 1442695040888963407ULL;
            asm volatile("" : "+r"(value));
        }
    }
    return values;
}

// The width is a template argument so that the chains stay in registers.
template <int Width> void run_chains(Worker& worker) {
    Chains values = {1, 2, 3, 4, 5, 6, 7, 8};
    while (worker.running()) {
        values = chains<Width>(values, spin_block_steps);
        worker.pass();
    }
}

// One circle through all cache lines of a buffer in a random order: each line says where the next one is.
// (Sattolo's algorithm makes one circle of it, whatever it draws.)
std::vector<std::uint32_t> make_circle(std::size_t lines, std::uint64_t seed) {
    std::vector<std::uint32_t> next(lines);
    std::iota(next.begin(), next.end(), 0U);
    std::mt19937_64 random(seed);
    for (std::size_t i = lines - 1; i > 0; --i) std::swap(next[i], next[random() % i]);
    return next;
}

} // namespace

void spin_wait(Worker& worker) {
    std::uint64_t value = 1;
    while (worker.running()) {
        value = spin_block(value);
        worker.pass();
    }
}

void yield_heavy(Worker& worker) {
    std::uint64_t value = 1;
    while (worker.running()) {
        value = spin(value, 256);
        ::sched_yield();
        worker.pass();
    }
}

void mixed(Worker& worker) {
    const std::uint64_t burst = worker.parameter("spin");
    while (worker.running()) {
        worker.compute(burst);
        if (!worker.running()) return;
        ::sched_yield();
        worker.pass();
    }
}

void alu_hot(Worker& worker) {
    switch (worker.parameter("width")) {
    case 1: return run_chains<1>(worker);
    case 2: return run_chains<2>(worker);
    case 3: return run_chains<3>(worker);
    case 4: return run_chains<4>(worker);
    case 5: return run_chains<5>(worker);
    case 6: return run_chains<6>(worker);
    case 7: return run_chains<7>(worker);
    default: return run_chains<8>(worker);
    }
}

void independent_chains(std::uint32_t steps) { chains<8>({1, 2, 3, 4, 5, 6, 7, 8}, steps); }

void ipc_variance(Worker& worker) {
    const std::uint64_t fast = worker.parameter("fast");
    const std::uint64_t slow = worker.parameter("slow");
    const std::size_t lines = worker.parameter("size") / cache_line;
    char* buffer = map_buffer(worker, lines * cache_line);
    const auto link = [buffer](std::size_t line) {
        return reinterpret_cast<volatile std::uint32_t*>(buffer + line * cache_line);
    };
    const auto circle = make_circle(lines, static_cast<std::uint64_t>(worker.own_slot().pid));
    for (std::size_t line = 0; line < lines; ++line) *link(line) = circle[line];
    std::uint32_t at = 0;
    Pace arithmetic;
    Pace misses{.steps_per_ns = 0.01};
    while (worker.running()) {
        worker.compute(fast, arithmetic, independent_chains);
        worker.compute(slow, misses, [&at, &link](std::uint32_t steps) {
            for (; steps > 0; --steps) at = *link(at);
        });
        if (worker.running()) worker.pass();
    }
}

} // namespace ktstr::guest::work
