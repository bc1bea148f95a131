// SPDX-License-Identifier: GPL-2.0-only
#include "runs/session.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "runs/names.h"
#include "runs/stage.h"

namespace ktstr::runs {

namespace fs = std::filesystem;

namespace {

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Links are not followed: what they lead to is somebody else's.
Directory open_directory(int at, const char* name) {
    Fd fd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return nullptr;
    Directory opened(::fdopendir(fd.get()));
    if (opened) fd.release();
    return opened;
}

bool is_directory(int at, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
    struct stat status {};
    return ::fstatat(at, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

// Goes through one directory; `seeds`: and those of its folders that hold runs with one seed.
class Sweep {
  public:
    Sweep(fs::path path, bool clear, bool seeds) : path_(std::move(path)), clear_(clear), seeds_(seeds) {}

    Result<void> go(int at, const char* name) const {
        const Directory directory = open_directory(at, name);
        if (!directory) return errno == ENOENT ? Result<void>() : errno_error("list", path_.string(), errno);
        const int fd = ::dirfd(directory.get());
        while (true) {
            errno = 0;
            const dirent* entry = ::readdir(directory.get()); // NOLINT(concurrency-mt-unsafe): a stream of our own
            if (entry == nullptr && errno != 0) return errno_error("list", path_.string(), errno);
            if (entry == nullptr) return {};
            if (auto done = look_at(fd, *entry); !done) return done;
        }
    }

  private:
    [[nodiscard]] Result<void> look_at(int fd, const dirent& entry) const {
        const std::string_view name = entry.d_name;
        if (name.starts_with(stage_prefix)) {
            reap_stage(fd, entry.d_name);
            return {};
        }
        const bool is_seed = seeds_ && is_seed_folder(name);
        const bool is_record = clear_ && is_of_record(name);
        if (!is_seed && !is_record) return {};
        if (is_directory(fd, entry))
            return is_seed ? Sweep(path_ / entry.d_name, clear_, false).go(fd, entry.d_name) : Result<void>();
        if (!is_record || ::unlinkat(fd, entry.d_name, 0) == 0 || errno == ENOENT) return {};
        return errno_error("remove the record of an earlier run", (path_ / entry.d_name).string(), errno);
    }

    fs::path path_;
    bool clear_;
    bool seeds_;
};

} // namespace

std::string new_session() {
    std::array<std::uint32_t, 4> random{};
    while (::getrandom(random.data(), sizeof random, 0) < 0 && errno == EINTR) {
    }
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%08x%08x%08x%08x-%d", random[0], random[1], random[2], random[3],
                  ::getpid());
    return text.data();
}

Result<void> begin_session(const fs::path& directory, const std::string& session) {
    constexpr std::uint64_t longest_token = 64U << 10U;
    const auto token = read_file(directory / session_file, longest_token);
    const bool ours = token && *token == session;
    if (auto swept = Sweep(directory, !ours, true).go(AT_FDCWD, directory.c_str()); !swept) return swept;
    return ours ? Result<void>() : write_session(directory, session);
}

Result<void> write_session(const fs::path& directory, const std::string& session) {
    auto token = StagedFile::write(directory / session_file, session);
    if (!token) return token.error();
    return token->publish();
}

} // namespace ktstr::runs
