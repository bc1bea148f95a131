// SPDX-License-Identifier: GPL-2.0-only
// The tables of docs/language.md that are made from the program's own tables.
#pragma once

#include <string>

#include "interp/plan/work_types.h"

namespace ktstr::test {

// | `pipe_io` | passes one byte back and forth through two pipes; in groups of 2 | - |
std::string row_of(const plan::WorkType& type);

} // namespace ktstr::test
