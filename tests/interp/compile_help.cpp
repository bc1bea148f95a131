// SPDX-License-Identifier: GPL-2.0-only
#include "tests/interp/compile_help.h"

#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "interp/diagnostics/render.h"

namespace ktstr::test {

namespace {

std::string scenario(const std::string& statements) {
    return "scenario \"test\" {\n  topology 1n2l4c1t\n  duration 4s\n" + statements + "\n}\n";
}

} // namespace

CompileResult compile_text(const std::string& text, const CompileOptions& options) {
    const auto folder = TemporaryDirectory::create("ktstr-interp");
    REQUIRE(folder.ok());
    const auto file = folder->path() / "test.ktl";
    REQUIRE(write_file(file, text).ok());
    auto result = compile_paths({file}, options);
    REQUIRE(result.ok());
    return std::move(*result);
}

plan::Plan plan_of(const std::string& text, const CompileOptions& options) {
    auto result = compile_text(text, options);
    INFO(rendered(result));
    REQUIRE(result.scenarios.size() == 1);
    return std::move(result.scenarios[0].plan);
}

plan::Plan plan_of_scenario(const std::string& statements, const CompileOptions& options) {
    return plan_of(scenario(statements), options);
}

std::string codes(const CompileResult& result) {
    std::string text;
    for (const auto& diagnostic : result.diagnostics)
        text += (text.empty() ? "" : " ") + std::string(info(diagnostic.code).name);
    return text;
}

std::string codes_of(const std::string& text) { return codes(compile_text(text)); }
std::string codes_of_scenario(const std::string& statements) { return codes_of(scenario(statements)); }

std::string rendered(const CompileResult& result) {
    std::string text;
    for (const auto& diagnostic : result.diagnostics) text += render(diagnostic);
    return text;
}

} // namespace ktstr::test
