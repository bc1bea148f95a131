// SPDX-License-Identifier: GPL-2.0-only
// What scx_ktstr prints about its end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bpf/scx_ktstr.h"

namespace ktstr::scx {

// `text`, or if it is longer than `head` + `tail` bytes its first `head` and its last `tail` bytes, cut at line ends,
// with a line between them that says how much is left out.
std::string ends_of(std::string_view text, std::size_t head, std::size_t tail);

// The line of the verifier's log that says why it refused a program: the last one that is not its statistics.
std::string verifier_reason(std::string_view log);

// Whether the kernel ended it: everything but a detach that was asked for.
bool ejected(const ktstr_exit_info& info);

// "EXIT: <reason> (<message>)", the line that sched_ext schedulers print when they end; for an error the kernel's
// debug dump before it.
std::string exit_text(const ktstr_exit_info& info);

} // namespace ktstr::scx
