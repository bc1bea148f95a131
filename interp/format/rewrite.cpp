// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/rewrite.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace ktstr::format {

Result<void> rewrite(const std::filesystem::path& path, std::string_view text) {
    std::error_code code;
    const auto target = std::filesystem::canonical(path, code);
    if (code) return Error{"cannot find " + path.string() + ": " + code.message()};
    struct stat status {};
    if (::stat(target.c_str(), &status) != 0) return errno_error("look at", target.string(), errno);
    // The file is replaced, which the folder decides on; that the file itself may be written is asked for here.
    if ((status.st_mode & 0222U) == 0 || ::access(target.c_str(), W_OK) != 0)
        return Error{"cannot write " + path.string() + ": it is read-only", "chmod u+w, or run ktstr as its owner"};
    if (auto written = write_file(target, text, status.st_mode & 07777U); !written) return written;
    if (status.st_uid != ::geteuid() || status.st_gid != ::getegid())
        (void)!::chown(target.c_str(), status.st_uid, status.st_gid); // only root may; others become the owner
    return {};
}

} // namespace ktstr::format
