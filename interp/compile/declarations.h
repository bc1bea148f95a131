// SPDX-License-Identifier: GPL-2.0-only
// What modules declare, for `ktstr list`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/diagnostics/diagnostic.h"

namespace ktstr {

struct Declaration {
    std::string name;
    std::string kind;    // check::Symbol::kind(): "topology", "scheduler", "payload", "template", ...
    std::string module;  // "std.topologies", or the file as given
    std::string summary; // the shape of a topology, and the comment beside or above the declaration
};

struct Declarations {
    std::vector<Declaration> found;      // by module, then by name
    std::vector<Diagnostic> diagnostics; // of files that cannot be read
};

// The public names of the standard library, and those of files and of folders' files.
Result<Declarations> declarations(const std::vector<std::filesystem::path>& paths);

} // namespace ktstr
