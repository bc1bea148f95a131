// SPDX-License-Identifier: GPL-2.0-only
#include "runs/host_context.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"

using namespace ktstr;
using namespace ktstr::runs;
namespace fs = std::filesystem;

namespace {

class MadeRoot {
  public:
    void write(const std::string& file, const std::string& text) const {
        fs::create_directories((path() / file).parent_path());
        REQUIRE(write_file(path() / file, text));
    }
    [[nodiscard]] const fs::path& path() const { return directory_.path(); }

  private:
    TemporaryDirectory directory_ = *TemporaryDirectory::create("ktstr-root-");
};

} // namespace

TEST_CASE("the host is described by what its kernel shows") {
    const MadeRoot root;
    root.write("proc/cpuinfo", "processor\t: 0\nmodel\t\t: 85\nmodel name\t: A CPU @ 2.00GHz\n\nprocessor\t: 1\n"
                               "model name\t: Another\n");
    root.write("sys/devices/system/cpu/online", "0-3,6,8-9\n");
    root.write("proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\nHugePages_Total:      12\n");
    root.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    root.write("sys/kernel/mm/transparent_hugepage/defrag", "always defer [defer+madvise] madvise never\n");
    root.write("sys/devices/system/node/online", "0-1\n");
    root.write("proc/sys/kernel/osrelease", "6.14.2\n");
    root.write("proc/cmdline", "quiet mitigations=off\n");
    root.write("proc/sys/kernel/arch", "x86_64\n");
    root.write("proc/sys/kernel/sched_rt_runtime_us", "950000\n");
    root.write("proc/sys/kernel/hostname", "secret\n");
    root.write("sys/kernel/debug/sched/base_slice_ns", "3000000\n");
    root.write("sys/kernel/debug/sched/debug", "many\nlines\n");
    CHECK(to_json(read_host_context(root.path())) ==
          nlohmann::json({{"cpu_model", "A CPU @ 2.00GHz"},
                          {"cpus", 7},
                          {"memory_bytes", 16384 * 1024},
                          {"thp_enabled", "madvise"},
                          {"thp_defrag", "defer+madvise"},
                          {"hugepages_total", 12},
                          {"numa_nodes", 2},
                          {"kernel_release", "6.14.2"},
                          {"kernel_cmdline", "quiet mitigations=off"},
                          {"arch", "x86_64"},
                          {"sched_tunables", {{"sched_rt_runtime_us", "950000"}, {"base_slice_ns", "3000000"}}}}));
}

TEST_CASE("what a host does not show is null") {
    const MadeRoot root;
    const auto nothing = to_json(read_host_context(root.path()));
    CHECK(nothing.size() == 11);
    for (const auto& [key, value] : nothing.items()) {
        CAPTURE(key);
        CHECK(value.is_null());
    }
}

TEST_CASE("what a host shows in another form is null, and nothing else suffers from it") {
    const MadeRoot root;
    root.write("proc/cpuinfo", "model name\t:\n");
    root.write("sys/devices/system/cpu/online", "0-x\n");
    root.write("sys/devices/system/node/online", "3-1\n");
    root.write("proc/meminfo", "MemTotal: much\nHugePages_Total: 0\n");
    root.write("sys/kernel/mm/transparent_hugepage/enabled", "always\n");
    root.write("proc/cmdline", "\n");
    const auto context = read_host_context(root.path());
    CHECK_FALSE(context.cpu_model);
    CHECK_FALSE(context.cpus);
    CHECK_FALSE(context.numa_nodes);
    CHECK_FALSE(context.memory_bytes);
    CHECK_FALSE(context.thp_enabled);
    CHECK_FALSE(context.kernel_cmdline);
    CHECK(context.hugepages_total == 0);
}

TEST_CASE("this machine has at least CPUs, memory, a kernel and an architecture") {
    const auto context = read_host_context();
    CHECK(context.cpus > 0);
    CHECK(context.memory_bytes > 0);
    CHECK(context.kernel_release);
    CHECK(context.arch);
}

TEST_CASE("the CPU budget is the affinity, or less where a cgroup has a quota") {
    const MadeRoot root;
    const auto all = cpu_budget(root.path());
    REQUIRE(all);
    CHECK(*all >= 1);
    root.write("proc/self/cgroup", "0::/a/b\n");
    root.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    CHECK(cpu_budget(root.path()) == *all);
    root.write("sys/fs/cgroup/a/cpu.max", "20000 100000\n");
    CHECK(cpu_budget(root.path()) == 1);
    root.write("sys/fs/cgroup/a/cpu.max", "99999999 1000\n");
    CHECK(cpu_budget(root.path()) == *all);
    root.write("proc/self/cgroup", "5:cpu,cpuacct:/job\n0::/\n");
    root.write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n");
    root.write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
    CHECK(cpu_budget(root.path()) == 1);
    root.write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
    CHECK(cpu_budget(root.path()) == *all);
}
