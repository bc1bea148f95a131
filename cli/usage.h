// SPDX-License-Identifier: GPL-2.0-only
// What is wrong with a command line, where the parser's own words do not say it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::cli {

// A command or an option that there is not, with the closest of those there are; none if something else is wrong.
// `words` is the command line without the program; `app` has failed to parse it.
std::optional<Error> unknown_word(const CLI::App& app, const std::vector<std::string>& words);

} // namespace ktstr::cli
