// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file.h"
#include "report/sidecar.h"
#include "report/variant.h"
#include "tests/eval/made_up_run.h"

using namespace ktstr;
using namespace ktstr::test;

TEST_CASE("SipHash-2-4 gives the values that its authors publish") {
    // Key and input of appendix A and of the authors' vectors.h: bytes 00 01 02 ...
    std::string input;
    for (int i = 0; i < 63; ++i) input += static_cast<char>(i);
    const auto hash = [&](std::size_t length) {
        return report::siphash(2, 4, 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL,
                               std::string_view(input).substr(0, length));
    };
    CHECK(hash(0) == 0x726fdb47dd0e0e31ULL);
    CHECK(hash(1) == 0x74f839c593dc67fdULL);
    CHECK(hash(8) == 0x93f5f5799a932462ULL);
    CHECK(hash(15) == 0xa129ca6149be45e5ULL);
    CHECK(hash(63) == 0x958a324ceb064572ULL);
}

TEST_CASE("SipHash-1-3 with zero keys gives the values of another implementation") {
    // Computed with CPython 3.11: PYTHONHASHSEED=0, '%016x' % (hash(data) & (2**64 - 1)).
    std::string bytes;
    for (int i = 0; i < 63; ++i) bytes += static_cast<char>(i);
    CHECK(report::siphash(1, 3, 0, 0, "a") == 0x407448d2b89b1813ULL);
    CHECK(report::siphash(1, 3, 0, 0, "12345678") == 0x3489982430560a87ULL);
    CHECK(report::siphash(1, 3, 0, 0, "ktstr") == 0x4e99968d21c5addbULL);
    CHECK(report::siphash(1, 3, 0, 0, bytes) == 0x385d3e39e5f37359ULL);
}

TEST_CASE("the variant hash is that of the documented canonical JSON") {
    // {"kargs":[],"payload":null,"scheduler":"eevdf","sysctls":[],"topology":"1n2l2c1t","work_type":"spin_wait"}
    CHECK(report::variant_hash(made_up_plan()) == "8f37469c49c05e23");
    // {"kargs":["a=1","b=2"],"payload":null,"scheduler":"scx_ktstr","sysctls":["sysctl.a.b=0",
    //  "sysctl.kernel.numa_balancing=0"],"topology":"1n2l2c1t","work_type":"bursty+spin_wait"}, in one line
    auto plan = made_up_plan();
    attach(plan, "scx_ktstr");
    plan.kernel_args = {"b=2", "a=1"};
    plan.sysctls = {{"kernel.numa_balancing", "0"}, {"a.b", "0"}};
    plan::Work bursty;
    bursty.work_type = "bursty";
    plan.backdrop = {plan::Op{plan::Spawn{"", bursty}, {}}};
    CHECK(report::variant_hash(plan) == "300e53863478feb4");
}

TEST_CASE("the variant hash ignores what does not make another variant") {
    auto plan = made_up_plan();
    plan.scenario = "another name";
    plan.memory_bytes *= 2;
    plan.source.line += 5;
    plan.expectations = {expectation(plan::Expectation::Kind::progress, "progress")};
    CHECK(report::variant_hash(plan) == report::variant_hash(made_up_plan()));
    plan.parameters = {{"hot_workers", "4"}};
    CHECK(report::variant_hash(plan) != report::variant_hash(made_up_plan()));
    plan = made_up_plan();
    attach(plan, "scx_ktstr");
    const auto without_flags = report::variant_hash(plan);
    plan.schedulers[0].flags = {"llc"};
    CHECK(report::variant_hash(plan) != without_flags);
    plan = made_up_plan();
    plan.steps[0].loop = {plan::Op{plan::RunPayload{"schbench", "hot", {}}, {}}};
    CHECK(report::variant_identity(plan).payload == "schbench");
    CHECK(report::variant_hash(plan) != report::variant_hash(made_up_plan()));
    plan = made_up_plan();
    plan.topology.cores = 4;
    CHECK(report::variant_hash(plan) != report::variant_hash(made_up_plan()));
}

TEST_CASE("the variant hash is that of an implementation of its own, for many identities") {
    // Made by variant_vectors.py.
    const auto vectors = nlohmann::json::parse(read_file(KTSTR_DATA "/variant_vectors.json").value());
    REQUIRE(vectors.size() > 40);
    for (const auto& vector : vectors) {
        CAPTURE(vector.dump());
        CHECK(report::variant_hash(report::variant_identity(vector["identity"]).value()) == vector["variant"]);
    }
}

TEST_CASE("the hash before the run and the one of its written record are the same, for any identity") {
    std::mt19937 random(1); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same identities each time
    const auto below = [&](unsigned most) { return random() % most; };
    const auto word = [&] {
        const std::vector<std::string> letters = {"a", "Z", "0", " ", "\"", "\\", "/", "\n", "\x01", "é", "😀", "="};
        std::string text;
        for (auto left = below(8); left > 0; --left) text += letters[below(static_cast<unsigned>(letters.size()))];
        return text;
    };
    for (int round = 0; round < 300; ++round) {
        report::ScenarioResult result;
        auto& plan = result.plan = made_up_plan();
        plan.topology.cores = 1 + static_cast<int>(below(8));
        if (below(2) == 0) attach(plan, "s" + word(), {word(), word()});
        for (auto left = below(4); left > 0; --left) plan.kernel_args.push_back(word());
        for (auto left = below(4); left > 0; --left) plan.sysctls.emplace(word(), word());
        // A parameter's value is whatever bytes the command line has.
        for (auto left = below(3); left > 0; --left)
            plan.parameters.emplace("p" + std::to_string(left), word() + "\xff\xe2\x82");
        plan::Work work;
        work.work_type = word();
        if (below(2) == 0) plan.backdrop = {plan::Op{plan::Spawn{"", work}, {}}};
        if (below(2) == 0) plan.steps[0].loop = {plan::Op{plan::RunPayload{"p" + word(), "hot", {}}, {}}};
        result.record = made_up_record();
        const auto files = report::record_files(result, {});
        REQUIRE(files);
        const auto record = nlohmann::json::parse(files->back().content);
        CAPTURE(round, record["flags"].dump(), record["parameters"].dump());
        CHECK(record["variant"] == report::variant_hash(plan));
        CHECK(report::variant_hash(report::variant_identity(record).value()) == report::variant_hash(plan));
    }
}

TEST_CASE("an identity out of a damaged record is an error that names the key") {
    for (const char* key :
         {"topology", "scheduler", "work_type", "sysctls", "kargs", "payload", "flags", "parameters"}) {
        const auto read = report::variant_identity(nlohmann::json{{key, 7}});
        REQUIRE_FALSE(read);
        CHECK(read.error().message.find("\"" + std::string(key) + "\"") != std::string::npos);
    }
}
