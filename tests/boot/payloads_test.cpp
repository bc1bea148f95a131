// SPDX-License-Identifier: GPL-2.0-only
// What of the host goes into a guest for a payload, and what is said before the boot if something of it is not there.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>

#include "base/file.h"
#include "base/process.h"
#include "vmm/payloads.h"

using namespace ktstr;
using namespace ktstr::vmm;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

// A folder of scenarios, with programs and files.
struct Folder {
    TemporaryDirectory directory = *TemporaryDirectory::create("ktstr-test-");

    [[nodiscard]] fs::path path(const std::string& name) const { return directory.path() / name; }
    void write(const std::string& name, const std::string& text, bool executable = false) const {
        fs::create_directories(path(name).parent_path());
        REQUIRE(write_file(path(name), text, executable ? 0755 : 0644));
    }
    [[nodiscard]] PackedPayloads pack(const plan::Plan& plan, ArchiveBuilder& archive) const {
        return pack_payloads(plan, directory.path(), directory.path(), archive);
    }
    // "mode path" of each file and link that the archive unpacks to, as cpio(1) sees it.
    [[nodiscard]] std::string unpacked(ArchiveBuilder& archive) const {
        const auto bytes = archive.finish();
        REQUIRE(bytes);
        REQUIRE(write_file(path("archive"), *bytes));
        const auto listing = run_command(
            {.arguments = {"sh", "-c", "rm -rf u; mkdir u; cd u; cpio -id --quiet <../archive; find . | LC_ALL=C sort"},
             .directory = directory.path().string()},
            true);
        REQUIRE(listing);
        return listing->output;
    }
};

plan::Plan plan_with(std::vector<plan::Payload> payloads) {
    plan::Plan plan;
    plan.memory_bytes = 512U << 20U;
    plan.payloads = std::move(payloads);
    return plan;
}

plan::Payload payload(const std::string& name, const std::string& binary, std::vector<std::string> files = {},
                      const std::string& source = "a.ktl") {
    plan::Payload made;
    made.name = name;
    made.binary = binary;
    made.files = std::move(files);
    made.source = {source, 3, 1};
    return made;
}

std::string problem_of(const PackedPayloads& packed) {
    REQUIRE(packed.problems.size() == 1);
    CHECK(packed.problems[0].source.line == 3);
    return packed.problems[0].error.text();
}

} // namespace

TEST_CASE("a program of PATH is packed with its loader and libraries") {
    const Folder folder;
    ArchiveBuilder archive;
    const auto packed = folder.pack(plan_with({payload("probe", "true")}), archive);
    REQUIRE(packed.problems.empty());
    CHECK(packed.paths.at("probe") == "/ktstr/bin/true");
    const auto files = folder.unpacked(archive);
    CHECK_THAT(files, ContainsSubstring("./ktstr/bin/true\n"));
    CHECK_THAT(files, ContainsSubstring("./ktstr/lib/libc.so.6\n"));
    CHECK_THAT(files, ContainsSubstring("./lib64/ld-linux-x86-64.so.2\n"));
}

TEST_CASE("the library that threads are ended with is packed, though no program names it") {
    const Folder folder;
    ArchiveBuilder archive;
    REQUIRE(folder.pack(plan_with({payload("probe", "true")}), archive).problems.empty());
    CHECK_THAT(folder.unpacked(archive), ContainsSubstring("./ktstr/lib/libgcc_s.so.1\n"));
}

TEST_CASE("a program and its files are looked for beside the file that declares them, then beside the scenario") {
    const Folder folder;
    folder.write("lib/tool", "#!/bin/sh\n", true);
    folder.write("lib/own.cfg", "lib");
    folder.write("shared.cfg", "scenario");
    ArchiveBuilder archive;
    const auto packed =
        folder.pack(plan_with({payload("p", "./tool", {"own.cfg", "shared.cfg"}, "lib/payloads.ktl")}), archive);
    REQUIRE(packed.problems.empty());
    const auto files = folder.unpacked(archive);
    CHECK_THAT(files, ContainsSubstring("./ktstr/bin/tool\n"));
    CHECK_THAT(files, ContainsSubstring("./ktstr/work/own.cfg\n"));
    CHECK_THAT(files, ContainsSubstring("./ktstr/work/shared.cfg\n"));
}

TEST_CASE("a script brings its interpreter, and the one that env looks up") {
    const Folder folder;
    folder.write("plain", "#! /bin/sh -e\necho\n", true);
    folder.write("by_env", "#!/usr/bin/env sh\necho\n", true);
    ArchiveBuilder archive;
    const auto packed = folder.pack(plan_with({payload("a", "./plain"), payload("b", "./by_env")}), archive);
    REQUIRE(packed.problems.empty());
    const auto files = folder.unpacked(archive);
    for (const char* file : {"./bin/sh\n", "./usr/bin/env\n", "./ktstr/bin/sh\n", "./ktstr/bin/plain\n"})
        CHECK_THAT(files, ContainsSubstring(file));
}

