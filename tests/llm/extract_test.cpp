// SPDX-License-Identifier: GPL-2.0-only
// From the outputs of a run to the extractions in its record, and to a verdict, by a server of a made-up model.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sys/eventfd.h>

#include "interp/eval/evaluate.h"
#include "llm/extract.h"
#include "tests/llm/made_up_prose.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

plan::Record record_with(std::vector<plan::PayloadReport> payloads) {
    plan::Record record;
    record.end = plan::RunEnd::completed;
    record.payloads = std::move(payloads);
    return record;
}

plan::Plan prose_plan() {
    plan::Plan plan;
    plan.payloads = {prose_payload()};
    return plan;
}

plan::Record extracted(const json& answers, std::vector<plan::PayloadReport> payloads) {
    const ServedModel server(json::object({{"answers", answers}}));
    plan::Record record = record_with(std::move(payloads));
    llm::Engine engine(settings_for(server));
    REQUIRE(llm::extract_metrics(prose_plan(), record, engine));
    return record;
}

} // namespace

TEST_CASE("each output that a model reads gives an extraction with its index, its stream and its model") {
    plan::PayloadReport other = prose_report("{\"a\": 1}");
    other.name = "other";
    const auto record = extracted({{"first", R"({"p99": 1})"}, {"second", R"({"lat": {"p99": 2}})"}},
                                  {prose_report("first"), other, prose_report("second")});
    REQUIRE(record.extractions.size() == 2);
    CHECK(record.extractions[0].payload == 0);
    CHECK(record.extractions[1].payload == 2);
    REQUIRE(record.extractions[1].metrics.size() == 1);
    CHECK(record.extractions[1].metrics[0].name == "lat.p99");
    CHECK(record.extractions[1].metrics[0].value == 2);
    CHECK(record.extractions[1].metrics[0].source == "llm");
    CHECK(record.extractions[1].metrics[0].stream == "stdout");
    CHECK(record.extractions[1].stream == "stdout");
    CHECK(record.extractions[1].model_sha256 == sha256_hex("the weights"));
    CHECK(record.extractions[1].duration_ns > 0);
    CHECK(record.extractions[1].problems.empty());
}

TEST_CASE("standard error is read if standard output gives nothing, and only then") {
    const auto record = extracted(
        {{"nothing here", "I see no numbers."}, {"stderr text", R"({"p99": 3})"}, {"stdout text", R"({"p99": 4})"}},
        {prose_report("nothing here", "stderr text"), prose_report("stdout text", "stderr text"),
         prose_report(" \n", "stderr text"), prose_report("", "")});
    REQUIRE(record.extractions.size() == 4);
    CHECK(record.extractions[0].stream == "stderr");
    CHECK(record.extractions[0].metrics[0].stream == "stderr");
    CHECK(record.extractions[0].metrics[0].value == 3);
    CHECK(record.extractions[0].problems == std::vector<std::string>{"standard output: the answer has no JSON object"});
    CHECK(record.extractions[1].stream == "stdout");
    CHECK(record.extractions[1].metrics[0].value == 4);
    CHECK(record.extractions[2].stream == "stderr");
    CHECK(record.extractions[3].metrics.empty());
    CHECK(record.extractions[3].unavailable.empty());
}

TEST_CASE("a model that answers nonsense gives no metrics, which is no failure by itself") {
    const auto record = extracted({{"text", "{\"p99\": many}"}}, {prose_report("text")});
    CHECK(record.extractions[0].metrics.empty());
    CHECK(record.extractions[0].problems ==
          std::vector<std::string>{"standard output: the answer's object is not JSON"});
    auto plan = prose_plan();
    CHECK(eval::evaluate(plan, record).outcome == eval::Outcome::pass);
    plan.payloads[0].checks = {
        {plan::PayloadCheck::Kind::metrics, "", plan::Comparison::greater_equal, 1, "metrics >= 1", {}}};
    CHECK(eval::evaluate(plan, record).outcome == eval::Outcome::fail);
}

TEST_CASE("names that are there twice and numbers that are none come as far as the verdict, all of them") {
    const auto record = extracted(json::object({{"text", R"({"a": 1, "a": 2, "b": NaN, "c": Infinity})"}}), {prose_report("text")});
    CHECK(record.extractions[0].metrics.size() == 4);
    const auto verdict = eval::evaluate(prose_plan(), record);
    CHECK(verdict.outcome == eval::Outcome::fail);
    CHECK(verdict.failures().size() == 3);
}

TEST_CASE("what was left out of a long text is said") {
    const auto record =
        extracted({{"the end", R"({"p99": 5})"}}, {prose_report(std::string(40'000, 'x') + " the end")});
    CHECK(record.extractions[0].metrics.size() == 1);
    REQUIRE(record.extractions[0].problems.size() == 1);
    CHECK_THAT(record.extractions[0].problems[0], ContainsSubstring("bytes in its middle were not shown to the model"));
}

TEST_CASE("without a model each output says why it was not read") {
    auto record = record_with({prose_report("a"), prose_report("b"), prose_report("")});
    llm::Engine engine(llm::Settings{});
    REQUIRE(llm::extract_metrics(prose_plan(), record, engine));
    REQUIRE(record.extractions.size() == 3);
    CHECK(record.extractions[0].unavailable == "no language model is set up");
    CHECK_THAT(record.extractions[1].hint, ContainsSubstring("KTSTR_LLM_SHA256"));
    CHECK(record.extractions[2].unavailable.empty()); // there was nothing to ask
    CHECK(eval::evaluate(prose_plan(), record).outcome == eval::Outcome::skip);
}

TEST_CASE("a run that did not come to its end asks nothing, and neither does one without prose") {
    auto record = record_with({prose_report("a")});
    record.end = plan::RunEnd::guest_hung;
    llm::Engine engine(llm::Settings{});
    CHECK(llm::extract_metrics(prose_plan(), record, engine));
    CHECK(record.extractions.empty());
    auto plan = prose_plan();
    plan.payloads[0].output = plan::Payload::Output::json;
    record.end = plan::RunEnd::completed;
    CHECK(llm::extract_metrics(plan, record, engine));
    CHECK(record.extractions.empty());
}

TEST_CASE("a record whose extraction was cancelled is not whole") {
    const Fd cancel(::eventfd(1, EFD_CLOEXEC));
    const ServedModel server;
    auto settings = settings_for(server);
    settings.cancel_fd = cancel.get();
    llm::Engine engine(settings);
    auto record = record_with({prose_report("a")});
    CHECK(!llm::extract_metrics(prose_plan(), record, engine));
}
