// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t lines_per_unit = 1024;
constexpr std::size_t page_size = 4096; // x86-64

// Anonymous memory in small pages, so that each page is a fault of its own. Null if there is none to be had.
char* map_memory(std::size_t size) {
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    ::madvise(memory, size, MADV_NOHUGEPAGE);
    return static_cast<char*>(memory);
}

char* map_buffer(Worker& worker, std::size_t size) {
    char* buffer = map_memory(size);
    if (buffer == nullptr) worker.fail("map the buffer", errno);
    return buffer;
}

void touch_line(char* line) {
    auto* word = reinterpret_cast<volatile std::uint64_t*>(line);
    *word = *word + 1;
}

// Touches every page. False if the worker was told to stop meanwhile.
bool touch_pages(Worker& worker, char* memory, std::size_t size) {
    constexpr std::size_t pages_between_looks = 64;
    for (std::size_t offset = 0; offset < size; offset += page_size) {
        memory[offset] = 1;
        if (offset / page_size % pages_between_looks != 0) continue;
        if (!worker.running()) return false;
        worker.observe();
    }
    return true;
}

} // namespace

void cache_pressure(Worker& worker) {
    const std::size_t size = worker.parameter("size");
    char* buffer = map_buffer(worker, size);
    std::size_t offset = 0;
    while (worker.running()) {
        for (std::size_t line = 0; line < lines_per_unit; ++line) {
            touch_line(buffer + offset);
            offset += cache_line;
            if (offset + cache_line > size) offset = 0;
        }
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
            if (++line % lines_per_unit == 0) worker.observe();
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
