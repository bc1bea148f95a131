// SPDX-License-Identifier: GPL-2.0-only
#include "llm/model_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <vector>

#include "base/file.h"
#include "base/hash.h"

namespace ktstr::llm {

namespace {

constexpr std::time_t settled_s = 2; // a file that was changed a moment ago could change again within the same tick

bool cancelled(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return fd >= 0 && ::poll(&entry, 1, 0) > 0;
}

std::string state_of(const struct stat& status) {
    std::string state;
    for (const auto part :
         {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
          static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_mtim.tv_sec),
          static_cast<std::uint64_t>(status.st_mtim.tv_nsec), static_cast<std::uint64_t>(status.st_ctim.tv_sec),
          static_cast<std::uint64_t>(status.st_ctim.tv_nsec)})
        state += std::to_string(part) + " ";
    return state;
}

Result<std::string> digest_of(int fd, const std::string& path, int cancel_fd) {
    Sha256 sha256;
    std::vector<char> buffer(1U << 20U);
    while (true) {
        if (cancelled(cancel_fd)) return Error{digest_cancelled};
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", path, errno);
        if (count == 0) return sha256.hex();
        sha256.add({buffer.data(), static_cast<std::size_t>(count)});
    }
}

} // namespace

bool is_digest(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::string> digest_of_model(const std::filesystem::path& file, const std::filesystem::path& digests,
                                    int cancel_fd) {
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return errno_error("open", file.string(), errno);
    struct stat before {};
    if (::fstat(fd.get(), &before) != 0) return errno_error("look at", file.string(), errno);
    if (!S_ISREG(before.st_mode)) return Error{file.string() + " is not a file"};
    const std::string state = state_of(before);
    const auto kept = digests / (sha256_hex(file.string()) + ".sha256");
    if (const auto content = read_file(kept, 4096); content && content->starts_with(state)) {
        const std::string digest = content->substr(state.size());
        if (is_digest(digest)) return digest;
    }
    auto digest = digest_of(fd.get(), file.string(), cancel_fd);
    if (!digest) return digest;
    struct stat after {};
    if (::fstat(fd.get(), &after) != 0) return errno_error("look at", file.string(), errno);
    if (state_of(after) != state) return Error{file.string() + " was changed while it was read"};
    // A digest that cannot be kept is computed again the next time.
    if (after.st_mtim.tv_sec + settled_s < std::time(nullptr) && make_directories(digests))
        (void)write_file(kept, state + *digest);
    return digest;
}

} // namespace ktstr::llm
