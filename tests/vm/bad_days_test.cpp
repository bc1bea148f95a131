// SPDX-License-Identifier: GPL-2.0-only
// Bad input and bad days: each gives one clear message and the right exit code, and leaves nothing behind.
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <unistd.h>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace {

std::string scenario(const std::string& body, const std::string& before = "") {
    return before + "\nscenario \"bad day\" {\n" + body + "\n}\n";
}

std::string with_fault(const std::string& arguments) {
    return scenario("  scheduler bad\n  duration 20s\n  cgroup hot { workers 2 of spin_wait }\n  expect { progress }",
                    "scheduler bad { binary \"scx_ktstr\"  args [" + arguments + "] }");
}

constexpr const char* long_run = R"(
scenario "long one" {
  duration 600s
  cgroup hot { workers 1 of spin_wait }
}
scenario "long two" {
  duration 600s
  cgroup hot { workers 1 of spin_wait }
}
scenario "long three" {
  duration 600s
  cgroup hot { workers 1 of spin_wait }
}
scenario "long four" {
  duration 600s
  cgroup hot { workers 1 of spin_wait }
}
)";

Outcome run_text(const Sandbox& sandbox, const std::string& text, std::vector<std::string> more = {}) {
    sandbox.write("a.ktl", text);
    std::vector<std::string> arguments = {"run", "a.ktl", "--out", "records"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_ktstr(sandbox, arguments);
}

bool says(const Outcome& outcome, const std::string& text) {
    return outcome.output.find(text) != std::string::npos || outcome.errors.find(text) != std::string::npos;
}

// The pids of the virtual machines of this sandbox.
std::vector<pid_t> machines(const Sandbox& sandbox) {
    std::vector<pid_t> pids;
    for (const auto& [pid, name] : sandbox.processes())
        if (name.starts_with("qemu")) pids.push_back(pid);
    return pids;
}

// However long it takes; fails if ktstr ends before.
void wait_for_machines(const Sandbox& sandbox, Running& running, std::size_t count) {
    while (machines(sandbox).size() < count) REQUIRE_FALSE(running.process().wait_for(std::chrono::milliseconds(50)));
}

} // namespace

TEST_CASE("a syntax error points at file, line and column, and nothing boots") {
    const Sandbox sandbox;
    const auto outcome = run_text(sandbox, "scenario \"x\" {\n  duration banana\n}\n");
    CHECK(outcome.exit.exit_code == 64);
    CHECK(says(outcome, "a.ktl:2:12"));
}

TEST_CASE("a path that is not there, and an option that is not known, are usage errors") {
    const Sandbox sandbox;
    CHECK(run_ktstr(sandbox, {"run", "nowhere.ktl"}).exit.exit_code == 64);
    CHECK(run_ktstr(sandbox, {"run", "--no-such-option"}).exit.exit_code == 64);
    CHECK(run_ktstr(sandbox, {}).exit.exit_code == 64);
}

TEST_CASE("an unknown scheduler binary is named with the places looked at") {
    const Sandbox sandbox;
    const auto outcome =
        run_text(sandbox, scenario("  scheduler gone\n  duration 300ms\n  cgroup hot { workers 1 of spin_wait }",
                                   "scheduler gone { binary \"scx_nowhere\" }"));
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 64);
    CHECK(says(outcome, "there is no program 'scx_nowhere'"));
    CHECK(says(outcome, "KTSTR_SCHEDULER"));
}

