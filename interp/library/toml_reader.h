// SPDX-License-Identifier: GPL-2.0-only
// Strict reading of a TOML file: every key is asked for, of the right type, or is a problem with its line and column.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <tuple>
#include <vector>

#include "base/result.h"

namespace ktstr::library {

// Collects what is wrong with one file, each as "ktl.toml:3:5: message".
class Problems {
  public:
    explicit Problems(std::string file) : file_(std::move(file)) {}
    void add(const toml::source_position& place, const std::string& message);
    [[nodiscard]] bool none() const { return list_.empty(); }
    // All of them, a line each, in the order of their places.
    [[nodiscard]] Error error() const;

  private:
    std::string file_;
    std::set<std::tuple<unsigned, unsigned, std::string>> list_;
};

// The file's text as a table; an error "file:line:column: message" if it is no TOML.
Result<toml::table> parse_toml(std::string_view text, const std::string& file);

// The text as a TOML string, in quotes. It has no control characters.
std::string toml_string(std::string_view text);

// One table of the file, of which each key is taken at most once; the keys that nobody took are problems.
class TableReader {
  public:
    // `name` is how messages call it: "[library]".
    TableReader(const toml::table& table, std::string name, Problems& problems);
    TableReader(const TableReader&) = delete;
    TableReader& operator=(const TableReader&) = delete;
    ~TableReader();

    // The value of a string key, if it is there, is a string on one line and `check` (if any) has nothing against it.
    using Check = std::function<Result<void>(std::string_view)>;
    std::optional<std::string> string(const char* key, const Check& check = {});
    std::optional<std::string> required_string(const char* key, const Check& check = {});
    std::optional<std::int64_t> required_integer(const char* key);
    const toml::table* table(const char* key);
    const toml::array* array(const char* key);

    [[nodiscard]] bool has(const char* key) const { return table_.contains(key); }
    // Where a key is, or the table if it has none.
    [[nodiscard]] toml::source_position place(const char* key) const;

  private:
    const toml::node* take(const char* key);
    void wrong_type(const char* key, const char* wanted, const toml::node& node);

    const toml::table& table_;
    std::string name_;
    Problems& problems_;
    std::vector<std::string> known_;
};

} // namespace ktstr::library
