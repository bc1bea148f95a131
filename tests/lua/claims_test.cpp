// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "tests/lua/sample.h"

namespace ktstr::test {

using Status = lua::CheckOutcome::Status;

namespace {

// The one claim of a chunk.
lua::Claim claim_of(const std::string& chunk) {
    auto outcome = check(chunk);
    INFO(chunk << ": " << ending(outcome));
    REQUIRE(outcome.claims.size() == 1);
    return outcome.claims.front();
}

void holds(const std::string& statement, const std::string& detail) {
    const auto claim = claim_of("claim('x')" + statement);
    CHECK(claim.holds);
    CHECK(claim.detail == detail);
}

void breaks(const std::string& statement, const std::string& detail) {
    const auto claim = claim_of("claim('x')" + statement);
    CHECK_FALSE(claim.holds);
    CHECK(claim.detail == detail);
}

} // namespace

TEST_CASE("a claim says its values in words, whether it holds or not") {
    holds(":at_most(42, 100)", "42 is at most 100");
    breaks(":at_most(150, 100)", "150 is above 100");
    holds(":at_least(2.5, 2)", "2.5 is at least 2");
    breaks(":at_least(1, 2)", "1 is below 2");
    holds(":between(2, 2, 3)", "2 is within 2 .. 3");
    breaks(":between(4, 2, 3)", "4 is outside of 2 .. 3");
    holds(":near(1.05, 1, 0.1)", "1.05 is within 1 +- 0.1");
    breaks(":near(1.2, 1, 0.1)", "1.2 is not within 1 +- 0.1");
    holds(":equals('a', 'a')", "\"a\" equals \"a\"");
    breaks(":equals('a', 'b')", "\"a\" is not \"b\"");
    holds(":equals(true, true)", "true equals true");
    holds(":equals(2, 2.0)", "2 equals 2");
    holds(":is_true(1 < 2)", "is true");
    breaks(":is_true(1 > 2)", "is false");
}

TEST_CASE("integers are compared exactly") {
    breaks(":at_most(9007199254740993, 9007199254740992.0)", "9007199254740993 is above 9.0072e+15");
    breaks(":equals(9223372036854775807, 9223372036854775806)", "9223372036854775807 is not 9223372036854775806");
}

TEST_CASE("a unit puts durations and sizes into words") {
    CHECK(claim_of("claim('x', 'ns'):at_most(ms(3), us(500))").detail == "3 ms is above 500 us");
    CHECK(claim_of("claim('x', 'ns'):at_most(s(1.5), 12)").detail == "1.5 s is above 12 ns");
    CHECK(claim_of("claim('x', 'bytes'):at_most(65536, 512)").detail == "64 KiB is above 512 B");
    CHECK(claim_of("claim('x', 'bytes'):at_most(3 << 20, 1 << 31)").detail == "3 MiB is at most 2 GiB");
    CHECK(claim_of("claim('x', 'rps'):at_least(90, 100)").detail == "90 rps is below 100 rps");
}

TEST_CASE("no claim about NaN holds, and infinities are numbers") {
    breaks(":at_most(0/0, 1)", "the value is not a number (NaN)");
    breaks(":at_least(1, 0/0)", "a bound is not a number (NaN)");
    breaks(":equals(0/0, 0/0)", "the value is not a number (NaN)");
    breaks(":between(0/0, 1, 2)", "the value is not a number (NaN)");
    breaks(":near(0/0, 1, 2)", "the value is not a number (NaN)");
    holds(":near(math.huge, math.huge, 0)", "inf is within inf +- 0");
    breaks(":near(math.huge, 1, 5)", "inf is not within 1 +- 5");
}

TEST_CASE("a claim is called with a colon or with a dot, and statements can be chained") {
    const auto outcome = check("claim('a').at_most(1, 2)\nclaim('b'):at_most(1, 2):at_least(3, 2)");
    CHECK(ending(outcome) == "passed");
    REQUIRE(outcome.claims.size() == 3);
    CHECK(outcome.claims[2].name == "b");
}

TEST_CASE("a claim has the line of the .ktl file that made it") {
    const auto outcome = check("\n\nclaim('a')\n  :at_most(1, 2)\n\nclaim('b'):at_most(3, 2)");
    REQUIRE(outcome.claims.size() == 2);
    CHECK(outcome.claims[0].line == 12);
    CHECK(outcome.claims[1].line == 15);
    CHECK(ending(outcome) == "failed at 15: b: 3 is above 2");
}

TEST_CASE("a claim that fails does not end the check") {
    const auto outcome = check("claim('a'):at_most(3, 2) claim('b'):at_most(1, 2)\nclaim('c'):equals(1, 2)");
    CHECK(outcome.claims.size() == 3);
    CHECK(ending(outcome) == "failed at 10: a: 3 is above 2 (and 1 more of 3 claims do not hold)");
}

TEST_CASE("what is absent or of another type makes no claim") {
    CHECK(ending(check("claim('x'):at_most(nil, 1)")) ==
          "error at 10: claim 'x': its value is nil; what is absent is not zero");
    CHECK(ending(check("claim('x'):at_most(1)")) ==
          "error at 10: claim 'x': its bound is nil; what is absent is not zero");
    CHECK(ending(check("claim('x'):at_most('7', 8)")) ==
          "error at 10: claim 'x': its value must be a number, and is a string");
    CHECK(ending(check("claim('x'):equals(1, '1')")) == "error at 10: claim 'x': a number cannot equal a string");
    CHECK(ending(check("claim('x'):equals(run:snapshot('after_swap'):var('stats'), 1)")) ==
          "error at 10: claim 'x': its value must be a number, a string or a boolean, and is a struct");
    CHECK(ending(check("claim('x'):is_true(1)")) ==
          "error at 10: claim 'x': its value must be true or false, and is a number");
    CHECK(ending(check("claim('x'):between(1, 3, 2)")) ==
          "error at 10: claim 'x': its lower bound 3 is above its upper bound 2");
    CHECK(ending(check("claim('x'):near(1, 2, -1)")) == "error at 10: claim 'x': its tolerance -1 is below zero");
    CHECK(ending(check("claim('x'):at_most(1, 2, 3)")) == "error at 10: claim 'x': at_most takes 2 values, not 3");
    CHECK(ending(check("claim('x'):above(1, 2)")) ==
          "error at 10: a claim has no 'above' (it has: at_most, at_least, between, equals, is_true, near)");
}

TEST_CASE("a check cannot pass by accident") {
    CHECK(ending(check("")) ==
          "error: the check claims nothing, so it cannot pass (make a claim, or skip with a reason)");
    CHECK(check("for _, w in ipairs({}) do claim('x'):equals(1, 1) end").status == Status::error);
    CHECK(ending(check("claim('x'):equals(1, 1)\nclaim('y')")) ==
          "error at 11: the claim 'y' states nothing (at_most, equals, ... follow a claim)");
    CHECK(check("note('only a note')").status == Status::error);
    CHECK(check("do return end claim('x'):equals(1, 1)").status == Status::error);
    CHECK(check("claim('')").status == Status::error);
}

TEST_CASE("skip ends the check, unless a claim has failed before") {
    CHECK(ending(check("\nskip('no BPF state')\nerror('not reached')")) == "skipped at 11: no BPF state");
    CHECK(ending(check("claim('x'):equals(1, 1) skip('enough')")) == "skipped at 10: enough");
    CHECK(ending(check("claim('x'):equals(1, 2) skip('enough')")) == "failed at 10: x: 1 is not 2");
    CHECK(check("skip()").status == Status::error);
    CHECK(check("skip('')").status == Status::error);
}

TEST_CASE("fail ends the check as failed") {
    CHECK(ending(check("\nfail('it migrated')\nerror('not reached')")) == "failed at 11: it migrated");
    CHECK(ending(check("claim('x'):equals(1, 1) fail('no')")) == "failed at 10: no");
}

TEST_CASE("an error outweighs the claims, and keeps them") {
    const auto outcome = check("claim('x'):equals(1, 2)\nlocal a = nil + 1");
    CHECK(ending(outcome) == "error at 11: attempt to perform arithmetic on a nil value");
    CHECK(outcome.claims.size() == 1);
}

TEST_CASE("notes are kept, in bounds") {
    const auto outcome = check("note('a') print('b', 1, nil, {}, print)\nclaim('x'):equals(1, 1)");
    CHECK(outcome.notes == std::vector<std::string>{"a", "b\t1\tnil\ttable\tfunction"});
    const auto many = check("for i = 1, 5000 do note(('x'):rep(5000)) end claim('x'):equals(1, 1)");
    CHECK(many.notes.size() == lua::max_notes + 1);
    CHECK(many.notes.front().size() == lua::max_note_bytes);
    CHECK(many.notes.back() == "(further notes are left out)");
}

TEST_CASE("durations are whole nanoseconds") {
    CHECK(ending(check("claim('x'):equals(ms(1.5), 1500000) claim('y'):equals(math.type(s(0.1)), 'integer')")) ==
          "passed");
    CHECK(check("claim('x'):equals(s(1e10), 1)").status == Status::error);
    CHECK(check("claim('x'):equals(s(0/0), 1)").status == Status::error);
}

TEST_CASE("there is a most of claims") {
    const auto outcome = check("for i = 1, 1e6 do\n claim('x'):equals(1, 1)\nend");
    CHECK(ending(outcome) == "error at 11: the check makes more than 1000 claims");
    CHECK(outcome.claims.size() == lua::max_claims);
}

} // namespace ktstr::test
