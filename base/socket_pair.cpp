// SPDX-License-Identifier: GPL-2.0-only
#include "base/socket_pair.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace ktstr {

Result<SocketPair> make_socket_pair() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
        return errno_error("create", "a socket pair", errno);
    SocketPair pair{Fd(fds[0]), Fd(fds[1])};
    if (::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK) != 0) return errno_error("set up", "a socket pair", errno);
    return pair;
}

} // namespace ktstr
