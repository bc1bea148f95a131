// SPDX-License-Identifier: GPL-2.0-only
// The lines of a text, without their ends.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace ktstr {

// A newline at the end begins no further line. The lines are parts of `text`, which has to outlive them.
inline std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

} // namespace ktstr
