// SPDX-License-Identifier: GPL-2.0-only
// The exit codes of ktstr, as README.md documents them.
#pragma once

namespace ktstr::cli {

constexpr int exit_pass = 0;         // pass or skip
constexpr int exit_fail = 1;         // a scenario failed
constexpr int exit_inconclusive = 2; // none failed, one could not be judged
constexpr int exit_usage = 64;       // the command line, a .ktl file, or a scheduler that it names cannot be used
constexpr int exit_host = 70;        // this host could not do its part, or a bug in ktstr
constexpr int exit_interrupted = 130;

} // namespace ktstr::cli
