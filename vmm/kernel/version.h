// SPDX-License-Identifier: GPL-2.0-only
// Kernel releases as people name them ("7.0", "6.12.117", "7.0.13+deb13-cloud-amd64") and how they compare.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

struct KernelVersion {
    std::vector<unsigned> numbers; // 7.0.13 = {7, 0, 13}; two or three of them, "6.12" has no third
    std::string suffix;            // what follows the numbers: "-rc3", "+deb13-cloud-amd64", or empty

    // None if `text` does not start with two numbers with a dot between.
    static std::optional<KernelVersion> parse(std::string_view text);
    // "7.0.13": the numbers alone.
    [[nodiscard]] std::string numbers_text() const;
    // "7.0": the first two numbers, which name a stable series.
    [[nodiscard]] std::string series() const;
};

// Orders by the numbers; a missing number counts as zero, a release candidate comes before its release, and other
// suffixes are ordered as text.
std::strong_ordering operator<=>(const KernelVersion& left, const KernelVersion& right);
bool operator==(const KernelVersion& left, const KernelVersion& right);

// Whether the release `release` is meant by `spec`: the whole release, or a prefix of it that ends between two numbers
// ("7.0" means 7.0.13 and not 7.01; "6.1" does not mean 6.12.94).
bool version_matches(std::string_view spec, std::string_view release);

// Whether `text` can be a version or a prefix of one: numbers with dots between, then perhaps a suffix.
bool looks_like_version(std::string_view text);

} // namespace ktstr
