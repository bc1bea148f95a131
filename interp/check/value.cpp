// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/value.h"

#include <array>
#include <charconv>
#include <utility>

#include "interp/check/modules.h"

namespace ktstr::check {

namespace {

struct TypeInfo {
    const char* name;
    const char* how;
};

// In the order of Type.
constexpr std::array<TypeInfo, 20> types = {{
    {"a duration", "a duration has a unit: ns, us, ms, s or min, as in 500ms"},
    {"a size", "a size has a unit: B, KiB, MiB or GiB, as in 64KiB"},
    {"a count", "a count is a whole number without a unit, as in 4"},
    {"a decimal number", "a decimal number is written as in 1.5"},
    {"a percentage", "a percentage is written as in 15%"},
    {"a rate", "a rate is a number per unit of time, as in 100/s"},
    {"a string", "a string is written in double quotes"},
    {"a condition", "a condition is a comparison, as in topology.cpus > 2, or true or false"},
    {"a version", "a version is written as in v6.14"},
    {"a CPU set", "a CPU set is written as in 0-3,7 or llc(0); range(a, b) makes one from counts"},
    {"a topology", "a topology is written as in 1n2l4c1t"},
    {"a list", "a list is written in brackets, as in [\"a\", \"b\"]"},
    {"a record", "a record is written in braces, as in {burst: 5ms, sleep: 10ms}"},
    {"a range", "a range is written as in 1..4"},
    {"a tolerance", "a tolerance is written as in 1.0 +- 0.5"},
    {"a word", ""},
    {"a Lua program", "a program is written as in lua [[ ... ]]"},
    {"a workload", "a workload is a work type or the name of a `work`"},
    {"a scheduler", "a scheduler is the name of a `scheduler` declaration"},
    {"a payload", "a payload is the name of a `payload` declaration"},
}};

std::string show_unit(std::int64_t value, std::initializer_list<std::pair<std::int64_t, const char*>> units) {
    for (const auto& [unit, name] : units)
        if (value % unit == 0 && (value != 0 || unit == 1)) return std::to_string(value / unit) + name;
    std::abort(); // the last unit is 1
}

std::string show_number(double value) {
    // 15 digits: 7% is 0.07 inside, and 0.07 * 100 is a little more than 7. A general format has no exponent below
    // them.
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::general, 15);
    return {buffer.begin(), end.ptr};
}

std::string show_items(const Value& value, const char* separator) {
    std::string text;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (i > 0) text += separator;
        if (i < value.names.size()) text += value.names[i] + ": ";
        text += show(value.items[i]);
    }
    return text;
}

std::string show_set(const model::CpuSetSpec& set) {
    using Kind = model::CpuSetSpec::Kind;
    const auto index = std::to_string(set.index);
    switch (set.kind) {
    case Kind::all: return "all";
    case Kind::usable: return "usable";
    case Kind::llc: return "llc(" + index + ")";
    case Kind::numa: return "numa(" + index + ")";
    case Kind::range: return "range(" + index + ", " + std::to_string(set.count) + ")";
    case Kind::disjoint: return "disjoint(" + index + ", of: " + std::to_string(set.count) + ")";
    case Kind::overlap:
        return "overlap(" + index + ", of: " + std::to_string(set.count) +
               ", frac: " + show_number(set.fraction * 100) + "%)";
    case Kind::exact: return set.exact.list();
    }
    std::abort();
}

} // namespace

std::string describe(Type type) { return types.at(static_cast<std::size_t>(type)).name; }
std::string how_to_write(Type type) { return types.at(static_cast<std::size_t>(type)).how; }

double real(const Value& value) { return is_integral(value.type) ? static_cast<double>(value.integer) : value.number; }

Value boolean(bool value) { return Value{Type::boolean, value ? 1 : 0}; }
Value count(std::int64_t value) { return Value{Type::count, value}; }

std::string show_duration(std::int64_t nanoseconds) {
    return show_unit(nanoseconds, {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}});
}

std::string show_size(std::int64_t bytes) {
    return show_unit(bytes, {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}});
}

std::string show(const Value& value) {
    switch (value.type) {
    case Type::duration: return show_duration(value.integer);
    case Type::size: return show_size(value.integer);
    case Type::count: return std::to_string(value.integer);
    case Type::decimal: return show_number(value.number);
    case Type::percent: return show_number(value.number * 100) + "%";
    case Type::rate: return show_number(value.number) + "/s";
    case Type::string:
    case Type::word:
    case Type::program: return value.text;
    case Type::boolean: return value.integer != 0 ? "true" : "false";
    case Type::version: {
        const std::string patch = value.integer % 1000 > 0 ? "." + std::to_string(value.integer % 1000) : "";
        return "v" + std::to_string(value.integer / 1'000'000) + "." + std::to_string(value.integer / 1000 % 1000) +
               patch;
    }
    case Type::cpu_set: return show_set(value.cpus);
    case Type::topology: return value.topology.label();
    case Type::list: return "[" + show_items(value, ", ") + "]";
    case Type::record: return "{" + show_items(value, ", ") + "}";
    case Type::range: return show_items(value, "..");
    case Type::tolerance: return show_items(value, " +- ");
    case Type::workload: return value.work->work.name;
    case Type::scheduler:
    case Type::payload: return value.symbol->name;
    }
    std::abort();
}

} // namespace ktstr::check
