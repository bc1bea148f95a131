// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "base/file.h"
#include "interp/format/format.h"
#include "likeness.h"

using namespace ktstr;
using namespace ktstr::format;

namespace {

namespace fs = std::filesystem;

const fs::path here = fs::path(KTSTR_SOURCE_DIRECTORY) / "tests/format";

std::string text_of(const fs::path& path) {
    auto text = read_file(path);
    REQUIRE(text);
    return *text;
}

// Of a file in before/, as a file in after/ of the same name.
void check_layout(const std::string& name) {
    std::string before = text_of(here / "before" / name);
    if (before.substr(0, 3) == "\xEF\xBB\xBF") before.erase(0, 3);
    CHECK(formatted(before) == text_of(here / "after" / name));
}

// The statements of a step.
std::string in_step(const std::string& statements) {
    return "scenario \"s\" {\n  step \"a\" {\n" + statements + "  }\n}\n";
}

} // namespace

TEST_CASE("line ends, blanks and blank lines are the same in every file") { check_layout("blanks.ktl"); }
TEST_CASE("signs have blanks around them or not, by what they are") { check_layout("values.ktl"); }
TEST_CASE("comments stay where they belong, wherever they stand") { check_layout("comments.ktl"); }
TEST_CASE("a block is one line if it was begun so and fits, and else one statement a line") {
    check_layout("blocks.ktl");
}
TEST_CASE("neighbours stand in columns, unless one is much longer") { check_layout("columns.ktl"); }
TEST_CASE("what does not fit in 100 columns goes on in further lines") { check_layout("long_lines.ktl"); }
TEST_CASE("a file with all of the language is laid out as documented") { check_layout("taste.ktl"); }

TEST_CASE("the files of the project are in the layout of ktstr fmt") {
    for (const char* folder : {"scenarios", "stdlib"})
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(KTSTR_SOURCE_DIRECTORY) / folder)) {
            if (entry.path().extension() != ".ktl") continue;
            const std::string text = text_of(entry.path());
            INFO(entry.path() << ": lay it out with ktstr fmt");
            CHECK(formatted(text) == text);
        }
}

TEST_CASE("the examples of the reference are in the layout that it describes") {
    const std::string page = text_of(fs::path(KTSTR_SOURCE_DIRECTORY) / "docs/format.md");
    const std::string open = "```ktl\n";
    int examples = 0;
    for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at)) {
        at += open.size();
        const std::string example = page.substr(at, page.find("```", at) - at);
        CHECK(formatted(example) == example);
        ++examples;
    }
    CHECK(examples == 4);
}

TEST_CASE("an empty file stays empty, and one of comments only keeps them") {
    CHECK(formatted("").empty());
    CHECK(formatted(" \n\n\t").empty());
    CHECK(formatted("\n\n  # a\n\n\n#b") == "# a\n\n#b\n");
}

TEST_CASE("a line of exactly 100 columns stays whole, one of 101 does not") {
    const auto line = [](const std::string& cgroup) {
        return "    cgroup " + cgroup + " { workers 12 of spin_wait }\n";
    };
    const std::string name(100 - (line("").size() - 1), 'x');
    CHECK(formatted(in_step(line(name))) == in_step(line(name)));
    CHECK(formatted(in_step(line(name + "x"))) ==
          in_step("    cgroup " + name + "x {\n      workers 12 of spin_wait\n    }\n"));
}

TEST_CASE("width is counted in characters, not in bytes") {
    std::string wide;
    for (int i = 0; i < 60; ++i) wide += "µ";
    const std::string text = in_step("    cgroup \"" + wide + "\" { workers 2 of spin_wait }\n");
    CHECK(formatted(text) == text);
}

TEST_CASE("Lua keeps every byte, tabs and blanks at line ends too") {
    const std::string lua = "[==[ \t\r\n\tlocal a = 1   \n\n\n  ]] -- # text\n ]==]";
    const std::string text = formatted("scenario \"s\"{check   \"a\"\nlua\n" + lua + "}");
    CHECK(text == "scenario \"s\" {\n  check \"a\" lua " + lua + "\n}\n");
}

TEST_CASE("a file with a syntax error is not laid out, and the error is said") {
    Diagnostics diagnostics;
    const auto source = std::make_shared<const SourceFile>("x.ktl", "x.ktl", "scenario \"a\" {\n  cgroup\n}\n");
    CHECK_FALSE(format::format(*source, diagnostics));
    const auto all = diagnostics.take();
    REQUIRE(all.size() == 1);
    CHECK(all[0].position().line == 3);
}

TEST_CASE("a name that no one defines is no reason not to lay a file out") {
    CHECK(formatted("let a=nowhere") == "let a = nowhere\n");
}
