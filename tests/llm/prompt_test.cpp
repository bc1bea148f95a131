// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include "llm/prompt.h"
#include "tests/llm/made_up_prose.h"

using namespace ktstr;
using namespace ktstr::llm;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the prompt has the text, the hint and the declared metrics; the schema asks for their names") {
    plan::Payload payload = test::prose_payload();
    payload.pattern = "higher is better";
    payload.metrics = {{"latency.p99", "us", plan::Metric::Polarity::lower}};
    const std::string prompt = prompt_for(payload, "it took 5 us");
    CHECK_THAT(prompt, ContainsSubstring("the program bench"));
    CHECK_THAT(prompt, ContainsSubstring("About this program: higher is better\n"));
    CHECK_THAT(prompt, ContainsSubstring("\"latency.p99\", in us"));
    CHECK_THAT(prompt, ContainsSubstring("--- the text begins ---\nit took 5 us\n--- the text ends ---\n"));
    CHECK(schema_for(payload)["properties"] == nlohmann::json{{"latency.p99", {{"type", "number"}}}});
}

TEST_CASE("of a long text the beginning and the end are shown, in whole lines and characters") {
    CHECK(shortened("short").text == "short");
    CHECK(shortened("short").left_out == 0);
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += "line " + std::to_string(100 + i) + "\n";
    const auto cut = shortened(lines, 100);
    CHECK(cut.text ==
          "line 100\nline 101\nline 102\nline 103\nline 104\n\n[810 bytes are left out here]\nline 195\nline "
          "196\nline 197\nline 198\nline 199\n");
    CHECK(cut.left_out == 810);
    std::string umlauts;
    for (int i = 0; i < 100; ++i) umlauts += "\u00e4";
    const auto whole = shortened(umlauts, 103);
    CHECK(nlohmann::json(whole.text).dump().size() > 100); // throws if it is not UTF-8
    CHECK(whole.text.size() < 103 + 40);
}
