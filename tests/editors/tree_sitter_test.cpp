// SPDX-License-Identifier: GPL-2.0-only
// The tree-sitter parser and its queries, by tree-sitter's own runtime, on every text.
#include <tree_sitter/api.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>

#include "base/file.h"

extern "C" const TSLanguage* tree_sitter_ktl(void);

namespace ktstr::test {

namespace {

const std::filesystem::path editors = std::filesystem::path(KTSTR_SOURCE_DIRECTORY) / "editors";

std::string content(const std::filesystem::path& path) {
    auto text = read_file(path);
    REQUIRE(text.ok());
    return std::move(*text);
}

using Tree = std::unique_ptr<TSTree, decltype(&ts_tree_delete)>;
Tree parse(const std::string& text) {
    const std::unique_ptr<TSParser, decltype(&ts_parser_delete)> parser(ts_parser_new(), ts_parser_delete);
    REQUIRE(ts_parser_set_language(parser.get(), tree_sitter_ktl()));
    // Recovery at the end of a text can go on forever (tree-sitter issue 1617) if a missing word can end too many rules
    // at once, which the grammar must avoid. A minute is for that only.
    ts_parser_set_timeout_micros(parser.get(), 60'000'000);
    Tree tree(ts_parser_parse_string(parser.get(), nullptr, text.data(), static_cast<std::uint32_t>(text.size())),
              ts_tree_delete);
    INFO(text);
    REQUIRE(tree != nullptr);
    return tree;
}

// The tree as a corpus file has it: named nodes without the names of their fields.
std::string shape(const Tree& tree) {
    const std::unique_ptr<char, decltype(&std::free)> text(ts_node_string(ts_tree_root_node(tree.get())), std::free);
    return std::regex_replace(std::string(text.get()), std::regex("\\w+: "), "");
}

std::string without_blanks(const std::string& text) {
    const std::string one_line = std::regex_replace(text, std::regex("\\s+"), " ");
    return std::regex_replace(one_line, std::regex("^ | $"), "");
}

// What a node stands for in the text.
std::string written(const std::string& text, TSNode node) {
    return text.substr(ts_node_start_byte(node), ts_node_end_byte(node) - ts_node_start_byte(node));
}

class Query {
  public:
    explicit Query(const std::string& name) : source_(content(editors / "tree-sitter/queries" / (name + ".scm"))) {
        std::uint32_t at = 0;
        TSQueryError error = TSQueryErrorNone;
        query_.reset(
            ts_query_new(tree_sitter_ktl(), source_.data(), static_cast<std::uint32_t>(source_.size()), &at, &error));
        INFO(name << ".scm, byte " << at << ": " << source_.substr(at, 40));
        REQUIRE(query_ != nullptr);
    }

    // Calls found(capture, node) for each capture whose pattern's predicates hold.
    void each(const std::string& text, const std::function<void(const std::string&, TSNode)>& found) const {
        const Tree tree = parse(text);
        const std::unique_ptr<TSQueryCursor, decltype(&ts_query_cursor_delete)> cursor(ts_query_cursor_new(),
                                                                                       ts_query_cursor_delete);
        ts_query_cursor_exec(cursor.get(), query_.get(), ts_tree_root_node(tree.get()));
        TSQueryMatch match;
        while (ts_query_cursor_next_match(cursor.get(), &match)) {
            if (!holds(match, text)) continue;
            for (std::uint16_t i = 0; i < match.capture_count; ++i)
                found(capture_name(match.captures[i].index), match.captures[i].node);
        }
    }

    // The value of `#set! KEY VALUE` in the pattern of the only capture.
    [[nodiscard]] std::string setting(const std::string& key) const {
        std::uint32_t count = 0;
        const TSQueryPredicateStep* steps = ts_query_predicates_for_pattern(query_.get(), 0, &count);
        REQUIRE(count == 4);
        CHECK(value(steps[0]) == "set!");
        CHECK(value(steps[1]) == key);
        return value(steps[2]);
    }

