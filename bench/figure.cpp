// SPDX-License-Identifier: GPL-2.0-only
#include "bench/figure.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

namespace ktstr::bench {

bool Figure::holds() const {
    if (!bound) return true;
    return direction == Bound::at_most ? value <= *bound : value >= *bound;
}

std::string Figure::json() const {
    const nlohmann::ordered_json line = {{"bench", bench},
                                         {"figure", name},
                                         {"value", std::round(value * 1000) / 1000},
                                         {"unit", unit},
                                         {"bound", bound ? nlohmann::ordered_json(*bound) : nlohmann::ordered_json()},
                                         {"holds", holds()}};
    return line.dump();
}

int finish(const Result<std::vector<Figure>>& figures) {
    if (!figures) {
        std::cerr << "bench: " << figures.error().text() << '\n';
        return 1;
    }
    for (const auto& figure : *figures) std::cout << figure.json() << '\n';
    return 0;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

} // namespace ktstr::bench
