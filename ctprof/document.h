// SPDX-License-Identifier: GPL-2.0-only
// Captures as JSON. What is read may come from anywhere: every field is checked for presence, type and range.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ctprof/capture.h"

namespace ktstr::ctprof {

constexpr int format_version = 1;
constexpr std::size_t largest_document = std::size_t{128} << 20U; // bytes of JSON

nlohmann::json to_json(const Capture& capture);
// Of a document in ASCII: names that are not UTF-8 have U+FFFD in their place.
std::string to_document(const Capture& capture);
// Refuses what is not a capture, one of a later version, and one in which something is missing or out of range, with
// the reason.
Result<Capture> parse_document(std::string_view document);

} // namespace ktstr::ctprof
