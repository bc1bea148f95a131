// SPDX-License-Identifier: GPL-2.0-only
#include "report/html/escape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "report/text.h"

namespace ktstr::report::html {

std::string escaped(std::string_view text) {
    const std::string clean = printable(text);
    std::string out;
    out.reserve(clean.size());
    for (const char c : clean) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string element(std::string_view name, std::string_view css_class, std::string_view text) {
    const std::string tag(name);
    const std::string attribute = css_class.empty() ? "" : " class=\"" + std::string(css_class) + "\"";
    return "<" + tag + attribute + ">" + escaped(text) + "</" + tag + ">";
}

std::string coordinate(double value) {
    if (!std::isfinite(value)) return "0";
    std::array<char, 32> digits{};
    const double bounded = std::clamp(value, -1e6, 1e6);
    const auto end = std::to_chars(digits.begin(), digits.end(), bounded, std::chars_format::fixed, 1).ptr;
    std::string text(digits.begin(), end);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text == "-0" ? "0" : text;
}

std::string counted(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

} // namespace ktstr::report::html
