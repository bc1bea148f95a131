// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <sys/mman.h>

#include "guest/work/buffer.h"
#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

constexpr std::size_t lines_per_unit = 1024;
constexpr std::size_t lines_per_look = 16 * lines_per_unit; // of a pass that is long; a millisecond at most

} // namespace

void cache_pressure(Worker& worker) {
    const std::size_t size = worker.parameter("size");
    LineWalk walk(map_buffer(worker, size), size);
    while (worker.running()) {
        walk.touch(lines_per_unit);
        worker.pass();
    }
}

void cache_yield(Worker& worker) {
    const std::size_t size = worker.parameter("size");
    char* buffer = map_buffer(worker, size);
    while (worker.running()) {
        std::size_t line = 0;
        for (std::size_t offset = 0; offset + cache_line <= size && worker.running(); offset += cache_line) {
            touch_line(buffer + offset);
            if (++line % lines_per_look == 0) worker.observe();
        }
        if (!worker.running()) return;
        ::sched_yield();
        worker.pass();
    }
}

void page_fault_churn(Worker& worker) {
    const std::size_t size = worker.parameter("size");
    while (worker.running()) {
        char* memory = map_buffer(worker, size);
        const bool whole = touch_pages(worker, memory, size);
        ::munmap(memory, size);
        if (whole) worker.pass();
    }
}

void memory_hog(Worker& worker) {
    const std::size_t step = worker.parameter("step");
    while (worker.running()) {
        char* memory = map_memory(step);
        if (memory == nullptr) return worker.wait_for_stop();
        if (touch_pages(worker, memory, step)) worker.pass();
    }
}

} // namespace ktstr::guest::work
