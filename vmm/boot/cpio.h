// SPDX-License-Identifier: GPL-2.0-only
// Writes archives in the "newc" cpio format that the kernel unpacks as an initramfs (Documentation/driver-api/
// early-userspace/buffer-format.rst) and that the executor unpacks when it is handed one.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace ktstr::vmm {

class CpioWriter {
  public:
    // Paths are relative to the root, without a leading slash. Parent directories are added once, as needed.
    void add_directory(const std::string& path);
    void add_file(const std::string& path, std::string_view content, unsigned mode);
    void add_symlink(const std::string& path, const std::string& target);
    void add_character_device(const std::string& path, unsigned major, unsigned minor);
    // The whole archive, trailer included. The writer is done then.
    std::string finish();

  private:
    void add_parents(const std::string& path);
    void add_entry(const std::string& path, unsigned mode, std::string_view content, unsigned major = 0,
                   unsigned minor = 0);

    std::string bytes_;
    std::set<std::string> directories_;
    unsigned next_inode_ = 1;
};

} // namespace ktstr::vmm
