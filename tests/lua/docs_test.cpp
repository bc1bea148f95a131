// SPDX-License-Identifier: GPL-2.0-only
// docs/lua.md against the room: its examples end as it says, and it names all there is.
#include <catch2/catch_test_macros.hpp>
#include <cctype>
#include <vector>

#include "tests/lua/sample.h"

namespace ktstr::test {

namespace {

std::vector<std::string> examples() {
    const auto text = lua_reference();
    std::vector<std::string> blocks;
    for (auto at = text.find("```lua\n"); at != std::string::npos; at = text.find("```lua\n", at)) {
        at += 7;
        const auto end = text.find("```", at);
        blocks.push_back(text.substr(at, end - at));
        at = end + 3;
    }
    return blocks;
}

std::string expected_end(const std::string& example) {
    constexpr std::string_view mark = "-- ends: ";
    if (!example.starts_with(mark)) return "passed";
    return example.substr(mark.size(), example.find('\n') - mark.size());
}

// What an object says that it has, from the error for a name that it has not.
std::vector<std::string> names_of(const std::string& object) {
    auto list = error_of(object + ".no_such_name");
    constexpr std::string_view mark = "(it has: ";
    REQUIRE(list.find(mark) != std::string::npos);
    list.erase(0, list.find(mark) + mark.size());
    std::vector<std::string> names(1);
    for (const char c : list)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_')
            names.back() += c;
        else if (!names.back().empty())
            names.emplace_back();
    names.pop_back();
    return names;
}

// Whether an example has it as `.name` or `:name`, and not as a part of a longer word.
bool shows(const std::string& examples, const std::string& name) {
    for (auto at = examples.find(name); at != std::string::npos; at = examples.find(name, at + 1)) {
        const char before = at > 0 ? examples[at - 1] : ' ';
        const char after = at + name.size() < examples.size() ? examples[at + name.size()] : ' ';
        if ((before == '.' || before == ':') && std::isalnum(static_cast<unsigned char>(after)) == 0 && after != '_')
            return true;
    }
    return false;
}

} // namespace

TEST_CASE("every example of the Lua reference ends as the reference says") {
    const auto all = examples();
    CHECK(all.size() >= 15);
    for (const auto& example : all) {
        const auto outcome = check(example);
        INFO(example << "\n" << ending(outcome));
        CHECK(lua::to_string(outcome.status) == expected_end(example));
    }
}

TEST_CASE("the Lua reference shows every field and method") {
    std::string shown;
    for (const auto& example : examples()) shown += example;
    for (const char* object :
         {"run", "run:cgroup('hot')", "run:snapshot('after_swap')", "run:snapshot('after_swap'):map('task_ctx')",
          "run:series('bpf.nr_dispatched')[1]", "run:payload('schbench')", "claim('x')"})
        for (const auto& name : names_of(object)) {
            INFO(object << " " << name);
            CHECK(shows(shown, name));
        }
}

} // namespace ktstr::test
