// SPDX-License-Identifier: GPL-2.0-only
#include "report/html/escape.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "report/text.h"

namespace ktstr::report::html {

std::string escaped(std::string_view text) {
    std::string clean = printable(text);
    if (clean.find_first_of("&<>\"'") == std::string::npos) return clean;
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
    const auto tenths = std::lround(std::clamp(value, -1e6, 1e6) * 10);
    std::string text = (tenths < 0 ? "-" : "") + std::to_string(std::labs(tenths) / 10);
    if (tenths % 10 != 0) text.append(".").append(1, static_cast<char>('0' + std::labs(tenths) % 10));
    return text;
}

std::string counted(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

} // namespace ktstr::report::html
