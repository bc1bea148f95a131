// SPDX-License-Identifier: GPL-2.0-only
// A commit's files in a temporary directory.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::cli {

// Goes with this object, and after the end of ktstr by whatever way: a process of its own waits for that. The
// repository is not changed.
class Checkout {
  public:
    // Of the repository that the present directory lies in. Submodules stay empty.
    static Result<Checkout> create(const std::string& revision);
    Checkout(Checkout&& other) noexcept = default;
    Checkout(const Checkout&) = delete;
    Checkout& operator=(const Checkout&) = delete;
    Checkout& operator=(Checkout&&) = delete;
    ~Checkout();

    // What the present directory is in the repository.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] const std::string& commit() const { return commit_; } // 7 hexadecimal digits

  private:
    Checkout(std::filesystem::path path, std::string commit, Fd owner, pid_t remover)
        : path_(std::move(path)), commit_(std::move(commit)), owner_(std::move(owner)), remover_(remover) {}

    std::filesystem::path path_;
    std::string commit_;
    Fd owner_; // the remover sees its end
    pid_t remover_;
};

} // namespace ktstr::cli
