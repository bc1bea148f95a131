// SPDX-License-Identifier: GPL-2.0-only
// A session is what one `ktstr run` writes, or several that share KTSTR_RUN_EPOCH. What the last one has left in a run
// directory goes when the next one writes there for the first time.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace ktstr::runs {

// The token of a session, different for every process that makes one. It does not depend on the clock.
std::string new_session();

// Makes `directory` one of this session, under its lock: where the file `.ktstr_run_epoch` holds another token, records
// and what belongs to them are removed from it and from its folders `seed-N`, and from nothing below; then the token is
// written. Stage files of dead writers are removed in any case. Killed in between, it is done again by the next.
Result<void> begin_session(const std::filesystem::path& directory, const std::string& session);

// Writes the token alone: the session has begun, and somebody has removed the file since.
Result<void> write_session(const std::filesystem::path& directory, const std::string& session);

} // namespace ktstr::runs
