// SPDX-License-Identifier: GPL-2.0-only
// Composition: values with names, parameters, loops, conditions, templates, bundles and gauntlets.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

using Texts = std::vector<std::string>;

const plan::CgroupSpec& cgroup_at(const plan::Plan& plan, std::size_t i) {
    return std::get<plan::AddCgroup>(plan.steps.at(0).ops.at(i).action).spec;
}

Texts written(const plan::Plan& plan) {
    Texts texts;
    for (const auto& expectation : plan.expectations) texts.push_back(expectation.written);
    return texts;
}

// The text of ${expression}, by way of a cgroup's worker.
std::string shown(const std::string& expression, const std::string& before = {}) {
    const auto plan =
        plan_of(before + "\nscenario \"t\" { topology 1n2l4c1t cgroup a { workers 1 of spin_wait as \"${" + expression +
                "}\" } }");
    return cgroup_at(plan, 0).works.at(0).name;
}

} // namespace

TEST_CASE("arithmetic keeps units, and comparisons give conditions") {
    CHECK(shown("3 * 500ms + 2s / 4") == "2s");
    CHECK(shown("7 / 2") == "3");
    CHECK(shown("7 / 2.0") == "3.5");
    CHECK(shown("64KiB * 4") == "256KiB");
    CHECK(shown("1s / 250ms") == "4");
    CHECK(shown("50% + 25%") == "75%");
    CHECK(shown("2s > 1500ms") == "true");
    CHECK(shown("not 1 == 2 and true") == "true");
    CHECK(shown("3 within 1..4") == "true");
    CHECK(shown("false implies 1 / 0 == 1") == "true");
    CHECK(shown("0xff") == "255");
    CHECK(shown("min(3, 1, 2) + max(1, 5)") == "6");
}

TEST_CASE("lists, records and topologies have components") {
    CHECK(shown("r.burst", "let r = {burst: 5ms, sleep: 1ms}") == "5ms");
    CHECK(shown("l[1]", "let l = [10, 20] + [30]") == "20");
    CHECK(shown("length(l)", "let l = [10, 20] + [30]") == "3");
    CHECK(shown("topology.cpus") == "8");
    CHECK(shown("topology.llcs * topology.cores * topology.threads") == "8");
    CHECK(shown("big.cpus", "topology big { cores 4 threads 2 node { llcs 2 } node { llcs 0 memory 1GiB } }") == "16");
}

TEST_CASE("a version without a patch level stands for its series") {
    CompileOptions options;
    options.kernel = "6.14.3";
    const auto plan = plan_of("scenario \"t\" {\nif kernel == v6.14 { cgroup same { workers 1 of spin_wait } }\n"
                              "if kernel >= v6.15 { cgroup later { workers 1 of spin_wait } } else { cgroup earlier "
                              "{ workers 1 of spin_wait } } }",
                              options);
    REQUIRE(plan.steps.at(0).ops.size() == 2);
    CHECK(cgroup_at(plan, 0).name == "same");
    CHECK(cgroup_at(plan, 1).name == "earlier");
}

TEST_CASE("a loop writes its body once for each item, and knows the topology") {
    const auto plan = plan_of("scenario \"t\" { topology 1n3l2c1t\nfor i in indices(topology.llcs) {\n"
                              "cgroup \"c${i}\" { cpuset llc(i) workers i + 1 of spin_wait } } }");
    REQUIRE(plan.steps.at(0).ops.size() == 3);
    CHECK(cgroup_at(plan, 2).name == "c2");
    CHECK(cgroup_at(plan, 2).cpus->list() == "4-5");
    CHECK(cgroup_at(plan, 2).works.at(0).workers == 3);
}

TEST_CASE("a loop over names reaches cgroups in ops and expectations") {
    const auto plan = plan_of_scenario("backdrop { cgroup hot { workers 1 of spin_wait } cgroup cold { workers 1 of "
                                       "spin_wait } }\nstep \"s\" { for c in [\"hot\", \"cold\"] { freeze c } }\n"
                                       "expect { for c in [\"hot\", \"cold\"] { progress(\"${c}\") } }");
    CHECK(std::get<plan::FreezeCgroup>(plan.steps.at(0).ops.at(1).action).cgroup == "cold");
    REQUIRE(plan.expectations.size() == 3);
    CHECK(plan.expectations.at(2).cgroup == "cold");
}

