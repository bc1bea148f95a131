// SPDX-License-Identifier: GPL-2.0-only
#include "tests/interp/reference_rows.h"

#include <cmath>

#include "interp/check/value.h"

namespace ktstr::test {

namespace {

using ParameterKind = plan::WorkParameter::Kind;

std::string number_text(ParameterKind kind, double number) {
    check::Value value;
    value.integer = std::llround(number);
    value.number = number;
    value.type = kind == ParameterKind::duration  ? check::Type::duration
                 : kind == ParameterKind::size    ? check::Type::size
                 : kind == ParameterKind::percent ? check::Type::percent
                 : kind == ParameterKind::rate    ? check::Type::rate
                                                  : check::Type::count;
    return check::show(value);
}

std::string default_text(const plan::WorkParameter& parameter) {
    if (const auto* integer = std::get_if<std::int64_t>(&parameter.default_value))
        return number_text(parameter.kind, static_cast<double>(*integer));
    if (const auto* number = std::get_if<double>(&parameter.default_value)) return number_text(parameter.kind, *number);
    if (const auto* text = std::get_if<std::string>(&parameter.default_value)) return text->substr(0, text->find('\n'));
    std::string text;
    for (const auto& phase : std::get<std::vector<plan::WorkPhase>>(parameter.default_value))
        text += (text.empty() ? "{" : ", {") + phase.kind + ": " +
                number_text(ParameterKind::duration, static_cast<double>(phase.duration_ns)) + "}";
    return "[" + text + "]";
}

std::string range_text(const plan::WorkParameter& parameter) {
    if (parameter.kind == ParameterKind::program) return "Lua, up to 64KiB";
    if (parameter.kind == ParameterKind::choice) {
        std::string text;
        for (const auto& choice : parameter.choices) text += (text.empty() ? "" : ", ") + choice;
        return text;
    }
    if (parameter.kind != ParameterKind::phases)
        return number_text(parameter.kind, parameter.minimum) + " to " + number_text(parameter.kind, parameter.maximum);
    return "up to " + std::to_string(plan::max_phases) + ", each " +
           number_text(ParameterKind::duration, parameter.minimum) + " to " +
           number_text(ParameterKind::duration, parameter.maximum);
}

} // namespace

std::string row_of(const plan::WorkType& type) {
    std::string row = "| `" + type.name + "` | " + type.summary;
    if (!type.group_parameter.empty())
        row += "; in groups of " + (type.group_size > 0 ? std::to_string(type.group_size) + " + " : std::string()) +
               "`" + type.group_parameter + "`";
    else if (type.group_size > 1)
        row += "; in groups of " + std::to_string(type.group_size);
    row += " | ";
    for (const auto& parameter : type.parameters)
        row += (&parameter == &type.parameters.front() ? "`" : "; `") + parameter.name + "`: " + parameter.summary +
               " (" + default_text(parameter) + "; " + range_text(parameter) + ")";
    return row + (type.parameters.empty() ? "- |" : " |");
}

} // namespace ktstr::test
