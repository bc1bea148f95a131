// SPDX-License-Identifier: GPL-2.0-only
// A run whose payloads have written prose.
#pragma once

#include <chrono>

#include "interp/plan/plan.h"
#include "interp/plan/record.h"
#include "llm/engine.h"
#include "tests/llm/served_model.h"

namespace ktstr::test {

inline plan::Payload prose_payload(const std::string& name = "bench") {
    plan::Payload payload;
    payload.name = name;
    payload.binary = "bench";
    payload.output = plan::Payload::Output::llm;
    return payload;
}

inline plan::PayloadReport prose_report(const std::string& out, const std::string& err = "") {
    plan::PayloadReport report;
    report.name = "bench";
    report.ended_by = "itself";
    report.exit = "exit code 0";
    report.exit_code = 0;
    report.out.text = out;
    report.err.text = err;
    return report;
}

inline llm::Settings settings_for(const ServedModel& server) {
    llm::Settings settings;
    settings.url = server.url();
    settings.sha256 = server.sha256();
    settings.digests = server.folder() / "digests";
    settings.limit = std::chrono::seconds(60);
    settings.load_limit = std::chrono::seconds(60);
    return settings;
}

} // namespace ktstr::test
