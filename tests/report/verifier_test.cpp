// SPDX-License-Identifier: GPL-2.0-only
#include "report/verifier.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

namespace ktstr::report {

namespace {

using Catch::Matchers::ContainsSubstring;
using plan::RunEnd;

constexpr const char* refusal = "libbpf: prog 'a_select_cpu': BPF program load failed: Permission denied\n"
                                "0: R1=ctx() R10=fp0\n"
                                "R0 invalid mem access 'scalar'\n"
                                "processed 3 insns (limit 1000000) max_states_per_insn 0\n";

plan::BpfProgram program(const std::string& callback, std::uint64_t insns) {
    return {.callback = callback, .name = "a_" + callback, .verified_insns = insns};
}

VerifierRun attached(const std::string& topology, std::vector<plan::BpfProgram> programs, bool against = false) {
    VerifierRun run{.scheduler = against ? "old" : "new", .against = against, .kernel = "6.12", .topology = topology};
    plan::Record record;
    record.end = RunEnd::completed;
    record.programs.list = std::move(programs);
    judge(run, record, "");
    return run;
}

VerifierRun failed(RunEnd end, const std::string& log, const std::string& lacks = "") {
    VerifierRun run{.scheduler = "new", .kernel = "6.12", .topology = "1n1l2c1t"};
    plan::Record record;
    record.end = end;
    record.message = "the scheduler new ended before it was attached";
    record.scheduler_log = log;
    judge(run, record, lacks);
    return run;
}

} // namespace

TEST_CASE("a scheduler that the verifier refuses is told from one that does not attach for another reason") {
    const auto rejected = failed(RunEnd::scheduler_attach_failed, refusal);
    CHECK(rejected.admission == Admission::rejected);
    CHECK(rejected.program == "a_select_cpu");
    CHECK(rejected.message == "the BPF verifier refuses its program a_select_cpu: R0 invalid mem access 'scalar'");
    CHECK(rejected.log == refusal);
    const auto other = failed(RunEnd::scheduler_attach_failed, "no such option\n");
    CHECK(other.admission == Admission::not_attached);
    CHECK(other.message == "the scheduler new ended before it was attached");
    CHECK(other.log == "no such option\n");
}

TEST_CASE("on a kernel that lacks kfuncs a refusal says nothing of the scheduler") {
    const auto run = failed(RunEnd::scheduler_attach_failed, refusal, "no scx_bpf_create_dsq");
    CHECK(run.admission == Admission::kernel_unusable);
    CHECK(run.message == "it does not attach, and this kernel is not one to tell by: no scx_bpf_create_dsq");
    CHECK(failed(RunEnd::kernel_unusable, "").admission == Admission::kernel_unusable);
    CHECK_THAT(verifier_text({run}, {}), !ContainsSubstring("refuses"));
}

TEST_CASE("what the host could not do is no refusal") {
    for (const auto end : {RunEnd::host_failed, RunEnd::vm_died, RunEnd::kernel_panicked, RunEnd::guest_hung})
        CHECK(failed(end, "").admission == Admission::not_run);
}

TEST_CASE("of a program's sizes on several topologies the most counts") {
    const std::vector<VerifierRun> runs = {attached("1n1l2c1t", {program("enqueue", 100), program("dispatch", 7)}),
                                           attached("1n2l4c1t", {program("enqueue", 80), program("dispatch", 900)})};
    const auto sizes = program_sizes(runs);
    REQUIRE(sizes.size() == 2);
    CHECK(sizes[0].name == "a_dispatch");
    CHECK(sizes[0].verified_insns == 900);
    CHECK(sizes[1].verified_insns == 100);
    CHECK(verifier_text(runs, {}) == "kernel 6.12\n"
                                     "  program     callback  1n1l2c1t  1n2l4c1t  most  of 1M\n"
                                     "  a_dispatch  dispatch         7       900   900  0.1 %\n"
                                     "  a_enqueue   enqueue        100        80   100  0.0 %\n"
                                     "  1000 verified instructions in all\n");
}

TEST_CASE("a program that takes three quarters of what the verifier allows is warned of") {
    const auto near = attached("1n1l2c1t", {program("enqueue", 750'000), program("dispatch", 749'999)});
    CHECK_THAT(verifier_text({near}, {}),
               ContainsSubstring("warning: the BPF program a_enqueue took the verifier 750000 instructions, 75.0 % of "
                                 "its limit of 1000000, on 6.12\n") &&
                   !ContainsSubstring("a_dispatch took"));
    CHECK(verifier_json({near})["warnings"].size() == 1);
}

TEST_CASE("two schedulers are compared program by program, with those that are new and gone") {
    const std::vector<VerifierRun> runs = {
        attached("1n1l2c1t", {program("enqueue", 110), program("init", 5), program("tick", 9)}),
        attached("1n1l2c1t", {program("enqueue", 100), program("init", 5), program("dispatch", 50)}, true)};
    CHECK(verifier_text(runs, {}) == "kernel 6.12\n"
                                     "  program     callback  against  now     difference  of 1M\n"
                                     "  a_dispatch  dispatch       50    -           gone      -\n"
                                     "  a_enqueue   enqueue       100  110  +10 (+10.0 %)  0.0 %\n"
                                     "  a_init      init            5    5              0  0.0 %\n"
                                     "  a_tick      tick            -    9            new  0.0 %\n"
                                     "  124 verified instructions in all, against 155\n");
    const auto json = verifier_json(runs);
    CHECK(json["programs"][0]["verified_insns"].is_null());
    CHECK(json["programs"][0]["against"] == 50);
    CHECK(json["runs"][1]["against"] == true);
}

TEST_CASE("a log that several topologies share is shown once") {
    auto first = failed(RunEnd::scheduler_attach_failed, refusal);
    auto second = first;
    second.topology = "1n2l4c1t";
    const std::string text = verifier_text({first, second}, {});
    CHECK(text.find("R0 invalid mem access 'scalar'\n    hint") == std::string::npos);
    CHECK_THAT(text,
               ContainsSubstring("  new on 1n2l4c1t: the BPF verifier refuses its program a_select_cpu: R0 invalid "
                                 "mem access 'scalar'\n    its log says the same as above\n"));
    CHECK_THAT(text, ContainsSubstring("    | 0: R1=ctx() R10=fp0\n"));
}

TEST_CASE("of a very long log the beginning and the end are shown") {
    auto shown = failed(RunEnd::scheduler_attach_failed, refusal);
    shown.log.clear();
    for (int i = 0; i < 1000; ++i) shown.log += "line " + std::to_string(i) + "\n";
    CHECK_THAT(verifier_text({shown}, {}),
               ContainsSubstring("    | line 149\n    | [700 lines are left out here; --format json has them]\n    | "
                                 "line 850\n") &&
                   ContainsSubstring("    | line 999\n"));
}

} // namespace ktstr::report
