// SPDX-License-Identifier: GPL-2.0-only
// The catalogue of work types: what a worker can be asked to do. The compiler checks against it and fills in defaults;
// the executor has one function per entry that requirements.h calls executed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::plan {

struct WorkParameter {
    enum class Kind {
        duration, // ns, an integer
        size,     // bytes, an integer
        count,    // an integer
        percent,  // a fraction, a double
        rate,     // per second, a double
        choice,   // one of `choices`, a string
        phases,   // 1 .. max_phases phases
        program,  // Lua source text, a string
    };
    std::string name;
    Kind kind;
    WorkParameterValue default_value;
    double minimum; // of a number; of the duration of a phase; of the bytes of a program
    double maximum;
    std::string summary;
    std::vector<std::string> choices;

    // Why `value` is none that the parameter takes, "is not in 1..8"; none if it is one.
    [[nodiscard]] std::optional<std::string> refusal(const WorkParameterValue& value) const;
};

constexpr std::size_t max_phases = 64;

struct WorkType {
    enum class Category { cpu, sleep, wake, cache, io, churn, memory, locks, pressure, benchmark, compound };
    std::string name; // "futex_ping_pong"
    Category category;
    std::string summary; // one line for `ktstr list work-types`
    // Workers come in groups of this many (2 = pairs) and, where a parameter is named, as many more as it says: a group
    // of futex_fan_out is 1 + fan_out workers.
    int group_size = 1;
    std::string group_parameter;
    std::vector<WorkParameter> parameters;
    bool process_only = false; // its workers cannot be threads of one process

    [[nodiscard]] const WorkParameter* find(std::string_view parameter) const; // null if there is none
    // The size of a group with these parameters, which have the group_parameter in its range.
    [[nodiscard]] int group_size_with(const WorkParameters& given) const;
    [[nodiscard]] WorkParameters defaults() const;
};

// What the wake latency of a worker of this type is, for `wake_latency` of the record and of expectations: "the end of
// its sleep", from which it counts until the worker runs. Empty: its workers have none.
std::string_view wake_latency_of(std::string_view work_type);

const std::vector<WorkType>& work_types();
const WorkType* find_work_type(std::string_view name);   // null if there is none
const std::vector<std::string>& phase_kinds();           // of WorkPhase: "spin", ...
std::string_view to_string(WorkParameter::Kind kind);    // "duration"
std::string_view to_string(WorkType::Category category); // "cpu"

} // namespace ktstr::plan