TEST_CASE("a script whose interpreter is not there, or no program, is refused by name") {
    const Folder folder;
    folder.write("gone", "#!/nowhere/python\n", true);
    folder.write("relative", "#!python\n", true);
    folder.write("options", "#!/usr/bin/env -S sh -e\n", true);
    folder.write("inner", "#!/bin/sh\n", true);
    folder.write("outer", "#!" + folder.path("inner").string() + "\n", true);
    folder.write("text", "just text\n", true);
    const auto refused = [&](const std::string& name) {
        ArchiveBuilder archive;
        return problem_of(folder.pack(plan_with({payload("p", "./" + name)}), archive));
    };
    CHECK_THAT(refused("gone"), ContainsSubstring("/nowhere/python"));
    CHECK_THAT(refused("relative"), ContainsSubstring("names no interpreter"));
    CHECK_THAT(refused("options"), ContainsSubstring("is understood"));
    CHECK_THAT(refused("outer"), ContainsSubstring("is a script too"));
    CHECK_THAT(refused("text"), ContainsSubstring("not an ELF program"));
}

TEST_CASE("files keep their paths and modes, directories all that is in them, and programs bring their libraries") {
    const Folder folder;
    folder.write("data/deep/file", "x");
    folder.write("data/run", "x", true);
    fs::create_directory(folder.path("data/empty"));
    fs::create_symlink("deep", folder.path("data/link"));
    fs::create_symlink("deep/file", folder.path("data/file_link"));
    ArchiveBuilder archive;
    const auto packed =
        folder.pack(plan_with({payload("p", "true", {"data/", folder.path("data/run").string(), "/bin/ls"})}), archive);
    REQUIRE(packed.problems.empty());
    const auto files = folder.unpacked(archive);
    for (const std::string file :
         {"/ktstr/work/data/deep/file\n", "/ktstr/work/data/run\n", "/ktstr/work/data/empty\n",
          "/ktstr/work/data/link\n", "/ktstr/work/data/file_link\n", "/bin/ls\n", "/libselinux"})
        CHECK_THAT(files, ContainsSubstring(file));
    CHECK_THAT(files, ContainsSubstring("." + folder.path("data/run").string() + "\n"));
    CHECK(fs::is_symlink(folder.path("u/ktstr/work/data/link")));
    CHECK_FALSE(fs::is_symlink(folder.path("u/ktstr/work/data/file_link")));
    const auto may_run = [&](const char* name) {
        return (fs::status(folder.path("u/ktstr/work/data") / name).permissions() & fs::perms::owner_exec) !=
               fs::perms::none;
    };
    CHECK(may_run("run"));
    CHECK_FALSE(may_run("deep/file"));
}

TEST_CASE("two sources for one path of the guest are an error that names both") {
    const Folder folder;
    folder.write("one/tool", "#!/bin/sh\n", true);
    folder.write("two/tool", "#!/bin/sh\n", true);
    folder.write("one/a.cfg", "1");
    folder.write("two/a.cfg", "2");
    ArchiveBuilder archive;
    const auto text = problem_of(folder.pack(plan_with({payload("a", "one/tool"), payload("b", "two/tool")}), archive));
    CHECK_THAT(text, ContainsSubstring(folder.path("one/tool").string()));
    CHECK_THAT(text, ContainsSubstring(folder.path("two/tool").string()));
    ArchiveBuilder files;
    CHECK_THAT(problem_of(folder.pack(plan_with({payload("a", "true", {"a.cfg"}, "one/x.ktl"),
                                                 payload("b", "true", {"a.cfg"}, "two/x.ktl")}),
                                      files)),
               ContainsSubstring("/ktstr/work/a.cfg"));
}

TEST_CASE("all that is missing is said at once, with the package that has it") {
    const Folder folder;
    ArchiveBuilder archive;
    ::setenv("PATH", "/nowhere", 1);
    const auto packed = folder.pack(
        plan_with({payload("a", "cyclictest", {"missing.cfg"}), payload("b", "of_nobody"), payload("c", "./here")}),
        archive);
    ::setenv("PATH", "/usr/bin:/bin", 1);
    REQUIRE(packed.problems.size() == 4);
    CHECK(packed.problems[0].error.hint == "on Debian: apt-get install rt-tests");
    CHECK_THAT(packed.problems[1].error.message, ContainsSubstring("missing.cfg"));
    CHECK_THAT(packed.problems[2].error.message, ContainsSubstring("no program 'of_nobody' on PATH"));
    CHECK_THAT(packed.problems[3].error.message, ContainsSubstring(folder.path("./here").string()));
}

TEST_CASE("more than fits into the guest's memory is refused before the boot") {
    const Folder folder;
    auto plan = plan_with({payload("p", "true")});
    ArchiveBuilder archive;
    REQUIRE(folder.pack(plan, archive).problems.empty());
    CHECK(check_fits(archive, plan));
    plan.memory_bytes = 2U << 20U;
    const auto fits = check_fits(archive, plan);
    REQUIRE_FALSE(fits);
    CHECK_THAT(fits.error().message, ContainsSubstring("2 MiB of memory"));
}
