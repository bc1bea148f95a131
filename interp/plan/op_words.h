// SPDX-License-Identifier: GPL-2.0-only
// What the language calls the ops of a plan.
#pragma once

#include <string_view>

namespace ktstr::plan {

// The keyword for one of op_names(): "freeze" for "freeze_cgroup".
std::string_view op_word(std::string_view name);

} // namespace ktstr::plan
