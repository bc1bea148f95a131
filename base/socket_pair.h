// SPDX-License-Identifier: GPL-2.0-only
// Two connected stream sockets, one of them for a child.
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

struct SocketPair {
    Fd ours; // non-blocking
    Fd theirs;
};

Result<SocketPair> make_socket_pair();

} // namespace ktstr
