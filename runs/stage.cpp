// SPDX-License-Identifier: GPL-2.0-only
#include "runs/stage.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/file.h"
#include "runs/names.h"

namespace ktstr::runs {

namespace fs = std::filesystem;

namespace {

constexpr mode_t mode = 0644;

// Repeats a system call that a signal has interrupted.
template <typename Call> auto uninterrupted(const Call& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

fs::path next_name(const fs::path& directory) {
    static std::atomic<unsigned> counter = 0;
    return directory /
           (std::string(stage_prefix) + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1)));
}

bool is_linked(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

// A new file with a lock on it; none, with errno, if it cannot be made. Between its creation and its lock another may
// have taken it for an orphan: then it is made again.
Fd create_locked(const fs::path& directory, fs::path& name) {
    while (true) {
        name = next_name(directory);
        Fd fd(uninterrupted([&] { return ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode); }));
        if (!fd && errno == EEXIST) continue;
        if (!fd) return fd;
        const bool locked = uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) == 0;
        if (!locked && errno != EWOULDBLOCK) return fd; // a file system without locks: nobody reaps there
        if (locked && is_linked(fd.get())) return fd;
    }
}

// The stage file of that name with its lock, if its writer is dead.
Fd hold_dead(int directory, const char* name) {
    Fd fd(::openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(fd) : Fd();
}

} // namespace

Result<StagedFile> StagedFile::write(const fs::path& target, std::string_view content) {
    fs::path name;
    Fd fd = create_locked(target.parent_path(), name);
    if (!fd) return errno_error("create a file beside", target.string(), errno);
    StagedFile staged(std::move(fd), std::move(name), target);
    if (auto written = write_all(staged.fd_.get(), content, target.string()); !written) return written.error();
    if (uninterrupted([&] { return ::fsync(staged.fd_.get()); }) != 0)
        return errno_error("write", target.string(), errno);
    return staged;
}

StagedFile::StagedFile(StagedFile&& other) noexcept
    : fd_(std::move(other.fd_)), stage_(std::move(other.stage_)), target_(std::move(other.target_)) {
    other.stage_.clear();
}

StagedFile& StagedFile::operator=(StagedFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(stage_, other.stage_);
    std::swap(target_, other.target_);
    return *this;
}

StagedFile::~StagedFile() {
    if (!stage_.empty()) ::unlink(stage_.c_str());
}

Result<void> StagedFile::publish() {
    if (uninterrupted([&] { return ::rename(stage_.c_str(), target_.c_str()); }) != 0)
        return errno_error("replace", target_.string(), errno);
    stage_.clear();
    return {};
}

bool StagedFile::lost() const { return !stage_.empty() && ::access(stage_.c_str(), F_OK) != 0 && errno == ENOENT; }

void reap_stage(int directory, const char* name) {
    if (const Fd fd = hold_dead(directory, name)) ::unlinkat(directory, name, 0);
}

std::vector<fs::path> dead_stages(const fs::path& directory, bool remove) {
    std::vector<fs::path> found;
    std::error_code error;
    auto entry = fs::recursive_directory_iterator(directory, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const fs::path& path = entry->path();
        if (!path.filename().string().starts_with(stage_prefix)) continue;
        const Fd fd = hold_dead(AT_FDCWD, path.c_str());
        if (fd && (!remove || ::unlink(path.c_str()) == 0)) found.push_back(path);
    }
    std::sort(found.begin(), found.end());
    return found;
}

Result<void> sync_directory(const fs::path& path) {
    const Fd fd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd) return errno_error("open", path.string(), errno);
    const bool synced = uninterrupted([&] { return ::fsync(fd.get()); }) == 0;
    if (!synced && errno != EINVAL) return errno_error("write", path.string(), errno); // EINVAL: nothing to sync there
    return {};
}

} // namespace ktstr::runs
