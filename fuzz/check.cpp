// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/check.h"

#include <algorithm>

#include "interp/diagnostics/render.h"
#include "interp/plan/plan_file.h"

namespace ktstr::fuzz {

namespace {

std::string check_message(const Diagnostic& diagnostic) {
    const std::size_t size = diagnostic.file->text().size();
    const std::string code(info(diagnostic.code).name);
    if (diagnostic.begin > size || diagnostic.end < diagnostic.begin || diagnostic.end > size + 1)
        return code + " points outside of the text";
    if (diagnostic.message.empty()) return code + " says nothing";
    if (render(diagnostic).empty() || to_json(diagnostic).dump().empty()) return code + " cannot be shown";
    return {};
}

} // namespace

std::string check_round_trip(const plan::Plan& plan) {
    const std::string written = plan::canonical_bytes(plan);
    const auto read = plan::plans_from_text(written);
    if (!read) return "a plan cannot be read back: " + read.error().text();
    if (read->size() != 1) return "a plan reads back as several";
    if (plan::canonical_bytes(read->front()) != written) return "a plan reads back as another";
    if (plan::plan_hash(read->front()) != plan::plan_hash(plan)) return "a plan reads back with another hash";
    return {};
}

std::string check_compilation(const std::string& text, const CompileOptions& options) {
    const auto compiled = compile_source("fuzz.ktl", text, options);
    if (!compiled) return compiled.error().message.empty() ? "an error without a message" : "";
    const CompileResult& result = *compiled;
    bool failed = false;
    for (const auto& diagnostic : result.diagnostics) {
        failed = failed || diagnostic.severity() == Severity::error;
        if (auto fault = check_message(diagnostic); !fault.empty()) return fault;
    }
    if (failed && !result.scenarios.empty()) return "a file with an error has scenarios";
    for (const auto& scenario : result.scenarios)
        if (auto fault = check_round_trip(scenario.plan); !fault.empty()) return fault;
    return {};
}

} // namespace ktstr::fuzz
