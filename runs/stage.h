// SPDX-License-Identifier: GPL-2.0-only
// A file that is not there yet: its content is on disk under a name that nobody reads, and renaming it makes it appear.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::runs {

// Holds a lock on its file as long as it lives, by which others know that it is not an orphan.
class StagedFile {
  public:
    // Writes and syncs. The error names `target`, which is what the file is to be.
    static Result<StagedFile> write(const std::filesystem::path& target, std::string_view content);
    StagedFile(StagedFile&& other) noexcept;
    StagedFile& operator=(StagedFile&& other) noexcept;
    StagedFile(const StagedFile&) = delete;
    StagedFile& operator=(const StagedFile&) = delete;
    ~StagedFile(); // what has not been published goes

    // Renames it to its target.
    Result<void> publish();
    // Somebody has removed it, or the directory.
    [[nodiscard]] bool lost() const;

  private:
    StagedFile(Fd fd, std::filesystem::path stage, std::filesystem::path target)
        : fd_(std::move(fd)), stage_(std::move(stage)), target_(std::move(target)) {}

    Fd fd_;
    std::filesystem::path stage_; // empty: published
    std::filesystem::path target_;
};

// Removes the stage file of that name, if its writer is dead.
void reap_stage(int directory, const char* name);

// The stage files of dead writers in a directory and below it: links are not followed, what cannot be looked at is left
// out. With `remove` they go.
std::vector<std::filesystem::path> dead_stages(const std::filesystem::path& directory, bool remove);

Result<void> sync_directory(const std::filesystem::path& path);

} // namespace ktstr::runs
