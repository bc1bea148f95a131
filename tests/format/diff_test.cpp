// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/diff.h"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <sstream>
#include <vector>

using namespace ktstr::format;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        lines.push_back(text.substr(at, end - at));
        at = end;
    }
    return lines;
}

// What patch(1) does, with every claim of the diff checked.
std::string patched(const std::string& before, const std::string& diff) {
    const auto old_lines = lines_of(before);
    auto lines = lines_of(diff);
    std::vector<std::string> out;
    std::size_t old_line = 0;
    if (lines.empty()) return before;
    REQUIRE(lines.size() > 2);
    for (std::size_t i = 2; i < lines.size();) {
        int old_begin = 0, old_count = 1, new_begin = 0, new_count = 1;
        if (std::sscanf(lines[i].c_str(), "@@ -%d,%d", &old_begin, &old_count) < 2)
            REQUIRE(std::sscanf(lines[i].c_str(), "@@ -%d", &old_begin) == 1);
        const char* plus = lines[i].c_str() + lines[i].find('+');
        if (std::sscanf(plus, "+%d,%d", &new_begin, &new_count) < 2) REQUIRE(std::sscanf(plus, "+%d", &new_begin) == 1);
        const auto first = static_cast<std::size_t>(old_count == 0 ? old_begin : old_begin - 1);
        while (old_line < first) out.push_back(old_lines.at(old_line++));
        REQUIRE(out.size() == static_cast<std::size_t>(new_count == 0 ? new_begin : new_begin - 1));
        for (++i; i < lines.size() && lines[i][0] != '@'; ++i) {
            std::string line = lines[i].substr(1);
            if (i + 1 < lines.size() && lines[i + 1][0] == '\\') line.pop_back();
            if (lines[i][0] == '\\') continue;
            if (lines[i][0] != '+') {
                REQUIRE(old_lines.at(old_line++) == line);
                --old_count;
            }
            if (lines[i][0] != '-') {
                out.push_back(line);
                --new_count;
            }
        }
        REQUIRE(old_count == 0);
        REQUIRE(new_count == 0);
    }
    while (old_line < old_lines.size()) out.push_back(old_lines[old_line++]);
    std::string text;
    for (const auto& line : out) text += line;
    return text;
}

std::string numbers(int from, int to) {
    std::string text;
    for (int i = from; i <= to; ++i) text += std::to_string(i) + "\n";
    return text;
}

} // namespace

TEST_CASE("equal texts have no diff") { CHECK(unified_diff("a\n", "a\n", "x").empty()); }

TEST_CASE("a changed line is shown with three lines around it") {
    CHECK(unified_diff(numbers(1, 9), numbers(1, 4) + "five\n" + numbers(6, 9), "a.ktl") ==
          "--- a.ktl\n+++ a.ktl\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST_CASE("changes that are close share a hunk, others do not") {
    const std::string before = numbers(1, 30);
    const std::string close = numbers(1, 9) + "x\n" + numbers(11, 16) + "y\n" + numbers(18, 30);
    CHECK(lines_of(unified_diff(before, close, "a")).size() == 2 + 1 + 6 + 4 + 6);
    const std::string far = numbers(1, 9) + "x\n" + numbers(11, 17) + "y\n" + numbers(19, 30);
    const std::string diff = unified_diff(before, far, "a");
    CHECK(diff.find("@@ -15,7 +15,7 @@") != std::string::npos);
    CHECK(patched(before, diff) == far);
}

TEST_CASE("a line end that is missing at the end of a file is shown") {
    CHECK(unified_diff("a", "a\n", "x") == "--- x\n+++ x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    CHECK(unified_diff("", "a\n", "x") == "--- x\n+++ x\n@@ -0,0 +1 @@\n+a\n");
    CHECK(unified_diff("a\n", "", "x") == "--- x\n+++ x\n@@ -1 +0,0 @@\n-a\n");
}

TEST_CASE("a diff turns the one text into the other, whatever they are") {
    std::mt19937 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string texts[2];
        for (auto& text : texts) {
            for (auto length = random() % 30; length > 0; --length) text += std::string(1, 'a' + random() % 4) + "\n";
            if (!text.empty() && random() % 4 == 0) text.pop_back();
        }
        INFO(texts[0] << "---\n" << texts[1]);
        REQUIRE(patched(texts[0], unified_diff(texts[0], texts[1], "x")) == texts[1]);
    }
}

TEST_CASE("a diff of texts that differ in thousands of lines is right too") {
    std::string before, after;
    std::mt19937 random(2);
    for (int i = 0; i < 5000; ++i) {
        before += "  line " + std::to_string(random() % 1000) + "\n";
        after += (random() % 8 == 0 ? "  line " : "line ") + std::to_string(random() % 1000) + "\n";
    }
    CHECK(patched(before, unified_diff(before, after, "x")) == after);
}
