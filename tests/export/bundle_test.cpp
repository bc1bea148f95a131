// SPDX-License-Identifier: GPL-2.0-only
#include "export/bundle.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "vmm/boot/cpio.h"

using namespace ktstr;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string archive() {
    vmm::CpioWriter writer;
    writer.add_file("ktstr/bin/probe", std::string(100'000, 'x'), 0755);
    writer.add_symlink("ktstr/work/probe", "/ktstr/bin/probe");
    return writer.finish();
}

std::string file() { return bundle::make("the launcher", "{\"plan\": 1}\n", archive()).value(); }

std::string unpacked(std::string_view packed) {
    std::string all;
    REQUIRE(bundle::unpack(packed, [&all](std::string_view bytes) -> Result<void> {
        all += bytes;
        return {};
    }));
    return all;
}

} // namespace

TEST_CASE("an exported file gives back its parts, and the same parts make the same file") {
    const std::string content = file();
    CHECK(content == file());
    CHECK(content.size() < archive().size());
    const auto parts = bundle::open(content);
    REQUIRE(parts);
    CHECK(parts->launcher == "the launcher");
    CHECK(parts->plan == "{\"plan\": 1}\n");
    CHECK(unpacked(parts->archive) == archive());
}

TEST_CASE("the files in an exported file are listed with their modes and sizes") {
    const std::string content = file();
    const auto entries = bundle::list(bundle::open(content)->archive);
    REQUIRE(entries);
    REQUIRE(entries->size() == 2);
    CHECK(entries->at(0).path == "/ktstr/bin/probe");
    CHECK((entries->at(0).mode & 07777U) == 0755);
    CHECK(entries->at(0).bytes == 100'000);
    CHECK(entries->at(1).path == "/ktstr/work/probe");
}

TEST_CASE("an exported file that was cut off anywhere is told from a whole one") {
    const std::string content = file();
    for (std::size_t size = 0; size < content.size(); ++size) {
        const auto opened = bundle::open(std::string_view(content).substr(0, size));
        REQUIRE_FALSE(opened);
        CHECK_THAT(opened.error().message, ContainsSubstring("this file is damaged"));
    }
}

TEST_CASE("no byte of an exported file can change unnoticed") {
    std::string content = file();
    for (auto& byte : content) {
        const char before = byte;
        byte = static_cast<char>(byte ^ 0x20);
        REQUIRE_FALSE(bundle::open(content));
        byte = before;
    }
    CHECK(bundle::open(content));
    CHECK_FALSE(bundle::open(content + "\n"));
}

TEST_CASE("an archive that does not decompress, or holds no archive, is an error and not a crash") {
    const std::string content = file();
    const auto parts = bundle::open(content);
    const auto ignore = [](std::string_view) -> Result<void> { return {}; };
    CHECK_FALSE(bundle::unpack(parts->archive.substr(0, parts->archive.size() / 2), ignore));
    CHECK_FALSE(bundle::unpack("no such thing", ignore));
    const std::string text = bundle::make("", "", std::string(300, '0')).value();
    CHECK_FALSE(bundle::list(bundle::open(text)->archive));
}

TEST_CASE("what cannot be written ends the unpacking") {
    const std::string content = file();
    const auto full = bundle::unpack(bundle::open(content)->archive,
                                     [](std::string_view) -> Result<void> { return Error{"the disk is full"}; });
    REQUIRE_FALSE(full);
    CHECK(full.error().message == "the disk is full");
}
