// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/units.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace ktstr::eval {

namespace {

// Three significant digits without an exponent: 0.0123, 4.56, 45.6, 456, 4560.
std::string digits(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "infinity" : "-infinity";
    const double size = std::fabs(value);
    int decimals = 0;
    if (size != 0 && size < 0.1)
        decimals = 4;
    else if (size < 9.995)
        decimals = 2;
    else if (size < 99.95)
        decimals = 1;
    std::array<char, 512> buffer{}; // the longest finite double has 309 digits before the point
    std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
    std::string text(buffer.data());
    if (text.find('.') != std::string::npos) {
        while (text.back() == '0') text.pop_back();
        if (text.back() == '.') text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

std::string scaled(double value, std::string_view unit) {
    const double size = std::fabs(value);
    std::string text;
    if (size < 1e4)
        text = digits(value) + (unit.empty() ? "" : " ");
    else if (size < 999.5e3)
        text = digits(value / 1e3) + " k";
    else if (size < 999.5e6)
        text = digits(value / 1e6) + " M";
    else
        text = digits(value / 1e9) + " G";
    return text.append(unit);
}

} // namespace

std::string human_duration(double ns) {
    const double size = std::fabs(ns);
    if (!std::isfinite(ns) || size < 999.5) return digits(ns) + " ns";
    if (size < 999.5e3) return digits(ns / 1e3) + " us";
    if (size < 999.5e6) return digits(ns / 1e6) + " ms";
    if (size < 119.5e9) return digits(ns / 1e9) + " s";
    const double seconds = std::round(ns / 1e9);
    const double minutes = std::trunc(seconds / 60);
    return digits(minutes) + " min " + digits(std::fabs(seconds - minutes * 60)) + " s";
}

std::string human_ratio(double ratio) { return digits(ratio * 100) + " %"; }

std::string human_rate(double per_second, std::string_view unit) { return scaled(per_second, unit); }

std::string human_count(double count) { return scaled(count, ""); }

} // namespace ktstr::eval
