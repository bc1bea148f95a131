// SPDX-License-Identifier: GPL-2.0-only
// docs/lua.md against the room: its examples end as it says, and it names all there is.
#include <catch2/catch_test_macros.hpp>
#include <regex>
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
    std::smatch found;
    return std::regex_search(example, found, std::regex("^-- ends: (\\w+)")) ? found[1].str() : "passed";
}

// What an object says that it has, from the error for a name that it has not.
std::vector<std::string> names_of(const std::string& object) {
    const auto error = error_of(object + ".no_such_name");
    std::smatch found;
    REQUIRE(std::regex_search(error, found, std::regex("it has: ([^)]*(\\(\\)[^)]*)*)\\)")));
    const auto list = found[1].str();
    std::vector<std::string> names;
    const std::regex name("\\w+");
    for (auto it = std::sregex_iterator(list.begin(), list.end(), name); it != std::sregex_iterator(); ++it)
        names.push_back(it->str());
    return names;
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
            CHECK(std::regex_search(shown, std::regex("[.:]" + name + "\\b")));
        }
}

} // namespace ktstr::test
