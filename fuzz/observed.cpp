// SPDX-License-Identifier: GPL-2.0-only
#include "report/observed.h"

#include <nlohmann/json.hpp>

#include "fuzz/targets.h"
#include "report/sidecar.h"
#include "report/trace.h"

namespace ktstr::fuzz {

namespace {

nlohmann::json record_with_nothing() {
    const auto none = nlohmann::json::array();
    return {{"sidecar_version", report::sidecar_version},
            {"test_name", "s"},
            {"scheduler", ""},
            {"topology", "1n1l1c1t"},
            {"passed", true},
            {"skipped", false},
            {"inconclusive", false},
            {"assertions", none},
            {"stimulus_events", none},
            {"workers", none},
            {"payloads", none},
            {"scheduler_exits", none},
            {"snapshots", none}};
}

} // namespace

std::string try_observed(std::string_view input) {
    static const auto record = record_with_nothing();
    if (const auto alone = report::trace_of(record, nullptr); !alone)
        return "the record that is tried is none: " + alone.error().message;
    const auto observed = report::parse_observed(input);
    if (!observed) return observed.error().message.empty() ? "an observed file is refused without a reason" : "";
    const auto trace = report::trace_of(record, *observed);
    if (!trace) return trace.error().message.empty() ? "a record is refused without a reason" : "";
    (void)trace->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return {};
}

} // namespace ktstr::fuzz
