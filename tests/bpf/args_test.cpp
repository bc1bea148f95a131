// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/args.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::scx;

namespace {

Result<Options> parse(std::vector<std::string> words) {
    words.insert(words.begin(), "scx_ktstr");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    return parse_arguments(static_cast<int>(words.size()), arguments.data());
}

std::string refusal(const std::vector<std::string>& words) {
    const Result<Options> options = parse(words);
    REQUIRE_FALSE(options.ok());
    REQUIRE_THAT(options.error().hint, ContainsSubstring("--help"));
    return options.error().message;
}

} // namespace

TEST_CASE("without options the scheduler has no fault and listens where scx_stats clients look") {
    const Result<Options> options = parse({});
    REQUIRE(options.ok());
    CHECK(options->fault == Fault::none);
    CHECK(options->slice_us == 5000);
    CHECK(options->timeout_ms == 0);
    CHECK(options->stats_socket == "/var/run/scx/root/stats");
    CHECK_FALSE(options->help);
}

TEST_CASE("every option is taken, with its value in the next word or after an equals sign") {
    const Result<Options> options = parse(
        {"--slice-us", "700", "--fault=crash", "--fault-after", "0", "--stats-socket", "/tmp/s", "--timeout-ms=1500"});
    REQUIRE(options.ok());
    CHECK(options->slice_us == 700);
    CHECK(options->fault == Fault::crash);
    CHECK(options->fault_after_ms == 0);
    CHECK(options->stats_socket == "/tmp/s");
    CHECK(options->timeout_ms == 1500);
}

TEST_CASE("a configuration file gives more options, and what is wrong in it is named with its line") {
    const auto directory = TemporaryDirectory::create("scx-ktstr-test-");
    REQUIRE(directory.ok());
    const std::string path = (directory->path() / "a.conf").string();
    REQUIRE(write_file(path, "# a comment\n\n slice-us 700 # of a task\nfault crash\n").ok());
    const Result<Options> options = parse({"--config", path, "--fault-after", "0"});
    REQUIRE(options.ok());
    CHECK(options->slice_us == 700);
    CHECK(options->fault == Fault::crash);
    CHECK(options->fault_after_ms == 0);
    REQUIRE(write_file(path, "slice-us 700\nslice-ms 1\n").ok());
    CHECK_THAT(refusal({"--config", path}), ContainsSubstring("a.conf:2: unknown option 'slice-ms'"));
    REQUIRE(write_file(path, "slice-us\n").ok());
    CHECK_THAT(refusal({"--config", path}), ContainsSubstring("a.conf:1: an option and its value were expected"));
    REQUIRE(write_file(path, "slice-us 1\n").ok());
    CHECK_THAT(refusal({"--config", path}), ContainsSubstring("a.conf:1: --slice-us takes a whole number"));
    CHECK_FALSE(parse({"--config", path + "x"}).ok());
}

TEST_CASE("the stall fault shortens the kernel's watchdog, unless told how long it is to be") {
    CHECK(parse({"--fault", "stall"})->timeout_ms == 2000);
    CHECK(parse({"--fault", "stall", "--timeout-ms", "9000"})->timeout_ms == 9000);
    CHECK(parse({"--fault", "slow"})->timeout_ms == 0);
}

TEST_CASE("every fault that the help lists is taken by --fault") {
    const std::string help = help_text();
    for (const char* name :
         {"stall", "crash", "slow", "unfair", "verify", "loop", "overrun", "exit", "hang", "exit-late"}) {
        CHECK_THAT(help, ContainsSubstring("\n  " + std::string(name)));
        CHECK(parse({"--fault", name}).ok());
    }
}

TEST_CASE("the language reference lists every fault of the help") {
    const auto reference = ktstr::read_file(KTSTR_LANGUAGE_REFERENCE);
    REQUIRE(reference.ok());
    std::istringstream lines(help_text().substr(help_text().find("faults:\n") + 8));
    std::string line;
    while (std::getline(lines, line) && !line.empty()) {
        const std::string name = line.substr(2, line.find(' ', 2) - 2);
        INFO(name);
        CHECK_THAT(*reference, ContainsSubstring("| `" + name + "` | "));
    }
}

TEST_CASE("an unknown fault is refused with the list of the known ones") {
    const std::string message = refusal({"--fault", "melt"});
    CHECK_THAT(message, ContainsSubstring("'melt'"));
    CHECK_THAT(message, ContainsSubstring("stall, crash, slow"));
}

TEST_CASE("an unknown option, a missing value and a stray word are refused by name") {
    CHECK_THAT(refusal({"--slize", "1"}), ContainsSubstring("--slize"));
    CHECK_THAT(refusal({"-x"}), ContainsSubstring("-x"));
    CHECK_THAT(refusal({"--slice-us"}), ContainsSubstring("--slice-us needs a value"));
    CHECK_THAT(refusal({"stray"}), ContainsSubstring("'stray'"));
    CHECK_THAT(refusal({"--stats-socket", ""}), ContainsSubstring("--stats-socket"));
}

TEST_CASE("a number with letters, a sign, an overflow or out of its range is refused with the range") {
    for (const char* text : {"", "12x", "-5", "+5", "9", "1000001", "99999999999999999999", " 50"}) {
        const std::string message = refusal({"--slice-us", text});
        CHECK_THAT(message, ContainsSubstring("10 to 1000000"));
        CHECK_THAT(message, ContainsSubstring("'" + std::string(text) + "'"));
    }
    CHECK_THAT(refusal({"--timeout-ms", "30001"}), ContainsSubstring("1 to 30000"));
    CHECK_THAT(refusal({"--fault-after", "3600001"}), ContainsSubstring("0 to 3600000"));
}
