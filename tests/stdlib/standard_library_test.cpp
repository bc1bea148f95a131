// SPDX-License-Identifier: GPL-2.0-only
// The standard library through its tests in its own language: the .ktl files of this folder.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <set>

#include "base/file.h"
#include "interp/check/modules.h"
#include "interp/compile/compile.h"
#include "interp/diagnostics/render.h"
#include "interp/plan/plan.h"
#include "interp/plan/requirements.h"
#include "interp/plan/work_types.h"

namespace ktstr::test {

namespace {

const std::filesystem::path source = KTSTR_SOURCE_DIRECTORY;
const std::filesystem::path folder = source / "tests/stdlib";

CompileResult compile(const std::filesystem::path& path, const CompileOptions& options = {}) {
    auto result = compile_paths({path}, options);
    REQUIRE(result.ok());
    return std::move(*result);
}

std::string rendered(const CompileResult& result) {
    std::string text;
    for (const auto& diagnostic : result.diagnostics) text += render(diagnostic);
    return text;
}

// The names that a module of the library defines, of one kind.
std::set<std::string> names_of(const char* module, std::string_view kind) {
    Diagnostics diagnostics;
    check::Modules modules(diagnostics);
    const auto path = source / "stdlib" / module;
    std::set<std::string> names;
    for (const auto& [name, symbol] : modules.load(path, path.string()).symbols)
        if (symbol.kind() == kind) names.insert(name);
    return names;
}

std::vector<plan::Topology> presets() {
    for (const auto& gauntlet : compile(folder / "topologies.ktl").gauntlets) {
        if (gauntlet.name != "all") continue;
        std::vector<plan::Topology> topologies;
        for (const auto& run : gauntlet.runs) topologies.push_back(*run.options.topology);
        return topologies;
    }
    return {};
}

} // namespace

TEST_CASE("the tests of the standard library in its own language compile without a word") {
    const auto result = compile(folder);
    CHECK(rendered(result).empty());
    CHECK(result.scenarios.size() >= 70);
}

TEST_CASE("the plans of the standard library can be read back by the executor") {
    for (const auto& scenario : compile(folder).scenarios) {
        INFO(scenario.plan.scenario);
        const auto read = plan::plan_from_json(plan::to_json(scenario.plan));
        INFO((read ? std::string() : read.error().message));
        CHECK(read.ok());
    }
}

TEST_CASE("the library has 24 machine shapes from 1 to 252 CPUs, each in the list of all") {
    const auto all = presets();
    CHECK(all.size() == 24);
    CHECK(names_of("topologies.ktl", "topology").size() == 24);
    std::set<int> sizes;
    for (const auto& topology : all) sizes.insert(topology.cpus());
    CHECK(*sizes.begin() == 1);
    CHECK(*sizes.rbegin() == 252);
}

TEST_CASE("the workloads stand for every work type of the catalogue") {
    const auto text = read_file(source / "stdlib/workloads.ktl");
    REQUIRE(text.ok());
    for (const auto& type : plan::work_types()) {
        INFO(type.name);
        const auto found = text->find("= " + type.name);
        REQUIRE(found != std::string::npos);
        const char next = text->at(found + 2 + type.name.size());
        CHECK((next == ' ' || next == '('));
    }
}

TEST_CASE("every template of the library has a scenario of its own in the tests") {
    std::set<std::string> tested;
    for (const auto& scenario : compile(folder).scenarios) tested.insert(scenario.plan.scenario);
    for (const auto& name : names_of("scenarios.ktl", "template")) {
        INFO(name);
        CHECK(tested.count(name) == 1);
    }
}

TEST_CASE("every template works on every machine shape, SMT where it is asked for") {
    for (const auto& topology : presets()) {
        CompileOptions options;
        options.topology = topology;
        for (const char* file : {"scenarios.ktl", "more_scenarios.ktl"}) {
            const auto result = compile(folder / file, options);
            for (const auto& diagnostic : result.diagnostics) {
                const bool needs_smt = diagnostic.message.find("no SMT siblings") != std::string::npos;
                INFO(topology.label() << ": " << render(diagnostic));
                CHECK((needs_smt && topology.threads == 1));
            }
        }
    }
}

TEST_CASE("what scenarios.ktl instantiates can be run by this version of ktstr") {
    for (const auto& scenario : compile(folder / "scenarios.ktl").scenarios) {
        INFO(scenario.plan.scenario);
        for (const auto& lack : plan::lacks(scenario.plan)) {
            INFO(lack.what);
            CHECK(false);
        }
    }
}

} // namespace ktstr::test
