// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/bounded_json.h"

#include <nlohmann/json.hpp>

namespace ktstr::plan {

using nlohmann::json;

namespace {

class BoundedParser : public nlohmann::detail::json_sax_dom_parser<json> {
  public:
    BoundedParser(json& value, int most_levels) : json_sax_dom_parser(value, false), most_levels_(most_levels) {}
    // The announced size is not passed on: the DOM parser throws on one that is absurd.
    bool start_object(std::size_t) { return deeper() && json_sax_dom_parser::start_object(unknown_size); }
    bool end_object() { return --level_ >= 0 && json_sax_dom_parser::end_object(); }
    bool start_array(std::size_t) { return deeper() && json_sax_dom_parser::start_array(unknown_size); }
    bool end_array() { return --level_ >= 0 && json_sax_dom_parser::end_array(); }
    [[nodiscard]] bool too_deep() const { return level_ > most_levels_; }

  private:
    static constexpr std::size_t unknown_size = static_cast<std::size_t>(-1);
    bool deeper() { return ++level_ <= most_levels_; }
    int most_levels_;
    int level_ = 0;
};

Result<json> parse(std::string_view bytes, json::input_format_t format, const char* name, int most_levels) {
    json value;
    BoundedParser parser(value, most_levels);
    if (json::sax_parse(bytes.begin(), bytes.end(), &parser, format)) return value;
    if (parser.too_deep()) return Error{"it nests deeper than " + std::to_string(most_levels) + " levels"};
    return Error{std::string("it is not valid ") + name};
}

} // namespace

Result<json> parse_json(std::string_view text, int most_levels) {
    return parse(text, json::input_format_t::json, "JSON", most_levels);
}

Result<json> parse_cbor(std::string_view bytes) {
    return parse(bytes, json::input_format_t::cbor, "CBOR", most_json_levels);
}

} // namespace ktstr::plan
