// SPDX-License-Identifier: GPL-2.0-only
// Commits, as records name them: the first seven hexadecimal digits of HEAD, with "-dirty" behind them where HEAD, the
// index and the worktree are not the same. Untracked files and submodules do not count. None if there is no
// repository, no commit yet, or something is damaged: a commit that is not known never keeps a run from its record.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ktstr::runs {

// Of the repository that `folder` is in: it, or the nearest directory above it, on the same file system.
std::optional<std::string> commit_around(const std::filesystem::path& folder);

// Of the repository whose worktree is exactly `folder`.
std::optional<std::string> commit_at(const std::filesystem::path& folder);

// What a user gave, as a record has it: of 8 to 40 hexadecimal digits the first seven, with a "-dirty" behind them;
// other text as it is.
std::string shortened_commit(const std::string& text);

} // namespace ktstr::runs
