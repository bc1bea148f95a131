// SPDX-License-Identifier: GPL-2.0-only
// The run that docs/lua.md describes, and short ways to check it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "interp/lua/check.h"

namespace ktstr::test {

std::string lua_reference(); // docs/lua.md

// to_json(Record) of a run with its plan, and the observation that the reference shows as JSON.
const nlohmann::json& sample_record();

// Runs a chunk on it; the chunk's first line is line 10 of "t.ktl".
lua::CheckOutcome check(std::string_view chunk, const lua::CheckLimits& limits = {});
lua::CheckOutcome check_on(const nlohmann::json& record, std::string_view chunk);

// "error at 12: ..." or "passed"
std::string ending(const lua::CheckOutcome& outcome);

// The error of a chunk that is one expression; "" if there is none.
std::string error_of(std::string_view expression);

} // namespace ktstr::test
