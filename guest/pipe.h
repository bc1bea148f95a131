// SPDX-License-Identifier: GPL-2.0-only
// Pipes to and from child processes.
#pragma once

#include <array>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::guest {

// The reading end and the writing end, both closed on exec.
Result<std::array<Fd, 2>> open_pipe();

// What has come on a non-blocking descriptor, at most 64 KiB per call, so that a flood does not hold up the rest;
// closes it at its end.
std::string read_available(Fd& fd);

} // namespace ktstr::guest
