// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

namespace ktstr {

// "ENOSPC (No space left on device)".
std::string errno_text(int errno_value);

} // namespace ktstr
