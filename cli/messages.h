// SPDX-License-Identifier: GPL-2.0-only
// What commands say on standard error.
#pragma once

#include <vector>

#include "base/result.h"
#include "interp/diagnostics/diagnostic.h"

namespace ktstr::cli {

// "ktstr: <message>" and its hint.
void complain(const Error& error);

// Every diagnostic with its place and line, in colour on a terminal unless NO_COLOR is set. Whether one is an error.
bool print(const std::vector<Diagnostic>& diagnostics);

} // namespace ktstr::cli
