// SPDX-License-Identifier: GPL-2.0-only
// What the fuzzers start from, and what they once found, in this build too. corpus/ makes them find their way; each
// file in regressions/ once crashed, hung or was taken for something else.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "base/file.h"
#include "fuzz/targets.h"

namespace ktstr::test {

namespace {

using Target = std::string (*)(std::string_view);

// The number of files that the target was tried on.
int replay(const std::string& name, Target target) {
    int files = 0;
    for (const auto* kind : {"corpus", "regressions"}) {
        const auto folder = std::filesystem::path(KTSTR_SOURCE_DIRECTORY) / "tests/fuzz" / kind / name;
        if (!std::filesystem::exists(folder)) continue; // a target that never failed
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            const auto input = read_file(entry.path());
            REQUIRE(input.ok());
            INFO(entry.path().string());
            CHECK(target(*input).empty());
            ++files;
        }
    }
    return files;
}

} // namespace

TEST_CASE("no text that a fuzzer made crashes the compiler, and every plan survives a file") {
    CHECK(replay("ktl", fuzz::try_ktl) > 0);
}

TEST_CASE("no value of -P that a fuzzer made crashes the compiler") {
    CHECK(replay("expression", fuzz::try_expression) > 0);
}

TEST_CASE("no plan file that a fuzzer made crashes its reader") { CHECK(replay("plan", fuzz::try_plan) > 0); }

TEST_CASE("no guest memory that a fuzzer made crashes what looks into it, or keeps it for long") {
    CHECK(replay("memory", fuzz::try_memory) > 0);
}

TEST_CASE("no BTF that a fuzzer made crashes what renders by it") { CHECK(replay("btf", fuzz::try_btf) > 0); }

TEST_CASE("no frame that a fuzzer made crashes its decoder, and what is accepted reads back as the same") {
    CHECK(replay("frames", fuzz::try_frames) > 0);
}

TEST_CASE("no answer over a stats socket that a fuzzer made crashes its reader") {
    CHECK(replay("stats", fuzz::try_stats) > 0);
}

TEST_CASE("no answer of a language model that a fuzzer made crashes its reader") {
    CHECK(replay("answer", fuzz::try_answer) > 0);
}

TEST_CASE("no symbols that a fuzzer made crash their readers") { CHECK(replay("symbols", fuzz::try_symbols) > 0); }

TEST_CASE("no observed file that a fuzzer made crashes its readers") {
    CHECK(replay("observed", fuzz::try_observed) > 0);
}

} // namespace ktstr::test
