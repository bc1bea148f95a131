// SPDX-License-Identifier: GPL-2.0-only
// Literals, units, arithmetic and their limits.
#include <catch2/catch_test_macros.hpp>

#include "interp/check/value.h"
#include "interp/diagnostics/suggest.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

// What an expression comes to, as the duration of a scenario.
std::uint64_t duration(const std::string& expression) {
    return plan_of("scenario \"t\" { duration " + expression + " cgroup a { workers 1 of spin_wait } }").duration_ns;
}

std::uint64_t memory(const std::string& expression) {
    return plan_of("scenario \"t\" { memory " + expression + " cgroup a { workers 1 of spin_wait } }").memory_bytes;
}

std::string error_of(const std::string& expression) { return codes_of("let a = " + expression); }

} // namespace

TEST_CASE("durations and sizes have exactly the units of the documentation") {
    CHECK(duration("5000000ns") == 5'000'000);
    CHECK(duration("5000us") == 5'000'000);
    CHECK(duration("5ms") == 5'000'000);
    CHECK(duration("5s") == 5'000'000'000);
    CHECK(duration("2min") == 120'000'000'000);
    CHECK(duration("1.5s") == 1'500'000'000);
    CHECK(duration("1_000ms") == 1'000'000'000);
    CHECK(memory("134217728B") == 128ULL << 20U);
    CHECK(memory("131072KiB") == 128ULL << 20U);
    CHECK(memory("128MiB") == 128ULL << 20U);
    CHECK(memory("0.125GiB") == 128ULL << 20U);
}

TEST_CASE("arithmetic keeps its units: like with like, and plain numbers scale") {
    CHECK(duration("3 * 500ms + 2s / 4") == 2'000'000'000);
    CHECK(duration("(1s + 500ms) * 2 - 1s") == 2'000'000'000);
    CHECK(duration("2 * 1s") == 2'000'000'000);
    CHECK(duration("1s * 1.5") == 1'500'000'000);
    CHECK(duration("1s * (3s / 2s)") == 1'500'000'000);
    CHECK(duration("2s/4") == 500'000'000);
}

TEST_CASE("numbers that do not fit are refused, wherever the overflow happens") {
    CHECK(error_of("9223372036854775807").empty());
    CHECK(error_of("9223372036854775808") == "E0302");
    CHECK(error_of("99999999999999999999999999999999") == "E0302");
    CHECK(error_of("9223372037s") == "E0302");
    CHECK(error_of("153722868min") == "E0302");
    CHECK(error_of("8589934592GiB") == "E0302");
    CHECK(error_of("0.00000000000000000000001s") == "E0302");
    CHECK(error_of("9223372036854775807 + 1") == "E0302");
    CHECK(error_of("0 - 9223372036854775807 - 2") == "E0302");
    CHECK(error_of("4611686018427387904 * 2") == "E0302");
    CHECK(error_of("9223372036s * 1.5") == "E0302");
}

TEST_CASE("what is not a whole number of nanoseconds or bytes is refused, not rounded") {
    CHECK(error_of("1.5ns") == "E0301");
    CHECK(error_of("0.1B") == "E0301");
    CHECK(error_of("0.001us").empty());
    CHECK(error_of("0.5KiB").empty());
}

TEST_CASE("kinds are not mixed") {
    CHECK(error_of("1s + 1") == "E0305");
    CHECK(error_of("1s + 1MiB") == "E0305");
    CHECK(error_of("1s * 1s") == "E0305");
    CHECK(error_of("1 / 1s") == "E0305");
    CHECK(error_of("10% + 1") == "E0305");
    CHECK(error_of("\"a\" + \"b\"") == "E0305");
    CHECK(error_of("llc(0) + llc(1)") == "E0305");
    CHECK(error_of("1n1l1c1t * 2") == "E0305");
    CHECK(error_of("1 / 0") == "E0305");
    CHECK(error_of("1s / 0s") == "E0305");
    CHECK(error_of("-1s") == "E0305");
}

TEST_CASE("a chain of ten thousand terms and a thousand nested definitions do not exhaust the stack") {
    std::string chain = "1";
    for (int i = 0; i < 10'000; ++i) chain += " + 1";
    CHECK(error_of(chain).empty());
    // Each is defined by the next one, so that the first needs all of them.
    std::string lets;
    std::string works;
    for (int i = 1000; i < 2000; ++i) {
        lets += "let a" + std::to_string(i) + " = a" + std::to_string(i + 1) + "\n";
        works += "work w" + std::to_string(i) + " = w" + std::to_string(i + 1) + "\n";
    }
    CHECK(codes_of(lets + "let a2000 = 1\n").find("E0207") != std::string::npos);
    CHECK(codes_of(works + "work w2000 = spin_wait\n").find("E0207") != std::string::npos);
}

TEST_CASE("durations and sizes are shown in their largest exact unit") {
    CHECK(check::show_duration(1'500'000'000) == "1500ms");
    CHECK(check::show_duration(2'000'000'000) == "2s");
    CHECK(check::show_duration(0) == "0ns");
    CHECK(check::show_size(3 << 20) == "3MiB");
    CHECK(check::show_size(1000) == "1000B");
}

TEST_CASE("a name one letter off is suggested, one that is far off is not") {
    const std::vector<std::string> names = {"spin_wait", "bursty", "mixed"};
    CHECK(suggest("spin_wiat", names) == "did you mean `spin_wait`?");
    CHECK(suggest("burst", names) == "did you mean `bursty`?");
    CHECK(suggest("hackbench", names).empty());
    CHECK(suggest(std::string(100'000, 'x'), names).empty());
    CHECK(edit_distance("abcd", "abdc") == 1);
    CHECK(edit_distance("", "abc") == 3);
}

} // namespace ktstr::test
