// SPDX-License-Identifier: GPL-2.0-only
// Who holds advisory locks, by what the kernel says of open files (Documentation/filesystems/proc.rst, 3.8: fdinfo).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ktstr {

struct LockUser {
    std::filesystem::path lock;
    enum class How { exclusive, shared, waiting } how = How::waiting; // waiting: it has the file open, and no lock
    int pid = 0;
    std::string command; // its command line, words by blanks; of another user's process, what may be seen of it
};

// Of lock files (`lock`, `*.lock`) in these folders and below them, in the order of paths, then pids. Processes of
// other users are there only for root.
std::vector<LockUser> lock_users(const std::vector<std::filesystem::path>& folders,
                                 const std::filesystem::path& proc = "/proc");

std::string_view to_string(LockUser::How how); // "exclusive", "shared", "waiting"

} // namespace ktstr
