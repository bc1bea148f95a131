// SPDX-License-Identifier: GPL-2.0-only
// Two texts, and what turns one into the other.
#pragma once

#include <string>
#include <string_view>

namespace ktstr::format {

// A unified diff with three lines of context, as patch(1) reads it; empty if the texts are equal. `name` is the file's
// name in its head. As short as can be where few lines differ; never wrong.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view name);

} // namespace ktstr::format
