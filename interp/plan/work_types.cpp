// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/work_types.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ktstr::plan {

namespace {

using Kind = WorkParameter::Kind;

// "1..8", without a fraction where there is none.
std::string range_text(double minimum, double maximum) {
    const auto text = [](double number) {
        if (number == std::floor(number) && std::abs(number) < 1e15)
            return std::to_string(static_cast<std::int64_t>(number));
        std::string decimal = std::to_string(number);
        decimal.erase(decimal.find_last_not_of('0') + 1);
        return decimal;
    };
    return text(minimum) + ".." + text(maximum);
}

std::optional<std::string> number_refusal(const WorkParameter& parameter, double number) {
    if (number >= parameter.minimum && number <= parameter.maximum) return std::nullopt;
    return "is not in " + range_text(parameter.minimum, parameter.maximum);
}

std::optional<std::string> choice_refusal(const std::vector<std::string>& choices, const std::string& word) {
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) return std::nullopt;
    std::string all;
    for (const auto& choice : choices) all += (all.empty() ? "" : ", ") + choice;
    return "is not one of " + all;
}

std::optional<std::string> phases_refusal(const WorkParameter& parameter, const std::vector<WorkPhase>& phases) {
    if (phases.empty() || phases.size() > max_phases)
        return "does not have 1.." + std::to_string(max_phases) + " phases";
    for (const auto& phase : phases) {
        if (auto refusal = choice_refusal(phase_kinds(), phase.kind)) return "has a phase whose kind " + *refusal;
        if (auto refusal = number_refusal(parameter, static_cast<double>(phase.duration_ns)))
            return "has a phase whose duration_ns " + *refusal;
    }
    return std::nullopt;
}

// By work type: what the latency counts from.
constexpr std::array<std::pair<std::string_view, std::string_view>, 26> wake_latencies = {{
    {"bursty", "the end of its `sleep`"},
    {"idle_churn", "the end of its `sleep`"},
    {"timer_latency", "its deadline"},
    {"irq_wake", "the timer's expiry, if it slept then"},
    {"pipe_io", "the other's `write`"},
    {"futex_ping_pong", "the other's `FUTEX_WAKE`"},
    {"cache_pipe", "the other's `write`, for each `read` that it sleeps in"},
    {"wake_chain", "the last one's `FUTEX_WAKE` or `write`"},
    {"asymmetric_waker", "the other's `FUTEX_WAKE`"},
    {"futex_fan_out", "the one's `FUTEX_WAKE` of all; of the one: that of the last of them"},
    {"fan_out_compute", "the one's `FUTEX_WAKE`; of the one: that of the last of them, and the end of its `sleep`"},
    {"epoll_storm", "the start of the burst; of the one: the end of its `interval`"},
    {"thundering_herd", "the one's `FUTEX_WAKE` of all; of the one: the end of its `interval`"},
    {"producer_consumer_imbalance", "the `FUTEX_WAKE` for an item, the last one if several consumers sleep; of the "
                                    "producer: the first one for room"},
    {"net_traffic", "the other's `send`"},
    {"io_convoy", "the last `FUTEX_WAKE` of the lock; requests to the disk have none"},
    {"fork_exit", "its child's `exit_group`, with the child's way out of the kernel"},
    {"mutex_contention", "the last `FUTEX_WAKE` of the lock"},
    {"priority_inversion", "the last `FUTEX_WAKE` or `FUTEX_UNLOCK_PI` of the lock, and the end of `think`"},
    {"signal_storm", "the other's `tkill`, or the time of the next one of its own"},
    {"preempt_storm", "the time of its wake-up; the victims have none"},
    {"rt_starvation", "the start of its period; the victims have none"},
    {"schbench", "the message thread's call, as schbench counts it"},
    {"taobench", "the end of `miss` after it asked the backend"},
    {"sequence", "the end of a phase `sleep`"},
    {"custom", "the end of `sleep`, `futex.wake` of the word, `pipe.write`"},
}};

} // namespace

std::string_view wake_latency_of(std::string_view work_type) {
    for (const auto& [name, from] : wake_latencies)
        if (name == work_type) return from;
    return "";
}

std::optional<std::string> WorkParameter::refusal(const WorkParameterValue& value) const {
    switch (kind) {
    case Kind::duration:
    case Kind::size:
    case Kind::count:
        if (const auto* number = std::get_if<std::int64_t>(&value))
            return number_refusal(*this, static_cast<double>(*number));
        return "is not an integer";
    case Kind::percent:
    case Kind::rate:
        if (const auto* number = std::get_if<double>(&value)) return number_refusal(*this, *number);
        return "is not a number";
    case Kind::choice:
        if (const auto* word = std::get_if<std::string>(&value)) return choice_refusal(choices, *word);
        return "is not a string";
    case Kind::phases:
        if (const auto* phases = std::get_if<std::vector<WorkPhase>>(&value)) return phases_refusal(*this, *phases);
        return "is not a list of phases";
    case Kind::program:
        if (const auto* text = std::get_if<std::string>(&value))
            return number_refusal(*this, static_cast<double>(text->size()))
                       ? std::optional<std::string>("does not have " + range_text(minimum, maximum) + " bytes")
                       : std::nullopt;
        return "is not a string";
    }
    return std::nullopt;
}

const WorkParameter* WorkType::find(std::string_view parameter) const {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [parameter](const WorkParameter& one) { return one.name == parameter; });
    return found == parameters.end() ? nullptr : &*found;
}

int WorkType::group_size_with(const WorkParameters& given) const {
    if (group_parameter.empty()) return group_size;
    return group_size + static_cast<int>(std::get<std::int64_t>(given.at(group_parameter)));
}

WorkParameters WorkType::defaults() const {
    WorkParameters result;
    for (const auto& parameter : parameters) result.emplace(parameter.name, parameter.default_value);
    return result;
}

const WorkType* find_work_type(std::string_view name) {
    for (const auto& type : work_types())
        if (type.name == name) return &type;
    return nullptr;
}

const std::vector<std::string>& phase_kinds() {
    static const std::vector<std::string> kinds = {"spin", "sleep", "yield", "io", "alu"};
    return kinds;
}

std::string_view to_string(WorkParameter::Kind kind) {
    static constexpr std::array<std::string_view, 8> names = {"duration", "size",   "count",  "percent",
                                                              "rate",     "choice", "phases", "program"};
    return names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(WorkType::Category category) {
    static constexpr std::array<std::string_view, 11> names = {
        "cpu", "sleep", "wake", "cache", "io", "churn", "memory", "locks", "pressure", "benchmark", "compound"};
    return names.at(static_cast<std::size_t>(category));
}

} // namespace ktstr::plan
