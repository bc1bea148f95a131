// SPDX-License-Identifier: GPL-2.0-only
// Prose out of a guest, read by a model on the host: a server of a made-up one.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>

#include "tests/llm/served_model.h"
#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

// What the model is set up by, for the life of this object.
class Variables {
  public:
    void set(const char* name, const std::string& value) {
        ::setenv(name, value.c_str(), 1);
        names_.emplace_back(name);
    }
    ~Variables() {
        for (const auto& name : names_) ::unsetenv(name.c_str());
    }

  private:
    std::vector<std::string> names_;
};

Outcome run_prose(const Sandbox& sandbox) {
    return run_ktstr(
        sandbox, {"run", std::string(KTSTR_SCENARIOS) + "/payloads/prose.ktl", "--out", "records", "--format", "json"});
}

json record_of(const Sandbox& sandbox, const Outcome& outcome) {
    INFO(outcome.errors);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 2);
    return json::parse(read_file(sandbox.path("work") / lines[0]["sidecar"].get<std::string>()).value());
}

} // namespace

TEST_CASE("what a model reads out of a guest's prose is judged, and is in the record with its source") {
    const ServedModel server(json::object({{"answers", json::object({{"the slowest of them after 12 ms",
                                                                      "Here: {\"answered\": 9, \"slowest\": 12}"}})}}));
    Variables variables;
    variables.set("KTSTR_LLM_URL", server.url());
    variables.set("KTSTR_LLM_SHA256", server.sha256());
    const Sandbox sandbox;
    const auto outcome = run_prose(sandbox);
    CHECK(outcome.exit.exit_code == 0);
    const auto record = record_of(sandbox, outcome);
    INFO(record["assertions"].dump(1));
    CHECK(record["passed"] == true);
    REQUIRE(record["extractions"].size() == 1);
    CHECK(record["extractions"][0]["payload"] == 0);
    CHECK(record["extractions"][0]["model_sha256"] == server.sha256());
    CHECK(record["extractions"][0]["metrics"][0] ==
          json{{"name", "answered"}, {"value", 9.0}, {"source", "llm"}, {"stream", "stdout"}});
    REQUIRE(record["metrics"].size() == 2);
    CHECK(record["metrics"][1]["name"] == "slowest");
    CHECK(record["metrics"][1]["unit"] == "ms");
    CHECK(record["metrics"][1]["better"] == "lower");
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("without a model a scenario with prose is skipped, and says how to set one up") {
    const Sandbox sandbox;
    const auto outcome = run_prose(sandbox);
    CHECK(outcome.exit.exit_code == 0);
    const auto record = record_of(sandbox, outcome);
    INFO(record["assertions"].dump(1));
    CHECK(record["skipped"] == true);
    CHECK_THAT(record["assertions"][0]["message"].get<std::string>(),
               ContainsSubstring("no language model is set up (set KTSTR_LLM_URL to a llama-server on this machine"));
    CHECK_THAT(record["payloads"][0]["stdout"].get<std::string>(), ContainsSubstring("12 ms"));
}
