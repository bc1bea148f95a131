// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "interp/check/value.h"
#include "interp/diagnostics/diagnostic.h"

namespace ktstr::check {

// The value of a number literal (12, 1.5, 10ms, 64KiB, 15%, 100/s, 1n2l4c1t) or a CPU list (0-3,7). What is not well
// formed, not exact in its base unit (ns, bytes) or too large is reported.
std::optional<Value> literal_value(Span literal, Diagnostics& diagnostics);
std::optional<Value> cpu_list_value(Span literal, Diagnostics& diagnostics);

} // namespace ktstr::check
