// SPDX-License-Identifier: GPL-2.0-only
// Options that shape plans: parameters, the kernel's version, the machine.
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

constexpr const char* with_parameters = R"(param crowd = 2
param nap   = 5ms

scenario "crowd" {
  duration 1s
  param hot = 1
  cgroup a { workers crowd of bursty(sleep: nap) }
  cgroup b { workers hot of spin_wait }
}
)";

constexpr const char* by_kernel = R"(scenario "by kernel" {
  duration 1s
  cgroup a { workers 1 of spin_wait }
  if kernel >= v6.14 { cgroup new { workers 1 of spin_wait } }
}
)";

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

nlohmann::json plan_of(const Sandbox& sandbox, const std::vector<std::string>& options) {
    const auto outcome = run_ktstr(sandbox, with({"plan", "a.ktl"}, options));
    INFO(outcome.errors);
    REQUIRE(outcome.exit.exit_code == 0);
    return nlohmann::json::parse(outcome.output);
}

} // namespace

TEST_CASE("option -P sets parameters of the file and of the scenario") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_parameters);
    const auto plan = plan_of(sandbox, {"-P", "crowd=3", "-P", "nap=7ms", "-P", "hot=2"});
    const auto& ops = plan["steps"][0]["ops"];
    CHECK(ops[0]["spec"]["works"][0]["workers"] == 3);
    CHECK(ops[0]["spec"]["works"][0]["parameters"]["sleep"] == 7'000'000);
    CHECK(ops[1]["spec"]["works"][0]["workers"] == 2);
    CHECK(plan["parameters"] == nlohmann::json{{"hot", "2"}});
}

TEST_CASE("each -P takes one value, so that paths may come after it") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_parameters);
    CHECK(run_ktstr(sandbox, {"check", "-P", "crowd=3", "a.ktl"}).exit.exit_code == 0);
    CHECK(run_ktstr(sandbox, {"plan", "--filter", "crowd", "a.ktl"}).exit.exit_code == 0);
}

TEST_CASE("a parameter that is not there is refused by check, plan and run with the names there are") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_parameters);
    for (const char* command : {"check", "plan", "run"}) {
        const auto close = run_ktstr(sandbox, {command, "a.ktl", "-P", "crowds=3"});
        CHECK(close.exit.exit_code == 64);
        CHECK(close.errors.find("crowds") != std::string::npos);
        CHECK(close.errors.find("hint: did you mean `crowd`?") != std::string::npos);
        const auto far = run_ktstr(sandbox, {command, "a.ktl", "-P", "zzz=3"});
        CHECK(far.exit.exit_code == 64);
        CHECK(far.errors.find("zzz") != std::string::npos);
        CHECK(far.errors.find("crowd, hot, nap") != std::string::npos);
    }
}

TEST_CASE("option -P that is not NAME=VALUE, or comes twice, is refused") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_parameters);
    for (const char* wrong : {"crowd", "=3", "crowd=", "2x=3", "a b=3"}) {
        const auto outcome = run_ktstr(sandbox, {"plan", "a.ktl", "-P", wrong});
        INFO(wrong << ": " << outcome.errors);
        CHECK(outcome.exit.exit_code == 64);
        CHECK(outcome.errors.starts_with("ktstr: '-P " + std::string(wrong) + "' is not NAME=VALUE\n"));
    }
    const auto twice = run_ktstr(sandbox, {"plan", "a.ktl", "-P", "crowd=3", "-P", "crowd=4"});
    CHECK(twice.exit.exit_code == 64);
    CHECK(twice.errors == "ktstr: -P gives the parameter crowd twice\n  hint: give it once\n");
}

TEST_CASE("a value of -P that is wrong is shown where it stands on the command line") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", with_parameters);
    const auto outcome = run_ktstr(sandbox, {"check", "a.ktl", "-P", "crowd=5ms"});
    CHECK(outcome.exit.exit_code == 64);
    CHECK(outcome.errors.find("-P crowd:1:1") != std::string::npos);
    CHECK(outcome.errors.find("the parameter `crowd` is a count, this is a duration") != std::string::npos);
}

TEST_CASE("option --kernel decides what `if kernel` takes") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", by_kernel);
    const auto cgroups = [&](const std::vector<std::string>& options) {
        return plan_of(sandbox, options)["steps"][0]["ops"].size();
    };
    CHECK(cgroups({"--kernel", "6.12"}) == 1);
    CHECK(cgroups({"--kernel", "6.14"}) == 2);
    CHECK(cgroups({"--kernel", "v6.14.3-rc1"}) == 2);
    CHECK(cgroups({"--kernel", "7"}) == 2);
    CHECK(run_ktstr(sandbox, {"check", "a.ktl", "--kernel", "6.19.14+deb14-amd64"}).exit.exit_code == 0);
    for (const char* command : {"check", "plan"}) {
        const auto outcome = run_ktstr(sandbox, {command, "a.ktl", "--kernel", "./vmlinux"});
        CHECK(outcome.exit.exit_code == 64);
        CHECK(outcome.errors.starts_with("ktstr: './vmlinux' is not the version of a kernel\n"));
    }
}

TEST_CASE("what is wrong on one of several kernels only is said before any of them is looked for") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", R"(scenario "by kernel" {
  topology 1n1l2c1t
  cgroup a { workers 1 of spin_wait }
  if kernel >= v6.14 { cgroup new { cpuset 7  workers 1 of spin_wait } }
}
)");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--kernel", "6.12", "--kernel", "6.19"});
    CHECK(outcome.exit.exit_code == 64);
    CHECK(outcome.errors.find("a.ktl:4:44") != std::string::npos);
    CHECK(outcome.errors.find("kernel 6.1") == std::string::npos);
}

TEST_CASE("a warning is printed once, however many kernels a file is compiled for") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", "let unused = 3\n" + std::string(by_kernel) +
                               "payload p { binary \"./gone\" }\n"
                               "scenario \"no\" { cgroup a { workers 1 of spin_wait } run p in a }\n");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--kernel", "6.12", "--kernel", "6.19"});
    CHECK(outcome.exit.exit_code == 64);
    const auto first = outcome.errors.find("`unused` is not used");
    REQUIRE(first != std::string::npos);
    CHECK(outcome.errors.find("`unused` is not used", first + 1) == std::string::npos);
    const auto lack = outcome.errors.find("error: ");
    REQUIRE(lack != std::string::npos);
    CHECK(outcome.errors.find("error: ", lack + 1) == std::string::npos);
}

TEST_CASE("a scenario that does not fit the machine of --topology is an error at its place") {
    const Sandbox sandbox;
    sandbox.write("a.ktl",
                  "scenario \"fits\" { cgroup a { workers 1 of spin_wait } }\n"
                  "scenario \"wide\" { topology 1n1l8c1t  cgroup a { cpuset 4-7  workers 1 of spin_wait } }\n");
    CHECK(run_ktstr(sandbox, {"check", "a.ktl"}).exit.exit_code == 0);
    const auto outcome = run_ktstr(sandbox, {"plan", "a.ktl", "--topology", "1n1l2c1t"});
    CHECK(outcome.exit.exit_code == 64);
    CHECK(outcome.output.empty());
    CHECK(outcome.errors.find("a.ktl:2:56") != std::string::npos);
    const auto malformed = run_ktstr(sandbox, {"plan", "a.ktl", "--topology", "big"});
    CHECK(malformed.exit.exit_code == 64);
    CHECK(malformed.errors.find("1n2l4c1t") != std::string::npos);
}
