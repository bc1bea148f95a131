// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

TEST_CASE("ktstr explain shows what a code means, in capitals or not") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"explain", "E0505"});
    CHECK(outcome.exit.exit_code == 0);
    CHECK(outcome.errors.empty());
    CHECK(outcome.output.starts_with("error[E0505]: the cgroup has no cpuset\n"));
    CHECK(outcome.output.find("\nWrong:\n\n    scenario") != std::string::npos);
    CHECK(outcome.output.find("\nRight:\n\n    scenario") != std::string::npos);
    CHECK(run_ktstr(sandbox, {"explain", "e0505"}).output == outcome.output);
}

TEST_CASE("ktstr explain alone lists every code with its summary, as text or as JSON") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"explain"});
    CHECK(outcome.exit.exit_code == 0);
    CHECK(outcome.output.find("\nE0203  a name is not defined\n") != std::string::npos);
    CHECK(outcome.output.find("\nW0402  a snapshot is not read\n") != std::string::npos);
    const auto lines = run_ktstr(sandbox, {"explain", "--format", "json"}).lines();
    CHECK(lines.size() >= 60);
    CHECK(lines.at(0) ==
          nlohmann::json{{"code", "E0101"}, {"severity", "error"}, {"summary", "the file cannot be read"}});
}

TEST_CASE("an explanation as JSON is one object with both examples") {
    const Sandbox sandbox;
    const auto lines = run_ktstr(sandbox, {"explain", "w0201", "--format", "json"}).lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["code"] == "W0201");
    CHECK(lines[0]["severity"] == "warning");
    CHECK_FALSE(lines[0]["wrong"].get<std::string>().empty());
    CHECK_FALSE(lines[0]["right"].get<std::string>().empty());
}

TEST_CASE("a code that there is not is refused with the closest one, or with the way to all of them") {
    const Sandbox sandbox;
    const auto close = run_ktstr(sandbox, {"explain", "E0230"});
    CHECK(close.exit.exit_code == 64);
    CHECK(close.output.empty());
    CHECK(close.errors.starts_with("ktstr: there is no code `E0230`\n  hint: did you mean `E02"));
    const auto far = run_ktstr(sandbox, {"explain", "everything"});
    CHECK(far.exit.exit_code == 64);
    CHECK(far.errors.find("`ktstr explain` lists all of them") != std::string::npos);
    CHECK(run_ktstr(sandbox, {"explain", "E0203", "--format", "xml"}).exit.exit_code == 64);
}