TEST_CASE("a scheduler that exits at once fails the run with its exit code") {
    const Sandbox sandbox;
    const auto outcome = run_text(sandbox, with_fault("\"--fault\", \"exit\""));
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK(says(outcome, "exit"));
    CHECK(says(outcome, "3"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("a scheduler that crashes in mid-run fails the run with the kernel's reason and its log") {
    const Sandbox sandbox;
    const auto outcome = run_text(sandbox, with_fault("\"--fault\", \"crash\", \"--fault-after\", \"300\""));
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK(says(outcome, "ktstr fault: crash"));
    CHECK(says(outcome, "Scheduler's log"));
}

TEST_CASE("a scheduler that the verifier rejects fails the run with the verifier's words") {
    const Sandbox sandbox;
    const auto outcome = run_text(sandbox, with_fault("\"--fault\", \"verify\""));
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK(says(outcome, "processed"));
}

TEST_CASE("a kernel that is not a kernel is refused before anything boots") {
    const Sandbox sandbox;
    sandbox.write("kernel", "this is no kernel\n");
    const auto outcome = run_text(sandbox, scenario("  duration 300ms\n  cgroup hot { workers 1 of spin_wait }"),
                                  {"--kernel", "./kernel"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 64);
    CHECK(says(outcome, "./kernel"));
    CHECK(
        run_text(sandbox, scenario("  duration 300ms\n  cgroup hot { workers 1 of spin_wait }"), {"--kernel", "99.99"})
            .exit.exit_code == 64);
}

TEST_CASE("a kernel that panics at boot ends the run with the panic's line") {
    const Sandbox sandbox;
    // Without an init the kernel panics, on every version.
    const auto outcome = run_text(
        sandbox,
        scenario("  duration 300ms\n  kernel_args [\"rdinit=/nowhere\"]\n  cgroup hot { workers 1 of spin_wait }"));
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK(says(outcome, "Kernel panic"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("a worker that eats all memory is killed, and the run fails with that", "[waits]") {
    const Sandbox sandbox;
    const auto outcome = run_text(
        sandbox, scenario("  duration 12s\n  memory 96MiB\n  cgroup hog { workers 1 of memory_hog(step: 8MiB) }"));
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    CHECK(says(outcome, "signal 9"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("a virtual machine that is killed is told from a scheduler's failure") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", long_run);
    Running running(sandbox, {"run", "a.ktl", "--filter", "long one", "--out", "records", "--cold"});
    wait_for_machines(sandbox, running, 1);
    for (const pid_t pid : machines(sandbox)) ::kill(pid, SIGKILL);
    const auto outcome = running.finish();
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 70);
    CHECK(says(outcome, "signal 9"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("a QEMU that crashes while the guest boots is started once more, and a second crash is the host's failure") {
    const Sandbox sandbox;
    sandbox.write("a.ktl",
                  scenario("  duration 300ms\n  cgroup hot { workers 1 of spin_wait }\n  expect { progress }"));
    std::filesystem::create_directory(sandbox.path("work") / "bin");
    const auto crashes = sandbox.path("work") / "crashes"; // one byte for each that is to come
    const auto qemu = sandbox.write("bin/qemu-system-x86_64", R"(#!/bin/sh
here=$(dirname "$0")/..
case $* in
*virtserialport*) # not the probe of what this QEMU can do
    if [ -s "$here/crashes" ]; then
        truncate -s -1 "$here/crashes"
        kill -ABRT $$
    fi ;;
esac
PATH=${PATH#*:} exec qemu-system-x86_64 "$@"
)");
    std::filesystem::permissions(qemu, std::filesystem::perms::owner_all);
    const auto run = [&](const std::string& coming) {
        REQUIRE(write_file(crashes, coming));
        return run_ktstr(sandbox, {"env", "PATH=" + qemu.parent_path().string() + ":" + std::getenv("PATH"),
                                   KTSTR_PROGRAM, "run", "a.ktl", "--cold", "--accel", "tcg", "--out", "records"});
    };
    const auto once = run("1");
    INFO(once.output << once.errors);
    CHECK(once.exit.exit_code == 0);
    CHECK(says(once, "the machine did not come up: QEMU ended: signal 6"));
    const auto twice = run("22");
    INFO(twice.output << twice.errors);
    CHECK(twice.exit.exit_code == 70);
    CHECK(says(twice, "in the phase 'boot': QEMU ended: signal 6"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("Ctrl-C and SIGTERM with four machines running end all of them at once and leave nothing") {
    for (const int signal : {SIGINT, SIGTERM}) {
        const Sandbox sandbox;
        sandbox.write("a.ktl", long_run);
        Running running(sandbox, {"run", "a.ktl", "--jobs", "4", "--out", "records"});
        while (machines(sandbox).size() < 4) REQUIRE_FALSE(running.process().wait_for(std::chrono::milliseconds(50)));
        running.process().send_signal(signal);
        const auto outcome = running.finish();
        INFO(outcome.output << outcome.errors);
        CHECK(outcome.exit.exit_code == 130);
        CHECK(sandbox.leftovers().empty());
    }
}

TEST_CASE("a ktstr that is killed takes its machines along") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", long_run);
    Running running(sandbox, {"run", "a.ktl", "--jobs", "2", "--out", "records"});
    wait_for_machines(sandbox, running, 2);
    running.process().kill();
    running.finish();
    while (!machines(sandbox).empty()) ::usleep(20000); // the kernel kills them; ctest's limit ends a wait in vain
    CHECK(sandbox.leftovers().empty());
}

// Both wait for a watchdog, so they wait at once.
TEST_CASE("a scheduler that hangs before it attaches, and a guest that stands still, are given up by the watchdog",
          "[waits]") {
    const Sandbox hanging;
    const Sandbox still;
    hanging.write("a.ktl", with_fault("\"--fault\", \"hang\""));
    still.write("a.ktl", scenario("  duration 3s\n  cgroup hot { workers 1 of spin_wait }"));
    Running first(hanging, {"run", "a.ktl", "--out", "records"});
    Running second(still, {"run", "a.ktl", "--out", "records", "--cold"});
    wait_for_machines(still, second, 1);
    for (const pid_t pid : machines(still)) ::kill(pid, SIGSTOP);
    const auto hung = first.finish();
    INFO(hung.output << hung.errors);
    CHECK(hung.exit.exit_code == 1);
    CHECK(says(hung, "attach"));
    CHECK(hanging.leftovers().empty());
    const auto stopped = second.finish();
    INFO(stopped.output << stopped.errors);
    CHECK(stopped.exit.exit_code == 1);
    CHECK((says(stopped, "did not get through the phase") || says(stopped, "did not answer within")));
    CHECK(still.leftovers().empty());
}

TEST_CASE("a full disk under --out is told, the exit code is the host's, and no record is half written") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", scenario("  duration 300ms\n  cgroup hot { workers 1 of spin_wait }"));
    const std::string script =
        "mkdir -p full && mount -t tmpfs -o size=16k none full && dd if=/dev/zero of=full/ballast bs=1k 2>/dev/null; " +
        std::string(KTSTR_PROGRAM) + " run a.ktl --out full; code=$?; find full -type f; exit $code";
    const auto outcome = run_ktstr(sandbox, {"unshare", "-r", "-m", "sh", "-c", script});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 70);
    CHECK(says(outcome, "No space left on device"));
    CHECK(outcome.output.find(".ktstr.json") == std::string::npos); // find's listing
}

TEST_CASE("a read-only cache is no obstacle to a run") {
    const Sandbox sandbox;
    sandbox.write("a.ktl", scenario("  duration 300ms\n  cgroup hot { workers 1 of spin_wait }"));
    const std::string script = "mount --bind \"$(dirname \"$CACHE\")\" \"$(dirname \"$CACHE\")\" && mount -o "
                               "remount,ro,bind \"$(dirname \"$CACHE\")\" && exec " +
                               std::string(KTSTR_PROGRAM) + " run a.ktl --out records";
    const auto outcome =
        run_ktstr(sandbox, {"unshare", "-r", "-m", "env", "CACHE=" + cache_directory().string(), "sh", "-c", script});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
}
