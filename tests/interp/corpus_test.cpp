// SPDX-License-Identifier: GPL-2.0-only
// Every errors/*.ktl gives exactly the messages in the *.expected file beside it. With KTSTR_UPDATE_EXPECTED=1 in the
// environment the expected files are written instead: read the difference before you commit it.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "interp/diagnostics/render.h"
#include "tests/interp/compile_help.h"

namespace ktstr::test {

namespace {

const std::filesystem::path folder = std::filesystem::path(KTSTR_SOURCE_DIRECTORY) / "tests/interp/errors";

std::vector<std::filesystem::path> corpus() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".ktl") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

// The messages for one file, with its name alone, so that they are the same in every clone.
std::string messages_for(const std::filesystem::path& file) {
    const auto result = compile_paths({file}, {});
    REQUIRE(result.ok());
    std::string text = rendered(*result);
    const std::string prefix = folder.string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
        text.erase(at, prefix.size());
    return text;
}

} // namespace

TEST_CASE("each wrong file gives exactly the messages written beside it") {
    for (const auto& file : corpus()) {
        const auto expected_file = std::filesystem::path(file).replace_extension(".expected");
        const std::string messages = messages_for(file);
        if (std::getenv("KTSTR_UPDATE_EXPECTED") != nullptr) REQUIRE(write_file(expected_file, messages).ok());
        const auto expected = read_file(expected_file);
        INFO(file.filename().string());
        REQUIRE(expected.ok());
        CHECK(messages == *expected);
    }
}

TEST_CASE("a file with an error has no scenarios to run") {
    for (const auto& file : corpus()) {
        const auto result = compile_paths({file}, {});
        REQUIRE(result.ok());
        const bool failed =
            std::any_of(result->diagnostics.begin(), result->diagnostics.end(),
                        [](const auto& diagnostic) { return diagnostic.severity() == Severity::error; });
        INFO(file.filename().string());
        CHECK(failed == result->scenarios.empty());
    }
}

TEST_CASE("every diagnostic code has a file in the corpus that shows its whole message") {
    // Those of files that are not text, or too large, are made in bad_input_test.cpp.
    const std::vector<Code> elsewhere = {Code::unreadable_file, Code::file_too_large,  Code::not_utf8,
                                         Code::nul_byte,        Code::nested_too_deep, Code::too_many_errors};
    std::string all;
    for (const auto& file : corpus()) all += messages_for(file);
    for (const auto& code : diagnostic_codes()) {
        if (std::find(elsewhere.begin(), elsewhere.end(), code.code) != elsewhere.end()) continue;
        INFO(code.name << " " << code.summary);
        CHECK(all.find("[" + std::string(code.name) + "]") != std::string::npos);
    }
}

TEST_CASE("the table of codes is in the order of the enumeration and no name is used twice") {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < diagnostic_codes().size(); ++i) {
        CHECK(static_cast<std::size_t>(diagnostic_codes()[i].code) == i);
        names.push_back(diagnostic_codes()[i].name);
    }
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

} // namespace ktstr::test
