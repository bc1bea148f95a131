// SPDX-License-Identifier: GPL-2.0-only
#include "cli/messages.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "interp/diagnostics/render.h"

namespace ktstr::cli {

void complain(const Error& error) {
    std::fprintf(stderr, "ktstr: %s\n", error.message.c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "  hint: %s\n", error.hint.c_str());
}

bool print(const std::vector<Diagnostic>& diagnostics) {
    const bool colour = ::isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    bool failed = false;
    for (const auto& diagnostic : diagnostics) {
        std::fputs((render(diagnostic, colour) + "\n").c_str(), stderr);
        failed = failed || diagnostic.severity() == Severity::error;
    }
    return failed;
}

bool DiagnosticPrinter::print(const std::vector<Diagnostic>& diagnostics) {
    std::vector<Diagnostic> fresh;
    bool failed = false;
    for (const auto& diagnostic : diagnostics) {
        failed = failed || diagnostic.severity() == Severity::error;
        if (printed_.insert(render(diagnostic)).second) fresh.push_back(diagnostic);
    }
    cli::print(fresh);
    return failed;
}

} // namespace ktstr::cli
