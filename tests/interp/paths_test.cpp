// SPDX-License-Identifier: GPL-2.0-only
// Which files are compiled, and what their positions are relative to.
#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace fs = std::filesystem;

namespace {

std::string scenario(const std::string& name) {
    return "scenario \"" + name + "\" { cgroup a { workers 1 of spin_wait } }\n";
}

class Folder {
  public:
    Folder() : folder_(*TemporaryDirectory::create("ktstr-paths")) {}
    [[nodiscard]] fs::path path(const std::string& name = {}) const { return folder_.path() / name; }
    void write(const std::string& name, const std::string& text) const {
        REQUIRE(make_directories(path(name).parent_path()).ok());
        REQUIRE(write_file(path(name), text).ok());
    }

  private:
    TemporaryDirectory folder_;
};

} // namespace

TEST_CASE("a folder gives its .ktl files at every depth, sorted, without hidden ones") {
    const Folder folder;
    folder.write("b.ktl", scenario("b"));
    folder.write("a/z.ktl", scenario("z"));
    folder.write("a/deep/y.ktl", scenario("y"));
    folder.write(".hidden/x.ktl", scenario("x"));
    folder.write("notes.txt", "not a scenario");
    const auto result = compile_paths({folder.path()}, {});
    REQUIRE(result.ok());
    std::string names;
    for (const auto& compiled : result->scenarios) names += compiled.plan.scenario;
    CHECK(names == "yzb");
}

TEST_CASE("a file met twice is compiled once") {
    const Folder folder;
    folder.write("a.ktl", scenario("a"));
    const auto result = compile_paths({folder.path("a.ktl"), folder.path(), folder.path("./a.ktl")}, {});
    REQUIRE(result.ok());
    CHECK(result->scenarios.size() == 1);
}

TEST_CASE("a path that is not there and a folder without scenarios are errors with a way out") {
    const Folder folder;
    const auto missing = compile_paths({folder.path("nothing.ktl")}, {});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().message.find("nothing.ktl") != std::string::npos);
    const auto empty = compile_paths({folder.path()}, {});
    REQUIRE_FALSE(empty.ok());
    CHECK(empty.error().hint.find(".ktl") != std::string::npos);
}

TEST_CASE(
    "a -P that no file has a parameter for is an error with the closest name, unless a file has errors of its own") {
    const Folder folder;
    folder.write("a.ktl", "param crowd = 3\nscenario \"a\" { cgroup a { workers crowd of spin_wait } }\n");
    folder.write("none.ktl", scenario("none"));
    CompileOptions options;
    options.parameters = {{"crwd", "2"}};
    const auto misspelt = compile_paths({folder.path("a.ktl")}, options);
    REQUIRE_FALSE(misspelt.ok());
    CHECK(misspelt.error().message == "-P crwd: no file has a parameter of this name");
    CHECK(misspelt.error().hint == "did you mean `crowd`?");
    const auto none = compile_paths({folder.path("none.ktl")}, options);
    REQUIRE_FALSE(none.ok());
    CHECK(none.error().hint.find("param NAME = VALUE") != std::string::npos);
    folder.write("wrong.ktl", "param crwd = 3 +\n");
    const auto wrong = compile_paths({folder.path("wrong.ktl")}, options);
    REQUIRE(wrong.ok());
    CHECK(codes(*wrong) == "E0110");
}

TEST_CASE("links in a circle and links to nowhere do no harm") {
    const Folder folder;
    folder.write("a/a.ktl", scenario("a"));
    fs::create_directory_symlink("..", folder.path("a/up"));
    fs::create_symlink("nowhere.ktl", folder.path("a/gone.ktl"));
    const auto result = compile_paths({folder.path()}, {});
    REQUIRE(result.ok());
    CHECK(result->scenarios.size() == 1);
    CHECK(codes(*result) == "E0101");
}

TEST_CASE("what is not a regular file is refused, not read") {
    const auto result = compile_paths({"/dev/zero"}, {});
    REQUIRE(result.ok());
    CHECK(codes(*result) == "E0101");
}

TEST_CASE("positions are relative to the folder with ktl.toml, else with .git, else of the file") {
    const Folder folder;
    folder.write("alone/tests/a.ktl", scenario("a"));
    folder.write("library/tests/a.ktl", scenario("a"));
    folder.write("library/ktl.toml", "");
    folder.write("clone/tests/a.ktl", scenario("a"));
    folder.write("clone/.git/HEAD", "");
    const auto file_of = [&](const std::string& path) {
        const auto result = compile_paths({folder.path(path)}, {});
        REQUIRE(result.ok());
        REQUIRE(result->scenarios.size() == 1);
        return result->scenarios[0].plan.source.file;
    };
    CHECK(file_of("alone/tests/a.ktl") == "a.ktl");
    CHECK(file_of("library/tests/a.ktl") == "tests/a.ktl");
    CHECK(file_of("clone/tests/a.ktl") == "tests/a.ktl");
}

TEST_CASE("two clones of a library give the same plan hashes") {
    std::vector<std::string> hashes;
    for (const std::string clone : {"one", "two/further/down"}) {
        const Folder folder;
        folder.write(clone + "/ktl.toml", "");
        folder.write(clone + "/common.ktl", "work shared = bursty(burst: 3ms)\n");
        folder.write(clone + "/tests/a.ktl",
                     "use \"../common.ktl\"\nscenario \"a\" { cgroup a { workers 1 of shared } }\n");
        const auto result = compile_paths({folder.path(clone + "/tests")}, {});
        REQUIRE(result.ok());
        INFO(rendered(*result));
        REQUIRE(result->scenarios.size() == 1);
        hashes.push_back(plan::plan_hash(result->scenarios[0].plan));
    }
    CHECK(hashes[0] == hashes[1]);
}

TEST_CASE("the source line of a position can be shown, of the file and of the standard library") {
    const Folder folder;
    folder.write("a.ktl",
                 "use std.schedulers\nscenario \"a\" {\n  scheduler ktstr\n  cgroup a { workers 1 of spin_wait }\n}\n");
    const auto result = compile_paths({folder.path("a.ktl")}, {});
    REQUIRE(result.ok());
    REQUIRE(result->scenarios.size() == 1);
    const auto& compiled = result->scenarios[0];
    CHECK(source_line(compiled, compiled.plan.steps[0].ops[0].source) == "  cgroup a { workers 1 of spin_wait }");
    CHECK(compiled.plan.schedulers.at(0).source.file == "<std>/schedulers.ktl");
    CHECK(source_line(compiled, compiled.plan.schedulers.at(0).source) == "scheduler ktstr {");
    CHECK_FALSE(source_line(compiled, {"gone.ktl", 1, 1}).has_value());
}

TEST_CASE("an error in a used file is shown in that file, once, and stops the files that use it") {
    const Folder folder;
    folder.write("bad.inc", "work broken = spin_wiat\nlet n = 5sec\n");
    folder.write("a.ktl", "use \"bad.inc\"\nscenario \"a\" { cgroup a { workers n of broken } }\n");
    folder.write("b.ktl", "use \"bad.inc\"\nscenario \"b\" { cgroup a { workers n of broken } }\n");
    folder.write("c.ktl", scenario("c"));
    const auto result = compile_paths({folder.path()}, {});
    REQUIRE(result.ok());
    CHECK(codes(*result) == "E0203 E0301");
    CHECK(rendered(*result).find("bad.inc:1:15") != std::string::npos);
    REQUIRE(result->scenarios.size() == 1);
    CHECK(result->scenarios[0].plan.scenario == "c");
}

} // namespace ktstr::test
