// SPDX-License-Identifier: GPL-2.0-only
// Memory that work loops work in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "guest/work/worker.h"

namespace ktstr::guest {

constexpr std::size_t cache_line = 64;
constexpr std::size_t page_size = 4096; // x86-64

// Anonymous memory in small pages, so that each page is a fault of its own. Null if there is none to be had.
char* map_memory(std::size_t size);
// The same, or the worker ends with an error.
char* map_buffer(const Worker& worker, std::size_t size);

inline void touch_line(char* line) {
    auto* word = reinterpret_cast<volatile std::uint64_t*>(line);
    *word = *word + 1;
}

// Touches every page. False if the worker was told to stop meanwhile.
bool touch_pages(Worker& worker, char* memory, std::size_t size);

// Goes round and round through a buffer, reading and writing one word of each line.
class LineWalk {
  public:
    LineWalk(char* buffer, std::size_t size) : buffer_(buffer), size_(size) {}
    void touch(std::size_t lines) {
        for (; lines > 0; --lines) {
            touch_line(buffer_ + offset_);
            offset_ += cache_line;
            if (offset_ + cache_line > size_) offset_ = 0;
        }
    }

  private:
    char* buffer_;
    std::size_t size_;
    std::size_t offset_ = 0;
};

} // namespace ktstr::guest
