// SPDX-License-Identifier: GPL-2.0-only
// What commands say on standard error.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/diagnostics/diagnostic.h"

namespace ktstr::cli {

// "ktstr: <message>" and its hint.
void complain(const Error& error);

// Every diagnostic with its place and line, in colour on a terminal unless NO_COLOR is set. Whether one is an error.
bool print(const std::vector<Diagnostic>& diagnostics);

// The same, but each diagnostic once, however often it comes: a file may be compiled for several machines.
class DiagnosticPrinter {
  public:
    bool print(const std::vector<Diagnostic>& diagnostics);

  private:
    std::set<std::string> printed_; // as rendered
};

} // namespace ktstr::cli
