// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "interp/diagnostics/render.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

std::string render_at(const std::string& text, const std::string& word, bool colour = false) {
    const auto file = std::make_shared<const SourceFile>("a.ktl", "a.ktl", text);
    const auto at = text.find(word);
    return render({Code::unknown_name, file, at, at + word.size(), "no such thing", "try another"}, colour);
}

} // namespace

TEST_CASE("a message shows place, severity, code, source line, caret and hint") {
    CHECK(render_at("one\n  two three\n", "three") == "a.ktl:2:7: error[E0203]: no such thing\n"
                                                      "   2 |   two three\n"
                                                      "     |       ^^^^^\n"
                                                      "  hint: try another\n");
}

TEST_CASE("the caret stands right after tabs and letters of several bytes") {
    CHECK(render_at("\tgr\xC3\xBC\xC3\x9F x\n", "x").find("   1 |  gr\xC3\xBC\xC3\x9F x\n     |       ^\n") !=
          std::string::npos);
}

TEST_CASE("a line of a megabyte is cut around the caret") {
    const std::string text = render_at(std::string(500'000, 'a') + " here " + std::string(500'000, 'b'), " here ");
    CHECK(text.size() < 600);
    CHECK(text.find("... ") == std::string::npos);
    CHECK(text.find(" here ") != std::string::npos);
    CHECK(text.find("^^^^^^") != std::string::npos);
}

TEST_CASE("control characters of a source cannot reach the terminal") {
    CHECK(render_at("a \x1b[31m x", "x").find('\x1b') == std::string::npos);
}

TEST_CASE("colour adds escapes and nothing else") {
    std::string coloured = render_at("one two\n", "two", true);
    CHECK(coloured.find("\x1b[1;31merror") != std::string::npos);
    for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b'))
        coloured.erase(at, coloured.find('m', at) - at + 1);
    CHECK(coloured == render_at("one two\n", "two"));
}

TEST_CASE("a diagnostic as JSON has its code, place and texts") {
    const auto result = compile_text("let a = 5\nlet a = 6\n");
    REQUIRE(result.diagnostics.size() == 1);
    const auto json = to_json(result.diagnostics[0]);
    CHECK(json.at("type") == "diagnostic");
    CHECK(json.at("code") == "E0204");
    CHECK(json.at("severity") == "error");
    CHECK(json.at("line") == 2);
    CHECK(json.at("column") == 5);
    CHECK(json.at("end_column") == 6);
    CHECK(json.at("hint") == "first defined on line 1");
}

} // namespace ktstr::test