TEST_CASE("a loop in a step repeats its ops and sets up once") {
    const auto plan = plan_of_scenario("backdrop { cgroup a { cpuset llc(0) workers 1 of spin_wait } cgroup b { cpuset "
                                       "llc(1) } }\nstep \"s\" for 2s { freeze a  repeat every 100ms { swap_cpusets "
                                       "a, b } }");
    const auto& step = plan.steps.at(0);
    CHECK(step.ops.size() == 1);
    CHECK(step.every_ns == 100'000'000);
    REQUIRE(step.loop.size() == 1);
    CHECK(step.loop.at(0).name() == "swap_cpusets");
}

TEST_CASE("option -P gives a parameter another value of its type, and is part of the plan") {
    const std::string text = "param crowd = 3\nscenario \"t\" { param pause = 10ms\ncgroup a { workers crowd of "
                             "bursty(sleep: pause) } }";
    CompileOptions options;
    options.parameters = {{"crowd", "2 * 4"}, {"pause", "1ms"}};
    const auto plan = plan_of(text, options);
    CHECK(cgroup_at(plan, 0).works.at(0).workers == 8);
    CHECK(plan.parameters.at("pause") == "1ms");
    CHECK(plan_of(text).parameters.at("pause") == "10ms");
    options.parameters = {{"crowd", "2ms"}};
    CHECK(codes(compile_text(text, options)) == "E0303");
}

TEST_CASE("a template is a scenario with arguments, and the instance can add to it") {
    const auto plan = plan_of("scheduler s { binary \"scx_s\" }\n"
                              "template steady(topo, n = 2, load = spin_wait) {\n"
                              "topology topo\ncgroup a { workers n of load } expect { gap <= 1s } }\n"
                              "scenario \"t\" = steady(1n1l4c1t, load: bursty(burst: 5ms)) { scheduler s  duration 1s\n"
                              "expect { isolation } }");
    CHECK(plan.topology.cpus() == 4);
    CHECK(plan.scheduler == "s");
    const auto& work = cgroup_at(plan, 0).works.at(0);
    CHECK(work.workers == 2);
    CHECK(std::get<std::int64_t>(work.parameters.at("burst")) == 5'000'000);
    CHECK(written(plan) == Texts{"progress", "gap <= 1s", "isolation"});
}

TEST_CASE("schedulers and payloads can be arguments of a template") {
    const auto plan = plan_of("scheduler one { binary \"scx_one\" }\nscheduler two { binary \"scx_two\" }\n"
                              "payload p { binary \"true\" }\n"
                              "template swap(first, then, tool) { scheduler first\nstep \"a\" { cgroup c { workers 1 "
                              "of spin_wait } run tool in c wait tool in c }\nstep \"b\" { replace_scheduler then } }\n"
                              "scenario \"t\" = swap(one, two, tool: p)");
    CHECK(plan.scheduler == "one");
    REQUIRE(plan.schedulers.size() == 2);
    CHECK(std::get<plan::ReplaceScheduler>(plan.steps.at(1).ops.at(0).action).scheduler == "two");
    CHECK(plan.payloads.at(0).name == "p");
}

TEST_CASE("flags add their arguments and come with what they require") {
    const std::string scheduler = "scheduler s { binary \"scx_s\" args [\"-v\"] flag llc { args [\"--llc\"] }\n"
                                  "flag steal { args [\"--steal\"] requires llc } }\n";
    const auto plan = plan_of(scheduler + "scenario \"t\" { scheduler s flags [steal, llc]\ncgroup a { workers 1 of "
                                          "spin_wait } }");
    CHECK(plan.schedulers.at(0).args == Texts{"-v", "--llc", "--steal"});
    CHECK(plan.schedulers.at(0).flags == Texts{"llc", "steal"});
    CHECK(codes_of(scheduler + "scenario \"t\" { scheduler s flags [steal]\ncgroup a { workers 1 of spin_wait } }") ==
          "E0409");
}

TEST_CASE("what stands beside an included bundle of expectations goes before it") {
    const auto plan = plan_of("expectations strict { gap <= 1s  isolation }\n"
                              "scenario \"t\" { cgroup a { workers 1 of spin_wait }\n"
                              "expect { include strict  gap <= 3s  isolation off } }");
    CHECK(written(plan) == Texts{"progress", "gap <= 3s"});
}

