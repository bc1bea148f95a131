// SPDX-License-Identifier: GPL-2.0-only
// The numbers in a JSON document, by their dotted paths: "jobs.0.read.iops".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr::eval {

inline constexpr std::size_t longest_metric_name = 1024; // bytes; a number with a longer path is left out

struct NamedNumber {
    std::string name;
    double value = 0;
};

enum class NumbersAs {
    measured,  // finite ones; of two with the same path the first
    extracted, // all, as they come; the texts "NaN", "Infinity" and "-Infinity" are numbers too
};

// Of the document at the beginning of the text; what follows it does not matter. In the document's order, 20,000 at
// most. None if there is no valid document, or if it nests more than 64 levels deep.
std::optional<std::vector<NamedNumber>> numbers_of_document(std::string_view text, NumbersAs as);

} // namespace ktstr::eval