  private:
    [[nodiscard]] std::string capture_name(std::uint32_t index) const {
        std::uint32_t length = 0;
        const char* name = ts_query_capture_name_for_id(query_.get(), index, &length);
        return {name, length};
    }
    [[nodiscard]] std::string value(const TSQueryPredicateStep& step) const {
        std::uint32_t length = 0;
        const char* text = ts_query_string_value_for_id(query_.get(), step.value_id, &length);
        return {text, length};
    }
    // #any-of? @capture "word"... is the only predicate in use that decides anything.
    [[nodiscard]] bool holds(const TSQueryMatch& match, const std::string& text) const {
        std::uint32_t count = 0;
        const TSQueryPredicateStep* steps = ts_query_predicates_for_pattern(query_.get(), match.pattern_index, &count);
        if (count == 0 || value(steps[0]) == "set!") return true;
        REQUIRE(value(steps[0]) == "any-of?");
        for (std::uint32_t i = 2; steps[i].type == TSQueryPredicateStepTypeString; ++i)
            if (value(steps[i]) == written(text, match.captures[0].node)) return true;
        return false;
    }

    struct Delete {
        void operator()(TSQuery* query) const { ts_query_delete(query); }
    };
    std::string source_;
    std::unique_ptr<TSQuery, Delete> query_;
};

nlohmann::json texts() {
    const auto all = nlohmann::json::parse(content(KTSTR_EDITOR_TEXTS));
    REQUIRE(all.size() > 30);
    return all;
}

// The byte at which each line begins.
std::vector<std::size_t> line_starts(const std::string& text) {
    std::vector<std::size_t> starts{0};
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
        starts.push_back(at + 1);
    return starts;
}

// The captures that cover each byte, the innermost last.
std::map<std::size_t, std::set<std::string>> captures(const Query& query, const std::string& text) {
    std::map<std::size_t, std::set<std::string>> result;
    query.each(text, [&](const std::string& capture, TSNode node) {
        for (auto at = ts_node_start_byte(node); at < ts_node_end_byte(node); ++at) result[at].insert(capture);
    });
    return result;
}

const std::map<std::string, std::set<std::string>> looks = {
    {"statement", {"keyword"}},
    {"declaration", {"keyword"}},
    {"setting", {"keyword"}},
    {"op", {"keyword"}},
    {"expectation", {"function.builtin"}},
    {"word", {"keyword"}},
    {"operator", {"keyword.operator"}},
    {"constant", {"constant.builtin"}},
    {"policy", {"constant.builtin"}},
    {"work_type", {"type.builtin"}},
    {"string", {"string"}},
    {"comment", {"comment"}},
    {"number", {"number", "constant"}},
    {"label", {"variable.parameter"}},
    {"declared", {"variable.definition"}},
};

// Whether the word is seen as a mere name: what is no reserved word can be one, and one that is called, dotted or an
// element is.
bool is_a_name(const std::string& text, std::size_t at, std::size_t length, const std::string& kind) {
    const Tree tree = parse(text);
    const auto from = static_cast<std::uint32_t>(at);
    const TSNode node = ts_node_descendant_for_byte_range(ts_tree_root_node(tree.get()), from,
                                                          static_cast<std::uint32_t>(from + length));
    if (ts_node_type(node) != std::string_view("identifier")) return false;
    const char after = text[at + length];
    return kind == "expectation" || after == '(' || after == '.' || after == ',' || after == ']';
}

} // namespace

TEST_CASE("tree-sitter parses every text without an error") {
    for (const auto& entry : texts()) {
        const Tree tree = parse(entry["text"]);
        INFO(entry["name"] << "\n" << shape(tree));
        CHECK(!ts_node_has_error(ts_tree_root_node(tree.get())));
    }
}

TEST_CASE("tree-sitter highlights every keyword, name, string, comment and number of every text as what it is") {
    const Query query("highlights");
    std::size_t seen = 0;
    for (const auto& entry : texts()) {
        const std::string text = entry["text"];
        const auto starts = line_starts(text);
        auto found = captures(query, text);
        for (const auto& token : entry["tokens"]) {
            const std::string kind = token["kind"];
            const std::string word = token["text"];
            const std::size_t at = starts.at(token["line"].get<std::size_t>()) + token["column"].get<std::size_t>();
            if (kind == "lua" || is_a_name(text, at, word.size(), kind)) continue;
            const auto& wanted = looks.at(kind);
            const auto has = [&](std::size_t where) {
                return std::any_of(wanted.begin(), wanted.end(),
                                   [&](const std::string& capture) { return found[where].contains(capture); });
            };
            INFO(entry["name"] << ":" << token["line"].get<int>() + 1 << ": " << word << ", a " << kind);
            CHECK(has(at));
            CHECK(has(at + word.size() - 1));
            ++seen;
        }
    }
    CHECK(seen > 1000);
}

TEST_CASE("tree-sitter highlights every word of the language") {
    const Query query("highlights");
    const auto words = nlohmann::json::parse(content(editors / "words.json"));
    for (const auto& [kind, list] : words.items())
        for (const std::string word : list) {
            const std::string before = kind == "expectation" ? "expect { " : kind == "operator" ? "x = y " : "x y ";
            const std::string text = before + word + (kind == "expectation" ? " }" : " z");
            INFO(text);
            CHECK(captures(query, text)[before.size()].contains(*looks.at(kind).begin()));
            CHECK(!captures(query, before + "x_" + word + " }")[before.size() + 2].contains(*looks.at(kind).begin()));
        }
}

TEST_CASE("tree-sitter gives what is in a Lua block to Lua") {
    const Query query("injections");
    CHECK(query.setting("injection.language") == "lua");
    std::vector<std::string> code;
    const std::string text = "check \"a\" lua [[ x = \"]\" ]] check \"b\" lua [[]]\nstep { }";
    query.each(text, [&](const std::string&, TSNode node) { code.push_back(written(text, node)); });
    CHECK(code == std::vector<std::string>{" x = \"]\" "});
    for (const auto& entry : texts())
        for (const auto& token : entry["tokens"])
            if (token["kind"] == "lua") {
                bool covered = false;
                const std::string all = entry["text"];
                query.each(all, [&](const std::string&, TSNode node) {
                    covered = covered || (ts_node_start_point(node).row <= token["line"].get<std::uint32_t>() &&
                                          token["line"].get<std::uint32_t>() <= ts_node_end_point(node).row);
                });
                CHECK(covered);
            }
}

TEST_CASE("tree-sitter's queries for folds, indents and names find what they are for") {
    const std::string text =
        "scenario \"a\" {\n  args [\n    \"b\",\n  ]\n  cgroup hot { workers 1 of spin }\n  freeze hot\n}\n";
    const auto found = [&](const char* name, const std::string& wanted) {
        std::multiset<std::string> result;
        Query(name).each(text, [&](const std::string& capture, TSNode node) {
            if (capture == wanted) result.insert(written(text, node).substr(0, 5));
        });
        return result;
    };
    CHECK(found("folds", "fold") == std::multiset<std::string>{"{\n  a", "[\n   ", "{ wor"});
    CHECK(found("indents", "indent.begin") == std::multiset<std::string>{"{\n  a", "[\n   ", "{ wor"});
    CHECK(found("indents", "indent.branch") == std::multiset<std::string>{"}", "]", "}"});
    CHECK(found("locals", "local.definition") == std::multiset<std::string>{"hot"});
    CHECK(found("locals", "local.reference").count("hot") == 1);
}

TEST_CASE("tree-sitter makes the trees of its corpus") {
    const std::regex entry_pattern("=+\n([^\n]*)\n=+\n\n?([^]*?)\n-{3,}\n\n?([^]*?)(?=\n=+\n|$)");
    std::size_t seen = 0;
    for (const auto& file : std::filesystem::directory_iterator(editors / "tree-sitter/test/corpus")) {
        const std::string text = content(file.path());
        for (std::sregex_iterator at(text.begin(), text.end(), entry_pattern), end; at != end; ++at, ++seen) {
            INFO(file.path().filename() << ": " << (*at)[1]);
            CHECK(shape(parse((*at)[2])) == without_blanks((*at)[3]));
        }
    }
    CHECK(seen >= 10);
}

TEST_CASE("tree-sitter comes to an end on every text, wherever it is cut off or lacks a piece") {
    for (const auto& entry : texts()) {
        const std::string text = entry["text"];
        for (std::size_t at = 0; at < text.size(); at += 3) {
            parse(text.substr(0, at));
            parse(text.substr(0, at) + text.substr(std::min(at + 20, text.size())));
        }
    }
}

TEST_CASE("tree-sitter sees the statements around an error") {
    const Query query("highlights");
    const std::string text = "let a = ]\nscenario \"b\" { ) duration 2s }\n";
    const auto found = captures(query, text);
    CHECK(found.at(text.find("scenario")).contains("keyword"));
    CHECK(found.at(text.find("duration")).contains("keyword"));
}

} // namespace ktstr::test
