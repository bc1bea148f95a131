// SPDX-License-Identifier: GPL-2.0-only
// What records can be told apart by, and which of them are compared with which.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stats/row.h"

namespace ktstr::stats {

// One of a record's properties by which a pool is sliced: the word of the command line, as in --a-kernel.
struct Dimension {
    std::string_view name; // "kernel", "project-commit"
    std::string_view summary;
    std::string (*of)(const Row& row);
    bool pairs; // whether records are compared only where it is the same
};
const std::vector<Dimension>& dimensions();
const Dimension* find_dimension(std::string_view name);

// Values asked for, by the dimension's name; a record has one of the values of each.
using Filter = std::map<std::string, std::vector<std::string>, std::less<>>;

// A kernel is also found by the beginning of its version: 6.12 is 6.12.95-ktstr, too.
bool matches(const Row& row, const Filter& filter);

// What the records of one comparison have in common: the scenario, and what else is not compared.
struct Pairing {
    std::set<std::string, std::less<>> sliced; // dimensions that the two sides differ in
    [[nodiscard]] std::string key(const Row& row) const;
    // For people: "1n2l4c1t, fixture, 6.12.95-ktstr", without what is sliced.
    [[nodiscard]] std::string words(const Row& row) const;
};

// The dimensions in which the filters differ.
std::set<std::string, std::less<>> sliced_by(const Filter& a, const Filter& b);

} // namespace ktstr::stats
