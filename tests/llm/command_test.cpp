// SPDX-License-Identifier: GPL-2.0-only
// A command as the model: real processes.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <csignal>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/llm/made_up_prose.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using llm::Reply;

namespace {

struct Folder {
    TemporaryDirectory directory = *TemporaryDirectory::create("ktstr-test-");

    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return directory.path() / name; }
    [[nodiscard]] llm::Settings settings(const std::string& command) const {
        REQUIRE(write_file(path("model"), "the weights"));
        llm::Settings settings;
        settings.command = command;
        settings.model = path("model");
        settings.sha256 = sha256_hex("the weights");
        settings.digests = path("digests");
        return settings;
    }
};

Reply ask(const llm::Settings& settings, const std::string& text = "it took 5 us") {
    return llm::Engine(settings).ask(prose_payload(), text).reply;
}

} // namespace

TEST_CASE("a command gets the prompt and gives the answer") {
    const Folder folder;
    const auto reply = ask(folder.settings("grep -o 'it took 5 us' && echo '{\"t\": 5}'"));
    CHECK(reply.kind == Reply::Kind::answered);
    CHECK(reply.text == "it took 5 us\n{\"t\": 5}\n");
}

TEST_CASE("a command needs the pinned file of its model") {
    const Folder folder;
    auto settings = folder.settings("echo '{}'");
    settings.sha256 = std::string(64, 'b');
    CHECK_THAT(ask(settings).error.text(), ContainsSubstring("is not the one that KTSTR_LLM_SHA256 names"));
    settings.model.clear();
    CHECK_THAT(ask(settings).error.text(), ContainsSubstring("set KTSTR_LLM_MODEL"));
}

TEST_CASE("a command that fails, crashes or is not there is not available, with its last words") {
    const Folder folder;
    const auto failed = ask(folder.settings("echo first >&2; echo no such model >&2; exit 3"));
    CHECK(failed.kind == Reply::Kind::unavailable);
    CHECK(failed.error.message == "KTSTR_LLM_COMMAND ended with exit code 3: no such model");
    CHECK_THAT(ask(folder.settings("kill -SEGV $$")).error.message, ContainsSubstring("signal 11"));
    CHECK_THAT(ask(folder.settings("/nowhere/llama")).error.message, ContainsSubstring("exit code 127"));
    // Its standard error is read to the end.
    CHECK_THAT(ask(folder.settings("yes noise | head -n 200000 >&2; echo the end >&2; exit 1")).error.message,
               ContainsSubstring(": the end"));
}

TEST_CASE("a command that takes too long is ended with all that it has started") {
    const Folder folder;
    auto settings = folder.settings("sleep 1000 & echo $! > " + folder.path("pid").string() + "; wait");
    settings.limit = std::chrono::milliseconds(1000);
    const auto reply = ask(settings);
    CHECK(reply.kind == Reply::Kind::unavailable);
    CHECK_THAT(reply.error.text(), ContainsSubstring("did not end within 1 s") && ContainsSubstring("KTSTR_LLM_LIMIT"));
    const auto pid = read_file(folder.path("pid"));
    if (pid && !pid->empty()) { // on a busy host it may not have come so far
        // Who is killed ends at its own time, and who has ended may be gone.
        const Fd left(static_cast<int>(::syscall(SYS_pidfd_open, std::stoi(*pid), 0)));
        pollfd ends{left.get(), POLLIN, 0};
        CHECK((!left || ::poll(&ends, 1, 60'000) == 1));
    }
}

TEST_CASE("what a command leaves behind does not keep its answer back") {
    const Folder folder;
    const auto reply = ask(folder.settings("sleep 1000 & echo '{\"t\": 1}'"));
    CHECK(reply.text == "{\"t\": 1}\n");
}

TEST_CASE("a command that writes without end is ended") {
    const Folder folder;
    const auto reply = ask(folder.settings("yes"));
    CHECK(reply.kind == Reply::Kind::answered);
    CHECK(reply.text.empty());
    CHECK(reply.problem == "the answer has more than 64 KiB");
}

TEST_CASE("Ctrl-C ends a command") {
    const Folder folder;
    const Fd cancel(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    auto settings = folder.settings("kill -STOP $$");
    settings.cancel_fd = cancel.get();
    settings.limit = std::chrono::hours(1);
    REQUIRE(::eventfd_write(cancel.get(), 1) == 0);
    CHECK(ask(settings).kind == Reply::Kind::cancelled);
}
