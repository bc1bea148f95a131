// SPDX-License-Identifier: GPL-2.0-only
// Command lines with a word that is not known, and files that there is nothing to run of.
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

constexpr const char* one_scenario = "scenario \"s\" { cgroup a { workers 1 of spin_wait } }\n";

std::string refused(const Sandbox& sandbox, const std::vector<std::string>& arguments) {
    const auto outcome = run_ktstr(sandbox, arguments);
    CHECK(outcome.exit.exit_code == 64);
    CHECK(outcome.output.empty());
    return outcome.errors;
}

} // namespace

TEST_CASE("a command that there is not is named, with the closest one") {
    const Sandbox sandbox;
    CHECK(refused(sandbox, {"chekc", "a.ktl"}) ==
          "ktstr: there is no command `chekc`\n  hint: did you mean `check`?\n");
    CHECK(refused(sandbox, {"zzzzzz"}) == "ktstr: there is no command `zzzzzz`\n  hint: `ktstr --help` lists them\n");
    CHECK(refused(sandbox, {"kernel", "biuld"}) ==
          "ktstr: there is no command `biuld` of `ktstr kernel`\n  hint: did you mean `build`?\n");
}

TEST_CASE("an option that there is not is named, with the closest one of the command") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", one_scenario);
    CHECK(refused(sandbox, {"check", "a.ktl", "--fromat", "json"}) ==
          "ktstr: `ktstr check` has no option `--fromat`\n  hint: did you mean `--format`?\n");
    CHECK(refused(sandbox, {"check", "a.ktl", "--fromat=json"}) ==
          "ktstr: `ktstr check` has no option `--fromat`\n  hint: did you mean `--format`?\n");
    CHECK(refused(sandbox, {"run", "a.ktl", "--zzzzzzz"}) ==
          "ktstr: `ktstr run` has no option `--zzzzzzz`\n  hint: `ktstr run --help` lists them\n");
    CHECK(refused(sandbox, {"check", "a.ktl", "--format", "xml"}).find("--format") != std::string::npos);
}

TEST_CASE("a file without scenarios is told from a filter that matches none") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", one_scenario);
    sandbox.write("empty.ktl", "let a = 1\n");
    for (const char* command : {"plan", "run"}) {
        CHECK(
            refused(sandbox, {command, "empty.ktl"}).starts_with("ktstr: there is no scenario in empty.ktl\n  hint: "));
        CHECK(refused(sandbox, {command, "a.ktl", "--filter", "zzz"}) ==
              "ktstr: no scenario matches\n  hint: `ktstr list a.ktl` shows their names\n");
    }
}

TEST_CASE("an explained plan says what the names in its expectations came to") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(param bound = 60%
scenario "s" {
  cgroup a { workers 2 of spin_wait }
  expect { spread <= bound  gap <= 2s }
}
)");
    const auto as_written = run_ktstr(sandbox, {"plan", "--explain", "a.ktl"}).output;
    CHECK(as_written.find("  spread <= bound (60%)  ") != std::string::npos);
    CHECK(as_written.find("  gap <= 2s  ") != std::string::npos);
    CHECK(run_ktstr(sandbox, {"plan", "--explain", "a.ktl", "-P", "bound=25%"}).output.find("bound (25%)") !=
          std::string::npos);
}
