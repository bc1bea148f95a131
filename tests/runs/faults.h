// SPDX-License-Identifier: GPL-2.0-only
// Stands between the code under test and the system: this program's own open(), write(), rename() and so on come before
// those of the C library. While they are armed, calls are counted, and one can fail, be interrupted, or be the last
// thing that the process does.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace ktstr::test {

struct Faults {
    // Before the n-th call from now on (the first is 1), this is done: kill the process, remove a directory.
    int at_call = 0;
    std::function<void()> then;
    // Calls of that name fail with that errno, so many times.
    std::string failing;
    int error = 0;
    int times = 0;
    bool short_writes = false;       // write() takes one byte at a time, for the first 64
    std::optional<long> file_system; // f_type of every statfs()
    long clock_offset_s = 0;         // of the clock of the day
};

// Arms them for its life. One at a time.
class Armed {
  public:
    explicit Armed(Faults faults);
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;
    ~Armed();
    [[nodiscard]] int calls() const; // so far
    [[nodiscard]] std::map<std::string, int> calls_by_name() const;
};

[[noreturn]] void kill_self();

} // namespace ktstr::test
