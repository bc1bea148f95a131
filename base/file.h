// SPDX-License-Identifier: GPL-2.0-only
// Files: whole reads, writes that are never half done, temporary directories, advisory locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

// The whole content of `path`. Works for /proc and /sys files too (no reliance on st_size). At most `limit` bytes:
// a longer file is an error, so that a surprise in a cache cannot eat the memory.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit = 1ULL << 30U);

// Replaces `path` by `content`: stage in the same directory, fsync, rename. After a kill or a full disk either the old
// file or the new one is there; the stage file is removed on failure.
Result<void> write_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

// Writes all of `content` to `fd`, across short writes and EINTR. `name` is for the message.
Result<void> write_all(int fd, std::string_view content, const std::string& name);

// Creates `path` and its parents.
Result<void> make_directories(const std::filesystem::path& path);

// A directory under $TMPDIR (or /tmp) that is removed with all its content at the end of its life.
class TemporaryDirectory {
  public:
    static Result<TemporaryDirectory> create(const std::string& prefix);
    // Makes it inside `parent` (for a later rename on the same file system) instead of under $TMPDIR.
    static Result<TemporaryDirectory> create_in(const std::filesystem::path& parent, const std::string& prefix);
    TemporaryDirectory(TemporaryDirectory&& other) noexcept;
    TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    // Hands the directory over: it is no longer removed.
    std::filesystem::path release();

  private:
    explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

// An advisory lock (flock) on a file that is created if need be and never removed. The holder's pid and program name
// are written into it, so that a time-out can name who holds it. Released at the end of its life, or by a kill.
class FileLock {
  public:
    enum class Mode { shared, exclusive };
    static Result<FileLock> acquire(const std::filesystem::path& path, Mode mode, std::chrono::milliseconds timeout);
    FileLock(FileLock&&) = default;
    FileLock& operator=(FileLock&&) = default;

  private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// $KTSTR_CACHE_DIR, else $XDG_CACHE_HOME/ktstr, or ~/.cache/ktstr. Not created.
std::filesystem::path cache_directory();

} // namespace ktstr
