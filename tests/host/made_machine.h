// SPDX-License-Identifier: GPL-2.0-only
// A machine's /sys and /proc, made up in a temporary folder.
#pragma once

#include <string>

#include "base/file.h"

namespace ktstr::test {

class MadeMachine {
  public:
    MadeMachine();
    [[nodiscard]] const std::filesystem::path& root() const { return directory_.path(); }
    void file(const std::string& path, const std::string& content) const;
    // "0-3" online of the present; each a core of its own in package 0 until core() and package() say otherwise.
    void cpus(const std::string& online, const std::string& present) const;
    void core(const std::string& cpus) const;
    void package(int number, const std::string& cpus) const;
    // A cache that the CPUs share, in KiB.
    void cache(int level, const std::string& cpus, int kib, const std::string& type = "Unified") const;
    void node(int number, const std::string& cpus, std::uint64_t kib, const std::string& distances) const;

  private:
    TemporaryDirectory directory_;
};

} // namespace ktstr::test
