// SPDX-License-Identifier: GPL-2.0-only
// What the project ships in .ktl: scenarios/, stdlib/ and the examples of the documentation.
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/file.h"
#include "interp/check/modules.h"
#include "interp/plan/monitor.h"
#include "interp/plan/op_words.h"
#include "interp/plan/requirements.h"
#include "interp/plan/work_types.h"
#include "interp/syntax/keywords.h"
#include "tests/interp/compile_help.h"
#include "tests/interp/reference_rows.h"

namespace ktstr::test {

namespace {

const std::filesystem::path source = KTSTR_SOURCE_DIRECTORY;

CompileResult compile_folder(const char* name) {
    auto result = compile_paths({source / name}, {});
    REQUIRE(result.ok());
    return std::move(*result);
}

std::string text_of(const char* file) {
    auto text = read_file(source / file);
    REQUIRE(text.ok());
    return std::move(*text);
}

std::string reference() { return text_of("docs/language.md"); }

// The ```ktl blocks of a page.
std::vector<std::string> examples(const std::string& text = reference()) {
    std::vector<std::string> blocks;
    for (auto at = text.find("```ktl\n"); at != std::string::npos; at = text.find("```ktl\n", at)) {
        at += 7;
        const auto end = text.find("```", at);
        REQUIRE(end != std::string::npos);
        blocks.push_back(text.substr(at, end - at));
        at = end + 3;
    }
    return blocks;
}

} // namespace

TEST_CASE("every scenario that is shipped compiles without a word, under a name of its own") {
    const auto result = compile_folder("scenarios");
    CHECK(rendered(result).empty());
    CHECK(result.scenarios.size() >= 20);
    std::set<std::string> names;
    for (const auto& scenario : result.scenarios) CHECK(names.insert(scenario.plan.scenario).second);
}

TEST_CASE("the shipped scenarios use every op that can be carried out, and every work type") {
    std::set<std::string> ops;
    std::set<std::string> types;
    const auto add = [&](const std::vector<plan::Op>& list) {
        for (const auto& op : list) {
            ops.emplace(op.name());
            if (const auto* cgroup = std::get_if<plan::AddCgroup>(&op.action))
                for (const auto& work : cgroup->spec.works) types.insert(work.work_type);
            if (const auto* spawn = std::get_if<plan::Spawn>(&op.action)) types.insert(spawn->work.work_type);
        }
    };
    for (const auto& scenario : compile_folder("scenarios").scenarios) {
        add(scenario.plan.backdrop);
        for (const auto& step : scenario.plan.steps) {
            add(step.ops);
            add(step.loop);
        }
    }
    for (const auto& name : plan::op_names())
        if (plan::is_executed_op(name) && !ops.contains(name)) FAIL_CHECK("no scenario has the op " << name);
    for (const auto& type : plan::work_types())
        if (!types.contains(type.name)) FAIL_CHECK("no scenario has the work type " << type.name);
}

TEST_CASE("the shipped scenarios run with and without a scheduler, on at most eight CPUs, and briefly") {
    std::uint64_t total = 0;
    bool with = false;
    bool without = false;
    for (const auto& scenario : compile_folder("scenarios").scenarios) {
        CHECK(scenario.plan.topology.cpus() <= 8);
        if (!scenario.plan.expects(plan::Expectation::Kind::error)) total += scenario.plan.duration_ns;
        (scenario.plan.scheduler ? with : without) = true;
    }
    CHECK(with);
    CHECK(without);
    CHECK(total <= 90'000'000'000);
}

TEST_CASE("the standard library checks as files, and everything in it can be used") {
    CHECK(rendered(compile_folder("stdlib")).empty());
    Diagnostics diagnostics;
    check::Modules modules(diagnostics);
    for (const auto& entry : std::filesystem::directory_iterator(source / "stdlib")) {
        const auto& module = modules.load(entry.path(), entry.path().string());
        const std::string name = "std." + entry.path().stem().string();
        for (const auto& [symbol_name, symbol] : module.symbols) {
            const std::string full = name + "." + symbol_name;
            const std::map<std::string_view, std::string> uses = {
                {"workload", "cgroup a { workers 100% of " + full + " }"},
                {"topology", "topology " + full + " cgroup a { workers 4 of spin_wait }"},
                {"scheduler", "scheduler " + full + " cgroup a { workers 4 of spin_wait }"},
                {"payload", "run " + full},
                {"bundle of expectations",
                 "cgroup a { cpuset 0 workers 2 of spin_wait } expect { include " + full + " }"},
                {"value", "topology " + full + "[0] cgroup a { workers 4 of spin_wait }"}};
            const auto use = uses.find(symbol.kind());
            if (use == uses.end()) continue; // templates: tests/stdlib
            INFO(full);
            CHECK(codes_of("use " + name + "\nscenario \"t\" { " + use->second + " }").empty());
        }
    }
}

TEST_CASE("every example of the language reference compiles without a word") {
    const auto blocks = examples();
    CHECK(blocks.size() >= 20);
    for (const auto& block : blocks) {
        INFO(block);
        CHECK(rendered(compile_text(block)).empty());
    }
}

TEST_CASE("the example of the page on observing compiles without a word") {
    const auto blocks = examples(text_of("docs/observing.md"));
    CHECK_FALSE(blocks.empty());
    for (const auto& block : blocks) {
        INFO(block);
        CHECK(rendered(compile_text(block)).empty());
    }
}

TEST_CASE("the examples of the README compile without a word") {
    const auto blocks = examples(text_of("README.md"));
    CHECK(blocks.size() == 2);
    for (const auto& block : blocks) {
        INFO(block);
        CHECK(rendered(compile_text(block)).empty());
    }
}

TEST_CASE("the language reference has an example of every keyword, a row of every work type, and every standard name") {
    std::string all;
    for (const auto& block : examples()) all += block;
    for (const auto& keyword : syntax::keywords()) {
        INFO(keyword.text);
        CHECK(std::regex_search(all, std::regex("\\b" + std::string(keyword.text) + "\\b")));
    }
    const std::string text = reference();
    for (const auto& type : plan::work_types()) {
        INFO(type.name);
        CHECK(text.find(row_of(type)) != std::string::npos);
    }
    Diagnostics diagnostics;
    check::Modules modules(diagnostics);
    for (const auto& entry : std::filesystem::directory_iterator(source / "stdlib"))
        for (const auto& [name, symbol] : modules.load(entry.path(), entry.path().string()).symbols) {
            INFO(name);
            CHECK(text.find("`" + name + "`") != std::string::npos);
        }
}

TEST_CASE("the page of work types has a unit and a wake latency of every type, or says that it has none") {
    const std::string text = text_of("docs/work-types.md");
    for (const auto& type : plan::work_types()) {
        INFO(type.name);
        CHECK((text.find("| `" + type.name + "` |") != std::string::npos || type.name == "sequence" ||
               type.name == "custom"));
        const auto from = plan::wake_latency_of(type.name);
        const std::string row = "| `" + type.name + "` | " + std::string(from) + " |\n";
        CHECK((from.empty() || text.find(row) != std::string::npos));
    }
    CHECK(text.find("All other work types have none") != std::string::npos);
}

TEST_CASE("the page of ops has a row of every op with its word and its fields") {
    const std::string text = text_of("docs/ops.md");
    const auto schema = nlohmann::json::parse(text_of("docs/plan.schema.json"));
    std::map<std::string, std::set<std::string>> fields_of;
    const std::function<void(const nlohmann::json&)> collect = [&](const nlohmann::json& node) {
        if (node.is_object() && node.contains("properties") && node["properties"].contains("op")) {
            const auto& op = node["properties"]["op"];
            if (op.contains("const"))
                for (const auto& [field, what] : node["properties"].items())
                    if (field != "op" && field != "source") fields_of[op["const"]].insert(field);
        }
        for (const auto& part : node)
            if (part.is_structured()) collect(part);
    };
    collect(schema);
    for (const auto& name : plan::op_names()) {
        INFO(name);
        const auto begin = text.find("| `" + name + "` | `");
        REQUIRE(begin != std::string::npos);
        const std::string row = text.substr(begin, text.find('\n', begin) - begin);
        if (name != "add_cgroup") CHECK(row.find("`" + std::string(plan::op_word(name))) != std::string::npos);
        for (const auto& field : fields_of[name]) {
            INFO(field);
            CHECK(row.find("`" + field + "`") != std::string::npos);
        }
    }
}

TEST_CASE("the language reference has a row of every value of the monitor") {
    const std::string text = reference();
    for (const auto* values : {&plan::monitor_values(), &plan::program_values()})
        for (const auto& value : *values) {
            const std::string row = "| `" + std::string(value.name) + "` | " + std::string(value.summary) +
                                    (value.counts ? ", so far |" : " |");
            INFO(row);
            CHECK(text.find(row) != std::string::npos);
        }
}

TEST_CASE("the language reference lists every diagnostic code with its meaning") {
    const std::string text = reference();
    for (const auto& code : diagnostic_codes()) {
        INFO(code.name);
        CHECK(text.find("| `" + std::string(code.name) + "` | " + std::string(code.summary) + " |") !=
              std::string::npos);
    }
}

} // namespace ktstr::test
