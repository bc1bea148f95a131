// SPDX-License-Identifier: GPL-2.0-only
// JSON out of untrusted bytes. What nests too deep is refused: copying and writing a document
// recurse.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace ktstr::plan {

constexpr int most_json_levels = 64;

Result<nlohmann::json> parse_json(std::string_view text, int most_levels = most_json_levels);
Result<nlohmann::json> parse_cbor(std::string_view bytes); // RFC 8949

} // namespace ktstr::plan
