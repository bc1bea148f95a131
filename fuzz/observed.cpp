// SPDX-License-Identifier: GPL-2.0-only
#include "report/observed.h"

#include <nlohmann/json.hpp>

#include "fuzz/targets.h"
#include "report/trace.h"

namespace ktstr::fuzz {

namespace {

nlohmann::json record_with_nothing() {
    const auto none = nlohmann::json::array();
    return {{"sidecar_version", 1},    {"test_name", "s"},       {"kernel_version", "6.12"},
            {"scheduler", ""},         {"topology", "1n1l1c1t"}, {"seed", 0},
            {"stimulus_events", none}, {"workers", none},        {"payloads", none}};
}

} // namespace

std::string try_observed(std::string_view input) {
    const auto observed = report::parse_observed(input);
    if (!observed) return observed.error().message.empty() ? "an observed file is refused without a reason" : "";
    const auto trace = report::trace_of(record_with_nothing(), *observed);
    if (!trace) return trace.error().message.empty() ? "a record is refused without a reason" : "";
    (void)trace->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return {};
}

} // namespace ktstr::fuzz
