// SPDX-License-Identifier: GPL-2.0-only
// What failed, run again from its record.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> records_in(const fs::path& folder) {
    std::vector<fs::path> records;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.path().string().ends_with(".ktstr.json")) records.push_back(entry.path());
    std::sort(records.begin(), records.end());
    return records;
}

json content_of(const fs::path& file) { return json::parse(*read_file(file)); }

// A record that is not what it should be is named, with the way out, and nothing runs.
void refused(const Sandbox& sandbox, const fs::path& record, json sidecar, const std::string& why) {
    REQUIRE(write_file(record, sidecar.dump()));
    const auto outcome = run_ktstr(sandbox, {"replay", record.string()});
    INFO(outcome.errors);
    CHECK(outcome.exit.exit_code == 64);
    CHECK_THAT(outcome.errors,
               ContainsSubstring(record.string()) && ContainsSubstring(why) && ContainsSubstring("hint:"));
}

} // namespace

TEST_CASE("replay runs what failed with the same plan, kernel and seed, and leaves its record alone") {
    const Sandbox sandbox;
    sandbox.write("two.ktl", R"(
param most = 1s
scenario "fails" { duration 300ms  cgroup a { workers 1 of spin_wait }  expect { gap <= most } }
scenario "passes" { duration 300ms  cgroup a { workers 1 of spin_wait } }
)");
    const auto first = run_ktstr(sandbox, {"run", "two.ktl", "-P", "most=1ns", "--seed", "7"});
    INFO(first.output << first.errors);
    REQUIRE(first.exit.exit_code == 1);
    const auto records = records_in(sandbox.path("work") / "ktstr-runs");
    REQUIRE(records.size() == 2);
    const fs::path failed = records[0];
    const std::string before = *read_file(failed);
    CHECK_THAT(first.output,
               ContainsSubstring("replay  ktstr replay ") && ContainsSubstring(failed.filename().string()));

    const auto listed = run_ktstr(sandbox, {"replay", "--list"});
    CHECK(listed.exit.exit_code == 0);
    CHECK_THAT(listed.output, ContainsSubstring("fail  fails  (eevdf") && ContainsSubstring("seed 7"));
    CHECK(listed.output.find("passes") == std::string::npos);

    const auto again = run_ktstr(sandbox, {"replay"});
    INFO(again.output << again.errors);
    CHECK(again.exit.exit_code == 1);
    CHECK(*read_file(failed) == before);
    const auto replayed = records_in(sandbox.path("work") / "ktstr-replays");
    REQUIRE(replayed.size() == 1);
    const json now = content_of(replayed[0]);
    const json then = content_of(failed);
    for (const char* key : {"test_name", "file", "variant", "plan_hash", "kernel_version", "seed", "options"}) {
        INFO(key);
        CHECK(now[key] == then[key]);
    }
    CHECK(now["run_id"] != then["run_id"]);
    CHECK_THAT(again.output, ContainsSubstring("-P most=1ns"));

    CHECK(run_ktstr(sandbox, {"replay", "--filter", "passes", failed.parent_path().string()}).exit.exit_code == 0);

    json sidecar = then;
    sidecar["plan"] = nullptr;
    refused(sandbox, failed, sidecar, "there is no plan beside it");
    sidecar = then;
    sidecar["plan_hash"] = std::string(64, '0');
    refused(sandbox, failed, sidecar, "the plan beside it is another one");
    sidecar = then;
    sidecar["accelerator"] = "host";
    refused(sandbox, failed, sidecar, "a run on a machine itself");
    sidecar = then;
    sidecar["kernel_version"] = "1.2.3-none";
    REQUIRE(write_file(failed, sidecar.dump()));
    const auto no_kernel = run_ktstr(sandbox, {"replay", failed.string()});
    CHECK(no_kernel.exit.exit_code == 64);
    CHECK_THAT(no_kernel.errors, ContainsSubstring("1.2.3-none"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("replay without records says where it looked") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"replay"});
    CHECK(outcome.exit.exit_code == 64);
    CHECK_THAT(outcome.errors, ContainsSubstring("no records in ktstr-runs") && ContainsSubstring("ktstr run PATH"));
}
