// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/host/file.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <random>

#include "base/file.h"
#include "ctprof/document.h"
#include "tests/ctprof/made_capture.h"

using namespace ktstr;
using namespace ktstr::ctprof;
using namespace ktstr::ctprof::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Folder {
    TemporaryDirectory directory = TemporaryDirectory::create("ktstr-ctprof-").value();
    [[nodiscard]] std::string file() const { return (directory.path() / "a.ctprof.zst").string(); }
};

} // namespace

TEST_CASE("a capture is written to a file and read again") {
    const Folder folder;
    REQUIRE(write_capture(folder.file(), made_capture()).ok());
    const auto read = read_capture(folder.file());
    REQUIRE(read.ok());
    CHECK(to_document(*read) == to_document(made_capture()));
    CHECK(read_file(folder.file())->starts_with("\x28\xb5\x2f\xfd")); // zstd's magic, RFC 8878, 3.1.1
}

TEST_CASE("a file that is cut off anywhere, or has something behind its end, is refused by its name") {
    const Folder folder;
    REQUIRE(write_capture(folder.file(), made_capture()).ok());
    const std::string whole = *read_file(folder.file());
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK_FALSE(decompress(std::string_view(whole).substr(0, size), 1U << 20U).ok());
    for (const std::size_t size : {std::size_t{0}, std::size_t{3}, whole.size() / 2, whole.size() - 1}) {
        REQUIRE(write_file(folder.file(), std::string_view(whole).substr(0, size)).ok());
        const auto read = read_capture(folder.file());
        REQUIRE_FALSE(read.ok());
        CHECK_THAT(read.error().message, ContainsSubstring(folder.file()));
    }
    REQUIRE(write_file(folder.file(), whole + "x").ok());
    CHECK_FALSE(read_capture(folder.file()).ok());
    REQUIRE(write_file(folder.file(), whole + whole).ok());
    CHECK_FALSE(read_capture(folder.file()).ok());
}

TEST_CASE("random bytes, and whole files with bytes changed, are refused or read, and nothing worse") {
    const std::string whole = *compress(to_document(made_capture()));
    std::mt19937 random(2);
    for (int i = 0; i < 500; ++i) {
        std::string bytes(random() % 400, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        CHECK_FALSE(decompress(bytes, 1U << 20U).ok());
        CHECK_FALSE(decompress(whole.substr(0, 4) + bytes, 1U << 20U).ok());
        std::string changed = whole;
        changed[random() % changed.size()] = static_cast<char>(random());
        if (const auto document = decompress(changed, 1U << 20U)) (void)parse_document(*document);
    }
}

TEST_CASE("what unpacks to more than is read is refused before it fills the memory") {
    const auto bomb = compress(std::string(32U << 20U, ' '));
    REQUIRE(bomb.ok());
    CHECK(bomb->size() < 20'000);
    const auto unpacked = decompress(*bomb, 1U << 20U);
    REQUIRE_FALSE(unpacked.ok());
    CHECK_THAT(unpacked.error().message, ContainsSubstring("more than the 1 MiB"));
    CHECK(decompress(*bomb, 32U << 20U).ok());
}

TEST_CASE("a file that is whole but no capture is refused by its name") {
    const Folder folder;
    REQUIRE(write_file(folder.file(), *compress("{\"a\": 1}")).ok());
    const auto read = read_capture(folder.file());
    REQUIRE_FALSE(read.ok());
    CHECK_THAT(read.error().message, ContainsSubstring(folder.file()) && ContainsSubstring("not a ctprof capture"));
    CHECK_FALSE(read_capture("/nonexistent/a.ctprof.zst").ok());
}
