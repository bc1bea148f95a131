// SPDX-License-Identifier: GPL-2.0-only
// What each construct becomes in the plan.
#include <catch2/catch_test_macros.hpp>

#include "interp/plan/op_words.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

const plan::CgroupSpec& cgroup_at(const plan::Plan& plan, std::size_t op, std::size_t step = 0) {
    return std::get<plan::AddCgroup>(plan.steps.at(step).ops.at(op).action).spec;
}

plan::CgroupSpec cgroup_of(const std::string& body) {
    return cgroup_at(plan_of_scenario("cgroup a { " + body + " }"), 0);
}

std::string cpus_of(const std::string& cpuset) {
    return cgroup_of("cpuset " + cpuset + " workers 1 of spin_wait").cpus->list();
}

plan::Work work_of(const std::string& workers) { return cgroup_of("workers " + workers).works.at(0); }

// The ops of a step after a backdrop with the cgroups a (cpuset 0-3) and b (4-7).
std::vector<plan::Op> ops_of(const std::string& statements) {
    return plan_of_scenario(
               "scheduler s\nbackdrop { cgroup a { cpuset 0-3 workers 2 of spin_wait } cgroup b { cpuset 4-7 } }\n"
               "step \"one\" { " +
               statements + " } }\nscheduler s { binary \"scx_s\"")
        .steps.at(0)
        .ops;
}

template <typename Action> Action action_of(const std::string& statement) {
    const auto ops = ops_of(statement);
    REQUIRE(ops.size() == 1);
    REQUIRE(std::holds_alternative<Action>(ops[0].action));
    return std::get<Action>(ops[0].action);
}

std::vector<std::string> expectations_of(const std::string& text) {
    std::vector<std::string> written;
    for (const auto& expectation : plan_of(text).expectations) written.push_back(expectation.written);
    return written;
}

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("an op by the name that it has in plans is refused with its keyword") {
    for (const auto& name : plan::op_names()) {
        const std::string word(plan::op_word(name));
        if (word == name) continue;
        const auto result =
            compile_text("scenario \"t\" {\n  cgroup a { workers 1 of spin_wait }\n  " + name + " a\n}");
        INFO(rendered(result));
        CHECK(codes(result) == "E0111");
        CHECK(rendered(result).find("hint: in .ktl files this op is `" + word + "`\n") != std::string::npos);
    }
}

