// SPDX-License-Identifier: GPL-2.0-only
// `ktstr explain`: every code is explained, and the examples are what they claim to be.
#include "interp/diagnostics/explanations.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

// No text shows them: a file that cannot be read, is too large, or is no text, and more than a hundred errors.
bool has_no_example(Code code) {
    return code == Code::unreadable_file || code == Code::file_too_large || code == Code::not_utf8 ||
           code == Code::nul_byte || code == Code::too_many_errors;
}

CompileResult compile_example(const std::string& text, const Explanation& explained) {
    const auto folder = TemporaryDirectory::create("ktstr-explain");
    REQUIRE(folder.ok());
    for (const auto& [name, body] : explained.files) REQUIRE(write_file(folder->path() / name, body).ok());
    REQUIRE(write_file(folder->path() / "example.ktl", text).ok());
    auto result = compile_paths({folder->path() / "example.ktl"}, {});
    REQUIRE(result.ok());
    return std::move(*result);
}

} // namespace

TEST_CASE("every code has an explanation in lines of at most 120 characters") {
    for (const auto& code : diagnostic_codes()) {
        INFO(code.name);
        const std::string text = explanation(code.code).text;
        CHECK(text.size() >= 60);
        for (std::size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size()) + 1)
            CHECK(std::min(text.find('\n', at), text.size()) - at <= 120);
    }
}

TEST_CASE("the wrong example of a code gives that code and no other error") {
    for (const auto& code : diagnostic_codes()) {
        const Explanation explained = explanation(code.code);
        INFO(code.name);
        CHECK(explained.wrong.empty() == has_no_example(code.code));
        if (explained.wrong.empty()) continue;
        const auto result = compile_example(explained.wrong, explained);
        INFO(rendered(result));
        CHECK_FALSE(result.diagnostics.empty());
        bool shown = false;
        for (const auto& diagnostic : result.diagnostics) {
            shown = shown || diagnostic.code == code.code;
            CHECK((diagnostic.code == code.code || diagnostic.severity() == Severity::warning));
        }
        CHECK(shown);
    }
}

TEST_CASE("the right example of a code compiles without a word") {
    for (const auto& code : diagnostic_codes()) {
        const Explanation explained = explanation(code.code);
        INFO(code.name);
        CHECK(explained.right.empty() == explained.wrong.empty());
        if (!explained.right.empty()) CHECK(rendered(compile_example(explained.right, explained)).empty());
    }
}

TEST_CASE("a code is found in capitals and in small letters, and nothing else is") {
    REQUIRE(find_code("E0203") != nullptr);
    CHECK(find_code("E0203")->code == Code::unknown_name);
    CHECK(find_code("w0401") == &info(Code::too_many_watches));
    CHECK(find_code("E0209") == nullptr);
    CHECK(find_code("E02031") == nullptr);
    CHECK(find_code("E020") == nullptr);
    CHECK(find_code("") == nullptr);
}

TEST_CASE("an explanation shows the summary, the text and both examples") {
    const std::string text = render_explanation(info(Code::no_cpuset));
    CHECK(text.rfind("error[E0505]: the cgroup has no cpuset\n\n`swap_cpusets` exchanges", 0) == 0);
    CHECK(text.find("\n\nWrong:\n\n    scenario \"load\" {\n      cgroup hot  { cpuset 0") != std::string::npos);
    CHECK(text.find("\n    }\n\nRight:\n\n    scenario \"load\" {\n") != std::string::npos);
    CHECK(text.back() == '\n');
    CHECK(render_explanation(info(Code::ambiguous_name)).find("\nwith mine.ktl:\n\n    work cpu_hog") !=
          std::string::npos);
    CHECK(render_explanation(info(Code::nul_byte)).find("Wrong:") == std::string::npos);
}

TEST_CASE("an explanation as JSON has the code, its severity and all texts") {
    const auto json = explanation_to_json(info(Code::unused_name));
    CHECK(json.at("code") == "W0201");
    CHECK(json.at("severity") == "warning");
    CHECK(json.at("summary") == "a definition is not used");
    CHECK(json.at("explanation").get<std::string>().find("library") != std::string::npos);
    CHECK(json.at("wrong").get<std::string>().find("let crowd = 8") == 0);
    CHECK(json.at("right").get<std::string>().find("workers crowd of") != std::string::npos);
    CHECK(json.at("files").empty());
}

} // namespace ktstr::test
