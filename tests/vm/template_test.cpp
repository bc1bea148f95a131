// SPDX-License-Identifier: GPL-2.0-only
// Runs that start from a saved machine, and what happens when it is not what it was.
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <fstream>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* scenario = R"(
scenario "short" {
  duration 200ms
  cgroup hot { workers 2 of spin_wait }
}
)";

// A sandbox with a cache of its own that has the user's kernels.
struct Cache {
    Cache() {
        sandbox.write("a.ktl", scenario);
        fs::create_directories(sandbox.path("cache/ktstr"));
        fs::create_symlink(cache_directory() / "kernels", sandbox.path("cache/ktstr/kernels"));
    }
    [[nodiscard]] fs::path templates() const { return sandbox.path("cache/ktstr/templates"); }
    [[nodiscard]] std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> all = {
            "env",    "XDG_CACHE_HOME=" + sandbox.path("cache").string(), KTSTR_PROGRAM, "run", "a.ktl", "--out",
            "records"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    [[nodiscard]] Outcome run(const std::vector<std::string>& more = {}) const {
        auto outcome = run_ktstr(sandbox, arguments(more));
        INFO(outcome.output << outcome.errors);
        CHECK(outcome.exit.exit_code == 0);
        return outcome;
    }
    // Whether the last run started from a saved machine.
    [[nodiscard]] bool restored() const {
        for (const auto& entry : fs::recursive_directory_iterator(sandbox.path("work/records")))
            if (entry.path().string().ends_with(".ktstr.json"))
                return nlohmann::json::parse(*read_file(entry.path()))["restored"].get<bool>();
        return false;
    }
    [[nodiscard]] std::vector<fs::path> entries() const {
        std::vector<fs::path> found;
        std::error_code code;
        for (const auto& entry : fs::directory_iterator(templates(), code))
            if (!entry.path().filename().string().starts_with(".")) found.push_back(entry.path());
        return found;
    }
    Sandbox sandbox;
};

bool notes(const Outcome& outcome) { return outcome.errors.find("saved machine") != std::string::npos; }

void damage(const fs::path& file) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(100);
    stream << std::string(2000, '\x5a');
}

} // namespace

TEST_CASE("the second run starts from a saved machine, and --cold boots all the same") {
    const Cache cache;
    CHECK_FALSE(notes(cache.run()));
    CHECK_FALSE(cache.restored());
    CHECK(cache.entries().size() == 1);
    CHECK_FALSE(notes(cache.run()));
    CHECK(cache.restored());
    CHECK_FALSE(notes(cache.run({"--cold"})));
    CHECK_FALSE(cache.restored());
    CHECK(cache.sandbox.leftovers().empty());
}

TEST_CASE("a truncated saved machine costs a line and a boot, and the next run has a good one again") {
    const Cache cache;
    (void)cache.run();
    fs::resize_file(cache.entries().at(0) / "memory", 1U << 20U);
    CHECK(notes(cache.run()));
    CHECK_FALSE(cache.restored());
    CHECK_FALSE(notes(cache.run()));
    CHECK(cache.restored());
}

TEST_CASE("a state that QEMU cannot read costs a line and a boot, and the next run has a good one again") {
    const Cache cache;
    (void)cache.run();
    const fs::path state = cache.entries().at(0) / "state";
    const auto time = fs::last_write_time(state);
    damage(state);
    fs::last_write_time(state, time); // so that only QEMU can notice
    CHECK(notes(cache.run()));
    CHECK_FALSE(cache.restored());
    CHECK_FALSE(notes(cache.run()));
    CHECK(cache.restored());
}

TEST_CASE("content that changed is noticed on the first use after a boot of the host") {
    const Cache cache;
    (void)cache.run();
    const fs::path entry = cache.entries().at(0);
    auto metadata = nlohmann::json::parse(*read_file(entry / "metadata.json"));
    metadata["boot_id"] = "an earlier one";
    REQUIRE(write_file(entry / "metadata.json", metadata.dump()));
    CHECK_FALSE(notes(cache.run()));
    CHECK(cache.restored());
    const auto time = fs::last_write_time(entry / "memory");
    damage(entry / "memory");
    fs::last_write_time(entry / "memory", time);
    REQUIRE(write_file(entry / "metadata.json", metadata.dump()));
    CHECK(notes(cache.run()));
    CHECK_FALSE(cache.restored());
}

TEST_CASE("two runs that need the same machine at once both pass and save it once") {
    const Cache cache;
    Running one(cache.sandbox, cache.arguments());
    Running two(cache.sandbox, cache.arguments());
    CHECK(one.finish().exit.exit_code == 0);
    CHECK(two.finish().exit.exit_code == 0);
    CHECK(cache.entries().size() == 1);
    (void)cache.run();
    CHECK(cache.restored());
}

TEST_CASE("a run that is killed while it saves leaves nothing that a later one would take for whole") {
    const Cache cache;
    Running killed(cache.sandbox, cache.arguments());
    const auto staged = [&cache] {
        std::error_code code;
        for (const auto& entry : fs::directory_iterator(cache.templates(), code))
            if (entry.path().filename().string().starts_with(".stage-")) return true;
        return false;
    };
    while (!staged() && cache.entries().empty()) REQUIRE_FALSE(killed.process().wait_for(std::chrono::milliseconds(1)));
    killed.process().kill();
    (void)killed.finish();
    (void)cache.run();
    (void)cache.run();
    CHECK(cache.restored());
}

TEST_CASE("a restored machine that is killed is told as such, and the saved one stays") {
    const Cache cache;
    (void)cache.run();
    Running running(cache.sandbox, cache.arguments({"--duration", "600s"}));
    const auto machine = [&cache]() -> pid_t {
        for (const auto& [pid, name] : cache.sandbox.processes())
            if (name.starts_with("qemu")) return pid;
        return 0;
    };
    while (machine() == 0) REQUIRE_FALSE(running.process().wait_for(std::chrono::milliseconds(1)));
    ::kill(machine(), SIGKILL);
    const auto outcome = running.finish();
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 70);
    CHECK(cache.entries().size() == 1);
}

TEST_CASE("the least recently used machines go when the cache is over its limit") {
    const Cache cache;
    (void)cache.run();
    const auto first = cache.entries().at(0);
    auto outcome = run_ktstr(cache.sandbox,
                             {"env", "KTSTR_TEMPLATE_LIMIT=1", "XDG_CACHE_HOME=" + cache.sandbox.path("cache").string(),
                              KTSTR_PROGRAM, "run", "a.ktl", "--out", "records", "--topology", "1n1l1c1t"});
    CHECK(outcome.exit.exit_code == 0);
    REQUIRE(cache.entries().size() == 1);
    CHECK(cache.entries().at(0) != first);
}

TEST_CASE("a cache that is full or read-only is no obstacle: one line, and every run boots") {
    for (const char* options : {"size=4m", "ro"}) {
        const Cache cache;
        fs::create_directories(cache.templates());
        const std::string script = "mount -t tmpfs -o " + std::string(options) + " none " + cache.templates().string() +
                                   " && XDG_CACHE_HOME=" + cache.sandbox.path("cache").string() + " exec " +
                                   KTSTR_PROGRAM + " run a.ktl --out records";
        const auto outcome = run_ktstr(cache.sandbox, {"unshare", "-r", "-m", "sh", "-c", script});
        INFO(outcome.output << outcome.errors);
        CHECK(outcome.exit.exit_code == 0);
        CHECK(outcome.errors.find("could not be saved") != std::string::npos);
    }
}
