// SPDX-License-Identifier: GPL-2.0-only
// Where the content of libraries lies on this machine: a cache that all projects of a user share, and a project's own
// `vendor` folder. What is read from either is compared with its hash first.
//
//   $XDG_CACHE_HOME/ktstr/libraries/<sha256>/...       one library's content, complete or not there at all
//   $XDG_CACHE_HOME/ktstr/libraries/.stage-XXXXXX/...  being made, under the lock
//   $XDG_CACHE_HOME/ktstr/libraries/.lock              held by the one command that changes anything
//   <project>/vendor/<name>/...
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "interp/library/content.h"
#include "interp/library/lock.h"

namespace ktstr::library {

// A library's folder and what lies in it.
struct Stored {
    std::filesystem::path folder;
    Content content;
};

// Held by a command that changes the cache or a project, from before it reads until after it has written: such commands
// run one at a time for a user.
class WriteLock {
  public:
    // Waits up to five minutes for another command. Sweeps what a killed one left behind.
    static Result<WriteLock> acquire();
    // A new folder in the cache; removed with its object, if it was not kept.
    [[nodiscard]] Result<TemporaryDirectory> stage() const;

  private:
    explicit WriteLock(FileLock lock) : lock_(std::move(lock)) {}
    FileLock lock_;
};

std::filesystem::path library_cache();

// The content that `library` is locked to: of a path, the folder itself as it is now, or else what was vendored of it;
// of a git repository, from `vendor` or the cache, whichever has the content of that hash. The error says what is there
// instead and the way out.
Result<Stored> find_library(const std::filesystem::path& project, const LockedLibrary& library);

// The same, of a git repository or a vendored path, without the words: nothing if it is not there as it was locked.
std::optional<Stored> find_content(const std::filesystem::path& project, const std::string& name,
                                   const std::string& sha256);

// Puts content into the cache. What is there already, and sound, stays; what is damaged is replaced.
Result<void> store_in_cache(const WriteLock& lock, const Content& content);

// Makes `project`/vendor/`name` have this content and nothing else. Whoever looks meanwhile finds the old or the new.
Result<void> store_in_vendor(const std::filesystem::path& project, const std::string& name, const Content& content);

} // namespace ktstr::library
