// SPDX-License-Identifier: GPL-2.0-only
// Unpacks a newc cpio archive (the format of an initramfs, Documentation/driver-api/early-userspace/buffer-format.rst)
// as its bytes come in, so that an archive of any size takes no memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::guest {

// Takes regular files, directories and symbolic links; hard links, devices and names that lead out of the root ("..")
// are refused. An existing file is replaced, an existing directory kept. Missing parents are made with mode 0755.
class CpioUnpacker {
  public:
    explicit CpioUnpacker(std::string root) : root_(std::move(root)) {}

    // The next bytes of the archive. After an error, every later call gives the same one.
    Result<void> feed(std::string_view bytes);
    // To be called when all bytes were fed: an error if the archive is cut off, or has no trailer.
    Result<void> finish();

  private:
    enum class State { header, name, content, padding, ended };
    struct Entry {
        std::string name;
        std::uint32_t mode = 0;
        std::uint32_t size = 0;
        std::uint32_t name_size = 0;
    };

    Result<void> step();
    Result<void> read_header();
    Result<void> read_name();
    Result<void> open_entry();
    Result<void> write_content();
    Result<void> close_entry();
    Error bad(const std::string& what) const;

    std::string root_;
    std::string buffer_; // bytes not yet used: never more than one frame and a header
    std::uint64_t offset_ = 0;
    State state_ = State::header;
    Entry entry_;
    std::uint32_t left_ = 0; // content or padding bytes still to come
    Fd file_;
    std::string target_; // of a symbolic link
    std::optional<Error> failed_;
};

} // namespace ktstr::guest
