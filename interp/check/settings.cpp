// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/settings.h"

namespace ktstr::check {

Settings::Settings(const std::vector<ast::Setting>& settings, Diagnostics& diagnostics) : settings_(settings) {
    for (const auto& setting : settings) {
        const ast::Setting* first = find(setting.kind);
        if (first == &setting) continue;
        const std::string_view text = setting.span.text();
        diagnostics.add(Code::duplicate_setting, setting.span,
                        "`" + std::string(text.substr(0, text.find_first_of(" \t\r\n#(\"["))) + "` is given twice",
                        "first given on line " + std::to_string(first->span.line()));
    }
}

const ast::Setting* Settings::find(syntax::Kind kind) const {
    for (const auto& setting : settings_)
        if (setting.kind == kind) return &setting;
    return nullptr;
}

const ast::Expression* Settings::value(syntax::Kind kind) const {
    const ast::Setting* setting = find(kind);
    return setting == nullptr ? nullptr : &setting->values.front();
}

} // namespace ktstr::check
