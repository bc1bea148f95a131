// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/settings.h"

namespace ktstr::check {

bool Once::first(const ast::Statement& setting) {
    const auto [entry, added] = given_.try_emplace(setting.kind, setting.span);
    if (added) return true;
    const std::string_view text = setting.span.text();
    diagnostics_.add(Code::duplicate_setting, setting.span,
                     "`" + std::string(text.substr(0, text.find_first_of(" \t\r\n#(\"["))) + "` is given twice",
                     "first given on line " + std::to_string(entry->second.line()));
    return false;
}

} // namespace ktstr::check
