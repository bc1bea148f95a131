// SPDX-License-Identifier: GPL-2.0-only
// Patterns over a series and its reductions, each in one pass. docs/language.md has what they mean; samples without a
// value are skipped everywhere but in converges(). A sample that is not a number is a fault, one that is undefined
// makes unknown what no other sample refutes, and too few samples make everything unknown.
#pragma once

#include <cstdint>
#include <optional>

#include "interp/eval/temporal.h"

namespace ktstr::eval {

// What a pattern says, and the samples that its message names.
struct PatternAnswer : Answer {
    std::size_t before = none; // of nondecreasing() and increasing(): the sample that `decides` is compared with
    std::size_t values = 0;    // samples that have a value, of those that the pattern looks at
    double middle = 0;         // of steady(): the mean
};

// Robustness: the least step from one value to the next.
PatternAnswer nondecreasing(const Term& term);
PatternAnswer increasing(const Term& term);

// Every sample from `after_ns` on is within mean * (1 +- tolerance), the mean of these samples. Robustness: how much of
// the tolerance, tolerance * |mean|, the farthest one leaves.
PatternAnswer steady(const Term& term, double tolerance, std::int64_t after_ns);

// Three samples in a row, none missing between them, lie within target +- tolerance, the last one by `by_ns`.
// Robustness: what the farthest of the best three leaves of the tolerance. Under three samples by then: unknown.
PatternAnswer converges(const Term& term, double target, double tolerance, std::int64_t by_ns);

enum class Reduction : std::uint8_t { first, last, mean, min, max, delta };

// Of the samples of one phase, or of all. NaN if one of the values is not a number (of first, last and delta: one of
// those that they take). Samples without a value are skipped. No sample (for delta: not two): undefined; so is anything
// of an undefined sample.
Term reduce(const Term& term, Reduction reduction, std::optional<int> phase);

} // namespace ktstr::eval
