// SPDX-License-Identifier: GPL-2.0-only
// What is made of a model's answer, however odd it is.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>

#include "llm/answer.h"

using namespace ktstr::llm;

namespace {

// "name=value" of each metric, or the problem.
std::string read(const std::string& text) {
    const ReadAnswer answer = read_answer(text);
    std::string out;
    for (const auto& metric : answer.metrics) {
        std::string value = std::to_string(metric.value);
        value = value.substr(0, value.find('.') + 2);
        out += (out.empty() ? "" : " ") + metric.name + "=" + value;
    }
    return answer.problem.empty() ? out : out + "[" + answer.problem + "]";
}

} // namespace

TEST_CASE("an answer's numbers are metrics by their dotted paths") {
    CHECK(read(R"({"p99": 12.5, "rps": {"mean": 3, "all": [1, 2]}, "unit": "us", "ok": true})") ==
          "p99=12.5 rps.mean=3.0 rps.all.0=1.0 rps.all.1=2.0");
}

TEST_CASE("prose, fences and thoughts around the object do not matter") {
    CHECK(read("Sure! Here you are:\n```json\n{\"p99\": 4}\n```\nThe value {of} p99 is 4.") == "p99=4.0");
    CHECK(read("The set {a, b} is given. {\"p99\": 4}") == "p99=4.0");
    CHECK(read("It's 5\" long: {\"p99\": 4}") == "p99=4.0");
    CHECK(read("<think>{\"p99\": 1}?</think>{\"p99\": 4}") == "p99=4.0");
    CHECK(read(R"({"a}{": 1, "b\"}": 2})") == "a}{=1.0 b\"}=2.0");
    CHECK(read("{see {\"p99\": 4}") == "p99=4.0");
}

TEST_CASE("the first object counts, even if a later one has more") {
    CHECK(read("{\"a\": 1} {\"b\": 2, \"c\": 3}") == "a=1.0");
}

TEST_CASE("a name that is there twice is given twice") {
    CHECK(read(R"({"a": 1, "a": 2})") == "a=1.0 a=2.0");
    CHECK(read(R"({"a.b": 1, "a": {"b": 2}})") == "a.b=1.0 a.b=2.0");
}

TEST_CASE("what is not finite is kept as such") {
    const auto answer =
        read_answer(R"({"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999, "e": "NaN", "f": -1e999, "g": 1e-999})");
    REQUIRE(answer.metrics.size() == 7);
    CHECK(std::isnan(answer.metrics[0].value));
    CHECK(answer.metrics[1].value == INFINITY);
    CHECK(answer.metrics[2].value == -INFINITY);
    CHECK(answer.metrics[3].value == INFINITY);
    CHECK(std::isnan(answer.metrics[4].value));
    CHECK(answer.metrics[5].value == -INFINITY);
    CHECK(answer.metrics[6].value == 0);
    CHECK(read(R"({"NaN": 1, "text": "it is NaN here"})") == "NaN=1.0");
}

TEST_CASE("an answer without metrics says why") {
    CHECK(read("") == "[the answer is empty]");
    CHECK(read(" \n") == "[the answer is empty]");
    CHECK(read("I cannot help with that.") == "[the answer has no JSON object]");
    CHECK(read("{\"p99\": 4") == "[the answer has no JSON object]");
    CHECK(read("{\"p99\": 4,, }") == "[the answer's object is not JSON]");
    CHECK(read("{\"p99\": four}") == "[the answer's object is not JSON]");
    CHECK(read("{}") == "[the answer has no numbers]");
    CHECK(read("{\"p99\": \"4 us\"}") == "[the answer has no numbers]");
    CHECK(read("[1, 2]") == "[the answer has no JSON object]");
    CHECK(read(std::string(longest_answer + 1, ' ')) == "[the answer has more than 64 KiB]");
}

TEST_CASE("more metrics than anyone reports are cut off") {
    std::string text = "{";
    for (int i = 0; i < 1500; ++i) text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":1";
    const auto answer = read_answer(text + "}");
    CHECK(answer.metrics.size() == most_metrics);
    CHECK(answer.problem == "of 1500 numbers in the answer, the first 1,000 are taken as metrics");
}

TEST_CASE("answers that are made to cost much are read in bounded time and memory") {
    const auto filled = [](const std::string& piece) {
        std::string text;
        while (text.size() + piece.size() <= longest_answer) text += piece;
        return text;
    };
    for (const std::string piece : {"{", "{\"", "{\"a\":", "{}", "}{", "\"", "\\", "{\"a\":{", "[{", "<think>"})
        CHECK(read_answer(filled(piece)).metrics.empty());
    // A name of 30 KB above many numbers.
    CHECK(read("{\"" + std::string(30'000, 'k') + "\": [" + filled("1,").substr(0, 30'000) + "1]}") ==
          "[the answer has no numbers]");
}

TEST_CASE("any bytes give metrics with names of bounded length, or a problem") {
    std::mt19937 random(1);
    const std::string pieces[] = {"{", "}", "\"", "\"a\"", ":",        ",", "1",    "-",    "1e999",    "NaN",
                                  "[", "]", "\\", "\\u00", "</think>", " ", "\xff", "null", "Infinity", "{\"a\":1}"};
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto left = random() % 24; left > 0; --left) text += pieces[random() % std::size(pieces)];
        const auto answer = read_answer(text);
        INFO(text);
        REQUIRE(answer.metrics.empty() == !answer.problem.empty());
        for (const auto& metric : answer.metrics) REQUIRE(metric.name.size() <= ktstr::eval::longest_metric_name);
    }
}
