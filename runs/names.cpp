// SPDX-License-Identifier: GPL-2.0-only
#include "runs/names.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace ktstr::runs {

namespace {

constexpr std::size_t hash_digits = 16;
constexpr std::size_t longest_part = 100; // of a run directory's name, before it is escaped

bool is_hexadecimal(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "name-0123456789abcdef" with something before the hash.
bool is_stem(std::string_view text) {
    return text.size() > hash_digits + 1 && text[text.size() - hash_digits - 1] == '-' &&
           is_hexadecimal(text.substr(text.size() - hash_digits));
}

std::string escaped(std::string_view text) {
    constexpr std::string_view kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+~";
    std::string out;
    for (const char c : text.substr(0, longest_part)) {
        std::array<char, 4> code{};
        std::snprintf(code.data(), code.size(), "%%%02X", static_cast<unsigned char>(c));
        const bool is_plain = kept.find(c) != std::string_view::npos && !(out.empty() && c == '.');
        out += is_plain ? std::string(1, c) : code.data();
    }
    return out;
}

std::string part(const std::string& text) { return text.empty() ? "unknown" : escaped(text); }

} // namespace

std::string run_directory_name(const std::string& kernel, bool on_host,
                               const std::optional<std::string>& project_commit) {
    return (on_host ? "host-" : "") + part(kernel) + "-" + part(project_commit.value_or(""));
}

bool is_of_record(std::string_view file) {
    if (file.ends_with(record_suffix)) return true;
    for (const auto suffix : companion_suffixes)
        if (file.ends_with(suffix) && is_stem(file.substr(0, file.size() - suffix.size()))) return true;
    if (!file.ends_with(capture_suffix)) return false;
    const auto name = file.substr(0, file.size() - capture_suffix.size()); // "{stem}.{capture}", which may hold dots
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1))
        if (is_stem(name.substr(0, dot))) return true;
    return false;
}

bool is_seed_folder(std::string_view folder) {
    constexpr std::string_view prefix = "seed-";
    if (!folder.starts_with(prefix) || folder.size() == prefix.size()) return false;
    return folder.find_first_not_of("0123456789", prefix.size()) == std::string_view::npos;
}

} // namespace ktstr::runs
