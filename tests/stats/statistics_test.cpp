// SPDX-License-Identifier: GPL-2.0-only
#include "stats/statistics.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <random>

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using namespace ktstr::stats;

namespace {

std::vector<double> drawn(std::mt19937_64& engine, std::size_t count, double mean, double sd) {
    std::normal_distribution<double> distribution(mean, sd);
    std::vector<double> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(distribution(engine));
    return values;
}

std::optional<Welch> test_of(const std::vector<double>& a, const std::vector<double>& b) {
    return welch(summarize(a), summarize(b));
}

} // namespace

TEST_CASE("A summary has the mean, the deviation of a sample, and the extremes") {
    const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};
    const Summary summary = summarize(values);
    CHECK(summary.count == 8);
    CHECK_THAT(summary.mean, WithinRel(5.0, 1e-12));
    CHECK_THAT(summary.sd, WithinRel(std::sqrt(32.0 / 7), 1e-12));
    CHECK(summary.least == 2);
    CHECK(summary.most == 9);
}

TEST_CASE("The deviation of large numbers that differ little keeps its digits") {
    const std::vector<double> values = {1e15 + 4, 1e15 + 7, 1e15 + 13, 1e15 + 16};
    CHECK_THAT(summarize(values).sd, WithinRel(std::sqrt(30.0), 1e-9));
}

TEST_CASE("One value has no deviation, and none has nothing") {
    CHECK(summarize(std::vector<double>{3}).sd == 0);
    CHECK(summarize({}).count == 0);
}

// Made by Python's mpmath with 40 digits: t = (mean(b) - mean(a)) / sqrt(va + vb) with va = var(a) / n(a), df = (va +
// vb)^2 / (va^2 / (n(a) - 1) + vb^2 / (n(b) - 1)), p = betainc(df / 2, 1 / 2, 0, df / (df + t^2), regularized=True). In
// R: t.test(b, a).
TEST_CASE("Welch's test gives the values that were calculated independently") {
    const auto similar =
        test_of({27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4},
                {27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.0});
    REQUIRE(similar);
    CHECK_THAT(similar->t, WithinRel(2.82916490486174, 1e-12));
    CHECK_THAT(similar->degrees, WithinRel(27.8790174868555, 1e-12));
    CHECK_THAT(similar->p, WithinRel(0.00855177831141881, 1e-10));
    const auto slower = test_of({1605.2, 1598.7, 1612.4, 1590.3, 1601.9}, {1402.8, 1420.1, 1398.4, 1411.7, 1407.5});
    REQUIRE(slower);
    CHECK_THAT(slower->t, WithinRel(-37.0788705073971, 1e-12));
    CHECK_THAT(slower->degrees, WithinRel(7.99490815788689, 1e-12));
    CHECK_THAT(slower->p, WithinRel(3.1035688251388e-10, 1e-9));
    const auto unequal = test_of({10, 11, 9}, {10, 12, 8, 14});
    REQUIRE(unequal);
    CHECK_THAT(unequal->t, WithinRel(0.707106781186548, 1e-12));
    CHECK_THAT(unequal->degrees, WithinRel(4.07547169811321, 1e-12));
    CHECK_THAT(unequal->p, WithinRel(0.517838261466136, 1e-10));
}

TEST_CASE("Values that never vary differ for certain or not at all") {
    CHECK(test_of({4, 4, 4}, {4, 4, 4})->p == 1);
    CHECK(test_of({4, 4, 4}, {5, 5, 5})->p == 0);
    CHECK_FALSE(test_of({4}, {5, 5, 5}));
}

TEST_CASE("Bands are disjoint if all values of one side lie beyond all of the other") {
    const auto apart = [](std::vector<double> a, std::vector<double> b) {
        return disjoint(summarize(a), summarize(b));
    };
    CHECK(apart({1, 2, 3}, {4, 5}));
    CHECK(apart({4, 5}, {1, 2, 3}));
    CHECK_FALSE(apart({1, 2, 4}, {4, 5}));
    CHECK_FALSE(apart({}, {4, 5}));
}

// As in R: p.adjust(c(0.01, 0.04, 0.03, 0.005), method = "holm"), by hand: 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 * 1,
// which is not less than the one before it.
TEST_CASE("Holm's correction gives the values that were calculated by hand") {
    const auto adjusted = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005});
    REQUIRE(adjusted.size() == 4);
    CHECK_THAT(adjusted[0], WithinRel(0.03, 1e-12));
    CHECK_THAT(adjusted[1], WithinRel(0.06, 1e-12));
    CHECK_THAT(adjusted[2], WithinRel(0.06, 1e-12));
    CHECK_THAT(adjusted[3], WithinRel(0.02, 1e-12));
    CHECK(holm(std::vector<double>{0.7, 0.9}) == std::vector<double>{1, 1});
    CHECK(holm({}).empty());
}

TEST_CASE("Without a difference, Welch's test is below the level as often as the level says") {
    std::mt19937_64 engine(7);
    constexpr int pairs = 20'000;
    for (const double ratio : {1.0, 5.0}) { // of the two deviations
        int alarms = 0;
        for (int i = 0; i < pairs; ++i)
            alarms += test_of(drawn(engine, 8, 100, 3), drawn(engine, 8, 100, 3 * ratio))->p < 0.05 ? 1 : 0;
        // Four deviations of a share of 0.05 are 0.006; the test itself is approximate by about as much.
        CHECK_THAT(static_cast<double>(alarms) / pairs, WithinAbs(0.05, 0.012));
    }
}

TEST_CASE("Among twenty metrics without a difference, Holm's correction keeps false alarms at the level") {
    std::mt19937_64 engine(11);
    constexpr int families = 3'000;
    int alarms = 0;
    for (int i = 0; i < families; ++i) {
        std::vector<double> p;
        for (int metric = 0; metric < 20; ++metric)
            p.push_back(test_of(drawn(engine, 5, 100, 8), drawn(engine, 5, 100, 8))->p);
        const auto adjusted = holm(p);
        alarms += std::any_of(adjusted.begin(), adjusted.end(), [](double one) { return one < 0.05; }) ? 1 : 0;
    }
    CHECK(static_cast<double>(alarms) / families < 0.065);
}

TEST_CASE("A difference of ten deviations is found each time") {
    std::mt19937_64 engine(13);
    for (int i = 0; i < 3'000; ++i) {
        const Summary a = summarize(drawn(engine, 5, 100, 2));
        const Summary b = summarize(drawn(engine, 5, 80, 2));
        REQUIRE(disjoint(a, b));
        REQUIRE(welch(a, b)->p < 0.001);
    }
}
