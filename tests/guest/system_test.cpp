// SPDX-License-Identifier: GPL-2.0-only
#include "guest/system.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <csignal>

#include "base/fd.h"

using Catch::Matchers::ContainsSubstring;
using namespace ktstr;

TEST_CASE("a crash of the executor is told on standard error before it ends") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(write_end.get(), STDERR_FILENO);
        guest::install_crash_handler();
        ::raise(SIGSEGV);
        ::_exit(0);
    }
    write_end.reset();
    std::string said;
    std::array<char, 256> buffer{};
    for (ssize_t count = 0; (count = ::read(read_end.get(), buffer.data(), buffer.size())) > 0;)
        said.append(buffer.data(), static_cast<std::size_t>(count));
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 128 + SIGSEGV);
    CHECK_THAT(said, ContainsSubstring("ktstr-executor: crashed: Segmentation fault, address 0x"));
}

TEST_CASE("the peak resident set is known and plausible") {
    const auto bytes = guest::peak_resident_bytes();
    CHECK(bytes > 100'000);
    CHECK(bytes < 1ULL << 40U);
}

TEST_CASE("entropy and sysctls that make no sense are refused with a reason") {
    CHECK_THAT(guest::add_entropy("abc").error().message, ContainsSubstring("64 hexadecimal digits"));
    CHECK_THAT(guest::add_entropy(std::string(64, 'x')).error().message, ContainsSubstring("64 hexadecimal digits"));
    const auto applied = guest::apply_sysctl("kernel.no_such_thing", "1");
    REQUIRE(!applied.ok());
    CHECK_THAT(applied.error().text(),
               ContainsSubstring("kernel.no_such_thing") && ContainsSubstring("does not have it"));
}
