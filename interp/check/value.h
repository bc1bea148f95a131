// SPDX-License-Identifier: GPL-2.0-only
// Values of the language and their types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interp/check/model.h"

namespace ktstr::check {

enum class Type { duration, size, count, decimal, percent, rate, string, cpu_set, topology, list };

// A value; which field holds it follows from the type.
struct Value {
    Type type = Type::count;
    std::int64_t integer = 0; // duration: ns; size: bytes; count
    double number = 0;        // percent: a fraction; rate: per second; decimal
    std::string text{};       // string
    model::CpuSetSpec cpus{};
    plan::Topology topology{};
    std::vector<Value> items{}; // list
};

std::string describe(Type type);     // "a duration"
std::string how_to_write(Type type); // "a duration has a unit: ns, us, ms, s or min, as in 500ms"

// "2s", "1500us", "64KiB": the shortest exact spelling.
std::string show_duration(std::int64_t nanoseconds);
std::string show_size(std::int64_t bytes);

} // namespace ktstr::check
