// SPDX-License-Identifier: GPL-2.0-only
// Expectations over time, as formulas of the plan.
#include <catch2/catch_test_macros.hpp>

#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

using Kind = plan::Formula::Kind;

const std::string around = "duration 10s\nbackdrop { cgroup hot { workers 1 of spin_wait } }\n"
                           "step \"one\" for 40% { snapshot before }\nstep \"two\" for 40% { }\n";

plan::Expectation expected(const std::string& text) {
    const auto plan = plan_of(
        "scheduler s { binary \"scx_s\" }\npayload p { binary \"true\" output json }\nscenario \"t\" { scheduler s " +
        around + "step \"three\" { run p in hot }\nexpect { snapshot(before).x >= 0  p.x >= 0 " + text + " } }");
    return plan.expectations.back();
}

plan::Formula formula(const std::string& text) { return expected(text).formula.value(); }

std::string wrong(const std::string& text) {
    return codes_of(
        "scheduler s { binary \"scx_s\" }\npayload p { binary \"true\" output json }\nscenario \"t\" { scheduler s " +
        around + "expect { " + text + "\nsnapshot(before).x >= 0 } }");
}

} // namespace

TEST_CASE("a condition over a series without a word about time holds at each sample") {
    const auto made = formula("monitor.imbalance <= 4");
    CHECK(made.kind == Kind::always);
    CHECK_FALSE(made.to_ns.has_value());
    REQUIRE(made.operands.size() == 1);
    CHECK(made.operands[0].kind == Kind::compare);
    CHECK(made.operands[0].operands[0].source == "monitor");
    CHECK(made.operands[0].operands[0].path == "imbalance");
}

TEST_CASE("a violation can be allowed for some samples in a row") {
    const auto made = formula("monitor.imbalance <= 4 for 5 samples");
    CHECK(made.kind == Kind::sustained);
    CHECK(made.samples == 5);
    CHECK(made.operands.at(0).kind == Kind::compare);
}

TEST_CASE("every pattern arrives with its numbers in base units") {
    CHECK(formula("bpf.n nondecreasing").kind == Kind::nondecreasing);
    CHECK(formula("bpf.n increasing").kind == Kind::increasing);
    const auto rate = formula("rate(bpf.n) within 0.5/ms .. 2.0/ms");
    CHECK(rate.kind == Kind::always);
    CHECK(rate.operands[0].kind == Kind::within);
    CHECK(rate.operands[0].operands[0].kind == Kind::rate);
    CHECK(rate.operands[0].operands[1].number == 500);
    CHECK(rate.operands[0].operands[2].number == 2000);
    const auto steady = formula("stats.busy steady within 10% after 1s");
    CHECK(steady.kind == Kind::steady);
    CHECK(steady.tolerance == 0.1);
    CHECK(steady.from_ns == 1'000'000'000);
    const auto converges = formula("monitor.load converges to 1.0 +- 0.5 by 5s");
    CHECK(converges.kind == Kind::converges);
    CHECK(converges.operands[1].number == 1.0);
    CHECK(converges.tolerance == 0.5);
    CHECK(converges.to_ns == 5'000'000'000);
    CHECK(formula("monitor.load converges to 200 +- 10% by 5s").tolerance == 20);
}

TEST_CASE("temporal logic keeps its windows and its shape") {
    const auto made = formula("not eventually[0s, 3s] stats.busy > 50% or always bpf.a < 3 implies rise(bpf.b > 1)");
    CHECK(made.kind == Kind::always); // `rise` speaks of a sample
    const auto& implies = made.operands[0];
    CHECK(implies.kind == Kind::logical_implies);
    CHECK(implies.operands[0].kind == Kind::logical_or);
    const auto& eventually = implies.operands[0].operands[0].operands[0];
    CHECK(eventually.kind == Kind::eventually);
    CHECK(eventually.to_ns == 3'000'000'000);
    CHECK(implies.operands[1].kind == Kind::rise);
    CHECK(formula("stats.a < 3 until[1s, 2s] stats.b > 1").kind == Kind::until);
}

TEST_CASE("measures of workers, snapshots, payloads and steps are terms") {
    const auto latency = formula("p99(wake_latency, hot) <= 500us");
    CHECK(latency.operands[0].kind == Kind::measure);
    CHECK(latency.operands[0].number == 0.99);
    CHECK(latency.operands[0].cgroup == "hot");
    CHECK(latency.operands[1].number == 500'000);
    CHECK(formula("snapshot(before).nr.queued <= 100").operands[0].path == "nr.queued");
    CHECK(formula("p.\"int.rps_pct50.0\" >= 100").operands[0].path == "int.rps_pct50.0");
    const auto delta = formula("delta(bpf.n, \"two\") <= 1.5 * delta(bpf.n, \"one\")");
    CHECK(delta.operands[0].kind == Kind::delta);
    CHECK(delta.operands[0].subject == "two");
    CHECK(delta.operands[1].kind == Kind::multiply);
}

TEST_CASE("what was observed is reached by a path with members, indexes and quoted names") {
    const auto path_in = [](const std::string& term) { return formula(term + " <= 1").operands[0].operands[0].path; };
    CHECK(path_in("bpf.stats.local[3].sum") == "stats.local[3].sum");
    CHECK(path_in("bpf.a[1 + 1]") == "a[2]");
    CHECK(path_in("stats.\"layers.0\".busy") == "layers.0.busy");
    CHECK(path_in("host.cpu[2].user_ns") == "cpu[2].user_ns");
    CHECK(formula("snapshot(before).x.y[1].z <= 100").operands[0].path == "x.y[1].z");
    CHECK(formula("rate(bpf.a[0].b) within 0/s .. 1/s").operands[0].operands[0].operands[0].path == "a[0].b");
    CHECK(wrong("bpf.a[1.5] <= 1") == "E0303");
    CHECK(wrong("monitor.load[1] <= 1") == "E0203");
    CHECK(wrong("monitor.program.enqueue.runs <= 1") == "E0203");
    CHECK(wrong("monitor.program.run_count <= 1") == "E0203");
    CHECK(formula("monitor.program.enqueue.run_count > 1").operands[0].operands[0].path == "program.enqueue.run_count");
}

TEST_CASE("plain bounds keep their plain form") {
    const auto gap = expected("gap <= 2s");
    CHECK(gap.kind == plan::Expectation::Kind::gap);
    CHECK(gap.value == 2e9);
    CHECK(expected("spread(hot) <= 15%").cgroup == "hot");
    CHECK(expected("migrations(hot) <= 100").kind == plan::Expectation::Kind::formula);
}

TEST_CASE("what cannot be compared or never comes is refused") {
    CHECK(wrong("gap <= 15%") == "E0303");
    CHECK(wrong("gap + 3 <= 2s") == "E0305");
    CHECK(wrong("gap nondecreasing") == "E0704");
    CHECK(wrong("bpf.x") == "E0704");
    CHECK(wrong("delta(bpf.x, \"thre\") <= 1") == "E0706");
    CHECK(wrong("snapshot(befor).x <= 1") == "E0706");
    CHECK(wrong("p.rps >= 1") == "E0703");
    CHECK(wrong("eventually[0s, 30s] bpf.x > 1") == "E0705");
    CHECK(wrong("eventually[20s, 30s] bpf.x > 1") == "E0705");
    CHECK(wrong("monitor.load converges to 1.0 +- 0.5 by 15s") == "E0705");
}

} // namespace ktstr::test
