// SPDX-License-Identifier: GPL-2.0-only
// A /proc of files, with threads made up.
#pragma once

#include <filesystem>
#include <string>

#include "base/file.h"

namespace ktstr::ctprof::test {

// The text of a stat file as the kernel prints it.
struct MadeStat {
    int tid = 10;
    std::string comm = "worker";
    char state = 'S';
    unsigned long flags = 0x400000;
    unsigned long start_ticks = 1234;
    [[nodiscard]] std::string text() const;
};

class MadeProc {
  public:
    MadeProc();
    [[nodiscard]] std::string path() const { return directory_.path().string(); }
    // A thread with all of its files; the process's too if it is the leader.
    void add(int pid, const MadeStat& stat) const;
    void write(const std::string& name, const std::string& text) const;
    void remove(const std::string& name) const;

  private:
    TemporaryDirectory directory_;
};

} // namespace ktstr::ctprof::test
