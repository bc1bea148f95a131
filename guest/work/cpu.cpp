// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>

#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

template <int Width> std::array<std::uint64_t, 8> chains(std::array<std::uint64_t, 8> values) {
    for (std::uint32_t i = 0; i < spin_block_steps; ++i) {
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
    std::array<std::uint64_t, 8> values = {1, 2, 3, 4, 5, 6, 7, 8};
    while (worker.running()) {
        values = chains<Width>(values);
        worker.pass();
    }
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

} // namespace ktstr::guest::work
