// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/document.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/ctprof/made_capture.h"

using namespace ktstr::ctprof;
using namespace ktstr::ctprof::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

std::string refusal(const json& document) {
    const auto capture = parse_document(document.dump());
    return capture ? "" : capture.error().text();
}

} // namespace

TEST_CASE("a capture is the same when it is read again, but for bytes that are no text") {
    const Capture made = made_capture();
    const std::string document = to_document(made);
    CHECK(std::all_of(document.begin(), document.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    const auto read = parse_document(document);
    REQUIRE(read.ok());
    CHECK(to_document(*read) == document);
    REQUIRE(read->threads.size() == 2);
    CHECK(read->threads[0].values == made.threads[0].values);
    CHECK(read->threads[0].process == "two\nlines");
    CHECK(read->threads[0].thread == "worker/\xef\xbf\xbd");
    CHECK(read->threads[0].priority == -51);
    CHECK(read->threads[1].heap == HeapState::vanished);
    CHECK(read->threads[1].values == made.threads[1].values);
    CHECK(read->cgroups[0].values == made.cgroups[0].values);
    CHECK(read->report.heap == made.report.heap);
    CHECK(read->report.absent == made.report.absent);
}

TEST_CASE("what is no capture, or one of a later version, is refused by name") {
    json document = to_json(made_capture());
    CHECK_THAT(refusal("text"), ContainsSubstring("not a ctprof capture"));
    CHECK_THAT(refusal({{"threads", json::array()}}), ContainsSubstring("not a ctprof capture"));
    document["version"] = 2;
    document["threads"] = "of another form";
    CHECK_THAT(refusal(document), ContainsSubstring("version 2") && ContainsSubstring("ktstr that wrote it"));
    document["version"] = 0;
    CHECK_THAT(refusal(document), ContainsSubstring("version"));
}

TEST_CASE("every field that is missing, or of another type or range, is named") {
    const std::string text = to_document(made_capture());
    const json document = json::parse(text);
    for (const auto& [name, unused] : document.items()) {
        json without = document;
        without.erase(name);
        INFO(name);
        CHECK_FALSE(refusal(without).empty());
    }
    for (const auto& [name, unused] : document["threads"][0].items()) {
        json without = document;
        without["threads"][0].erase(name);
        CHECK_THAT(refusal(without), ContainsSubstring("threads[0]." + name));
        json other = document;
        other["threads"][0][name] = json::array();
        CHECK_THAT(refusal(other), ContainsSubstring("threads[0]." + name));
    }
    json wrong = document;
    wrong["threads"][1]["counters"]["made_up"] = 1;
    CHECK_THAT(refusal(wrong), ContainsSubstring("threads[1].counters"));
    wrong = document;
    wrong["threads"][1]["counters"]["run_time_ns"] = -1;
    CHECK_THAT(refusal(wrong), ContainsSubstring("threads[1].counters"));
    wrong = document;
    wrong["threads"][0]["thread"] = std::string(1000, 'x');
    CHECK_THAT(refusal(wrong), ContainsSubstring("threads[0].thread"));
}

TEST_CASE("a document that nests without end is refused") {
    CHECK_FALSE(parse_document("{\"format\":" + std::string(1'000'000, '[')).ok());
    CHECK_FALSE(
        parse_document("{\"format\": \"ktstr ctprof\", \"x\":" + std::string(100, '[') + std::string(100, ']') + "}")
            .ok());
}

TEST_CASE("a document with bytes changed anywhere is read or refused, and nothing worse") {
    const std::string document = to_document(made_capture());
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i) {
        std::string changed = document;
        for (int change = 0; change < 3; ++change) changed[random() % changed.size()] = static_cast<char>(random());
        if (i % 3 == 0) changed.resize(random() % changed.size());
        const auto read = parse_document(changed);
        if (read) CHECK(parse_document(to_document(*read)).ok());
    }
}
