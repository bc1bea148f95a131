// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/version.h"

#include <algorithm>
#include <charconv>

namespace ktstr {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_candidate(const KernelVersion& version) { return version.suffix.starts_with("-rc"); }

} // namespace

std::optional<KernelVersion> KernelVersion::parse(std::string_view text) {
    KernelVersion version;
    while (version.numbers.size() < 3 && !text.empty() && is_digit(text.front())) {
        unsigned number = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (code != std::errc{}) return std::nullopt;
        version.numbers.push_back(number);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (version.numbers.size() == 3 || text.size() < 2 || text[0] != '.' || !is_digit(text[1])) break;
        text.remove_prefix(1);
    }
    if (version.numbers.size() < 2) return std::nullopt;
    version.suffix = text;
    return version;
}

std::string KernelVersion::numbers_text() const {
    std::string text;
    for (const auto number : numbers) text += (text.empty() ? "" : ".") + std::to_string(number);
    return text;
}

std::string KernelVersion::series() const { return std::to_string(numbers[0]) + "." + std::to_string(numbers[1]); }

std::strong_ordering operator<=>(const KernelVersion& left, const KernelVersion& right) {
    const std::size_t count = std::max(left.numbers.size(), right.numbers.size());
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned a = i < left.numbers.size() ? left.numbers[i] : 0;
        const unsigned b = i < right.numbers.size() ? right.numbers[i] : 0;
        if (a != b) return a <=> b;
    }
    if (is_candidate(left) != is_candidate(right))
        return is_candidate(left) ? std::strong_ordering::less : std::strong_ordering::greater;
    return left.suffix <=> right.suffix;
}

bool operator==(const KernelVersion& left, const KernelVersion& right) { return std::is_eq(left <=> right); }

bool version_matches(std::string_view spec, std::string_view release) {
    if (spec.empty() || !release.starts_with(spec)) return false;
    if (release.size() == spec.size()) return true;
    return !is_digit(release[spec.size()]) || !is_digit(spec.back());
}

bool looks_like_version(std::string_view text) {
    return KernelVersion::parse(text).has_value() && text.find('/') == std::string_view::npos;
}

} // namespace ktstr
