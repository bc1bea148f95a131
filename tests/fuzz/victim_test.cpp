// SPDX-License-Identifier: GPL-2.0-only
// What the fuzzer of guest memory begins with: if that could not be read, it would try nothing.
#include "fuzz/victim.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "vmm/observe/domains.h"
#include "vmm/observe/snapshot.h"
#include "vmm/observe/target.h"

namespace ktstr::test {

TEST_CASE("the guest that the fuzzer breaks can be read in every part before it does") {
    for (const int levels : {4, 5}) {
        const fuzz::Victim victim(levels, 16U << 20U);
        const auto kernel = victim.kernel();
        REQUIRE(kernel);
        observe::ProgramTypes types;
        const auto raw = observe::copy_snapshot(*kernel, fuzz::Victim::cpus, types);
        REQUIRE(raw);
        const auto shown = observe::render_snapshot(*kernel, *raw, types);
        INFO(shown.dump(1));
        CHECK(shown["maps"].size() == 8);
        for (const auto& map : shown["maps"]) {
            CHECK_FALSE(map.contains("absent"));
            CHECK_FALSE(map["entries"].empty());
        }
        CHECK(shown["scheduler"] == "made");
        REQUIRE(shown["variables"].size() == 2);
        CHECK(shown["variables"][1]["live"] == true);
        CHECK(observe::find_global(*kernel, fuzz::Victim::cpus, types, "pair.b"));
        std::vector<plan::DomainTree> trees;
        observe::DomainReader(*kernel, fuzz::Victim::cpus).look(trees, 0);
        CHECK(trees.size() == 1);
        CHECK(kernel->task(fuzz::Victim::pid));
    }
}

} // namespace ktstr::test
