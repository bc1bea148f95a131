// SPDX-License-Identifier: GPL-2.0-only
// Ops that fail, or during which something dies. Runs with --host inside of one virtual machine, so that many of them
// cost one boot: each ends its own run, and none the machine.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <map>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

namespace fs = std::filesystem;

void write_program(const Sandbox& sandbox, const std::string& name, const std::string& text) {
    fs::permissions(sandbox.write(name, text), fs::perms(0755));
}

// Runs inner.ktl on the machine that a guest is, and returns what `ktstr run --host --format json` has said of each
// scenario by name, with its record's "end" and "message".
std::map<std::string, nlohmann::json> run_inside(const Sandbox& sandbox, const std::string& inner,
                                                 const std::vector<std::string>& more_files = {}) {
    const fs::path programs = fs::path(KTSTR_PROGRAM).parent_path();
    write_program(sandbox, "all",
                  "#!/bin/sh\nexport HOME=/tmp PATH=" + programs.string() +
                      ":$PATH\nktstr run --host inner.ktl --format json --out /tmp/records\necho \"== $?\"\n"
                      "ls /sys/fs/cgroup | grep ^ktstr-\ngrep -h '^ \"\\(test_name\\|end\\|message\\)\":' "
                      "/tmp/records/*/*.json\n");
    sandbox.write("inner.ktl", inner);
    std::string files = "\"inner.ktl\", \"/usr/bin/ls\", \"/usr/bin/grep\", \"/usr/bin/rmdir\", \"/usr/bin/sleep\"";
    for (const char* program : {"ktstr", "ktstr-executor", "scx_ktstr"})
        files += ", \"" + (programs / program).string() + "\"";
    for (const auto& file : more_files) files += ", \"" + file + "\"";
    sandbox.write("outer.ktl", "payload all { binary \"./all\"  files [" + files + R"(] }
scenario "a machine to spare" {
  topology 1n1l2c1t
  memory   768MiB
  duration 200ms
  cgroup beside { workers 1 of idle_churn }
  run all
  wait all at_most 5min
}
)");
    const auto outcome = run_ktstr(sandbox, {"run", "outer.ktl", "--out", "records", "--format", "json"});
    INFO(outcome.output << outcome.errors);
    const auto content = read_file(sandbox.path("work") / outcome.lines().at(0)["sidecar"].get<std::string>());
    REQUIRE(content);
    const auto payload = nlohmann::json::parse(*content)["payloads"][0];
    const auto output = payload["stdout"].get<std::string>();
    INFO(output << payload["stderr"].get<std::string>());
    REQUIRE(outcome.exit.exit_code == 0); // the guest came to its end
    std::map<std::string, nlohmann::json> results;
    std::istringstream lines(output);
    std::string name = "?";
    nlohmann::json record;
    bool after = false;
    for (std::string line; std::getline(lines, line);) {
        CHECK_FALSE((after && line.starts_with("ktstr-"))); // a cgroup that was left behind
        after = after || line.starts_with("== ");
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (json.is_object() && json.value("type", "") == "scenario") results[json["name"]] = json;
        if (!line.starts_with(" \"")) continue;
        if (line.ends_with(',')) line.pop_back();
        const auto member = nlohmann::json::parse("{" + line + "}", nullptr, false);
        if (!member.is_object()) continue;
        record.update(member);
        if (record.contains("test_name") && record.contains("end") && record.contains("message")) {
            results[record["test_name"]]["record"] = record;
            record.clear();
        }
    }
    CHECK(after);
    return results;
}

struct Case {
    const char* op;   // of plan::op_names()
    const char* text; // in .ktl
};

} // namespace

