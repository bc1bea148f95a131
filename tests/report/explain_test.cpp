// SPDX-License-Identifier: GPL-2.0-only
#include "report/explain.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "full_plan.h"
#include "interp/plan/names.h"
#include "report/plan_words.h"
#include "report/text.h"

using namespace ktstr;
using namespace ktstr::plan;
using ktstr::test::full_plan;

namespace {

Work hog(int workers) {
    Work work;
    work.name = "spin_wait";
    work.work_type = "spin_wait";
    work.workers = workers;
    return work;
}

CgroupSpec cgroup(const std::string& name, const std::vector<Work>& works) {
    CgroupSpec spec;
    spec.name = name;
    spec.works = works;
    return spec;
}

// Two steps under the kernel's own scheduler.
Plan small_plan() {
    Plan plan;
    plan.scenario = "small";
    plan.source = {"s.ktl", 1, 1};
    plan.topology = {1, 1, 2, 1, {}};
    plan.memory_bytes = 512U << 20U;
    plan.duration_ns = 1'500'000'000;
    plan.captures_ns = {500'000'000, 1'000'000'000, 1'500'000'000};
    plan.backdrop = {Op{AddCgroup{cgroup("noise", {hog(1)})}, {}}};
    Step first;
    first.name = "first";
    first.hold_ns = 1'000'000'000;
    first.ops = {Op{AddCgroup{cgroup("a", {hog(2)})}, {}}, Op{Spawn{"noise", hog(1)}, {}}, Op{Spawn{"a", hog(1)}, {}}};
    first.source = {"s.ktl", 5, 3};
    Step second;
    second.name = "second";
    second.hold_ns = 500'000'000;
    second.loop = {Op{FreezeCgroup{"noise"}, {}}, Op{UnfreezeCgroup{"noise"}, {}}};
    second.every_ns = 100'000'000;
    second.source = {"s.ktl", 9, 3};
    plan.steps = {first, second};
    Expectation progress;
    progress.written = "progress";
    progress.source = {"s.ktl", 14, 5};
    Expectation spread;
    spread.kind = Expectation::Kind::spread;
    spread.cgroup = "a";
    spread.value = 0.155;
    plan.expectations = {progress, spread};
    return plan;
}

// Without the line that changes with every detail of the plan.
std::string without_hash(const std::string& text) {
    const auto start = text.find("  hash");
    return text.substr(0, start) + text.substr(text.find('\n', start) + 1);
}

// With KTSTR_UPDATE_EXPECTED=1 in the environment the file is written instead: read the difference.
void check_golden(const std::string& name, const std::string& text) {
    const std::string path = std::string(KTSTR_GOLDEN "/") + name;
    if (std::getenv("KTSTR_UPDATE_EXPECTED") != nullptr) REQUIRE(write_file(path, text));
    const auto golden = read_file(path);
    REQUIRE(golden);
    CHECK(text == *golden);
}

std::string work_in_words(const Work& work) { return report::work_words(work); }

} // namespace

TEST_CASE("a small plan is explained in the order of time") {
    const std::string text = report::explain(small_plan(), "scenarios/s.ktl");
    CHECK(text.find("  hash        " + plan_hash(small_plan()) + "\n") != std::string::npos);
    check_golden("small.explained", without_hash(text));
}

TEST_CASE("a plan with everything is explained as it always was") {
    check_golden("everything.explained", without_hash(report::explain(full_plan(), "full.ktl")));
}

TEST_CASE("lines are at most 100 columns wide, and nothing of an explanation is lost by that") {
    std::istringstream lines(report::explain(full_plan(), "full.ktl"));
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(report::display_width(line) <= 100);
        CHECK_FALSE(line.ends_with(' '));
    }
    Plan plan = small_plan();
    plan.scenario = std::string(150, 'x'); // a word that is too long stays whole
    CHECK(report::explain(plan, "s.ktl").find("\"" + std::string(150, 'x') + "\"") != std::string::npos);
}

TEST_CASE("what a plan file has in its names cannot reach the terminal as more than text") {
    Plan plan = small_plan();
    plan.scenario = "a\x1b[31mb\nc";
    plan.steps[0].name = "\x1b]0;title\a";
    plan.expectations[0].written = "one\ntwo\x07";
    const std::string text = report::explain(plan, "s.ktl");
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\a') == std::string::npos);
    CHECK(text.find("one two") != std::string::npos);
    CHECK(text.starts_with("scenario \"ab c\""));
}

TEST_CASE("every op, affinity and policy has words of its own") {
    const Plan plan = full_plan();
    std::vector<std::string> words;
    for (const auto& op : plan.steps[0].ops) words.push_back(report::op_words(plan, op).what);
    words.push_back(report::op_words(plan, plan.backdrop[0]).what);
    for (const auto& [kind, name] : affinity_names) {
        Work work = hog(2);
        work.affinity = {kind, CpuSet::range(0, 1), 1};
        if (kind != Affinity::Kind::inherit) words.push_back(work_in_words(work));
    }
    for (const auto& [policy, name] : policy_names) {
        Work work = hog(2);
        work.policy = policy;
        words.push_back(work_in_words(work));
    }
    std::sort(words.begin(), words.end());
    CHECK(std::adjacent_find(words.begin(), words.end()) == words.end());
    CHECK(std::none_of(words.begin(), words.end(), [](const std::string& text) { return text.empty(); }));
}

TEST_CASE("only parameters that differ from the work type's own are shown, in their units") {
    Work work = hog(4);
    work.work_type = "bursty";
    work.parameters = {{"burst", std::int64_t{1'500'000}}, {"sleep", std::int64_t{2'000'000}}};
    CHECK(work_in_words(work) == "4 workers of bursty(burst: 1.5ms) as spin_wait");
    work.name = "bursty";
    work.parameters["burst"] = std::int64_t{2'000'000};
    CHECK(work_in_words(work) == "4 workers of bursty");
}

TEST_CASE("durations and sizes are shown in the largest unit that suits them") {
    CHECK(report::duration_words(0) == "0s");
    CHECK(report::duration_words(999) == "999ns");
    CHECK(report::duration_words(1'500) == "1.5us");
    CHECK(report::duration_words(3'333'333'333) == "3.333s");
    CHECK(report::duration_words(1'999'999'999) == "2s");
    CHECK(report::duration_words(90'000'000'000) == "90s");
    CHECK(report::duration_words(UINT64_MAX) == "18446744073.71s");
    CHECK(report::size_words(0) == "0B");
    CHECK(report::size_words(1536) == "1536B");
    CHECK(report::size_words(64U << 20U) == "64MiB");
    CHECK(report::size_words(3ULL << 40U) == "3072GiB");
}