TEST_CASE("private names stay in their module") {
    CHECK(codes_of("private let x = 3\nscenario \"t\" { cgroup a { workers x of spin_wait } }").empty());
}

TEST_CASE("assertions hold or say what does not") {
    CHECK(codes_of("assert 2 > 1").empty());
    CHECK(codes_of("assert 2 < 1, \"two is less\"") == "E0208");
}

TEST_CASE("a gauntlet runs over every combination, and leaves out flags without what they require") {
    const auto result =
        compile_text("scheduler s { binary \"scx_s\" flag a { args [\"-a\"] } flag b { args [\"-b\"] "
                     "requires a } }\n"
                     "scenario \"t\" { scheduler s  cgroup c { workers 1 of spin_wait swappable } }\n"
                     "gauntlet \"g\" { scenarios all  topologies [1n1l2c1t, 1n2l2c1t]  flags powerset of "
                     "s  kernels [\"6.12\", \"7.0\"]  seeds 1..2  work_types [spin_wait, yield_heavy] "
                     "budget 10min }");
    REQUIRE(result.gauntlets.size() == 1);
    const auto& gauntlet = result.gauntlets[0];
    CHECK(gauntlet.runs.size() == 2U * 3U * 2U * 2U * 2U); // none, a, a and b: not b alone
    CHECK(gauntlet.budget_ns == 600'000'000'000U);
    const auto& last = gauntlet.runs.back();
    CHECK(last.kernel == "7.0");
    CHECK(last.options.topology->llcs == 2);
    CHECK(last.options.flags == Texts{"a", "b"});
    CHECK(last.seed == 2U);
    CHECK(last.options.work_type == "yield_heavy");
}

TEST_CASE("a gauntlet's options reach the plan") {
    CompileOptions options;
    options.flags = {"a"};
    options.replace_flags = true;
    options.work_type = "yield_heavy";
    const auto plan = plan_of("scheduler s { binary \"scx_s\" flag a { args [\"-a\"] } flag b { args [\"-b\"] } }\n"
                              "scenario \"t\" { scheduler s flags [b]\ncgroup c { workers 1 of spin_wait swappable\n"
                              "workers 1 of spin_wait } }",
                              options);
    CHECK(plan.schedulers.at(0).args == Texts{"-a"});
    CHECK(cgroup_at(plan, 0).works.at(0).work_type == "yield_heavy");
    CHECK(cgroup_at(plan, 0).works.at(1).work_type == "spin_wait");
}

TEST_CASE("the layout of a file says nothing about the hash of its plan") {
    const std::string tight = "scenario \"t\" { cgroup a { workers 2 of spin_wait } expect { gap <= 1s } }";
    const std::string wide = "# a comment\n\nscenario \"t\" {\n  cgroup a {\n    workers 2 of spin_wait\n  }\n"
                             "  expect { gap   <=   1s }\n}\n";
    CHECK(plan::plan_hash(plan_of(tight)) == plan::plan_hash(plan_of(wide)));
    CHECK(plan::plan_hash(plan_of(tight)) !=
          plan::plan_hash(plan_of("scenario \"t\" { cgroup a { workers 3 of spin_wait } expect { gap <= 1s } }")));
}

TEST_CASE("a branch that is not taken need not fit the machine and leaves nothing in the plan") {
    const auto plan = plan_of(R"(
scenario "t" {
  topology 1n1l2c1t
  duration 1s
  cgroup a { workers 1 of spin_wait }
  if topology.nodes > 1 {
    cgroup far { cpuset numa(1)  mems 1  workers 200% of pipe_io  workers 3 of pipe_io }
    cgroup a { workers 1 of spin_wait }
    move_all_tasks a to gone
    for i in 0..9999 { cgroup "far${i}" { workers topology.cpus - 2 of spin_wait } }
  } else if kernel > v99.0 { freeze gone }
  expect { progress  if topology.llcs > 1 { spread(far) <= 20% } }
}
)");
    CHECK(plan.steps.at(0).ops.size() == 1);
    CHECK(written(plan) == Texts{"progress"});
}

} // namespace ktstr::test
