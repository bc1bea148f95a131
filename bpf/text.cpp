// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/text.h"

namespace ktstr::scx {
namespace {

// enum scx_exit_kind of the kernel, kernel/sched/ext_internal.h.
constexpr unsigned int exit_unregistered = 64;

} // namespace

std::string ends_of(std::string_view text, std::size_t head, std::size_t tail) {
    if (text.size() <= head + tail) return std::string(text);
    const std::size_t head_line = text.rfind('\n', head);
    if (head_line != std::string_view::npos) head = head_line + 1;
    const std::size_t tail_line = text.find('\n', text.size() - tail);
    const std::size_t tail_begin = tail_line == std::string_view::npos ? text.size() - tail : tail_line + 1;
    return std::string(text.substr(0, head)) + "[... " + std::to_string(tail_begin - head) + " bytes left out ...]\n" +
           std::string(text.substr(tail_begin));
}

std::string verifier_reason(std::string_view log) {
    while (!log.empty()) {
        const std::size_t end = log.find_last_not_of("\n");
        if (end == std::string_view::npos) break;
        log = log.substr(0, end + 1);
        const std::size_t before = log.rfind('\n');
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        const std::string_view line = log.substr(begin);
        if (!line.starts_with("processed ")) return std::string(line);
        log = log.substr(0, begin);
    }
    return "its log gives no reason";
}

bool ejected(const ktstr_exit_info& info) { return info.kind > exit_unregistered; }

std::string exit_text(const ktstr_exit_info& info) {
    std::string text;
    if (info.dump[0] != '\0')
        text += "DEBUG DUMP\n================================================================================\n\n" +
                std::string(info.dump) +
                "\n================================================================================\n\n";
    text += "EXIT: " + std::string(info.reason);
    if (info.message[0] != '\0') text += " (" + std::string(info.message) + ")";
    return text + "\n";
}

} // namespace ktstr::scx
