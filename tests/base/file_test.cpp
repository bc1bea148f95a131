// SPDX-License-Identifier: GPL-2.0-only
#include "base/file.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <fstream>

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

std::size_t entries(const fs::path& directory) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

} // namespace

TEST_CASE("a written file replaces the old one and leaves nothing beside it") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const fs::path path = directory->path() / "file";
    REQUIRE(write_file(path, "old"));
    REQUIRE(write_file(path, "new"));
    CHECK(*read_file(path) == "new");
    CHECK(entries(directory->path()) == 1);
}

TEST_CASE("a write that does not fit leaves the old file and no stage file") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const fs::path path = directory->path() / "file";
    REQUIRE(write_file(path, "old"));
    const pid_t child = ::fork();
    if (child == 0) {
        // A file size limit fails the write in the middle, as a full disk does.
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{4096, 4096};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto written = write_file(path, std::string(100000, 'x'));
        ::_exit(written.ok() ? 1 : 0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(*read_file(path) == "old");
    CHECK(entries(directory->path()) == 1);
}

TEST_CASE("a write into a directory that is not there says so and names the file") {
    const auto written = write_file("/nonexistent/file", "x");
    REQUIRE_FALSE(written);
    CHECK(written.error().message.find("/nonexistent/file") != std::string::npos);
}

TEST_CASE("a file over the limit is refused") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(write_file(directory->path() / "file", std::string(1000, 'x')));
    CHECK_FALSE(read_file(directory->path() / "file", 999));
    CHECK(read_file(directory->path() / "file", 1000));
}

TEST_CASE("files under /proc are read whole though their size is zero") {
    const auto status = read_file("/proc/self/status");
    REQUIRE(status);
    CHECK(status->find("VmRSS") != std::string::npos);
}

TEST_CASE("a temporary directory goes with its content, unless it was handed over") {
    fs::path gone;
    fs::path kept;
    {
        auto first = TemporaryDirectory::create("ktstr-test-");
        auto second = TemporaryDirectory::create("ktstr-test-");
        REQUIRE(first);
        REQUIRE(second);
        gone = first->path();
        std::ofstream(gone / "content") << "x";
        kept = second->release();
    }
    CHECK_FALSE(fs::exists(gone));
    CHECK(fs::exists(kept));
    fs::remove_all(kept);
}

TEST_CASE("a lock is exclusive, a time-out names its holder, and a release lets the next one in") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const fs::path path = directory->path() / "lock";
    {
        auto held = FileLock::acquire(path, FileLock::Mode::exclusive, std::chrono::seconds(30));
        REQUIRE(held);
        const auto second = FileLock::acquire(path, FileLock::Mode::exclusive, std::chrono::milliseconds(1));
        REQUIRE_FALSE(second);
        CHECK(second.error().message.find("pid " + std::to_string(::getpid())) != std::string::npos);
    }
    CHECK(FileLock::acquire(path, FileLock::Mode::exclusive, std::chrono::seconds(30)));
}

TEST_CASE("shared locks are held together") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const fs::path path = directory->path() / "lock";
    const auto first = FileLock::acquire(path, FileLock::Mode::shared, std::chrono::seconds(30));
    const auto second = FileLock::acquire(path, FileLock::Mode::shared, std::chrono::seconds(30));
    CHECK(first);
    CHECK(second);
    CHECK_FALSE(FileLock::acquire(path, FileLock::Mode::exclusive, std::chrono::milliseconds(1)));
}
