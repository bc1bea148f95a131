// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include "base/file.h"
#include "base/process.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/archive.h"
#include "vmm/boot/cpio.h"
#include "vmm/boot/elf_closure.h"

using namespace ktstr;
using namespace ktstr::vmm;
namespace fs = std::filesystem;

TEST_CASE("an archive is what cpio(1) reads as newc") {
    CpioWriter writer;
    writer.add_file("a/b/file", "content\n", 0755);
    writer.add_symlink("a/link", "b/file");
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(write_file(directory->path() / "archive", writer.finish()));
    const auto listing =
        run_command({.arguments = {"sh", "-c", "cpio -id --quiet < archive && cat a/link && stat -c %a a/b/file"},
                     .directory = directory->path().string()},
                    true);
    REQUIRE(listing);
    CHECK(listing->output == "content\n755\n");
}

TEST_CASE("the same input gives the same archive") {
    auto make = [] {
        CpioWriter writer;
        writer.add_file("x", "1", 0644);
        return writer.finish();
    };
    CHECK(make() == make());
}

TEST_CASE("a program's loader and libraries are found by walking DT_NEEDED") {
    const auto closure = elf_closure("/proc/self/exe");
    REQUIRE(closure);
    CHECK(closure->interpreter.find("ld-linux") != std::string::npos);
    CHECK(closure->libraries.contains("libc.so.6"));
    CHECK(closure->libraries.contains("libelf.so.1"));
    CHECK(closure->libraries.contains("libz.so.1")); // through libelf
}

TEST_CASE("what is not an ELF program is refused by name") {
    const auto closure = elf_closure("/etc/passwd");
    REQUIRE_FALSE(closure);
    CHECK(closure.error().message.find("/etc/passwd") != std::string::npos);
}

TEST_CASE("two files for one place in the guest are an error that names both") {
    ArchiveBuilder builder;
    REQUIRE(builder.add_file("/x", "/etc/passwd"));
    REQUIRE(builder.add_file("/x", "/etc/passwd"));
    const auto clash = builder.add_file("/x", "/etc/group");
    REQUIRE_FALSE(clash);
    CHECK(clash.error().message.find("/etc/passwd") != std::string::npos);
    CHECK(clash.error().message.find("/etc/group") != std::string::npos);
}

TEST_CASE("a program is found by path, by KTSTR_SCHEDULER and on PATH, and the error lists the places") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(write_file(directory->path() / "scx_somewhere", "#!/bin/sh\n", 0755));
    CHECK(find_program("./scx_somewhere", directory->path())->resolve_source == "path");
    CHECK(find_program("sh", "/")->resolve_source == "path_lookup");
    const auto missing = find_program("scx_somewhere", "/");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().hint.find("KTSTR_SCHEDULER") != std::string::npos);
    ::setenv("KTSTR_SCHEDULER", directory->path().c_str(), 1);
    CHECK(find_program("scx_somewhere", "/")->resolve_source == "env_var");
    ::setenv("KTSTR_SCHEDULER", (directory->path() / "scx_somewhere").c_str(), 1);
    CHECK(find_program("scx_somewhere", "/")->resolve_source == "env_var");
    CHECK_FALSE(find_program("scx_elsewhere", "/"));
    ::unsetenv("KTSTR_SCHEDULER");
}

TEST_CASE("TCG runs a probe guest here, and an unknown accelerator is refused with the choices") {
    CHECK(choose_accelerator("tcg", "/no-kernel-needed"));
    const auto unknown = choose_accelerator("hvf", "/no-kernel-needed");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().hint.find("tcg") != std::string::npos);
}
