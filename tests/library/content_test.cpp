// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/content.h"

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>

#include "base/hash.h"
#include "playground.h"

using namespace ktstr;
using namespace ktstr::library;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names(const Content& content) {
    std::vector<std::string> all;
    for (const auto& [name, text] : content.files) all.push_back(name);
    return all;
}

} // namespace

TEST_CASE("A library consists of its ktl.toml, its scenario files and its scripts, and of nothing else") {
    const test::Playground playground;
    for (const char* file :
         {"ktl.toml", "lib.ktl", "sub/deep/x.ktl", "sub/check.lua", "README.md", "run.sh", ".git/a.ktl", ".hidden.ktl",
          "vendor/b/b.ktl", "sub/vendor/c.ktl", "other/ktl.toml", "other/lib.ktl"})
        playground.write(std::string("a/") + file, "x");
    const auto content = read_folder(playground.path("a"));
    REQUIRE(content);
    CHECK(names(*content) ==
          std::vector<std::string>{"ktl.toml", "lib.ktl", "sub/check.lua", "sub/deep/x.ktl", "sub/vendor/c.ktl"});
    CHECK(module_names(*content, "main.ktl") == std::vector<std::string>{"lib"});
    CHECK(module_names(*content, "lib.ktl").empty());
}

TEST_CASE("The hash of a library is that of its list of names, lengths and hashes") {
    const Content content{{{"b.ktl", "two"}, {"a.ktl", "one"}}};
    CHECK(content_hash(content) == sha256_hex(sha256_hex("one") + " 3 a.ktl\n" + sha256_hex("two") + " 3 b.ktl\n"));
    CHECK(content_hash(content) != content_hash(Content{{{"b.ktl", "one"}, {"a.ktl", "two"}}}));
}

TEST_CASE("What was written is what is read") {
    const test::Playground playground;
    const Content content{{{"ktl.toml", ""}, {"sub/a.ktl", std::string("a\0b", 3)}}};
    fs::create_directory(playground.path("a"));
    REQUIRE(write_folder(content, playground.path("a")));
    const auto read = read_folder(playground.path("a"));
    REQUIRE(read);
    CHECK(read->files == content.files);
}

TEST_CASE("A symbolic link inside a library stands for the file that it leads to") {
    const test::Playground playground;
    playground.write("a/sub/real.ktl", "text");
    fs::create_symlink("sub/real.ktl", playground.path("a/link.ktl"));
    fs::create_symlink("../link.ktl", playground.path("a/sub/again.ktl"));
    const auto content = read_folder(playground.path("a"));
    REQUIRE(content);
    CHECK(content->files.at("link.ktl") == "text");
    CHECK(content->files.at("sub/again.ktl") == "text");
}

TEST_CASE("A symbolic link that leaves the library, or leads nowhere, is refused") {
    const test::Playground playground;
    playground.write("secret.ktl", "secret");
    playground.write("a/lib.ktl", "x");
    const auto refusal = [&](const char* target) {
        fs::remove(playground.path("a/link.ktl"));
        fs::create_symlink(target, playground.path("a/link.ktl"));
        const auto content = read_folder(playground.path("a"));
        REQUIRE_FALSE(content);
        return content.error().message;
    };
    CHECK(refusal("../secret.ktl") == "`link.ktl` is a symbolic link out of the library, to `../secret.ktl`");
    CHECK(refusal("/etc/passwd") == "`link.ktl` is a symbolic link out of the library, to `/etc/passwd`");
    CHECK(refusal("nothing.ktl") == "`link.ktl` is a symbolic link to `nothing.ktl`, which is no file of the library");
    CHECK(refusal("link.ktl") == "`link.ktl` is a symbolic link that leads nowhere");
}

TEST_CASE("A file that is no plain file is refused") {
    const test::Playground playground;
    fs::create_directory(playground.path("a"));
    REQUIRE(::mkfifo(playground.path("a/pipe.ktl").c_str(), 0600) == 0);
    const auto content = read_folder(playground.path("a"));
    REQUIRE_FALSE(content);
    CHECK(content.error().message == playground.path("a/pipe.ktl").string() + " is no plain file");
}
