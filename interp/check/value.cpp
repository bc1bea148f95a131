// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/value.h"

#include <utility>

namespace ktstr::check {

std::string describe(Type type) {
    switch (type) {
    case Type::duration: return "a duration";
    case Type::size: return "a size";
    case Type::count: return "a count";
    case Type::decimal: return "a decimal number";
    case Type::percent: return "a percentage";
    case Type::rate: return "a rate";
    case Type::string: return "a string";
    case Type::cpu_set: return "a CPU set";
    case Type::topology: return "a topology";
    case Type::list: return "a list";
    }
    std::abort();
}

std::string how_to_write(Type type) {
    switch (type) {
    case Type::duration: return "a duration has a unit: ns, us, ms, s or min, as in 500ms";
    case Type::size: return "a size has a unit: B, KiB, MiB or GiB, as in 64KiB";
    case Type::count: return "a count is a whole number without a unit, as in 4";
    case Type::decimal: return "a decimal number is written as in 1.5";
    case Type::percent: return "a percentage is written as in 15%";
    case Type::rate: return "a rate is a number per unit of time, as in 100/s";
    case Type::string: return "a string is written in double quotes";
    case Type::cpu_set: return "a CPU set is written as in 0-3,7 or llc(0); range(a, b) makes one from counts";
    case Type::topology: return "a topology is written as in 1n2l4c1t";
    case Type::list: return "a list is written in brackets, as in [\"a\", \"b\"]";
    }
    std::abort();
}

namespace {

std::string show(std::int64_t value, std::initializer_list<std::pair<std::int64_t, const char*>> units) {
    for (const auto& [unit, name] : units)
        if (value % unit == 0 && (value != 0 || unit == 1)) return std::to_string(value / unit) + name;
    std::abort(); // the last unit is 1
}

} // namespace

std::string show_duration(std::int64_t nanoseconds) {
    return show(nanoseconds, {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}});
}

std::string show_size(std::int64_t bytes) {
    return show(bytes, {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}});
}

} // namespace ktstr::check
