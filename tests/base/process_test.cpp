// SPDX-License-Identifier: GPL-2.0-only
#include "base/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <thread>

using namespace ktstr;

TEST_CASE("a command's output and exit code come back") {
    const auto output = run_command({.arguments = {"sh", "-c", "echo out; echo err >&2; exit 3"}}, true);
    REQUIRE(output);
    CHECK(output->exit.exit_code == 3);
    CHECK(output->output.find("out\n") != std::string::npos);
    CHECK(output->output.find("err\n") != std::string::npos);
}

TEST_CASE("standard error is left out unless it is asked for") {
    const auto output = run_command({.arguments = {"sh", "-c", "echo out; echo err >&2"}});
    REQUIRE(output);
    CHECK(output->output == "out\n");
}

TEST_CASE("a program that is not there is an error with its name") {
    const auto process = Process::start({.arguments = {"no-such-program-anywhere"}});
    REQUIRE_FALSE(process);
    CHECK(process.error().message.find("no-such-program-anywhere") != std::string::npos);
}

TEST_CASE("a child that is still running has no exit yet, and is killed with its owner") {
    pid_t pid = 0;
    {
        auto process = Process::start({.arguments = {"sleep", "1000"}});
        REQUIRE(process);
        pid = process->pid();
        CHECK_FALSE(process->wait_for(std::chrono::milliseconds(0)));
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a child dies with the thread that started it, even if its owner forgets it") {
    Fd pidfd;
    std::thread([&pidfd] {
        auto process = Process::start({.arguments = {"sleep", "1000"}});
        pidfd = Fd(::dup(process->pidfd()));
        new Process(std::move(*process)); // forgotten on purpose: only the kernel can end it now
    }).join();
    REQUIRE(pidfd.valid());
    int status = 0;
    // Reaped here: it is this process's child still.
    CHECK(::waitpid(-1, &status, 0) > 0);
    CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("the environment is the parent's with additions, and an added name replaces") {
    ::setenv("KTSTR_TEST_KEPT", "kept", 1);
    ::setenv("KTSTR_TEST_REPLACED", "old", 1);
    const auto output = run_command({.arguments = {"sh", "-c", "echo $KTSTR_TEST_KEPT $KTSTR_TEST_REPLACED"},
                                     .environment = {{"KTSTR_TEST_REPLACED", "new"}}});
    REQUIRE(output);
    CHECK(output->output == "kept new\n");
}

TEST_CASE("an exit is told in words") {
    CHECK(ProcessExit{.exit_code = 3}.text() == "exit code 3");
    CHECK(ProcessExit{.signal = 9}.text() == "signal 9 (Killed)");
}
