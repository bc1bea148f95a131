// SPDX-License-Identifier: GPL-2.0-only
#include "guest/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ktstr::guest {

namespace {

constexpr std::string_view prefix = "sched_ext:";

bool is_disable(const std::string& line) {
    return line.starts_with(prefix) && line.find("BPF scheduler") != std::string::npos &&
           line.find("disabled") != std::string::npos;
}

// "   scx_watchdog_workfn+0x123/0x1c0": the stack that sched_ext prints below its reason.
bool is_stack_line(const std::string& line) {
    const auto first = line.find_first_not_of(' ');
    return first != std::string::npos && first > 0 && line.find("+0x") != std::string::npos;
}

} // namespace

std::string kmsg_text(std::string_view record) {
    const auto semicolon = record.find(';');
    if (semicolon == std::string_view::npos) return "";
    const std::string_view text = record.substr(semicolon + 1);
    return std::string(text.substr(0, text.find('\n')));
}

std::string sched_ext_reason(const std::vector<std::string>& lines) {
    std::size_t first = lines.size();
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (is_disable(lines[i])) first = i;
    const bool disabled = first < lines.size();
    std::string reason;
    for (std::size_t i = disabled ? first : 0; i < lines.size(); ++i) {
        const std::string& line = lines[i];
        const bool relevant =
            line.starts_with(prefix) ? line.find(" enabled") == std::string::npos : disabled && is_stack_line(line);
        if (relevant) reason += (reason.empty() ? "" : "\n") + line;
    }
    return reason;
}

Result<KernelLog> KernelLog::open() {
    Fd fd(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return errno_error("open", "/dev/kmsg", errno);
    if (::lseek(fd.get(), 0, SEEK_END) < 0) return errno_error("read", "/dev/kmsg", errno);
    return KernelLog(std::move(fd));
}

std::vector<std::string> KernelLog::new_lines() {
    std::vector<std::string> lines;
    std::array<char, 8192> record; // NOLINT(cppcoreguidelines-pro-type-member-init): read fills what is used
    while (true) {
        const ssize_t count = ::read(fd_.get(), record.data(), record.size());
        if (count < 0 && (errno == EINTR || errno == EPIPE)) continue; // EPIPE: records were overwritten meanwhile
        if (count <= 0) return lines;
        lines.push_back(kmsg_text({record.data(), static_cast<std::size_t>(count)}));
    }
}

} // namespace ktstr::guest
