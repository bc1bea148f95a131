// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fcntl.h>
#include <sys/file.h>

#include "base/file.h"
#include "tests/host/made_machine.h"
#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("topo shows a machine, and how its CPUs are counted in a topology") {
    const Sandbox sandbox;
    const MadeMachine machine;
    machine.cpus("0-3", "0-4");
    machine.core("0,2");
    machine.core("1,3");
    machine.cache(3, "0,2", 32768);
    machine.cache(3, "1,3", 32768);
    machine.file("proc/meminfo", "MemTotal:        2097152 kB");
    const auto text = run_ktstr(sandbox, {"topo", "--root", machine.root().string()});
    CHECK(text.exit.exit_code == 0);
    CHECK(text.output == "CPUs      4 online (0-3), 1 offline (4)\n"
                         "packages  1\n"
                         "cores     2 of 2 threads\n"
                         "LLCs      2\n"
                         "            CPUs 0,2: L3, 32 MiB, node 0\n"
                         "            CPUs 1,3: L3, 32 MiB, node 0\n"
                         "nodes     1\n"
                         "            0: CPUs 0-3, 2 GiB, distances 10\n"
                         "topology  1n2l1c2t\n"
                         "          its CPUs 0-3 are 0 2 1 3\n");
    const auto json = run_ktstr(sandbox, {"topo", "--json", "--root", machine.root().string()});
    const auto object = nlohmann::json::parse(json.output);
    CHECK(object["topology"] == "1n2l1c2t");
    CHECK(object["uniform"] == true);
    CHECK(object["topology_cpus"] == std::vector<int>{0, 2, 1, 3});
    CHECK(object["llcs"][1]["cpus"] == "1,3");
    CHECK(object["offline"] == "4");
}

TEST_CASE("topo reads the machine that it runs on") {
    const Sandbox sandbox;
    const auto json = run_ktstr(sandbox, {"topo", "--json"});
    REQUIRE(json.exit.exit_code == 0);
    CHECK_FALSE(nlohmann::json::parse(json.output)["online"].get<std::string>().empty());
}

TEST_CASE("what belongs to virtual machines does not go with --host") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", "scenario \"a\" { cgroup all { workers 1 of spin_wait } }\n");
    for (const auto& words : {std::vector<std::string>{"--kernel", "6.12"},
                              {"--accel", "tcg"},
                              {"--cold"},
                              {"--topology", "1n1l1c1t"},
                              {"--jobs", "2"},
                              {"--gauntlet", "all"}}) {
        std::vector<std::string> arguments = {"run", "a.ktl", "--host"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        const auto outcome = run_ktstr(sandbox, arguments);
        CHECK(outcome.exit.exit_code == 64);
        CHECK_THAT(outcome.errors, ContainsSubstring("--host"));
    }
}

TEST_CASE("cleanup removes the folder of a run that is dead, after a dry run has only named it") {
    const Sandbox sandbox;
    const auto folder = sandbox.path("tmp") / "ktstr-host-4194305-1"; // above the largest pid
    REQUIRE(make_directories(folder / "ktstr"));
    const auto dry = run_ktstr(sandbox, {"cleanup", "--dry-run"});
    CHECK(dry.exit.exit_code == 0);
    CHECK_THAT(dry.output, ContainsSubstring("would remove directory of a run " + folder.string()));
    CHECK(std::filesystem::exists(folder));
    CHECK_THAT(run_ktstr(sandbox, {"cleanup"}).output, ContainsSubstring("removed directory of a run"));
    CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("cleanup removes what a dead writer of records has left, and not what a living one is at") {
    const Sandbox sandbox;
    const auto folder = sandbox.path("work/ktstr-runs") / "6.12-abc1234" / "seed-7";
    const auto dead = folder / ".ktstr-stage-4194305-0";
    const auto living = folder / ".ktstr-stage-4194305-1";
    const auto record = folder / "a-0123456789abcdef.ktstr.json";
    for (const auto& file : {dead, living, record}) {
        REQUIRE(make_directories(folder));
        REQUIRE(write_file(file, "{"));
    }
    const Fd writer(::open(living.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::flock(writer.get(), LOCK_EX) == 0);
    CHECK_THAT(
        run_ktstr(sandbox, {"cleanup", "--dry-run"}).output,
        ContainsSubstring("would remove unfinished file of a record ktstr-runs/6.12-abc1234/seed-7/.ktstr-stage-"));
    CHECK(std::filesystem::exists(dead));
    CHECK_THAT(run_ktstr(sandbox, {"cleanup"}).output, ContainsSubstring("removed unfinished file of a record"));
    CHECK_FALSE(std::filesystem::exists(dead));
    CHECK(std::filesystem::exists(living));
    CHECK(std::filesystem::exists(record));
}
