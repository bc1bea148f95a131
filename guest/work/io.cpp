// SPDX-License-Identifier: GPL-2.0-only
#include <random>

#include "guest/work/disk.h"
#include "guest/work/loops.h"

namespace ktstr::guest::work {

void io_sync_write(Worker& worker) {
    const Disk disk(worker, worker.parameter("block"));
    for (std::uint64_t block = 0; worker.running(); ++block) {
        disk.write(block);
        if (worker.running()) worker.pass();
    }
}

void io_rand_read(Worker& worker) {
    const Disk disk(worker, worker.parameter("block"));
    std::mt19937_64 random(static_cast<std::uint64_t>(worker.own_slot().pid));
    while (worker.running()) {
        disk.read(random() % disk.blocks());
        if (worker.running()) worker.pass();
    }
}

void io_convoy(Worker& worker) {
    const std::uint64_t think = worker.parameter("think");
    const Disk disk(worker, worker.parameter("block"));
    FutexWord& word = worker.group().word;
    CallStamp& called = worker.group().called;
    const auto step = static_cast<std::uint64_t>(worker.group_size());
    for (std::uint64_t block = static_cast<std::uint64_t>(worker.member()); lock(worker, word, called); block += step) {
        disk.write(block);
        unlock(word, called);
        if (!worker.running()) return;
        worker.pass();
        worker.compute(think);
    }
}

} // namespace ktstr::guest::work
