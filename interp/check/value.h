// SPDX-License-Identifier: GPL-2.0-only
// Values of the language and their types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "interp/check/model.h"

namespace ktstr::check {

struct Symbol;

enum class Type {
    duration,
    size,
    count,
    decimal,
    percent,
    rate,
    string,
    boolean,
    version,
    cpu_set,
    topology,
    list,
    record,
    range,
    tolerance,
    word,
    program,
    workload,
    scheduler,
    payload
};

// A value; which field holds it follows from the type.
struct Value {
    Type type = Type::count;
    std::int64_t integer = 0; // duration: ns; size: bytes; count; boolean; version: 6.14.2 is 6'014'002
    double number = 0;        // percent: a fraction; rate: per second; decimal
    std::string text{};       // string, word, program
    model::CpuSetSpec cpus{};
    plan::Topology topology{};
    std::vector<Value> items{};                // list; record; range: both ends; tolerance: the middle and the reach
    std::vector<std::string> names{};          // record: of the items
    std::shared_ptr<const model::Work> work{}; // workload
    const Symbol* symbol = nullptr;            // scheduler, payload
    plan::SourcePosition source{};             // program: where it begins
};

std::string describe(Type type);     // "a duration"
std::string how_to_write(Type type); // "a duration has a unit: ns, us, ms, s or min, as in 500ms"

constexpr bool is_integral(Type type) { return type == Type::duration || type == Type::size || type == Type::count; }
constexpr bool is_real(Type type) { return type == Type::percent || type == Type::rate || type == Type::decimal; }
constexpr bool is_numeric(Type type) { return is_integral(type) || is_real(type); }
constexpr bool is_plain(Type type) { return type == Type::count || type == Type::decimal; }
// Of a number, in its base unit.
double real(const Value& value);

Value boolean(bool value);
Value count(std::int64_t value);

// "2s", "1500us", "64KiB": the shortest exact spelling.
std::string show_duration(std::int64_t nanoseconds);
std::string show_size(std::int64_t bytes);
// The value as text: what ${...} in a string becomes, and what -P shows.
std::string show(const Value& value);

} // namespace ktstr::check
