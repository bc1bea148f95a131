// SPDX-License-Identifier: GPL-2.0-only
#include "guest/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace ktstr::guest {

Result<std::array<Fd, 2>> open_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
    std::array<Fd, 2> pipe;
    pipe[0] = Fd(ends[0]);
    pipe[1] = Fd(ends[1]);
    return pipe;
}

std::string read_available(Fd& fd) {
    constexpr std::size_t most = 65536;
    std::string text;
    std::array<char, 4096> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): read fills what is used
    while (text.size() < most) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count <= 0) {
            fd.reset();
            break;
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

} // namespace ktstr::guest
