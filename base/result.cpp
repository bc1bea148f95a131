// SPDX-License-Identifier: GPL-2.0-only
#include "base/result.h"

#include <system_error>

namespace ktstr {

Error errno_error(const std::string& action, const std::string& path, int errno_value) {
    return Error{"cannot " + action + " " + path + ": " + std::generic_category().message(errno_value)};
}

} // namespace ktstr
