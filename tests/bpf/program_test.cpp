// SPDX-License-Identifier: GPL-2.0-only
// The program itself, as far as it goes without a kernel to attach to. No test here may attach a scheduler: it would be
// the scheduler of the machine that runs the tests.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <csignal>

#include "base/process.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;

namespace {

CommandOutput run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SCX_KTSTR);
    Result<CommandOutput> output = run_command({.arguments = std::move(arguments)}, true);
    REQUIRE(output.ok());
    return std::move(*output);
}

} // namespace

TEST_CASE("--help describes the options and the faults and exits with 0") {
    const CommandOutput output = run({"--help"});
    CHECK(output.exit.exit_code == 0);
    for (const char* word : {"--slice-us", "--fault-after", "--stats-socket", "--timeout-ms", "unfair", "exit codes"})
        CHECK_THAT(output.output, ContainsSubstring(word));
}

TEST_CASE("wrong usage exits with 64, names the word and points to --help") {
    const CommandOutput output = run({"--fault", "melt"});
    CHECK(output.exit.exit_code == 64);
    CHECK_THAT(output.output, ContainsSubstring("'melt'"));
    CHECK_THAT(output.output, ContainsSubstring("--help"));
}

TEST_CASE("the exit fault exits with 3 before it attaches") {
    const CommandOutput output = run({"--fault", "exit"});
    CHECK(output.exit.exit_code == 3);
    CHECK_THAT(output.output, ContainsSubstring("fault exit"));
    CHECK(output.output.find("attached") == std::string::npos);
}

TEST_CASE("the hang fault waits until a signal ends it") {
    Result<Process> process = Process::start({.arguments = {SCX_KTSTR, "--fault", "hang"}});
    REQUIRE(process.ok());
    CHECK_FALSE(process->wait_for(std::chrono::milliseconds(0)).has_value());
    process->send_signal(SIGTERM);
    CHECK(process->wait().signal == SIGTERM);
}
