// SPDX-License-Identifier: GPL-2.0-only
#include "stats/compare.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "stats/comparison_output.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::stats;

namespace {

// Rows of two sides, made up.
struct Sides {
    MetricTable metrics;
    std::vector<Row> a;
    std::vector<Row> b;

    Row& add(std::vector<Row>& side, const std::string& scenario, const std::map<std::string, double>& values = {}) {
        Row row;
        row.scenario = scenario;
        row.kernel = "6.12.95-ktstr";
        row.scheduler = "fixture";
        row.outcome = eval::Outcome::pass;
        for (const auto& [name, value] : values) row.values.push_back({metrics.add(name), value});
        std::sort(row.values.begin(), row.values.end(),
                  [](const Value& x, const Value& y) { return x.metric < y.metric; });
        return side.emplace_back(std::move(row));
    }
    void add_all(std::vector<Row>& side, const std::string& metric, const std::vector<double>& values) {
        for (const double value : values) add(side, "s", {{metric, value}});
    }
    [[nodiscard]] Comparison compared(const Rules& rules = {}, const Pairing& pairing = {}) const {
        return compare(side("old", a), side("new", b), metrics, pairing, rules);
    }

  private:
    static Side side(std::string label, const std::vector<Row>& rows) {
        Side side{std::move(label), {}};
        for (const auto& row : rows) side.rows.push_back(&row);
        return side;
    }
};

Judgement judgement_of(const Comparison& comparison, std::string_view metric) {
    for (const auto& pair : comparison.pairs)
        for (const auto& change : pair.changes)
            if (change.metric.name == metric) return change.judgement;
    FAIL("there is no metric " << metric);
    return Judgement::same;
}

Judgement judged(const std::string& metric, const std::vector<double>& a, const std::vector<double>& b,
                 const Rules& rules = {}) {
    Sides sides;
    sides.add_all(sides.a, metric, a);
    sides.add_all(sides.b, metric, b);
    return judgement_of(sides.compared(rules), metric);
}

} // namespace

TEST_CASE("A metric is worse or better by its polarity") {
    CHECK(judged("work_units_per_s", {100, 101, 99}, {50, 51, 49}) == Judgement::worse);
    CHECK(judged("work_units_per_s", {50, 51, 49}, {100, 101, 99}) == Judgement::better);
    CHECK(judged("worst_gap_ms", {100, 101, 99}, {250, 251, 249}) == Judgement::worse);
    CHECK(judged("migrations", {100, 101, 99}, {250, 251, 249}) == Judgement::shown);
}

TEST_CASE("A change counts only beyond both gates") {
    CHECK(judged("worst_gap_ms", {1.0, 1.1, 0.9}, {15, 15.1, 14.9}) == Judgement::same);     // 14 ms, and many times
    CHECK(judged("worst_gap_ms", {1000, 1001, 999}, {1100, 1101, 1099}) == Judgement::same); // 100 ms, and a tenth
    CHECK(judged("worst_gap_ms", {100, 101, 99}, {200, 201, 199}) == Judgement::worse);
}

TEST_CASE("A change counts only if chance does not explain it and no value overlaps") {
    CHECK(judged("work_units_per_s", {100, 60, 140}, {80, 40, 120}) == Judgement::same);
    // Far apart by Welch's test, and one of each side is on the other's.
    CHECK(judged("work_units_per_s", {100, 101, 99, 100, 101, 99, 100, 59.5}, {60, 61, 59, 60, 61, 59, 60, 61}) ==
          Judgement::same);
}

// A host that is busy half of the time: values of A differ by a factor of two, and B is six times slower.
TEST_CASE("What slows by a factor is found where the noise is one too") {
    CHECK(judged("work_units_per_s", {3500, 1800, 3400, 2600, 1900}, {450, 310, 520, 330, 480}) == Judgement::worse);
    CHECK(judged("work_units_per_s", {3500, 1800, 3400, 2600, 1900}, {3300, 2000, 1750, 2900, 3450}) ==
          Judgement::same);
    CHECK(judged("work_units_per_s", {100, 101, 99}, {0, 0, 0}) == Judgement::worse); // 0 has no logarithm
}

