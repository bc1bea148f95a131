// SPDX-License-Identifier: GPL-2.0-only
#include "tests/vm/records.h"

#include <catch2/catch_test_macros.hpp>

#include "report/observed.h"

namespace ktstr::test {

using nlohmann::json;

namespace {

json file_of(const Sandbox& sandbox, const std::filesystem::path& path) {
    const auto content = read_file(sandbox.path("work") / path);
    REQUIRE(content);
    return json::parse(*content);
}

} // namespace

Records run_file(const Sandbox& sandbox, const std::string& text, const std::string& verdict,
                 const std::vector<std::string>& options) {
    sandbox.write("a.ktl", text);
    std::vector<std::string> arguments = {"run", "a.ktl", "--out", "records", "--format", "json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto outcome = run_ktstr(sandbox, arguments);
    INFO(outcome.errors);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 2);
    INFO(lines[0].dump(1));
    CHECK(lines[0]["verdict"] == verdict);
    const std::filesystem::path path = lines[0]["sidecar"].get<std::string>();
    Records records{file_of(sandbox, path), {}};
    auto observed = report::read_observed(sandbox.path("work") / path.parent_path() /
                                          records.sidecar["observed_file"].get<std::string>());
    REQUIRE(observed);
    records.observed = std::move(*observed);
    return records;
}

const json& named(const json& list, const std::string& name) {
    for (const auto& item : list)
        if (item["name"] == name) return item;
    FAIL("nothing is called " << name);
    return list;
}

} // namespace ktstr::test
