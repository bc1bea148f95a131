// SPDX-License-Identifier: GPL-2.0-only
#include "interp/eval/json_numbers.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace ktstr::eval {

namespace {

using nlohmann::json;

constexpr std::size_t deepest = 64;
constexpr std::size_t most_numbers = 20'000;

// Takes the numbers of a document as it is read.
class NumberCollector : public nlohmann::json_sax<json> {
  public:
    explicit NumberCollector(NumbersAs as) : as_(as) {}
    bool null() override { return element(); }
    bool boolean(bool) override { return element(); }
    bool string(string_t& text) override {
        if (as_ == NumbersAs::extracted) {
            if (text == "NaN") return number(std::numeric_limits<double>::quiet_NaN());
            if (text == "Infinity") return number(std::numeric_limits<double>::infinity());
            if (text == "-Infinity") return number(-std::numeric_limits<double>::infinity());
        }
        return element();
    }
    bool binary(binary_t&) override { return element(); }
    bool number_integer(number_integer_t value) override { return number(static_cast<double>(value)); }
    bool number_unsigned(number_unsigned_t value) override { return number(static_cast<double>(value)); }
    bool number_float(number_float_t value, const string_t&) override { return number(value); }
    bool start_object(std::size_t) override { return open(false); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(true); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        levels_.back().name = name;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

    std::vector<NamedNumber> take() { return std::move(numbers_); }

  private:
    struct Level {
        bool is_array;
        std::size_t index = 0;
        std::string name = {};
    };

    bool open(bool is_array) {
        if (levels_.size() >= deepest) return false;
        levels_.push_back({is_array});
        return true;
    }
    bool close() {
        levels_.pop_back();
        return element();
    }
    // An element is through: of an array, the next one follows.
    bool element() {
        if (!levels_.empty()) ++levels_.back().index;
        return true;
    }
    // Paths are bounded: a long key above many numbers would take memory without end.
    [[nodiscard]] std::optional<std::string> path() const {
        std::size_t bytes = 0;
        for (const auto& level : levels_) bytes += level.name.size() + 1;
        if (bytes > longest_metric_name) return std::nullopt;
        std::string path;
        for (const auto& level : levels_)
            path += (path.empty() ? "" : ".") + (level.is_array ? std::to_string(level.index) : level.name);
        return path;
    }
    bool number(double value) {
        if (numbers_.size() < most_numbers && (as_ == NumbersAs::extracted || std::isfinite(value)))
            if (auto name = path(); name && (as_ == NumbersAs::extracted || seen_.insert(*name).second))
                numbers_.push_back({std::move(*name), value});
        return element();
    }

    NumbersAs as_;
    std::vector<Level> levels_;
    std::vector<NamedNumber> numbers_;
    std::set<std::string> seen_; // one path twice: "a.b" beside "a": {"b"}
};

} // namespace

std::optional<std::vector<NamedNumber>> numbers_of_document(std::string_view text, NumbersAs as) {
    NumberCollector collector(as);
    if (!json::sax_parse(text.begin(), text.end(), &collector, json::input_format_t::json, false)) return std::nullopt;
    return collector.take();
}

} // namespace ktstr::eval
