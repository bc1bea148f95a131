// SPDX-License-Identifier: GPL-2.0-only
// Programs and what they write and leave behind, on the host.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <poll.h>
#include <sys/wait.h>

#include <csignal>

#include "base/file.h"
#include "guest/bounded_output.h"
#include "guest/clock.h"
#include "guest/payload_process.h"

using namespace ktstr;
using namespace ktstr::guest;
using Catch::Matchers::ContainsSubstring;

namespace {

// Polls until `done`, reading what comes; fails after a time that no loaded host needs.
template <typename Done> void poll_until(PayloadProcess& payload, BoundedOutput& output, Done done) {
    const std::uint64_t limit = monotonic_ns() + 120 * ns_per_s;
    while (!done()) {
        REQUIRE(monotonic_ns() < limit);
        pollfd entries[] = {{payload.status_fd(), POLLIN, 0}, {payload.output_fds()[0], POLLIN, 0}};
        ::poll(entries, 2, 5);
        payload.read_status();
        if (payload.output_fds()[0] >= 0) output.append(payload.read_output(0));
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) payload.reaped(pid);
    }
}

Result<PayloadProcess> shell(const std::string& script) {
    return PayloadProcess::start({.path = "/bin/sh", .arguments = {"-c", script}, .directory = "/tmp"});
}

} // namespace

TEST_CASE("of an output without end its beginning and its end are kept, and the rest is counted") {
    BoundedOutput output(10);
    output.append("12345");
    CHECK(output.text() == "12345");
    output.append("67890");
    CHECK(output.text() == "1234567890");
    CHECK(output.dropped_bytes() == 0);
    output.append("a");
    CHECK(output.dropped_bytes() == 1);
    CHECK(output.text() == "12345\n[1 bytes are left out here]\n7890a");
    for (int i = 0; i < 1000; ++i) output.append("bcdefghijklmnopqrstuvwxyz");
    CHECK(output.text() == "12345\n[25001 bytes are left out here]\nvwxyz");
    CHECK(output.total_bytes() == 25011);
}

TEST_CASE("pieces of every size are kept alike") {
    std::string all;
    for (int i = 0; i < 300; ++i) all += std::to_string(i) + ",";
    BoundedOutput whole(64);
    whole.append(all);
    for (std::size_t size = 1; size < 80; ++size) {
        BoundedOutput pieces(64);
        for (std::size_t at = 0; at < all.size(); at += size) pieces.append(std::string_view(all).substr(at, size));
        CHECK(pieces.text() == whole.text());
    }
}

TEST_CASE("a program's exit code and output come back") {
    auto payload = shell("echo to out; exit 3");
    REQUIRE(payload);
    BoundedOutput output;
    poll_until(*payload, output, [&] { return payload->gone() && payload->output_fds()[0] < 0; });
    CHECK(payload->exit()->exit_code == 3);
    CHECK(output.text() == "to out\n");
    CHECK(payload->ended_ns() >= payload->started_ns());
}

TEST_CASE("a program that cannot be executed says so with its errno by name") {
    for (const auto& [path, name] : {std::pair("/nowhere/program", "ENOENT"), std::pair("/etc/passwd", "EACCES")}) {
        auto payload = PayloadProcess::start({.path = path, .arguments = {}, .directory = "/"});
        REQUIRE(payload);
        BoundedOutput output;
        poll_until(*payload, output, [&] { return payload->gone(); });
        CHECK(payload->ended());
        REQUIRE(payload->start_error());
        CHECK_THAT(*payload->start_error(), ContainsSubstring(name));
    }
    auto nowhere = PayloadProcess::start({.path = "/bin/true", .arguments = {}, .directory = "/nowhere"});
    REQUIRE(nowhere);
    BoundedOutput output;
    poll_until(*nowhere, output, [&] { return nowhere->gone(); });
    CHECK_THAT(nowhere->start_error().value_or(""), ContainsSubstring("cannot enter it: ENOENT"));
}

TEST_CASE("a program that daemonizes in another session is found and killed with all that it has started") {
    auto payload = shell("setsid sh -c 'sleep 1000 & sleep 1000' & setsid -f sleep 1000; echo up");
    REQUIRE(payload);
    BoundedOutput output;
    poll_until(*payload, output, [&] { return payload->exit().has_value() && output.text() == "up\n"; });
    CHECK_FALSE(payload->gone());
    poll_until(*payload, output, [&] { return payload->processes().size() >= 4; });
    const auto left = payload->processes();
    CHECK(payload->kill_all() >= 4);
    poll_until(*payload, output, [&] { return payload->gone(); });
    CHECK(payload->processes().empty());
    CHECK(payload->exit()->exit_code == 0);
    for (const pid_t pid : left) CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a program that is stopped and one that ignores every signal are killed") {
    for (const char* script : {"kill -STOP $$", "trap '' TERM INT HUP; while :; do sleep 1000; done"}) {
        auto payload = shell(script);
        REQUIRE(payload);
        BoundedOutput output;
        poll_until(*payload, output, [&] { return payload->started(); });
        payload->send_signal(SIGTERM);
        payload->kill_all();
        poll_until(*payload, output, [&] { return payload->gone(); });
        CHECK(payload->exit()->signal > 0);
    }
}

TEST_CASE("a program that writes without end is read without end") {
    auto payload = shell("while :; do echo 0123456789012345678901234567890123456789; done");
    REQUIRE(payload);
    BoundedOutput output(1000);
    poll_until(*payload, output, [&] { return output.total_bytes() > 1'000'000; });
    payload->kill_all();
    poll_until(*payload, output, [&] { return payload->gone() && payload->output_fds()[0] < 0; });
    CHECK(output.text().size() < 1100);
    CHECK(output.dropped_bytes() + 1000 == output.total_bytes());
}
