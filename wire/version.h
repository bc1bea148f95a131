// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace ktstr::wire {

// The executor's version, as the record names it: the project's version.
inline constexpr const char* executor_version = "0.1.0";

} // namespace ktstr::wire
