// SPDX-License-Identifier: GPL-2.0-only
#include "guest/placement.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <csignal>
#include <set>

#include "guest/kernel_file.h"
#include "guest/worker_pool.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;
using namespace ktstr::guest;
using plan::Affinity;
using plan::CpuSet;

namespace {

// Two LLCs of two cores with two threads: CPUs 0-3 and 4-7.
const plan::Topology smt{1, 2, 2, 2, {}};

// The CPUs of workers 0, 1, ... as lists.
std::vector<std::string> resolved(const Affinity& affinity, const CpuSet& allowed, int workers,
                                  std::uint64_t seed = 1) {
    AffinityResolver resolver(smt, seed);
    std::vector<std::string> lists;
    for (int index = 0; index < workers; ++index) lists.push_back(resolver.resolve(affinity, allowed, index)->list());
    return lists;
}

using Lists = std::vector<std::string>;

// One worker of idle_churn with these attributes, forked and never started.
struct Placed {
    WorkerPool pool = std::move(WorkerPool::create(1, 1, AffinityResolver(smt, 1)).value());
    explicit Placed(plan::Work work) {
        work.name = "idler";
        work.work_type = "idle_churn";
        work.parameters = {{"sleep", std::int64_t{100'000}}};
        const auto spawned = pool.spawn(work, {.cgroup = "hot", .allowed = CpuSet::range(0, 7)});
        if (!spawned) FAIL(spawned.error().text());
    }
    ~Placed() { stop(); }
    Placed(const Placed&) = delete;
    Placed& operator=(const Placed&) = delete;

    [[nodiscard]] pid_t pid() { return pool.workers().at(0).pid; }
    // Lets it work, ends it and says how it ended.
    std::string stop() {
        auto& worker = pool.workers().at(0);
        if (worker.ended) return worker.exit;
        pool.start(monotonic_ns());
        while (worker.slot->iterations == 0 && worker.slot->failure[0] == '\0') ::usleep(500);
        pool.request_stop([](const WorkerProcess&) { return true; }, monotonic_ns());
        int status = 0;
        rusage usage{};
        while (::wait4(worker.pid, &status, WNOHANG, &usage) == 0) {
            ::usleep(500);
            pool.nudge(monotonic_ns());
        }
        pool.reaped(worker.pid, status, usage, monotonic_ns());
        return worker.exit;
    }
};

} // namespace

TEST_CASE("on a machine that counts its CPUs otherwise, LLCs and siblings are those of the machine") {
    AffinityResolver resolver(smt, 1, {0, 8, 2, 10, 1, 9, 3, 11}); // siblings are 8 apart, LLCs every other core
    const CpuSet all = CpuSet::range(0, 15);
    const auto list = [&](Affinity::Kind kind, int index) {
        return resolver.resolve({kind, {}, 2}, all, index)->list();
    };
    CHECK(list(Affinity::Kind::llc_aligned, 0) == "0,2,8,10");
    CHECK(list(Affinity::Kind::llc_aligned, 1) == "1,3,9,11");
    CHECK(list(Affinity::Kind::smt_siblings, 0) == "0");
    CHECK(list(Affinity::Kind::smt_siblings, 1) == "8");
    const auto drawn = resolver.resolve({Affinity::Kind::random, {}, 2}, CpuSet({9, 11, 12}), 0);
    CHECK(drawn->list() == "9,11"); // 12 is not in the topology
    CHECK(resolver.resolve({Affinity::Kind::exact, CpuSet({11}), 0}, all, 0)->list() == "11");
}

TEST_CASE("each kind of affinity gives each worker its CPUs") {
    const CpuSet all = CpuSet::range(0, plan::max_cpus - 1); // what a cgroup without a cpuset may use
    using Kind = Affinity::Kind;
    CHECK(resolved({Kind::inherit}, all, 2) == Lists{"", ""});
    CHECK(resolved({Kind::cross_cgroup}, CpuSet::range(0, 1), 1) == Lists{""});
    CHECK(resolved({Kind::exact, CpuSet::range(1, 2)}, all, 2) == Lists{"1-2", "1-2"});
    CHECK(resolved({Kind::single, CpuSet::range(2, 3)}, all, 3) == Lists{"2", "3", "2"});
    CHECK(resolved({Kind::llc_aligned}, all, 3) == Lists{"0-3", "4-7", "0-3"});
    CHECK(resolved({Kind::llc_aligned}, CpuSet::range(2, 4), 2) == Lists{"2-3", "4"});
    CHECK(resolved({Kind::smt_siblings}, all, 5) == Lists{"0", "1", "2", "3", "4"});
    CHECK(resolved({Kind::smt_siblings}, CpuSet::range(1, 4), 4) == Lists{"2", "3", "2", "3"});
}

TEST_CASE("random CPUs are drawn from the cgroup's, anew for each worker, and by the seed alone") {
    const Affinity two{Affinity::Kind::random, {}, 2};
    const auto lists = resolved(two, CpuSet::range(2, 7), 50);
    std::set<std::string> different(lists.begin(), lists.end());
    CHECK(different.size() > 5);
    for (const auto& list : lists) {
        const auto cpus = CpuSet::parse(list).value();
        CHECK(cpus.size() == 2);
        for (const int cpu : cpus.members()) CHECK((cpu >= 2 && cpu <= 7));
    }
    CHECK(resolved(two, CpuSet::range(2, 7), 50) == lists);
    CHECK(resolved(two, CpuSet::range(2, 7), 50, 2) != lists);
    AffinityResolver resolver(smt, 1);
    const auto refused = resolver.resolve(two, CpuSet::range(3, 3), 0);
    REQUIRE_FALSE(refused.ok());
    CHECK_THAT(refused.error().message, ContainsSubstring("2 random CPUs"));
}

TEST_CASE("SMT siblings where there are none are refused") {
    AffinityResolver resolver({1, 2, 2, 1, {}}, 1);
    const auto refused = resolver.resolve({Affinity::Kind::smt_siblings}, CpuSet::range(0, 3), 0);
    REQUIRE_FALSE(refused.ok());
    CHECK_THAT(refused.error().text(), ContainsSubstring("2 threads per core"));
}

TEST_CASE("a worker has the name that the plan gives it, or that of its group") {
    plan::Work work;
    work.comm = "fifteen_letters";
    Placed placed(work);
    CHECK(placed.stop() == "stopped");
    Placed other{plan::Work{}};
    const std::string path = "/proc/" + std::to_string(other.pid()) + "/comm";
    std::string name;
    while (name != "idler") name = read_kernel_file(path).value(); // it sets its name itself, soon
    Placed named{work};
    const std::string named_path = "/proc/" + std::to_string(named.pid()) + "/comm";
    while (name != "fifteen_letters") name = read_kernel_file(named_path).value();
    CHECK(named.stop() == "stopped");
}

TEST_CASE("a worker runs as the user and group of the plan, or says that it cannot") {
    plan::Work work;
    work.uid = 12345;
    work.gid = 23456;
    Placed placed(work);
    if (::geteuid() != 0) {
        CHECK_THAT(placed.stop(), ContainsSubstring("error: cannot"));
        return;
    }
    const std::string path = "/proc/" + std::to_string(placed.pid()) + "/status";
    std::string status;
    while (status.find("Uid:\t12345\t12345\t12345") == std::string::npos) status = read_kernel_file(path).value();
    CHECK_THAT(status, ContainsSubstring("Gid:\t23456\t23456\t23456"));
    CHECK(placed.stop() == "stopped");
}

TEST_CASE("a memory policy that the kernel does not take ends the worker with the reason") {
    plan::Work work;
    work.memory_policy = plan::MemoryPolicy{plan::MemoryPolicy::Mode::bind, CpuSet::range(100, 100)};
    Placed placed(work);
    CHECK_THAT(placed.stop(), ContainsSubstring("error: cannot set its memory policy"));
}