TEST_CASE("a scheduler that dies during an op ends the run with the kernel's reason, whichever op it is") {
    // Each repeats its op without a pause while the scheduler dies. Those that start it anew do so until the one that
    // does not attach, or dies, is met.
    const std::vector<Case> cases = {
        {"add_cgroup", "add_cgroup c  remove_cgroup c"},
        {"set_cpuset", "set_cpuset a 0  set_cpuset a 0-1"},
        {"clear_cpuset", "set_cpuset a 0  clear_cpuset a"},
        {"swap_cpusets", "swap_cpusets a, b"},
        {"spawn", "add_cgroup c  spawn 1 of spin_wait in c  stop_cgroup c  remove_cgroup c"},
        {"set_affinity", "set_affinity a random(1)  set_affinity a inherit"},
        {"move_all_tasks", "move_all_tasks a to b  move_all_tasks b to a"},
        {"run_payload", "run nap in b  kill nap in b"},
        {"wait_payload", "run nap in b  wait nap in b at_most 20ms"},
        {"freeze_cgroup", "freeze a  unfreeze a"},
        {"capture_cgroup_procs", "capture_procs a as now"},
        {"replace_scheduler", "replace_scheduler refused"},
    };
    std::string inner = R"(
scheduler dying   { binary "scx_ktstr"  args ["--fault", "crash", "--fault-after", "100"] }
scheduler refused { binary "scx_ktstr"  args ["--fault", "verify"] }
payload nap { binary "sleep"  args ["10"] }
)";
    for (const auto& [op, text] : cases)
        inner += std::string("scenario \"") + op +
                 "\" {\n  scheduler dying\n  topology 1n1l2c1t\n  step \"only\" for 3s {\n"
                 "  cgroup a { cpuset 0-1  workers 2 of yield_heavy }\n  cgroup b { cpuset 0  workers 1 of bursty }\n"
                 "  repeat every 10ms { " +
                 text + " }\n  }\n  expect { error matches \"ktstr fault: crash|refused the scheduler\" }\n}\n";
    inner += R"(scenario "detach_scheduler" {
  scheduler dying
  topology 1n1l2c1t
  backdrop { cgroup a { workers 2 of yield_heavy } }
  step "one" for 90ms { }
  step "two" for 100ms { detach_scheduler  attach_scheduler refused }
  expect { error matches "ktstr fault: crash|refused the scheduler" }
}
)";
    const Sandbox sandbox;
    const auto results = run_inside(sandbox, inner);
    for (const auto& entry : cases) {
        INFO(entry.op);
        REQUIRE(results.contains(entry.op));
        const auto& result = results.at(entry.op);
        INFO(result.dump());
        CHECK(result["verdict"] == "pass");
        const auto end = result["record"]["end"].get<std::string>();
        CHECK((end == "scheduler_exited" || end == "scheduler_attach_failed"));
    }
    CHECK(results.at("detach_scheduler")["verdict"] == "pass");
}

TEST_CASE("an op on a cgroup that was removed behind the executor's back names the op, its place and the cgroup") {
    const std::vector<Case> cases = {
        {"remove_cgroup", "remove_cgroup gone"},       {"set_cpuset", "set_cpuset gone 0"},
        {"clear_cpuset", "clear_cpuset gone"},         {"swap_cpusets", "swap_cpusets a, gone"},
        {"spawn", "spawn 1 of spin_wait in gone"},     {"stop_cgroup", "stop_cgroup gone"},
        {"set_affinity", "set_affinity gone inherit"}, {"move_all_tasks", "move_all_tasks a to gone"},
        {"run_payload", "run vanish in gone"},         {"freeze_cgroup", "freeze gone"},
        {"unfreeze_cgroup", "unfreeze gone"},          {"capture_cgroup_procs", "capture_procs gone as x"},
    };
    const Sandbox sandbox;
    write_program(sandbox, "vanish", "#!/bin/sh\nrmdir /sys/fs/cgroup/ktstr-*/ktstr/gone\n");
    std::string inner = "payload vanish { binary \"./vanish\" }\n";
    for (const auto& [op, text] : cases)
        inner += std::string("scenario \"") + op +
                 "\" {\n  topology 1n1l2c1t\n  duration 50ms\n  cgroup a { cpuset 0-1  workers 1 of bursty }\n"
                 "  cgroup gone { cpuset 0 }\n  run vanish\n  wait vanish\n  " +
                 text + "\n  expect { error contains \"there is no cgroup 'gone'\" }\n}\n";
    // What need not be there may be gone, and tear-down does not mind either.
    inner += "scenario \"if present\" {\n  topology 1n1l2c1t\n  duration 50ms\n  cgroup a { workers 1 of bursty }\n"
             "  cgroup gone { }\n  cgroup gone_too { }\n  run vanish\n  wait vanish\n"
             "  remove_cgroup gone if present\n  expect { progress }\n}\n";
    const auto results = run_inside(sandbox, inner, {"vanish"});
    int line = 2;
    for (const auto& entry : cases) {
        INFO(entry.op);
        REQUIRE(results.contains(entry.op));
        INFO(results.at(entry.op).dump());
        CHECK(results.at(entry.op)["verdict"] == "pass");
        CHECK_THAT(results.at(entry.op)["record"]["message"].get<std::string>(),
                   ContainsSubstring("inner.ktl:" + std::to_string(line + 7) + ": " + entry.op + ": "));
        line += 10;
    }
    CHECK(results.at("if present")["verdict"] == "pass");
}

