// SPDX-License-Identifier: GPL-2.0-only
// `ktstr export`: what it makes is taken to a machine that has nothing of ktstr.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

namespace fs = std::filesystem;

constexpr const char* scenarios = R"(
scheduler fixture { binary "./tools/scx_copy" }
payload probe { binary "./probe"  files ["data.txt"]  output json  expect { metric "lines" == 1 } }
scenario "short" {
  scheduler fixture
  topology 1n1l2c1t
  duration 300ms
  cgroup all { cpuset llc(0)  workers 200% of spin_wait }
  run probe in all
  wait probe in all
  expect { progress  isolation }
}
scenario "long" { topology 1n1l2c1t  duration 60s  cgroup all { workers 2 of spin_wait } }
scenario "large" { topology 1n8l64c1t  cgroup all { workers 1 of spin_wait } }
scenario "refused" { topology 1n1l2c1t  sysctl "kernel.numa_balancing" = "0"  cgroup all { workers 1 of spin_wait } }
)";

// On the other machine. What is said there is kept between "== <part>" lines.
constexpr const char* script = R"sh(
cd /tmp; short=/ktstr/include/short.run; long=/ktstr/include/long.run
part() { echo "== $1"; }
left() { ls /tmp; ls /sys/fs/cgroup | grep ^ktstr-; grep -c tmpfs.*/root /proc/mounts; }
part check
$short --check; echo "exit $?"
part run
$short --out records --format json; echo "exit $?"
part left
rm -r records/*/ records/.locks; rmdir records; left
for signal in TERM KILL; do
  part $signal
  $long --out /run/records >/dev/null 2>&1 &
  pid=$!
  n=0; until [ -d /sys/fs/cgroup/ktstr-$pid/ktstr/all ] || [ $n -gt 200 ]; do sleep 0.1; n=$((n+1)); done
  kill -$signal $pid; wait $pid; echo "exit $?"
  n=0; while ls /sys/fs/cgroup | grep -q ^ktstr- && [ $n -lt 200 ]; do sleep 0.1; n=$((n+1)); done
  left
done
part cut
head -c -1 $short >/run/cut; chmod +x /run/cut; /run/cut --check 2>&1; echo "exit $?"
part list
$short --list | grep -c .
$short --extract /run/all; echo "exit $?"; cat /run/all/ktstr/work/data.txt
part end
)sh";

std::string part(const std::string& output, const std::string& name) {
    const std::string head = "== " + name + "\n";
    const auto at = output.find(head);
    INFO(output);
    REQUIRE(at != std::string::npos);
    const auto first = at + head.size();
    return output.substr(first, output.find("== ", first) - first);
}

Sandbox with_files() {
    Sandbox sandbox;
    sandbox.write("all.ktl", scenarios);
    fs::create_directory(sandbox.path("work/tools"));
    fs::copy_file(fs::path(KTSTR_PROGRAM).replace_filename("scx_ktstr"), sandbox.path("work/tools/scx_copy"));
    fs::permissions(sandbox.write("probe", "#!/bin/sh\nn=0; while read x; do n=$((n + 1)); done <data.txt\n"
                                           "echo \"{\\\"lines\\\": $n}\"\n"),
                    fs::perms(0755));
    sandbox.write("data.txt", "of the payload\n");
    return sandbox;
}

void export_to(const Sandbox& sandbox, const std::string& scenario, const std::string& file) {
    const auto made = run_ktstr(sandbox, {"export", "all.ktl", scenario, "-o", file});
    INFO(made.errors);
    REQUIRE(made.exit.clean());
}

} // namespace

TEST_CASE("an exported file runs its scenario on a machine that has nothing else, and leaves nothing but the record") {
    const Sandbox sandbox = with_files();
    export_to(sandbox, "short", "short.run");
    export_to(sandbox, "long", "long.run");
    const auto there = run_ktstr(sandbox, {"shell", "--topology", "1n1l2c2t", "--memory", "1GiB", "--include",
                                           "short.run", "--include", "long.run", "--exec", script});
    INFO(there.errors);
    INFO(there.output);
    CHECK_THAT(part(there.output, "check"), ContainsSubstring("this machine can run \"short\": 1n1l2c1t of it") &&
                                                ContainsSubstring("scheduler fixture of the scenario\nexit 0\n"));
    CHECK_THAT(part(there.output, "run"), ContainsSubstring("\"pass\":1") && ContainsSubstring("exit 0\n"));
    CHECK(part(there.output, "left") == "0\n");
    CHECK(part(there.output, "TERM") == "exit 130\n0\n");
    CHECK(part(there.output, "KILL") == "exit 137\n0\n");
    CHECK_THAT(part(there.output, "cut"), ContainsSubstring("this file is damaged") && ContainsSubstring("exit 70\n"));
    CHECK_THAT(part(there.output, "list"), ContainsSubstring("exit 0\nof the payload\n"));
}

TEST_CASE("the same inputs make the same exported file") {
    const Sandbox first = with_files();
    const Sandbox second = with_files();
    export_to(first, "short", "a.run");
    export_to(second, "short", "b.run");
    const auto a = read_file(first.path("work/a.run"));
    const auto b = read_file(second.path("work/b.run"));
    REQUIRE(a);
    REQUIRE(b);
    CHECK(*a == *b);
}

TEST_CASE("a machine that cannot run an exported file is told why, and nothing starts") {
    const Sandbox sandbox = with_files();
    export_to(sandbox, "large", "large.run");
    const auto run = [&sandbox](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"env", "./large.run"});
        return Running(sandbox, arguments).finish();
    };
    for (const auto& words : {std::vector<std::string>{}, {"--check"}}) {
        const auto refused = run(words);
        CHECK(refused.exit.exit_code == 64);
        CHECK(refused.output.empty());
        CHECK_THAT(refused.errors, ContainsSubstring("too small for the scenario: it asks for 512 CPUs"));
    }
    CHECK_FALSE(fs::exists(sandbox.path("work/ktstr-runs")));
    CHECK(run({"--chek"}).exit.exit_code == 64);
    CHECK(run({"--extract", "."}).exit.exit_code == 64);
    const auto help = run({"--help"});
    CHECK(help.exit.exit_code == 0);
    CHECK_THAT(help.output, ContainsSubstring("--check"));
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("what no other machine is to suffer is not exported") {
    const Sandbox sandbox = with_files();
    const auto outcome = run_ktstr(sandbox, {"export", "all.ktl", "refused", "-o", "x.run"});
    CHECK(outcome.exit.exit_code == 64);
    CHECK_THAT(outcome.errors, ContainsSubstring("all.ktl:") && ContainsSubstring("kernel.numa_balancing"));
    CHECK_FALSE(fs::exists(sandbox.path("work/x.run")));
}
