// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "report/table.h"
#include "report/text.h"

using namespace ktstr::report;

TEST_CASE("what a guest prints cannot steer the terminal") {
    CHECK(printable("a\x1b[31mred\x1b[0m b\r\n") == "ared b\n");
    CHECK(printable("\x1b]0;title\x07text") == "text");
    CHECK(printable("\x1b"
                    "cscreen \x1b") == "screen ");
    CHECK(printable("bell \x07 del \x7f") == "bell \\x07 del \\x7f");
    CHECK(printable(std::string("nul \0", 5)) == "nul \\x00");
    CHECK(printable("C1 \xC2\x9B"
                    "31m") == "C1 \\x9b31m");
}

TEST_CASE("broken UTF-8 becomes U+FFFD, byte by byte, and good UTF-8 stays") {
    CHECK(valid_utf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\xA7") == "café € 🐧");
    CHECK(valid_utf8("\xE2\x82") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(valid_utf8("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD"); // overlong
    CHECK(valid_utf8("\xED\xA0\x80").size() == 9);               // a surrogate
    CHECK(valid_utf8("\xF4\x90\x80\x80").size() == 12);          // beyond U+10FFFF
    CHECK(valid_utf8("a\xFF"
                     "b") == "a\xEF\xBF\xBD"
                             "b");
}

TEST_CASE("text is cut by terminal columns, not by bytes") {
    CHECK(cut_to_width("scheduler", 20) == "scheduler");
    CHECK(cut_to_width("scheduler", 5) == "sche…");
    CHECK(cut_to_width("éééé", 3) == "éé…");
    CHECK(display_width("日本") == 4);
    CHECK(cut_to_width("日本語", 4) == "日…");
    CHECK(cut_to_width("x", 0).empty());
}

TEST_CASE("the tail of a log says how much there was") {
    const auto tail = tail_of("1\n2\n3\n4\n\n", 2);
    CHECK(tail.lines == std::vector<std::string>{"3", "4"});
    CHECK(tail.total == 4);
    CHECK(tail_of("", 2).lines.empty());
    CHECK(tail_of("\n\n", 2).total == 0);
}

TEST_CASE("a table lines up, whatever its cells hold, and ends lines without blanks") {
    Table table({{"name"}, {"n", Table::Align::right}, {""}});
    table.add({"é", "1", "note"});
    table.add({"longer", "100", ""}, &Style::red);
    CHECK(table.text(Style{}) == "name      n\n"
                                 "é         1  note\n"
                                 "longer  100\n");
    CHECK(table.text(Style{true}).find("\x1b[31mlonger\x1b[0m  100\n") != std::string::npos);
}
