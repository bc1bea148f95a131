// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <random>

#include "base/file.h"
#include "interp/syntax/parse.h"
#include "likeness.h"

using namespace ktstr;
using namespace ktstr::format;

namespace {

// All .ktl files of the source tree that have no syntax errors.
std::vector<std::string> all_texts() {
    std::vector<std::string> texts;
    for (const char* folder : {"scenarios", "stdlib", "tests"}) {
        const auto root = std::filesystem::path(KTSTR_SOURCE_DIRECTORY) / folder;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
            if (entry.path().extension() != ".ktl") continue;
            auto text = read_file(entry.path());
            REQUIRE(text);
            if (substance(*text)) texts.push_back(std::move(*text));
        }
    }
    return texts;
}

// A text with other blanks, line ends and comments between its tokens, and longer strings.
class Shaker {
  public:
    explicit Shaker(std::uint32_t seed) : random_(seed) {}

    std::string shake(const std::string& text) {
        Diagnostics diagnostics;
        const auto source = std::make_shared<const SourceFile>("x.ktl", "x.ktl", text);
        const auto parts = stretches(text, syntax::parse(*source, diagnostics));
        std::string out;
        for (const auto& part : parts) {
            switch (part.kind) {
            case Stretch::Kind::verbatim: out += stretched(part.text); break;
            case Stretch::Kind::comment:
                if (one_in(2)) out += part.text + blanks_behind_comment();
                break;
            case Stretch::Kind::blanks: out += out.empty() || out.back() != '\n' ? gap() : more(); break;
            case Stretch::Kind::code: out += loosen(part.text); break;
            }
        }
        return out;
    }

  private:
    bool one_in(std::uint32_t n) { return random_() % n == 0; }

    std::string more() { return one_in(3) ? gap() : ""; }
    std::string blanks_behind_comment() { return one_in(4) ? " \t\r\n" : "\n"; }

    // Strings of other widths make other lines too long.
    std::string stretched(const std::string& text) {
        const std::size_t more = text.front() == '"' && one_in(6) ? random_() % 60 : 0;
        return text.substr(0, 1) + std::string(more, 'x') + text.substr(1);
    }

    // At least one blank.
    std::string gap() {
        static const std::vector<std::string> blanks = {" ",    " ",        "  ",     "\t",      "\n",
                                                        "\n  ", "\n\n\n  ", "\r\n\t", "       ", " \n \n"};
        std::string out = blanks[random_() % blanks.size()];
        while (one_in(12)) out += "# comment " + std::to_string(++comments_) + blanks_behind_comment() + more();
        return out;
    }

    // Blanks around signs that can have them.
    std::string loosen(const std::string& code) {
        std::string out;
        for (std::size_t i = 0; i < code.size(); ++i) {
            const char c = code[i];
            const bool dots = code.substr(i, 2) == "..";
            if ((std::string(",)]}").find(c) != std::string::npos || dots) && one_in(4)) out += gap();
            if (c == ']' && !out.empty() && out.back() != '[' && one_in(20)) out += ",";
            out += c;
            if (dots) out += code[++i];
            if ((std::string(",([{:").find(c) != std::string::npos || dots) && one_in(4)) out += gap();
        }
        return out;
    }

    std::mt19937 random_;
    int comments_ = 0;
};

// Whether the text is laid out as the rules of white space ask, strings and Lua aside.
void check_white_space(const std::string& text) {
    CHECK(text.find("\n\n\n") == std::string::npos);
    for (std::size_t at = text.find("{\n\n"); at != std::string::npos; at = text.find("{\n\n", at + 1)) {
        const std::size_t line = text.rfind('\n', at) + 1; // npos + 1 is the first line
        INFO(text.substr(line, at - line));
        CHECK(text.substr(line, at - line).find('#') != std::string::npos); // a comment may end with a brace
    }
    CHECK(text.substr(0, 1) != "\n");
    if (text.empty()) return;
    CHECK(text.back() == '\n');
    if (text.size() > 1) CHECK(text[text.size() - 2] != '\n');
}

} // namespace

TEST_CASE("formatting keeps every token, every comment and the syntax tree of all files of the project") {
    const auto texts = all_texts();
    REQUIRE(texts.size() > 30);
    for (const auto& text : texts) {
        INFO(text);
        CHECK(substance(formatted(text)) == substance(text));
    }
}

TEST_CASE("formatting twice is formatting once, for all files of the project") {
    for (const auto& text : all_texts()) {
        const std::string once = formatted(text);
        CHECK(formatted(once) == once);
    }
}

TEST_CASE("a file that was shaken keeps its substance and is laid out in one go") {
    int shaken_files = 0;
    for (const auto& text : all_texts())
        for (std::uint32_t seed = 0; seed < (text.size() > 1500 ? 8 : 40); ++seed) {
            const std::string shaken = Shaker(seed).shake(text);
            const auto before = substance(shaken);
            if (!before) continue; // a comma where none can be, in an index
            ++shaken_files;
            INFO("seed " << seed << "\n" << shaken);
            const std::string once = formatted(shaken);
            INFO("formatted:\n" << once);
            REQUIRE(substance(once) == before);
            REQUIRE(formatted(once) == once);
            check_white_space(once);
        }
    CHECK(shaken_files > 1000);
}
