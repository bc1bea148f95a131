// SPDX-License-Identifier: GPL-2.0-only
// What `ktstr doctor` and `ktstr locks` say, and with which exit code.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/file.h"
#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using nlohmann::json;

namespace {

json part_of(const json& findings, const std::string& part) {
    const auto found =
        std::find_if(findings.begin(), findings.end(), [&part](const json& one) { return one["part"] == part; });
    REQUIRE(found != findings.end());
    return *found;
}

} // namespace

TEST_CASE("doctor finds what scenarios need here, and tells the mend for what is limited") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"doctor", "--json"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    const json findings = json::parse(outcome.output);
    for (const char* part :
         {"QEMU", "kernels", "accelerator", "executor", "schedulers", "memory", "cache", "run --host"})
        CHECK(part_of(findings, part)["state"] != "missing");
    for (const auto& finding : findings) CHECK((finding["state"] == "ok") == (finding["mend"] == ""));
}

TEST_CASE("doctor says what keeps scenarios from running, and how to mend it") {
    const Sandbox sandbox;
    auto options = sandbox.options({KTSTR_PROGRAM, "doctor", "--json"});
    const std::string nothing = sandbox.path("tmp").string();
    for (const char* name : {"PATH", "HOME", "XDG_CACHE_HOME"}) options.environment.emplace_back(name, nothing);
    const auto outcome = run_command(options);
    REQUIRE(outcome.ok());
    CHECK(outcome->exit.exit_code == 70);
    const json findings = json::parse(outcome->output);
    CHECK(part_of(findings, "QEMU")["state"] == "missing");
    CHECK(part_of(findings, "QEMU")["mend"] == "apt-get install qemu-system-x86");
    CHECK(part_of(findings, "kernel")["state"] == "missing");
    CHECK(part_of(findings, "kernel")["mend"] != "");
    CHECK(part_of(findings, "payloads")["state"] == "limited");
}

TEST_CASE("locks names who holds a lock, and how") {
    const Sandbox sandbox;
    const auto folder = sandbox.path("cache");
    REQUIRE(make_directories(folder / "kernels").ok());
    {
        const auto none = run_ktstr(sandbox, {"locks", folder.string()});
        CHECK(none.output == "no lock is held\n");
        CHECK(none.exit.exit_code == 0);
    }
    const auto exclusive = FileLock::acquire(folder / ".making-x.lock", FileLock::Mode::exclusive, {});
    const auto shared = FileLock::acquire(folder / "kernels" / "lock", FileLock::Mode::shared, {});
    REQUIRE((exclusive.ok() && shared.ok()));
    const auto outcome = run_ktstr(sandbox, {"locks", "--json", folder.string()});
    CHECK(outcome.exit.exit_code == 0);
    const json locks = json::parse(outcome.output);
    REQUIRE(locks.size() == 2);
    CHECK(locks[0]["lock"].get<std::string>().ends_with("/cache/.making-x.lock"));
    CHECK(locks[0]["how"] == "exclusive");
    CHECK(locks[0]["pid"] == ::getpid());
    CHECK(locks[0]["command"].get<std::string>().find("test_cli") != std::string::npos);
    CHECK(locks[1]["how"] == "shared");
}
