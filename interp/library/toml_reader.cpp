// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/toml_reader.h"

#include <algorithm>
#include <sstream>

#include "interp/diagnostics/suggest.h"

namespace ktstr::library {

namespace {

std::string type_name(const toml::node& node) {
    std::ostringstream name;
    name << node.type();
    return name.str();
}

bool on_one_line(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

} // namespace

void Problems::add(const toml::source_position& place, const std::string& message) {
    list_.emplace(place.line, place.column, message);
}

Error Problems::error() const {
    std::string text;
    for (const auto& [line, column, message] : list_)
        text += (text.empty() ? "" : "\n") + file_ + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
                message;
    return Error{text};
}

Result<toml::table> parse_toml(std::string_view text, const std::string& file) {
    // Debian's toml++ reports by exceptions; they end here.
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        Problems problems(file);
        problems.add(error.source().begin, std::string(error.description()));
        return problems.error();
    }
}

std::string toml_string(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "\"";
}

TableReader::TableReader(const toml::table& table, std::string name, Problems& problems)
    : table_(table), name_(std::move(name)), problems_(problems) {}

TableReader::~TableReader() {
    for (const auto& [key, value] : table_) {
        const std::string name(key.str());
        if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
        std::string close = suggest(name, known_);
        if (close.empty()) {
            close = "there are";
            for (const auto& known : known_) close += (&known == &known_.front() ? " " : ", ") + known;
        }
        const auto& where = key.source().begin;
        problems_.add(where.line != 0 ? where : value.source().begin,
                      "there is no key `" + name + "` in " + name_ + "; " + close);
    }
}

const toml::node* TableReader::take(const char* key) {
    known_.emplace_back(key);
    return table_.get(key);
}

toml::source_position TableReader::place(const char* key) const {
    const auto* node = table_.get(key);
    return node != nullptr ? node->source().begin : table_.source().begin;
}

void TableReader::wrong_type(const char* key, const char* wanted, const toml::node& node) {
    problems_.add(node.source().begin, std::string("`") + key + "` in " + name_ + " must be " + wanted + ", and is " +
                                           (node.is_array() || node.is_integer() ? "an " : "a ") + type_name(node));
}

std::optional<std::string> TableReader::string(const char* key, const Check& check) {
    const auto* node = take(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_string()) {
        wrong_type(key, "a string", *node);
        return std::nullopt;
    }
    std::string text = **node->as_string();
    if (!on_one_line(text)) {
        problems_.add(node->source().begin, std::string("`") + key + "` in " + name_ + " has control characters");
        return std::nullopt;
    }
    if (check)
        if (const auto checked = check(text); !checked) {
            const auto& error = checked.error();
            problems_.add(node->source().begin, error.message + (error.hint.empty() ? "" : "; " + error.hint));
            return std::nullopt;
        }
    return text;
}

std::optional<std::string> TableReader::required_string(const char* key, const Check& check) {
    if (!has(key)) problems_.add(table_.source().begin, name_ + " has no `" + key + "`");
    return string(key, check);
}

std::optional<std::int64_t> TableReader::required_integer(const char* key) {
    const auto* node = take(key);
    if (node == nullptr) {
        problems_.add(table_.source().begin, name_ + " has no `" + key + "`");
        return std::nullopt;
    }
    if (node->is_integer()) return **node->as_integer();
    wrong_type(key, "an integer", *node);
    return std::nullopt;
}

const toml::table* TableReader::table(const char* key) {
    const auto* node = take(key);
    if (node == nullptr || node->is_table()) return node == nullptr ? nullptr : node->as_table();
    wrong_type(key, "a table", *node);
    return nullptr;
}

const toml::array* TableReader::array(const char* key) {
    const auto* node = take(key);
    if (node == nullptr || node->is_array()) return node == nullptr ? nullptr : node->as_array();
    wrong_type(key, "an array", *node);
    return nullptr;
}

} // namespace ktstr::library
