// SPDX-License-Identifier: GPL-2.0-only
#include "export/private_root.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "base/file.h"

namespace ktstr::bundle {

namespace fs = std::filesystem;

namespace {

// Of the directories that every system has, one whose content is not needed below.
Result<std::string> mount_point() {
    std::error_code code;
    for (const char* directory : {"/tmp", "/run", "/mnt"})
        if (fs::is_directory(directory, code)) return std::string(directory);
    return Error{"there is neither /tmp nor /run nor /mnt", "make one of them"};
}

Result<void> bind_mount(const std::string& from, const std::string& to, unsigned long flags) {
    if (auto made = make_directories(to); !made) return made;
    if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | flags, nullptr) != 0)
        return errno_error("mount " + from + " on", to, errno);
    return {};
}

} // namespace

Result<void> enter_private_root(const fs::path& kept, const std::function<Result<void>(const std::string&)>& fill) {
    const auto base = mount_point();
    if (!base) return base.error();
    if (::unshare(CLONE_NEWNS) != 0) return errno_error("make", "a mount namespace", errno);
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return errno_error("keep apart", "the mounts", errno);
    // In this namespace, and before what is mounted below may hide it.
    const Fd kept_fd(::open(kept.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!kept_fd) return errno_error("open", kept.string(), errno);
    if (::mount("ktstr", base->c_str(), "tmpfs", MS_NOSUID, "mode=0700") != 0)
        return errno_error("mount a tmpfs on", *base, errno);
    // Workers of other users have to get in; nobody else sees it.
    const std::string root = *base + "/root";
    if (::mkdir(root.c_str(), 0755) != 0 || ::chmod(root.c_str(), 0755) != 0)
        return errno_error("create the directory", root, errno);
    if (auto filled = fill(root); !filled) return filled;
    for (const std::string directory : {"/dev", "/proc", "/sys"})
        if (auto bound = bind_mount(directory, root + directory, MS_REC); !bound) return bound;
    if (auto made = make_directories(root + "/tmp"); !made) return made;
    if (::chmod((root + "/tmp").c_str(), 01777) != 0) return errno_error("set the mode of", root + "/tmp", errno);
    if (auto bound = bind_mount("/proc/self/fd/" + std::to_string(kept_fd.get()), root + kept.string(), 0); !bound)
        return bound;
    if (::chroot(root.c_str()) != 0 || ::chdir("/") != 0) return errno_error("enter", root, errno);
    return {};
}

} // namespace ktstr::bundle