TEST_CASE("A metric that one side alone has is said, as it cannot be compared") {
    Sides sides;
    sides.add(sides.a, "s", {{"work_units_per_s", 100}, {"worst_gap_ms", 1}, {"migrations", 7}});
    sides.add(sides.b, "s", {{"work_units_per_s", 100}, {"latency.wake.p99_ns", 5}});
    const auto comparison = sides.compared();
    REQUIRE(comparison.pairs.size() == 1);
    CHECK(comparison.pairs[0].only_a == std::vector<std::string>{"migrations", "worst_gap_ms"});
    CHECK(comparison.pairs[0].only_b == std::vector<std::string>{"latency.wake.p99_ns"});
    const std::string text = comparison_text(comparison, {});
    CHECK_THAT(text, ContainsSubstring("only A has migrations and 1 more metric, which are not compared"));
    CHECK_THAT(text, ContainsSubstring("only B has latency.wake.p99_ns, which is not compared"));
    CHECK(comparison_json(comparison)["scenarios"][0]["metrics_only_in_b"][0] == "latency.wake.p99_ns");
}

TEST_CASE("What is the same in each run needs no test, and takes nothing from those of others") {
    CHECK(judged("program.k.verified_insns", {1000, 1000, 1000}, {1500, 1500, 1500}) == Judgement::worse);
    CHECK(judged("program.k.verified_insns", {1000, 1000, 1600}, {1500, 1500, 1500}) == Judgement::same);
    Sides sides;
    sides.add_all(sides.a, "program.k.verified_insns", {7, 7});
    sides.add_all(sides.b, "program.k.verified_insns", {7, 7});
    CHECK_FALSE(sides.compared().pairs[0].changes[0].adjusted_p);
    CHECK(sides.compared().judged() == 1);
}

TEST_CASE("From nothing to something is beyond any part of it") {
    CHECK(judged("monitor.stuck_cpus.max", {0, 0, 0}, {2, 2, 2}) == Judgement::worse);
}

TEST_CASE("Single runs are judged by the gates alone, or not at all where that was asked for") {
    CHECK(judged("work_units_per_s", {100}, {50}) == Judgement::worse);
    CHECK(judged("work_units_per_s", {100}, {50}, {.single_runs = false}) == Judgement::single);
}

TEST_CASE("What failed, was skipped or failed as expected is counted and left out of the arithmetic") {
    Sides sides;
    sides.add_all(sides.a, "work_units_per_s", {100, 101, 99});
    sides.add_all(sides.b, "work_units_per_s", {100, 101, 99});
    sides.add(sides.b, "s", {{"work_units_per_s", 1}}).expected_failure = true;
    sides.add(sides.b, "s", {{"work_units_per_s", 1}}).outcome = eval::Outcome::skip;
    const auto comparison = sides.compared();
    CHECK(judgement_of(comparison, "work_units_per_s") == Judgement::same);
    CHECK(comparison.all_b.words() == "3 passed, 1 skipped, 1 expected failure");
    CHECK_THAT(comparison_text(comparison, {}), ContainsSubstring("only runs that passed"));
}

TEST_CASE("A scenario that passed and fails now is a regression, whatever its numbers") {
    Sides sides;
    sides.add(sides.a, "s");
    Row& failed = sides.add(sides.b, "s");
    failed.outcome = eval::Outcome::fail;
    failed.message = "starved";
    const auto comparison = sides.compared();
    CHECK(comparison.regressed());
    REQUIRE(comparison.pairs.size() == 1);
    CHECK(comparison.pairs[0].verdict == VerdictChange::fails_now);
    const std::string text = comparison_text(comparison, {});
    CHECK_THAT(text, ContainsSubstring("fails now") && ContainsSubstring("starved"));
    CHECK(text.find("Verdicts") < text.find("worse:"));
}

TEST_CASE("A scenario that fails on both sides, or fails no more, is no regression") {
    Sides sides;
    sides.add(sides.a, "s").outcome = eval::Outcome::fail;
    sides.add(sides.b, "s");
    CHECK_FALSE(sides.compared().regressed());
    CHECK(sides.compared().pairs[0].verdict == VerdictChange::fails_no_more);
    sides.b[0].outcome = eval::Outcome::fail;
    CHECK(sides.compared().pairs[0].verdict == VerdictChange::none);
}

TEST_CASE("Nothing in common, or nothing that passed, cannot be judged") {
    Sides sides;
    sides.add(sides.a, "one", {{"work_units_per_s", 1}});
    sides.add(sides.b, "two", {{"work_units_per_s", 1}});
    const auto comparison = sides.compared();
    CHECK_FALSE(comparison.can_be_judged());
    CHECK(comparison.only_a.size() == 1);
    CHECK(comparison.only_b.size() == 1);
    CHECK_THAT(conclusion(comparison), ContainsSubstring("cannot be judged"));
}

