// SPDX-License-Identifier: GPL-2.0-only
// Kernel configurations: `.config` files and the fragment that the guest kernel is built from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// Option name (with CONFIG_) to value; "n" for `# CONFIG_X is not set` and for `CONFIG_X=n`.
using KernelConfig = std::map<std::string, std::string>;

KernelConfig parse_kernel_config(std::string_view text);

// The options of `wanted` that `actual` has otherwise, as "CONFIG_X=y (is: not set)". An option that is absent from
// `actual` counts as "n".
std::vector<std::string> lost_options(const KernelConfig& wanted, const KernelConfig& actual);

// The fragment of the guest kernel (guest/kernel.config), compiled into the program.
std::string_view guest_kernel_fragment();

} // namespace ktstr
