// SPDX-License-Identifier: GPL-2.0-only
#include "llm/extract.h"

#include <algorithm>
#include <chrono>

#include "llm/answer.h"
#include "llm/prompt.h"

namespace ktstr::llm {

namespace {

struct Stream {
    const char* name;
    const char* words;
    const std::string& text;
};

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

// False: cancelled.
bool read_stream(const plan::Payload& payload, const Stream& stream, Engine& engine, plan::Extraction& extraction) {
    const Shortened text = shortened(stream.text);
    auto answer = engine.ask(payload, text.text);
    if (answer.reply.kind == Reply::Kind::cancelled) return false;
    extraction.model_sha256 = answer.model_sha256;
    if (answer.reply.kind == Reply::Kind::unavailable) {
        extraction.unavailable = answer.reply.error.message;
        extraction.hint = answer.reply.error.hint;
        return true;
    }
    const auto add_problem = [&](const std::string& problem) {
        if (!problem.empty()) extraction.problems.push_back(std::string(stream.words) + ": " + problem);
    };
    if (text.left_out > 0)
        add_problem(std::to_string(text.left_out) + " bytes in its middle were not shown to the model");
    add_problem(answer.reply.problem);
    if (answer.reply.text.empty() && !answer.reply.problem.empty()) return true;
    const ReadAnswer read = read_answer(answer.reply.text);
    add_problem(read.problem);
    if (!read.metrics.empty()) extraction.stream = stream.name;
    for (const auto& metric : read.metrics)
        extraction.metrics.push_back({metric.name, metric.value, plan::llm_source, stream.name});
    return true;
}

bool read_run(const plan::Payload& payload, const plan::PayloadReport& report, Engine& engine,
              plan::Extraction& extraction) {
    for (const auto& stream :
         {Stream{"stdout", "standard output", report.out.text}, Stream{"stderr", "standard error", report.err.text}}) {
        if (is_blank(stream.text)) continue;
        if (!read_stream(payload, stream, engine, extraction)) return false;
        if (!extraction.metrics.empty() || !extraction.unavailable.empty()) break;
    }
    return true;
}

} // namespace

bool extract_metrics(const plan::Plan& plan, plan::Record& record, Engine& engine) {
    if (record.end != plan::RunEnd::completed) return true;
    for (std::size_t i = 0; i < record.payloads.size(); ++i) {
        const auto& report = record.payloads[i];
        const auto payload = std::find_if(plan.payloads.begin(), plan.payloads.end(),
                                          [&report](const auto& one) { return one.name == report.name; });
        if (payload == plan.payloads.end() || payload->output != plan::Payload::Output::llm) continue;
        plan::Extraction extraction;
        extraction.payload = static_cast<int>(i);
        const auto started = std::chrono::steady_clock::now();
        if (!read_run(*payload, report, engine, extraction)) return false;
        const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - started;
        extraction.duration_ns = static_cast<std::uint64_t>(duration.count());
        record.extractions.push_back(std::move(extraction));
    }
    return true;
}

} // namespace ktstr::llm
