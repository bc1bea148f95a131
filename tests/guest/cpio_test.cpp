// SPDX-License-Identifier: GPL-2.0-only
#include "guest/cpio.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdio>
#include <filesystem>

#include "base/file.h"

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using ktstr::guest::CpioUnpacker;

namespace {

void pad(std::string& archive) { archive.resize((archive.size() + 3) / 4 * 4, '\0'); }

std::string entry(const std::string& name, unsigned mode, const std::string& content, unsigned links = 1) {
    std::array<char, 111> header{};
    std::snprintf(header.data(), header.size(), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1U, mode,
                  0U, 0U, links, 0U, static_cast<unsigned>(content.size()), 0U, 0U, 0U, 0U,
                  static_cast<unsigned>(name.size() + 1), 0U);
    std::string text(header.data());
    text += name;
    text += '\0';
    pad(text);
    text += content;
    pad(text);
    return text;
}

std::string trailer() { return entry("TRAILER!!!", 0, ""); }

struct Unpacked {
    ktstr::TemporaryDirectory directory = std::move(ktstr::TemporaryDirectory::create("ktstr-cpio-").value());
    CpioUnpacker unpacker{directory.path().string()};

    ktstr::Result<void> all(const std::string& archive, std::size_t chunk = 1U << 20U) {
        for (std::size_t at = 0; at < archive.size(); at += chunk)
            if (auto fed = unpacker.feed(std::string_view(archive).substr(at, chunk)); !fed) return fed;
        return unpacker.finish();
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        return ktstr::read_file(directory.path() / name).value();
    }
};

} // namespace

TEST_CASE("an archive gives its files, directories and symbolic links, however its bytes are cut") {
    const std::string big(100000, 'x');
    const std::string archive = entry("usr", S_IFDIR | 0755, "") + entry("usr/bin/scx", S_IFREG | 0755, "program") +
                                entry("big", S_IFREG | 0600, big) + entry("empty", S_IFREG | 0644, "") +
                                entry("./link", S_IFLNK | 0777, "usr/bin/scx") + trailer() + std::string(512, '\0');
    for (const std::size_t chunk : {1U, 7U, 4096U, 1U << 20U}) {
        Unpacked unpacked;
        const auto done = unpacked.all(archive, chunk);
        REQUIRE(done.ok());
        CHECK(unpacked.content("usr/bin/scx") == "program");
        CHECK(unpacked.content("big") == big);
        CHECK(unpacked.content("empty").empty());
        CHECK(unpacked.content("link") == "program");
        struct stat status {};
        REQUIRE(::stat((unpacked.directory.path() / "usr/bin/scx").c_str(), &status) == 0);
        CHECK((status.st_mode & 07777U) == 0755U);
    }
}

TEST_CASE("unpacking replaces files and links that are there, and does not write through links") {
    Unpacked unpacked;
    const fs::path root = unpacked.directory.path();
    fs::create_symlink("/nonexistent/victim", root / "file");
    REQUIRE(unpacked
                .all(entry("file", S_IFREG | 0644, "new") + entry("file2", S_IFLNK | 0777, "a") +
                     entry("file2", S_IFLNK | 0777, "file") + trailer())
                .ok());
    CHECK(fs::is_regular_file(fs::symlink_status(root / "file")));
    CHECK(fs::read_symlink(root / "file2") == "file");
}

TEST_CASE("an archive that is cut off anywhere is refused") {
    const std::string archive = entry("a/b", S_IFREG | 0644, "content") + trailer();
    for (std::size_t size = 0; size < archive.size(); ++size) {
        Unpacked unpacked;
        // Only the padding after the trailer's name may be missing.
        const bool whole = size == archive.size();
        CHECK(unpacked.all(archive.substr(0, size)).ok() == whole);
    }
}

TEST_CASE("a damaged archive is refused with the place and the reason") {
    const auto error_of = [](const std::string& archive) {
        Unpacked unpacked;
        const auto done = unpacked.all(archive);
        return done ? std::string("no error") : done.error().message;
    };
    std::string magic = entry("a", S_IFREG | 0644, "x") + entry("b", S_IFREG | 0644, "y") + trailer();
    magic[entry("a", S_IFREG | 0644, "x").size()] = '9';
    CHECK_THAT(error_of(magic), ContainsSubstring("damaged at byte 116") && ContainsSubstring("no newc header"));
    std::string hex = entry("a", S_IFREG | 0644, "x") + trailer();
    hex[6 + 8 * 6] = 'z'; // of the size
    CHECK_THAT(error_of(hex), ContainsSubstring("not hexadecimal"));
    CHECK_THAT(error_of(entry("../etc/passwd", S_IFREG | 0644, "x") + trailer()), ContainsSubstring("leads out"));
    CHECK_THAT(error_of(entry("usr/../../x", S_IFREG | 0644, "x") + trailer()), ContainsSubstring("leads out"));
    CHECK_THAT(error_of(entry("disk", S_IFBLK | 0644, "") + trailer()), ContainsSubstring("neither a file"));
    CHECK_THAT(error_of(entry("a", S_IFREG | 0644, "x", 2) + trailer()), ContainsSubstring("hard links"));
    CHECK_THAT(error_of(entry("a", S_IFLNK | 0777, "") + trailer()), ContainsSubstring("symbolic link"));
    CHECK_THAT(error_of(entry(std::string("a\0b", 3), S_IFREG | 0644, "x") + trailer()), ContainsSubstring("name"));
    CHECK_THAT(error_of(entry(std::string(5000, 'n'), S_IFREG | 0644, "x") + trailer()),
               ContainsSubstring("5001 bytes"));
    CHECK_THAT(error_of(""), ContainsSubstring("ends in the middle"));
}

TEST_CASE("after an error the unpacker stays failed with the first reason") {
    Unpacked unpacked;
    const auto first = unpacked.unpacker.feed(std::string(200, 'q'));
    REQUIRE(!first.ok());
    const auto second = unpacked.unpacker.feed(trailer());
    REQUIRE(!second.ok());
    CHECK(second.error().message == first.error().message);
    CHECK(!unpacked.unpacker.finish().ok());
}
