// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "vmm/kernel/command.h"

using namespace ktstr;

TEST_CASE("A command that fails is reported with its last lines and the path of its log") {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const auto log = CommandLog::create(directory->path() / "logs/build.log");
    REQUIRE(log);
    StopSignals stop;
    std::vector<std::string> lines;
    const auto done = run_logged({{"sh", "-c", "echo one; echo the reason >&2; exit 3"}}, "building", *log, stop,
                                 [&](std::string_view line) { lines.emplace_back(line); });
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find("building failed") != std::string::npos);
    CHECK(done.error().message.find("exit code 3") != std::string::npos);
    CHECK(done.error().message.find("the reason") != std::string::npos);
    CHECK(done.error().hint.find((directory->path() / "logs/build.log").string()) != std::string::npos);
    CHECK(lines == std::vector<std::string>{"one", "the reason"});
}

TEST_CASE("A signal to stop ends the command and everything that it started") {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const auto log = CommandLog::create(directory->path() / "log");
    REQUIRE(log);
    StopSignals stop;
    Fd grandchild;
    // The grandchild ignores the polite signal, as a compiler that hangs would.
    const auto done = run_logged({{"sh", "-c", "(trap '' TERM; sleep 1000) & echo $!; wait"}}, "building", *log, stop,
                                 [&](std::string_view line) {
                                     const auto pid = static_cast<pid_t>(std::stol(std::string(line)));
                                     grandchild = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
                                     ::raise(SIGTERM);
                                 });
    REQUIRE_FALSE(done);
    CHECK(done.error().message == "interrupted while building");
    CHECK(stop.stopped());
    REQUIRE(grandchild);
    pollfd ended{grandchild.get(), POLLIN, 0}; // readable when it is dead; the test hangs if it never dies
    CHECK(::poll(&ended, 1, -1) == 1);
    CHECK_FALSE(run_logged({{"true"}}, "the next step", *log, stop));
}

TEST_CASE("A program that is not there is an error that names it") {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const auto log = CommandLog::create(directory->path() / "log");
    REQUIRE(log);
    StopSignals stop;
    const auto done = run_logged({{"no-such-program-here"}}, "building", *log, stop);
    REQUIRE_FALSE(done);
    CHECK(done.error().message.find("no-such-program-here") != std::string::npos);
}
