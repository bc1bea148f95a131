// SPDX-License-Identifier: GPL-2.0-only
// For schema_test.py. Without input: prints the plan with one of everything. With JSON lines on standard input: says of
// each whether plan_from_json takes it.
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "full_plan.h"

int main(int argc, char** argv) {
    using namespace ktstr::plan;
    if (argc > 1 && std::strcmp(argv[1], "--full") == 0) {
        std::cout << canonical_bytes(ktstr::test::full_plan()) << "\n";
        return 0;
    }
    for (std::string line; std::getline(std::cin, line);) {
        const auto read = plan_from_json(nlohmann::json::parse(line));
        std::cout << (read ? "taken" : read.error().message) << "\n";
    }
    return 0;
}
