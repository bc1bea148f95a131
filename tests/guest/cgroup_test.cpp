// SPDX-License-Identifier: GPL-2.0-only
// On ordinary directories: what the executor asks of the cgroup file system, not what the kernel answers.
#include "guest/cgroup.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>

#include "base/file.h"
#include "guest/scenario_runner.h"

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using guest::CgroupTree;

namespace {

plan::Op add_cgroup(const std::string& name) {
    plan::AddCgroup add;
    add.spec.name = name;
    return {add, {}};
}

// A cgroup2 mount with `controllers`, as far as directories and files can play it.
struct FakeMount {
    TemporaryDirectory directory = std::move(TemporaryDirectory::create("ktstr-cgroup-").value());
    explicit FakeMount(const std::string& controllers) {
        REQUIRE(write_file(directory.path() / "cgroup.controllers", controllers + "\n").ok());
        // The scenario's root exists before its control file could: so the mount already hands nothing down.
        REQUIRE(write_file(directory.path() / "cgroup.subtree_control", "").ok());
    }
    [[nodiscard]] std::string path() const { return directory.path().string(); }
};

} // namespace

TEST_CASE("a cgroup with others below it anywhere in the plan is an inner one") {
    plan::Plan plan;
    plan.backdrop.push_back(add_cgroup("parent"));
    plan::Step step;
    step.ops.push_back(add_cgroup("parent/child"));
    step.ops.push_back(add_cgroup("a/b/c"));
    step.ops.push_back(add_cgroup("parental"));
    plan::AddCgroup churned;
    churned.spec.name = "churned";
    churned.spec.works.resize(1);
    churned.spec.works[0].work_type = "cgroup_churn"; // makes cgroups itself
    step.ops.push_back({churned, {}});
    plan.steps.push_back(step);
    CHECK(CgroupTree::inner_names(plan) == std::set<std::string>{"parent", "a", "a/b", "churned"});
}

TEST_CASE("a cgroup lies within itself and those above, not within its namesakes") {
    CHECK(plan::is_within("hot", "hot"));
    CHECK(plan::is_within("hot/inner", "hot"));
    CHECK(!plan::is_within("hotter", "hot"));
    CHECK(!plan::is_within("hot", "hot/inner"));
}

TEST_CASE("workers of an inner cgroup live in a leaf, those of others in the cgroup itself") {
    const FakeMount mount("");
    auto tree = CgroupTree::create(mount.path());
    REQUIRE(tree);
    tree->set_inner({"parent"});
    REQUIRE(tree.ok());
    CHECK(tree->process_path("parent") == mount.path() + "/ktstr/parent/ktstr.workers");
    CHECK(tree->process_path("parent/child") == mount.path() + "/ktstr/parent/child");
    CHECK(tree->process_path("") == mount.path());
}

TEST_CASE("on the host the executor is in a cgroup of its own beside the scenario's") {
    const FakeMount mount("");
    const auto tree = CgroupTree::create(mount.path(), "executor-1");
    REQUIRE(tree);
    CHECK(tree->process_path("") == mount.path() + "/executor-1");
    CHECK(tree->base_path("") == mount.path() + "/ktstr");
    CHECK(tree->process_path("hot") == mount.path() + "/ktstr/hot");
}

TEST_CASE("creating a cgroup makes the ones above it, and removing takes what is below") {
    const FakeMount mount("");
    auto tree = CgroupTree::create(mount.path());
    REQUIRE(tree);
    tree->set_inner({"a", "a/b"});
    REQUIRE(tree.ok());
    const auto created = tree->create_cgroup("a/b/c");
    REQUIRE(created.ok());
    CHECK(*created == std::vector<std::string>{"a", "a/b", "a/b/c"});
    CHECK(fs::is_directory(mount.path() + "/ktstr/a/b/ktstr.workers"));
    CHECK(!tree->create_cgroup("a/b").ok());
    REQUIRE(tree->remove("a").ok());
    CHECK(!tree->exists("a"));
}

TEST_CASE("a controller that the plan needs and the kernel lacks is named with its configuration option") {
    const FakeMount mount("");
    const auto tree = CgroupTree::create(mount.path());
    REQUIRE(tree.ok());
    plan::Plan plan;
    plan.backdrop.push_back(add_cgroup("hot"));
    CHECK(!guest::missing_controllers(plan, *tree));

    plan::AddCgroup limited;
    limited.spec.memory_max_bytes = 1U << 20U;
    plan.backdrop.push_back({limited, {}});
    const auto memory = guest::missing_controllers(plan, *tree);
    REQUIRE(memory);
    CHECK_THAT(memory->text(), ContainsSubstring("memory controller") && ContainsSubstring("CONFIG_MEMCG"));

    plan::Step step;
    step.ops = {{plan::SwapCpusets{"a", "b"}, {}}};
    plan.steps.push_back(step);
    const auto cpuset = guest::missing_controllers(plan, *tree);
    REQUIRE(cpuset);
    CHECK_THAT(cpuset->text(), ContainsSubstring("swap_cpusets") && ContainsSubstring("CONFIG_CPUSETS"));
}

TEST_CASE(
    "the settings of a cgroup are written and read back, and one that the kernel lacks is named with its option") {
    const FakeMount mount("");
    const auto tree = CgroupTree::create(mount.path());
    REQUIRE(tree.ok());
    REQUIRE(tree->create_cgroup("hot").ok());
    const fs::path hot = mount.path() + "/ktstr/hot";
    const std::map<std::string, std::string> wanted = {
        {"cpu.weight", "50"},     {"memory.max", "65536"}, {"memory.high", "32768"},   {"memory.low", "4096"},
        {"memory.swap.max", "0"}, {"pids.max", "7"},       {"cpu.max", "50000 100000"}};
    for (const auto& [file, value] : wanted) REQUIRE(write_file(hot / file, "").ok());
    plan::CgroupSpec spec;
    spec.name = "hot";
    spec.cpu_weight = 50;
    spec.cpu_max_quota_ns = 50'000'000;
    spec.memory_max_bytes = 65536 + 100; // limits are in whole pages
    spec.memory_high_bytes = 32768;
    spec.memory_low_bytes = 8191;
    spec.memory_swap_max_bytes = 0;
    spec.pids_max = 7;
    const auto set = tree->set_limits(spec);
    if (!set) FAIL(set.error().text());
    for (const auto& [file, value] : wanted) CHECK(read_file(hot / file).value() == value);
    spec.io_weight = 200;
    const auto refused = tree->set_limits(spec);
    REQUIRE_FALSE(refused.ok());
    CHECK_THAT(refused.error().text(), ContainsSubstring("io.weight") && ContainsSubstring("CONFIG_BLK_CGROUP_IOCOST"));
}

TEST_CASE("what the kernel makes of a setting is compared with what was asked for") {
    const FakeMount mount("");
    const auto tree = CgroupTree::create(mount.path());
    REQUIRE(tree.ok());
    REQUIRE(tree->create_cgroup("hot").ok());
    // A file that keeps what is behind the written part plays a kernel that makes something else of a value.
    REQUIRE(write_file(mount.path() + "/ktstr/hot/pids.max", "1234567").ok());
    plan::CgroupSpec spec;
    spec.name = "hot";
    spec.pids_max = 9;
    const auto refused = tree->set_limits(spec);
    REQUIRE_FALSE(refused.ok());
    CHECK_THAT(refused.error().message, ContainsSubstring("the kernel made '9234567' of '9'"));
}
