// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kernel_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/fd.h"

namespace ktstr::guest {

Result<std::string> read_kernel_file(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path, errno);
    std::string content;
    std::array<char, 4096> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): read fills what is used
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", path, errno);
        if (count == 0) break;
        content.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (!content.empty() && content.back() == '\n') content.pop_back();
    return content;
}

Result<void> write_kernel_file(const std::string& path, std::string_view value) {
    const std::string action = "write '" + std::string(value) + "' to";
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return errno_error(action, path, errno);
    ssize_t count = 0;
    do count = ::write(fd.get(), value.data(), value.size());
    while (count < 0 && errno == EINTR);
    if (count < 0) return errno_error(action, path, errno);
    if (static_cast<std::size_t>(count) != value.size()) return errno_error(action, path, EIO);
    return {};
}

std::optional<unsigned long long> keyed_value(std::string_view content, std::string_view key) {
    while (!content.empty()) {
        const auto end = content.find('\n');
        const std::string_view line = content.substr(0, end);
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
            unsigned long long value = 0;
            const auto digits = line.substr(key.size() + 1);
            const auto [rest, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            if (code == std::errc() && rest != digits.data()) return value;
        }
        if (end == std::string_view::npos) break;
        content.remove_prefix(end + 1);
    }
    return std::nullopt;
}

bool path_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

} // namespace ktstr::guest
