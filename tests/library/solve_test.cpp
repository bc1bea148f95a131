// SPDX-License-Identifier: GPL-2.0-only
// Libraries that need libraries.
#include <catch2/catch_test_macros.hpp>

#include "playground.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> files_of_library(const std::string& name, const std::string& dependencies = {}) {
    return {{"ktl.toml", "[library]\nname = \"" + name + "\"\n[dependencies]\n" + dependencies},
            {"lib.ktl", "# " + name + "\n"}};
}

std::string failure(const test::Playground& playground, std::vector<std::string> arguments) {
    const auto outcome = playground.ktstr(std::move(arguments));
    CHECK(outcome.exit_code == 64);
    return outcome.output;
}

} // namespace

TEST_CASE("Two libraries that need different revs of a third are refused, and both are named") {
    const test::Playground playground;
    playground.repository("base", files_of_library("base"), "v1");
    playground.write("base/lib.ktl", "# newer\n");
    playground.commit("base", "v2");
    playground.repository("left", files_of_library("left", "base = { git = \"../base\", rev = \"v1\" }\n"));
    playground.repository("right", files_of_library("right", "base = { git = \"../base\", rev = \"v2\" }\n"));
    playground.done({"add", "../left"});
    const auto before = playground.read("project/ktl.toml") + playground.read("project/ktl.lock");
    CHECK(failure(playground, {"add", "../right"}) ==
          "ktstr: two versions of the library `base` are needed: the library `left` needs ../base, rev v1, and the "
          "library `right` (../right/ktl.toml:4:1) needs ../base, rev v2\n"
          "  hint: a project has one version of each library: make both ask for the same\n");
    CHECK(playground.read("project/ktl.toml") + playground.read("project/ktl.lock") == before);
    CHECK(playground.used("left") == "# left\n");
    CHECK(failure(playground, {"add", "../base@v2"})
              .starts_with(
                  "ktstr: two versions of the library `base` are needed: ktl.toml needs ../base, rev v2, and the "
                  "library `left` (../left/ktl.toml:4:1) needs ../base, rev v1\n"));
}

TEST_CASE("Two libraries that need the same rev of a third share it") {
    const test::Playground playground;
    playground.repository("base", files_of_library("base"), "v1");
    for (const std::string name : {"left", "right"}) {
        playground.repository(name, files_of_library(name, "base = { git = \"../base\", rev = \"v1\" }\n"));
        playground.done({"add", "../" + name});
    }
    playground.done({"remove", "left"});
    CHECK(playground.read("project/ktl.lock").find("name = \"base\"") != std::string::npos);
}

TEST_CASE("Libraries that need each other in a circle are refused, and the circle is shown") {
    const test::Playground playground;
    playground.repository("a", files_of_library("a", "b = { git = \"../b\" }\n"));
    playground.repository("b", files_of_library("b", "c = { git = \"../c\" }\n"));
    playground.repository("c", files_of_library("c", "a = { git = \"../a\" }\n"));
    CHECK(failure(playground, {"add", "../a"}) == "ktstr: libraries need each other in a circle: a -> b -> c -> a\n"
                                                  "  hint: move what both need into a library of its own\n");
    playground.repository("self", files_of_library("self", "self = { git = \"../self\" }\n"));
    CHECK(failure(playground, {"add", "../self"})
              .starts_with("ktstr: libraries need each other in a circle: self -> self\n"));
    CHECK(fs::is_empty(playground.project()));
}

TEST_CASE("Libraries at paths that need each other in a circle are refused, too") {
    const test::Playground playground;
    for (const auto& [name, text] : files_of_library("a", "b = { path = \"../b\" }\n"))
        playground.write("a/" + name, text);
    for (const auto& [name, text] : files_of_library("b", "a = { path = \"../a\" }\n"))
        playground.write("b/" + name, text);
    CHECK(failure(playground, {"add", "../a"})
              .starts_with("ktstr: libraries need each other in a circle: a -> b -> a\n"));
}

TEST_CASE("A chain of libraries has a limit") {
    const test::Playground playground;
    for (int i = 0; i <= 16; ++i) {
        const std::string name = "l" + std::to_string(i);
        const std::string next = "l" + std::to_string(i + 1);
        for (const auto& [file, text] : files_of_library(name, next + " = { path = \"../" + next + "\" }\n"))
            playground.write(name + "/" + file, text);
    }
    CHECK(failure(playground, {"add", "../l0"}) ==
          "ktstr: libraries need each other over more than 16 levels, down to `l16`\n");
}

TEST_CASE("The number of libraries has a limit") {
    const test::Playground playground;
    std::string all;
    for (int i = 0; i < 65; ++i) {
        const std::string name = "l" + std::to_string(i);
        all += name + " = { path = \"../" + name + "\" }\n";
        for (const auto& [file, text] : files_of_library(name)) playground.write(name + "/" + file, text);
    }
    playground.write("project/ktl.toml", "[dependencies]\n" + all);
    CHECK(failure(playground, {"update"}) ==
          "ktstr: more than 64 libraries are needed, over all; `l9`, for ktl.toml, is "
          "one too many\n");
}

TEST_CASE("A library of a repository cannot name a path out of it") {
    const test::Playground playground;
    playground.repository("a", files_of_library("a", "b = { path = \"../b\" }\n"));
    CHECK(failure(playground, {"add", "../a"}) ==
          "ktstr: ../a/ktl.toml:4:1: `b` has the path ../b, which leaves the repository ../a\n"
          "  hint: its ktl.toml should name it by `git`\n");
}

TEST_CASE("A missing dependency is blamed on who names it") {
    const test::Playground playground;
    playground.repository("a", files_of_library("a", "b = { git = \"../b\", rev = \"v1\" }\n"));
    CHECK(failure(playground, {"add", "../a"})
              .starts_with("ktstr: ../a/ktl.toml:4:1: there is no git repository at " + playground.path("b").string()));
}

TEST_CASE("The project keeps working when libraries nest: each sees its own dependencies") {
    const test::Playground playground;
    playground.repository("base", files_of_library("base"), "v1");
    playground.repository("middle", files_of_library("middle", "deep = { git = \"../base\", rev = \"v1\" }\n"));
    playground.done({"add", "../middle"});
    library::Resolver resolver(playground.project());
    const auto middle = resolver.module(playground.project() / "a.ktl", "middle", "");
    REQUIRE(middle);
    const auto deep = resolver.module(*middle, "deep", "");
    REQUIRE(deep);
    CHECK(resolver.file_name(*deep) == "lib/deep/lib.ktl");
    CHECK_FALSE(resolver.module(playground.project() / "a.ktl", "deep", ""));
}
