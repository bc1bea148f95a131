// SPDX-License-Identifier: GPL-2.0-only
// Text on a page. What comes out of a record may hold anything; nothing of it is markup.
#pragma once

#include <string>
#include <string_view>

namespace ktstr::report::html {

// Valid UTF-8 without control characters but newline and tab (report/text.h), with & < > " and ' as entities: for
// element content and for attributes in quotes.
std::string escaped(std::string_view text);

// <NAME class="CLASS">TEXT</NAME>, the text escaped; without a class if it is empty.
std::string element(std::string_view name, std::string_view css_class, std::string_view text);

// A number for a coordinate: one decimal at most, never an exponent; "0" for what is not finite.
std::string coordinate(double value);

// "1 scenario", "2 scenarios".
std::string counted(std::size_t count, std::string_view what);

} // namespace ktstr::report::html
