// SPDX-License-Identifier: GPL-2.0-only
#include "runs/file_system.h"

#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ktstr::runs {

namespace fs = std::filesystem;

namespace {

// statfs(2), <linux/magic.h> and the sources of those that have no line there.
constexpr std::array<std::pair<unsigned long, const char*>, 12> network_types = {{{0x6969UL, "NFS"},
                                                                                  {0x517bUL, "SMB"},
                                                                                  {0xff534d42UL, "CIFS"},
                                                                                  {0xfe534d42UL, "SMB2"},
                                                                                  {0x01021997UL, "9p"},
                                                                                  {0x00c36400UL, "Ceph"},
                                                                                  {0x5346414fUL, "AFS"},
                                                                                  {0x6b414653UL, "AFS"},
                                                                                  {0x73757245UL, "Coda"},
                                                                                  {0x0bd00bd0UL, "Lustre"},
                                                                                  {0x47504653UL, "GPFS"},
                                                                                  {0x7461636fUL, "OCFS2"}}};

} // namespace

Result<void> check_file_system(const fs::path& path) {
    struct statfs status {};
    fs::path there = path.empty() ? fs::path(".") : path;
    while (::statfs(there.c_str(), &status) != 0) {
        if (errno == EINTR) continue;
        if (errno != ENOENT) return errno_error("look at the file system of", path.string(), errno);
        const fs::path above = there.has_relative_path() ? there.parent_path() : fs::path();
        if (above == there) return errno_error("look at the file system of", path.string(), ENOENT);
        there = above.empty() ? fs::path(".") : above;
    }
    const auto type = static_cast<unsigned long>(status.f_type) & 0xffffffffUL;
    for (const auto& [magic, name] : network_types)
        if (type == magic)
            return Error{"records cannot be kept in " + path.string() + ": it is on a network file system (" + name +
                             "), where the lock of a run directory does not hold for other machines",
                         "name a directory of this machine with --out or KTSTR_RUNS_ROOT, and copy the records when "
                         "the run is over"};
    return {};
}

} // namespace ktstr::runs