TEST_CASE("a cpuset that the kernel takes and does not enforce is an error with its file") {
    const Sandbox sandbox;
    write_program(sandbox, "narrow", "#!/bin/sh\ncd /sys/fs/cgroup/ktstr-*/ktstr && echo 0 > cpuset.cpus\n");
    const auto results = run_inside(sandbox, R"(
payload narrow { binary "./narrow" }
scenario "not enforced" {
  topology 1n1l2c1t
  duration 50ms
  cgroup a { workers 1 of spin_wait }
  run narrow
  wait narrow
  set_cpuset a 1
}
)",
                                    {"narrow"});
    const auto message = [&results](const char* name) {
        INFO(name);
        REQUIRE(results.contains(name));
        return results.at(name)["record"]["message"].get<std::string>();
    };
    CHECK_THAT(message("not enforced"), ContainsSubstring("inner.ktl:9: set_cpuset: the kernel enforces '0' for ") &&
                                            ContainsSubstring("cpuset.cpus, not '1'"));
}

TEST_CASE("a guest whose file systems are full goes on, and what could not be written is told with its errno") {
    const Sandbox sandbox;
    write_program(sandbox, "fill", "#!/bin/sh\ncat /dev/zero > /tmp/all || echo full\n");
    write_program(sandbox, "writer", "#!/bin/sh\necho x > /tmp/more && echo x > /ktstr/work/more\n");
    write_program(sandbox, "bomb", "#!/bin/sh\nbomb() { bomb | bomb & }\nbomb\nsleep 1000\n");
    sandbox.write("a.ktl", R"(
payload fill   { binary "./fill"  files ["/usr/bin/cat"] }
payload writer { binary "./writer" }
payload bomb   { binary "./bomb"  files ["/usr/bin/sleep"] }
scenario "full, and full of processes" {
  topology 1n1l2c1t
  memory   256MiB
  duration 300ms
  cgroup box   { workers 1 of spin_wait }
  cgroup small { pids_max 20 }
  run fill
  wait fill
  run writer
  wait writer
  run bomb in small
  wait bomb in small at_most 300ms
  expect { progress }
}
)");
    const auto outcome = run_ktstr(sandbox, {"run", "a.ktl", "--out", "records", "--format", "json"});
    INFO(outcome.output << outcome.errors);
    CHECK(outcome.exit.exit_code == 1);
    const auto content = read_file(sandbox.path("work") / outcome.lines().at(0)["sidecar"].get<std::string>());
    REQUIRE(content);
    const auto record = nlohmann::json::parse(*content);
    CHECK(record["end"] == "completed");
    CHECK(record["workers"][0]["exit"] == "stopped");
    REQUIRE(record["payloads"].size() == 3);
    CHECK(record["payloads"][0]["stdout"] == "full\n");
    CHECK_THAT(record["payloads"][0]["stderr"].get<std::string>(), ContainsSubstring("No space left on device"));
    CHECK_THAT(record["payloads"][1]["stderr"].get<std::string>(), ContainsSubstring("I/O error"));
    CHECK_THAT(record["payloads"][2]["error"].get<std::string>(), ContainsSubstring("wait_payload at a.ktl:16:3: "));
    CHECK(record["payloads"][2]["left_processes"].get<int>() <= 20);
    CHECK(sandbox.leftovers().empty());
}
