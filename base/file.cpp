// SPDX-License-Identifier: GPL-2.0-only
#include "base/file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <thread>

namespace ktstr {

namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& path, std::uint64_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    std::string content;
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0) {
            if (errno == EINTR) continue;
            return errno_error("read", path.string(), errno);
        }
        if (count == 0) return content;
        if (content.size() + static_cast<std::size_t>(count) > limit)
            return Error{path.string() + " is larger than " + std::to_string(limit) + " bytes"};
        content.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

Result<void> write_all(int fd, std::string_view content, const std::string& name) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0) {
            if (errno == EINTR) continue;
            return errno_error("write", name, errno);
        }
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_file(const fs::path& path, std::string_view content, unsigned mode) {
    std::string stage = path.string() + ".stage-XXXXXX";
    Fd fd(::mkostemp(stage.data(), O_CLOEXEC));
    if (!fd) return errno_error("create a file beside", path.string(), errno);
    auto fail = [&stage](Error error) {
        ::unlink(stage.c_str());
        return error;
    };
    if (auto written = write_all(fd.get(), content, path.string()); !written) return fail(written.error());
    if (::fchmod(fd.get(), mode) != 0) return fail(errno_error("set the mode of", path.string(), errno));
    if (::fsync(fd.get()) != 0) return fail(errno_error("write", path.string(), errno));
    fd.reset();
    if (::rename(stage.c_str(), path.c_str()) != 0) return fail(errno_error("replace", path.string(), errno));
    return {};
}

Result<void> make_directories(const fs::path& path) {
    std::error_code code;
    fs::create_directories(path, code);
    if (code) return Error{"cannot create the directory " + path.string() + ": " + code.message()};
    return {};
}

Result<TemporaryDirectory> TemporaryDirectory::create(const std::string& prefix) {
    const char* base = std::getenv("TMPDIR");
    return create_in(base != nullptr && *base != '\0' ? base : "/tmp", prefix);
}

Result<TemporaryDirectory> TemporaryDirectory::create_in(const fs::path& parent, const std::string& prefix) {
    std::string name = (parent / (prefix + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) return errno_error("create a directory in", parent.string(), errno);
    return TemporaryDirectory(name);
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
    if (path_.empty()) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path TemporaryDirectory::release() {
    fs::path path = std::move(path_);
    path_.clear();
    return path;
}

Result<FileLock> FileLock::acquire(const fs::path& path, Mode mode, std::chrono::milliseconds timeout) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd) return errno_error("open the lock", path.string(), errno);
    const int operation = (mode == Mode::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (::flock(fd.get(), operation) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return errno_error("lock", path.string(), errno);
        if (std::chrono::steady_clock::now() >= deadline) {
            auto holder = read_file(path, 4096);
            const std::string who = holder && !holder->empty() ? *holder : "another process";
            return Error{"waited " + std::to_string(timeout.count()) + " ms for the lock " + path.string() +
                             ", held by " + who,
                         "wait for it to end, or stop it"};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (mode == Mode::exclusive) {
        const std::string who =
            "pid " + std::to_string(::getpid()) + " (" + std::string(::program_invocation_short_name) + ")";
        if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), who.data(), who.size(), 0);
    }
    return FileLock(std::move(fd));
}

fs::path cache_directory() {
    std::error_code code;
    if (const char* cache = std::getenv("KTSTR_CACHE_DIR"); cache != nullptr && *cache != '\0')
        if (auto path = fs::absolute(cache, code).lexically_normal(); !code) return path;
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
        return fs::path(cache) / "ktstr";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
        return fs::path(home) / ".cache" / "ktstr";
    const passwd* user = ::getpwuid(::getuid()); // NOLINT(concurrency-mt-unsafe): before any thread starts
    return fs::path(user != nullptr ? user->pw_dir : "/tmp") / ".cache" / "ktstr";
}

} // namespace ktstr
