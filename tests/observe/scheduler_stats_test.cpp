// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/scheduler_stats.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace ktstr::observe {

using nlohmann::json;

TEST_CASE("a scheduler's answer is its response, or says why there is none") {
    CHECK(scheduler_stats(R"({"errno": 0, "args": {"resp": {"busy": 0.5}}})") == json({{"busy", 0.5}}));
    CHECK(scheduler_stats(R"({"args": {"resp": 7}})") == 7);
    const auto absent = [](const std::string& line) { return scheduler_stats(line)["@absent"].get<std::string>(); };
    CHECK(absent(R"({"errno": 22, "args": {"resp": "no such target"}})") ==
          R"(the scheduler has no statistics: "no such target")");
    CHECK(absent(R"({"errno": "22", "args": {"resp": {}}})") ==
          R"(the scheduler has no statistics: {"args":{"resp":{}},"errno":"22"})");
    CHECK(absent(R"({"errno": 0})") == "the scheduler's answer is not in the form of scx_stats");
    CHECK(absent("hello") == "the scheduler's answer cannot be read: it is not valid JSON");
    CHECK(absent(std::string(1'000'000, '[')) ==
          "the scheduler's answer cannot be read: it nests deeper than 64 levels");
}

} // namespace ktstr::observe
