// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/cleanup.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/host/made_machine.h"
#include "vmm/host/executor.h"

using namespace ktstr;
using namespace ktstr::test;

namespace fs = std::filesystem;

namespace {

// A machine on which pid 100 was started at 5000 ticks.
struct Leavings {
    MadeMachine machine;
    vmm::CleanupPlaces places{.cgroups = machine.root() / "cgroup",
                              .temporary = machine.root() / "tmp",
                              .cache = machine.root() / "cache",
                              .proc = machine.root() / "proc"};
    Leavings() {
        machine.file("proc/100/stat", "100 (a) 7 (x)) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5000 1 1");
        for (const char* path : {"cgroup", "tmp", "cache/kernels", "cache/templates"}) folder(path);
    }
    void folder(const std::string& path) const { REQUIRE(make_directories(machine.root() / path)); }
    [[nodiscard]] bool there(const std::string& path) const { return fs::exists(machine.root() / path); }
    [[nodiscard]] std::size_t clean(bool dry_run = false) const {
        const auto leftovers = vmm::clean_up(places, dry_run);
        for (const auto& leftover : leftovers) CHECK_FALSE(leftover.kept);
        return leftovers.size();
    }
};

} // namespace

TEST_CASE("a process is told by its start time, whatever its name is") {
    const Leavings leavings;
    CHECK(vmm::process_start_time(100, leavings.places.proc) == 5000);
    CHECK_FALSE(vmm::process_start_time(101, leavings.places.proc));
}

TEST_CASE("cgroups of dead runs are removed with all below them, those of live ones stay") {
    const Leavings leavings;
    leavings.folder("cgroup/ktstr-100/executor-5000");
    leavings.folder("cgroup/ktstr-101/executor-6000");
    leavings.folder("cgroup/ktstr-101/ktstr/hot/inner");
    leavings.folder("cgroup/ktstr-notes");
    leavings.folder("cgroup/system.slice");
    CHECK(leavings.clean() == 1);
    CHECK(leavings.there("cgroup/ktstr-100/executor-5000"));
    CHECK_FALSE(leavings.there("cgroup/ktstr-101"));
    CHECK(leavings.there("cgroup/ktstr-notes"));
    CHECK(leavings.there("cgroup/system.slice"));
}

TEST_CASE("a cgroup whose pid is another program's now is a dead run's, one that is being made is not") {
    const Leavings leavings;
    leavings.folder("cgroup/ktstr-100");
    CHECK(leavings.clean() == 0);
    leavings.folder("cgroup/ktstr-100/executor-4000");
    CHECK(leavings.clean() == 1);
    CHECK_FALSE(leavings.there("cgroup/ktstr-100"));
}

TEST_CASE("directories of dead runs are removed from the temporary folder, and nothing else of it") {
    const Leavings leavings;
    leavings.machine.file("tmp/ktstr-host-101-6000/ktstr/work/a", "x");
    leavings.machine.file("tmp/ktstr-host-100-4000/a", "x");
    leavings.machine.file("tmp/ktstr-host-100-5000/a", "x");
    leavings.machine.file("tmp/ktstr-host-notes/a", "x");
    CHECK(leavings.clean() == 2);
    CHECK(leavings.there("tmp/ktstr-host-100-5000/a"));
    CHECK(leavings.there("tmp/ktstr-host-notes/a"));
}

TEST_CASE("unfinished entries of the caches go when nobody holds their lock") {
    const Leavings leavings;
    leavings.machine.file("cache/kernels/.stage-build-ab12-XyZ123/vmlinux", "x");
    leavings.machine.file("cache/kernels/.making-build-ab12.lock", "");
    leavings.folder("cache/kernels/6.12.1");
    leavings.folder("cache/templates/.stage-cd34-XyZ123"); // without a lock, and young
    {
        const auto held = FileLock::acquire(leavings.machine.root() / "cache/kernels/.making-build-ab12.lock",
                                            FileLock::Mode::exclusive, std::chrono::milliseconds(0));
        REQUIRE(held);
        CHECK(leavings.clean() == 0);
    }
    CHECK(leavings.clean() == 1);
    CHECK_FALSE(leavings.there("cache/kernels/.stage-build-ab12-XyZ123"));
    CHECK(leavings.there("cache/kernels/6.12.1"));
    CHECK(leavings.there("cache/templates/.stage-cd34-XyZ123"));
    fs::last_write_time(leavings.machine.root() / "cache/templates/.stage-cd34-XyZ123",
                        fs::file_time_type::clock::now() - std::chrono::hours(2));
    CHECK(leavings.clean() == 1);
}

TEST_CASE("a dry run says what would go, and leaves it") {
    const Leavings leavings;
    leavings.folder("cgroup/ktstr-101/executor-6000");
    leavings.folder("tmp/ktstr-host-101-6000");
    CHECK(leavings.clean(true) == 2);
    CHECK(leavings.there("cgroup/ktstr-101/executor-6000"));
    CHECK(leavings.there("tmp/ktstr-host-101-6000"));
}
