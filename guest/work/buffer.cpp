// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/buffer.h"

#include <sys/mman.h>

#include <cerrno>

namespace ktstr::guest {

char* map_memory(std::size_t size) {
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    ::madvise(memory, size, MADV_NOHUGEPAGE);
    return static_cast<char*>(memory);
}

char* map_buffer(const Worker& worker, std::size_t size) {
    char* buffer = map_memory(size);
    if (buffer == nullptr) worker.fail("map its buffer", errno);
    return buffer;
}

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

} // namespace ktstr::guest