TEST_CASE("a scenario that says little runs 3 s on one LLC with two CPUs and 512 MiB, and expects progress") {
    const auto plan = plan_of("scenario \"small\" { cgroup a { workers 1 of spin_wait } }");
    CHECK(plan.scenario == "small");
    CHECK(plan.topology.label() == "1n1l2c1t");
    CHECK(plan.duration_ns == 3'000'000'000);
    CHECK(plan.memory_bytes == 512ULL << 20U);
    CHECK_FALSE(plan.scheduler.has_value());
    REQUIRE(plan.steps.size() == 1);
    CHECK(plan.steps[0].hold_ns == plan.duration_ns);
    REQUIRE(plan.expectations.size() == 1);
    CHECK(plan.expectations[0].kind == plan::Expectation::Kind::progress);
}

TEST_CASE("each way to write a cpuset names the CPUs that the documentation says") {
    CHECK(cpus_of("all") == "0-7");
    CHECK(cpus_of("usable") == "0-6");
    CHECK(cpus_of("llc(1)") == "4-7");
    CHECK(cpus_of("numa(0)") == "0-7");
    CHECK(cpus_of("range(2, 5)") == "2-5");
    CHECK(cpus_of("disjoint(1, of: 3)") == "2-4");
    CHECK(cpus_of("disjoint(2, of: 3)") == "5-7");
    CHECK(cpus_of("overlap(0, of: 2, frac: 50%)") == "0-5");
    CHECK(cpus_of("overlap(1, of: 2, frac: 50%)") == "4-7");
    CHECK(cpus_of("0-3,7") == "0-3,7");
    CHECK(cpus_of("5") == "5");
}

TEST_CASE("the parts of disjoint hold each CPU exactly once, also when it does not divide") {
    int total = 0;
    for (int part = 0; part < 5; ++part)
        total += plan::CpuSet::parse(cpus_of("disjoint(" + std::to_string(part) + ", of: 5)"))->size();
    CHECK(total == 8);
}

TEST_CASE("mems follow the nodes of the cpuset unless they are given") {
    const auto plan = plan_of("scenario \"t\" { topology 2n2l2c1t  cgroup a { cpuset llc(1) workers 1 of spin_wait }\n"
                              "cgroup b { cpuset llc(1) mems all } cgroup c { mems numa(1) } cgroup d { } }");
    CHECK(cgroup_at(plan, 0).mems->list() == "1");
    CHECK(cgroup_at(plan, 1).mems->list() == "0-1");
    CHECK(cgroup_at(plan, 2).mems->list() == "1");
    CHECK_FALSE(cgroup_at(plan, 2).cpus.has_value());
    CHECK_FALSE(cgroup_at(plan, 3).mems.has_value());
}

TEST_CASE("cgroup limits arrive in the kernel's units") {
    const auto spec = cgroup_of("cpu_weight 200 cpu_max 50ms per 200ms memory_max 64MiB");
    CHECK(spec.cpu_weight == 200);
    CHECK(spec.cpu_max_quota_ns == 50'000'000);
    CHECK(spec.cpu_max_period_ns == 200'000'000);
    CHECK(spec.memory_max_bytes == 64ULL << 20U);
    CHECK(cgroup_of("cpu_max 30ms").cpu_max_period_ns == 100'000'000);
}

TEST_CASE("a percentage of workers counts the CPUs that the cgroup may use, rounded up") {
    CHECK(cgroup_of("cpuset llc(0) workers 90% of spin_wait").works[0].workers == 4);
    CHECK(cgroup_of("cpuset llc(0) workers 50% of spin_wait").works[0].workers == 2);
    CHECK(cgroup_of("workers 250% of spin_wait").works[0].workers == 20);
    CHECK(cgroup_of("cpuset 0 workers 1% of spin_wait").works[0].workers == 1);
    CHECK(cgroup_of("cpuset 0-2 workers 100% of pipe_io").works[0].workers == 4); // whole pairs
}

TEST_CASE("a percentage of workers in a child counts the parent's cpuset") {
    const auto plan = plan_of_scenario("cgroup a { cpuset llc(1) cgroup b { workers 100% of spin_wait } }");
    CHECK(cgroup_at(plan, 1).name == "a/b");
    CHECK(cgroup_at(plan, 1).works[0].workers == 4);
}

TEST_CASE("workers carry their parameters, policy, nice value, affinity and name") {
    const auto work = work_of("2 of bursty(burst: 5ms) nice -5 policy batch affinity 0-1 as hogs");
    CHECK(work.name == "hogs");
    CHECK(work.work_type == "bursty");
    CHECK(std::get<std::int64_t>(work.parameters.at("burst")) == 5'000'000);
    CHECK(std::get<std::int64_t>(work.parameters.at("sleep")) == 2'000'000); // the default
    CHECK(work.workers == 2);
    CHECK(work.nice == -5);
    CHECK(work.policy == plan::Policy::batch);
    CHECK(work.affinity.kind == plan::Affinity::Kind::exact);
    CHECK(work.affinity.cpus.list() == "0-1");
    CHECK(work_of("1 of spin_wait policy fifo(10)").priority == 10);
    CHECK(work_of("1 of spin_wait policy rr(98)").policy == plan::Policy::rr);
    CHECK(work_of("1 of spin_wait policy idle").policy == plan::Policy::idle);
    CHECK(work_of("1 of spin_wait affinity inherit").affinity.kind == plan::Affinity::Kind::inherit);
}

TEST_CASE("groups of workers without a name are called after their workload, with a number if need be") {
    const auto works = cgroup_of("workers 1 of spin_wait workers 1 of spin_wait workers 1 of mixed as spin").works;
    CHECK(works[0].name == "spin_wait");
    CHECK(works[1].name == "spin_wait_2");
    CHECK(works[2].name == "spin");
}

TEST_CASE("a named workload brings its parameters and attributes, and a use of it can change them") {
    const auto plan = plan_of("work base = bursty(burst: 5ms, sleep: 10ms) nice 3\nwork child = base(burst: 1ms)\n"
                              "scenario \"t\" { cgroup a { workers 1 of child(sleep: 7ms) policy batch } }");
    const auto& work = cgroup_at(plan, 0).works.at(0);
    CHECK(work.name == "child");
    CHECK(std::get<std::int64_t>(work.parameters.at("burst")) == 1'000'000);
    CHECK(std::get<std::int64_t>(work.parameters.at("sleep")) == 7'000'000);
    CHECK(work.nice == 3);
    CHECK(work.policy == plan::Policy::batch);
}

TEST_CASE("a cgroup is nested by a path in its name or by its place") {
    const auto plan =
        plan_of_scenario("cgroup p/c { workers 1 of spin_wait } cgroup q { cgroup r { cgroup \"s-1\" { } } }");
    CHECK(cgroup_at(plan, 0).name == "p/c");
    CHECK(cgroup_at(plan, 1).name == "q");
    CHECK(cgroup_at(plan, 3).name == "q/r/s-1");
}

TEST_CASE("each op arrives in the plan with what it names") {
    CHECK(action_of<plan::RemoveCgroup>("remove_cgroup a").cgroup == "a");
    CHECK(action_of<plan::RemoveCgroup>("remove_cgroup a if present").if_present);
    const auto set = action_of<plan::SetCpuset>("set_cpuset a llc(1)");
    CHECK(set.cpus.list() == "4-7");
    CHECK(set.mems.list() == "0");
    CHECK(action_of<plan::SetCpuset>("set_cpuset a 0-1 mems 0").mems.list() == "0");
    CHECK(action_of<plan::ClearCpuset>("clear_cpuset a").cgroup == "a");
    CHECK(action_of<plan::SwapCpusets>("swap_cpusets a, b").second == "b");
    const auto spawn = action_of<plan::Spawn>("spawn 3 of yield_heavy nice 2 in a");
    CHECK(spawn.cgroup == "a");
    CHECK(spawn.work.workers == 3);
    CHECK(spawn.work.nice == 2);
    CHECK(action_of<plan::Spawn>("spawn 50% of spin_wait in host").cgroup.empty());
    CHECK(action_of<plan::Spawn>("spawn 50% of spin_wait in host").work.workers == 4);
    CHECK(action_of<plan::StopCgroup>("stop_cgroup a").cgroup == "a");
    CHECK(action_of<plan::SetAffinity>("set_affinity a 1").affinity.cpus.list() == "1");
    CHECK(action_of<plan::SetAffinity>("set_affinity a inherit").affinity.kind == plan::Affinity::Kind::inherit);
    CHECK(action_of<plan::MoveAllTasks>("move_all_tasks a to b").to == "b");
    CHECK(action_of<plan::FreezeCgroup>("freeze a").cgroup == "a");
    CHECK(action_of<plan::UnfreezeCgroup>("unfreeze a").cgroup == "a");
    (void)action_of<plan::DetachScheduler>("detach_scheduler");
    (void)action_of<plan::RestartScheduler>("restart_scheduler");
    CHECK(std::holds_alternative<plan::AttachScheduler>(ops_of("detach_scheduler attach_scheduler").at(1).action));
}

TEST_CASE("workers that are spawned into a cgroup do not take the name of a group that is there") {
    CHECK(action_of<plan::Spawn>("spawn 1 of spin_wait in a").work.name == "spin_wait_2");
}

TEST_CASE("swapped and cleared cpusets count for the percentages after them") {
    const auto plan = plan_of_scenario("backdrop { cgroup a { cpuset 0-2 } cgroup b { cpuset 3 } }\n"
                                       "step { swap_cpusets a, b  spawn 100% of spin_wait in a }\n"
                                       "step { clear_cpuset a  spawn 100% of spin_wait in a }");
    CHECK(std::get<plan::Spawn>(plan.steps[0].ops[1].action).work.workers == 1);
    CHECK(std::get<plan::Spawn>(plan.steps[1].ops[1].action).work.workers == 8);
}

TEST_CASE("holds are fixed times, shares of the duration, or equal parts of the rest") {
    const auto plan = plan_of_scenario("backdrop { cgroup a { workers 1 of spin_wait } }\n"
                                       "step \"x\" for 25% { } step \"y\" for 500ms { } step { } step { }");
    REQUIRE(plan.steps.size() == 4);
    CHECK(plan.steps[0].hold_ns == 1'000'000'000);
    CHECK(plan.steps[1].hold_ns == 500'000'000);
    CHECK(plan.steps[2].hold_ns == 1'250'000'000);
    CHECK(plan.steps[3].hold_ns == 1'250'000'000);
    CHECK(plan.steps[3].name == "step 4");
    CHECK(plan.duration_ns == 4'000'000'000);
}

TEST_CASE("fixed holds alone make the duration") {
    const auto plan =
        plan_of("scenario \"t\" { backdrop { cgroup a { workers 1 of spin_wait } } step for 2s { } step for 3s { } }");
    CHECK(plan.duration_ns == 5'000'000'000);
}

TEST_CASE("another duration stretches all holds alike, and another topology moves the cpusets") {
    CompileOptions options;
    options.duration_ns = 8'000'000'000;
    options.topology = *plan::parse_topology("1n2l2c1t");
    const auto plan = plan_of_scenario(
        "backdrop { cgroup a { cpuset llc(1) workers 100% of spin_wait } } step for 1s { } step for 3s { }", options);
    CHECK(plan.steps[0].hold_ns == 2'000'000'000);
    CHECK(plan.duration_ns == 8'000'000'000);
    CHECK(std::get<plan::AddCgroup>(plan.backdrop[0].action).spec.cpus->list() == "2-3");
}

TEST_CASE("a scheduler brings its arguments, topology, kernel arguments and sysctls, and the scenario adds its own") {
    const auto plan =
        plan_of("scheduler s { binary \"scx_s\" args [\"-a\"] topology 1n1l4c1t kernel_args [\"x=1\"]\n"
                "sysctl \"kernel.one\" = 1 sysctl \"kernel.two\" = \"2\" }\n"
                "scenario \"t\" { scheduler s with args [\"-b\", \"c\"] kernel_args [\"y\"] sysctl \"kernel.one\" = 9\n"
                "cgroup a { workers 1 of spin_wait } }");
    REQUIRE(plan.scheduler.has_value());
    CHECK(plan.schedulers.at(0).name == "s");
    CHECK(plan.schedulers.at(0).binary == "scx_s");
    CHECK(plan.schedulers.at(0).args == Texts{"-a", "-b", "c"});
    CHECK(plan.topology.cpus() == 4);
    CHECK(plan.kernel_args == Texts{"x=1", "y"});
    CHECK(plan.sysctls == std::map<std::string, std::string>{{"kernel.one", "9"}, {"kernel.two", "2"}});
}

TEST_CASE("of the three layers of expectations, the last that speaks of a kind and a cgroup wins") {
    const std::string scheduler = "scheduler s { binary \"b\" expect { gap <= 1s  spread <= 10%  isolation } }\n";
    const std::string body = "cgroup hot { workers 1 of spin_wait }";
    CHECK(expectations_of(scheduler + "scenario \"t\" { scheduler s " + body + " }") ==
          Texts{"progress", "gap <= 1s", "spread <= 10%", "isolation"});
    CHECK(expectations_of(scheduler + "scenario \"t\" { scheduler s " + body +
                          " expect { gap <= 2s spread(hot) <= 5% isolation off } }") ==
          Texts{"progress", "spread <= 10%", "gap <= 2s", "spread(hot) <= 5%"});
    CHECK(expectations_of("scenario \"t\" { " + body + " expect { progress off } }").empty());
    CHECK(expectations_of("scenario \"t\" { " + body + " expect { progress(hot) throughput(hot) >= 0.5/ms } }") ==
          Texts{"progress", "progress(hot)", "throughput(hot) >= 0.5/ms"});
}

TEST_CASE("a scenario that expects an error expects nothing else by itself") {
    const std::string scheduler = "scheduler s { binary \"b\" expect { gap <= 1s } }\n";
    const auto plan = plan_of(
        scheduler +
        "scenario \"t\" { scheduler s cgroup a { workers 1 of spin_wait } expect { error matches \"run.*stall\" } }");
    REQUIRE(plan.expectations.size() == 1);
    CHECK(plan.expects(plan::Expectation::Kind::error));
    CHECK(plan.expectations[0].text == "run.*stall");
    CHECK(plan.expectations[0].text_is_regex);
}

TEST_CASE("an expected repro and allowed inconclusive verdicts are subjects of their own, which `off` takes back") {
    const std::string scheduler = "scheduler s { binary \"b\" expect { gap <= 1s  allow inconclusive } }\n";
    const std::string body = "cgroup hot { workers 1 of spin_wait }";
    const auto plan = plan_of(scheduler + "scenario \"t\" { scheduler s " + body + " expect { repro } }");
    REQUIRE(plan.expectations.size() == 4);
    CHECK(plan.expectations[2].kind == plan::Expectation::Kind::allow_inconclusive);
    CHECK(plan.expectations[3].kind == plan::Expectation::Kind::repro);
    CHECK(plan.expects(plan::Expectation::Kind::repro));
    CHECK(expectations_of(scheduler + "scenario \"t\" { scheduler s " + body +
                          " expect { allow inconclusive off } }") == Texts{"progress", "gap <= 1s"});
    CHECK(expectations_of("expectations e { repro allow inconclusive }\nscenario \"t\" { " + body +
                          " expect { include e repro off } }") == Texts{"progress", "allow inconclusive"});
    CHECK(expectations_of("scenario \"t\" { " + body + " expect { error contains \"x\" repro } }") ==
          Texts{"error contains \"x\"", "repro"});
    CHECK(expectations_of("payload allow { binary \"b\" output json }\nscenario \"t\" { " + body +
                          " run allow in hot expect { allow.x > 1 } }") == Texts{"progress", "allow.x > 1"});
}

TEST_CASE("the bound of an expectation is in the plan's unit") {
    const auto plan = plan_of_scenario(
        "cgroup a { workers 1 of spin_wait }\nexpect { spread(a) < 15% gap > 2ms throughput >= 0.5/ms }");
    REQUIRE(plan.expectations.size() == 4);
    CHECK(plan.expectations[1].value == 0.15);
    CHECK(plan.expectations[1].comparison == plan::Comparison::less);
    CHECK(plan.expectations[1].cgroup == "a");
    CHECK(plan.expectations[2].value == 2e6);
    CHECK(plan.expectations[2].comparison == plan::Comparison::greater);
    CHECK(plan.expectations[3].value == 500);
}

TEST_CASE("names of the standard library can be written short, by module, and in full") {
    for (const std::string name : {"medium", "topologies.medium", "std.topologies.medium"})
        CHECK(plan_of("use std.topologies scenario \"t\" { topology " + name + " cgroup a { workers 1 of spin_wait } }")
                  .topology.label() == "1n2l4c1t");
    CHECK(plan_of("use std.topologies as shapes scenario \"t\" { topology shapes.medium cgroup a { workers 1 of "
                  "spin_wait } }")
              .topology.cpus() == 8);
}

TEST_CASE("a file's own name hides the same name of a module") {
    CHECK(plan_of(
              "use std.topologies as unused_here use std.workloads work cpu_hog = mixed\n"
              "scenario \"t\" { topology unused_here.tiny cgroup a { workers 1 of cpu_hog workers 1 of background } }")
              .steps[0]
              .ops.size() == 1);
    CHECK(codes_of("use std.workloads work cpu_hog = mixed scenario \"t\" { cgroup a { workers 1 of cpu_hog workers 1 "
                   "of background } }")
              .empty());
}

TEST_CASE("keywords that begin no statement can be names, and any name can be quoted") {
    CHECK(codes_of_scenario("cgroup error { workers 1 of spin_wait } cgroup \"memory\" { workers 1 of spin_wait }\n"
                            "cgroup gap { workers 1 of spin_wait }\nexpect { "
                            "gap(gap) <= 1s progress(\"memory\") }")
              .empty());
}

TEST_CASE("larger machines get more memory, in equal parts for their nodes") {
    const auto memory = [](const std::string& topology) {
        return plan_of("scenario \"t\" { topology " + topology + " cgroup a { workers 1 of spin_wait } }")
                   .memory_bytes >>
               20U;
    };
    CHECK(memory("1n2l4c1t") == 512);
    CHECK(memory("1n4l4c1t") == 768);
    CHECK(memory("3n3l1c1t") == 768);
    CHECK(plan_of("scenario \"t\" { memory 2GiB cgroup a { workers 1 of spin_wait } }").memory_bytes == 2ULL << 30U);
}

} // namespace ktstr::test
