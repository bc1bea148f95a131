// SPDX-License-Identifier: GPL-2.0-only
// The names that the program knows, for `ktstr list ops` and the like.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::cli {

struct CatalogueEntry {
    std::string name;
    std::string summary; // one line
    std::string more;    // JSON members beside the two, as an object; empty: none
};

// What can be listed: "ops", "work-types", ...
const std::vector<std::string>& catalogue_names();

// The entries of the catalogue `name`: those of the language, and, of what files declare (schedulers, payloads,
// templates), those of the standard library and of `paths`. Errors: a path cannot be read.
Result<std::vector<CatalogueEntry>> catalogue(const std::string& name, const std::vector<std::string>& paths);

} // namespace ktstr::cli
