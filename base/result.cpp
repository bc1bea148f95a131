// SPDX-License-Identifier: GPL-2.0-only
#include "base/result.h"

#include <cstring>

#include "base/errno_text.h"

namespace ktstr {

std::string errno_text(int errno_value) {
    const char* name = ::strerrorname_np(errno_value);
    const char* meaning = ::strerrordesc_np(errno_value);
    if (name == nullptr || meaning == nullptr) return "errno " + std::to_string(errno_value);
    return std::string(name) + " (" + meaning + ")";
}

Error errno_error(const std::string& action, const std::string& path, int errno_value) {
    return Error{"cannot " + action + " " + path + ": " + errno_text(errno_value)};
}

} // namespace ktstr