TEST_CASE("Scenarios pair by all of their identity but what is sliced") {
    Sides sides;
    sides.add(sides.a, "s", {{"work_units_per_s", 100}});
    sides.add(sides.b, "s", {{"work_units_per_s", 100}}).kernel = "6.14.2";
    CHECK(sides.compared().pairs.empty());
    CHECK(sides.compared({}, {{"kernel"}}).pairs.size() == 1);
    sides.b[0].kernel = sides.a[0].kernel;
    sides.b[0].project_commit = "abcdef0";
    sides.b[0].seed = 9;
    CHECK(sides.compared().pairs.size() == 1);
    sides.b[0].parameters = "workers=9";
    CHECK(sides.compared().pairs.empty());
}

TEST_CASE("Filters find a kernel by the beginning of its version, and other values as they are") {
    Row row;
    row.kernel = "6.12.95-ktstr";
    row.scheduler = "fixture";
    CHECK(matches(row, {}));
    CHECK(matches(row, {{"kernel", {"6.12"}}}));
    CHECK(matches(row, {{"kernel", {"6.14", "6.12.95-ktstr"}}}));
    CHECK_FALSE(matches(row, {{"kernel", {"6.1"}}}));
    CHECK_FALSE(matches(row, {{"scheduler", {"fix"}}}));
    CHECK_FALSE(matches(row, {{"kernel", {"6.12"}}, {"scheduler", {"eevdf"}}}));
}

TEST_CASE("A dimension is sliced if the two sides' filters differ in it") {
    CHECK(sliced_by({{"kernel", {"6.12"}}, {"seed", {"1"}}}, {{"kernel", {"6.14"}}, {"seed", {"1"}}}) ==
          std::set<std::string, std::less<>>{"kernel"});
    CHECK(sliced_by({{"kernel", {"6.12"}}}, {}).contains("kernel"));
}

TEST_CASE("Without a difference, thousands of comparisons raise few false alarms, and with a large one all are found") {
    std::mt19937_64 engine(17);
    const std::vector<std::string> names = {
        "work_units_per_s", "iterations_per_s",           "worst_gap_ms",
        "off_cpu_ratio",    "run_delay_per_timeslice_ns", "latency.wake_latency.p99_ns"};
    constexpr int rounds = 2'000;
    // Log-normal, with a tail as times have it; a slowdown by a half in one metric.
    const auto draw = [&](Sides& sides, std::vector<Row>& side, double factor) {
        for (int run = 0; run < 5; ++run) {
            std::map<std::string, double> values;
            for (const auto& name : names) {
                const double sd = name == "work_units_per_s" ? 0.04 : 0.35;
                values[name] = std::lognormal_distribution<double>(12, sd)(engine);
            }
            values["work_units_per_s"] *= factor;
            sides.add(side, "s", values);
        }
    };
    int alarms = 0;
    int found = 0;
    for (int round = 0; round < rounds; ++round) {
        Sides sides;
        draw(sides, sides.a, 1);
        draw(sides, sides.b, 1);
        alarms += sides.compared().regressed() ? 1 : 0;
        sides.b.clear();
        draw(sides, sides.b, 0.5);
        found += judgement_of(sides.compared(), "work_units_per_s") == Judgement::worse ? 1 : 0;
    }
    CHECK(alarms <= rounds * default_level);
    CHECK(found == rounds);
}

TEST_CASE("The text of a comparison fits 80 columns, and its JSON has every number") {
    Sides sides;
    for (int i = 0; i < 3; ++i) {
        sides.add(sides.a, std::string(100, 's'),
                  {{"work_units_per_s", 123456.0 + i}, {"latency.a_long_name.p99_ns", 5e8 + i}});
        sides.add(sides.b, std::string(100, 's'),
                  {{"work_units_per_s", 13456.0 + i}, {"latency.a_long_name.p99_ns", 5e9 + i}});
    }
    sides.add(sides.a, std::string(100, 'o'));
    const auto comparison = sides.compared();
    const std::string text = comparison_text(comparison, {.all = true});
    std::size_t begin = 0;
    for (auto end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin))
        CHECK(report::display_width(text.substr(begin, end - begin)) <= 80);
    const auto document = comparison_json(comparison);
    CHECK(document["regressed"] == true);
    CHECK(document["scenarios"][0]["metrics"].size() == 2);
    CHECK(document["scenarios"][0]["metrics"][1]["adjusted_p"].is_number());
    CHECK(document["scenarios"][0]["metrics"][1]["a"]["runs"] == 3);
}
