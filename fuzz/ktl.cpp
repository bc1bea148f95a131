// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace ktstr::fuzz {

std::string try_ktl(std::string_view input) { return check_compilation(std::string(input), {}); }

} // namespace ktstr::fuzz
