// SPDX-License-Identifier: GPL-2.0-only
#include "wire/message.h"

#include <catch2/catch_test_macros.hpp>
#include <random>

using namespace ktstr;
using namespace ktstr::wire;

TEST_CASE("messages come out as they went in") {
    const auto hello = decode_hello(
        encode(Hello{.executor_version = "1", .kernel_release = "6.12", .cpus = 4, .sched_ext = true, .ready_ns = 7}));
    REQUIRE(hello);
    CHECK(hello->kernel_release == "6.12");
    CHECK(hello->cpus == 4);
    CHECK(hello->sched_ext);

    plan::WorkerReport report;
    report.worker = 3;
    report.cgroup = "hot";
    report.cpus = plan::CpuSet::range(0, 3);
    report.work_units = 1ULL << 60U;
    report.exit = "stopped";
    const auto workers = decode_workers(encode(Workers{{report, report}}));
    REQUIRE(workers);
    REQUIRE(workers->reports.size() == 2);
    CHECK(workers->reports[1].cpus.list() == "0-3");
    CHECK(workers->reports[1].work_units == 1ULL << 60U);

    const auto finish =
        decode_finish(encode(Finish{.end = plan::RunEnd::executor_failed, .message = "why", .workload_ns = 5}));
    REQUIRE(finish);
    CHECK(finish->end == plan::RunEnd::executor_failed);
    CHECK(finish->message == "why");
}

TEST_CASE("a worker's report is of 64 KiB at most, on the wire too") {
    plan::WorkerReport report;
    report.cgroup = std::string(4096, 'c'); // all at their longest
    report.work = report.work_type = std::string(256, 'w');
    std::vector<int> every_other;
    for (int cpu = 0; cpu < plan::max_cpus; cpu += 2) every_other.push_back(cpu);
    report.cpus = plan::CpuSet(every_other);
    report.exit = std::string(1024, 'e');
    for (int i = 0; i < 16; ++i)
        report.latencies.push_back({.name = "latency", .seen = ~0ULL, .dropped = ~0ULL, .max_ns = ~0ULL});
    CHECK(decode_workers(encode(Workers{{report, report}})));
    report.exit = std::string(plan::max_worker_report_bytes, 'e');
    const auto refused = decode_workers(encode(Workers{{{}, report}}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.starts_with("workers.reports[1] is of "));
}

TEST_CASE("a shell is part of begin, or absent from it") {
    Begin begin;
    begin.plan = nlohmann::json::object();
    const auto without = decode_begin(encode(begin));
    REQUIRE(without);
    CHECK_FALSE(without->shell);
    begin.shell =
        Shell{.command = {"/bin/sh", "-c", "true"}, .terminal = true, .terminal_type = "vt100", .size = {50, 132}};
    const auto with = decode_begin(encode(begin));
    REQUIRE(with);
    REQUIRE(with->shell);
    CHECK(with->shell->command == std::vector<std::string>{"/bin/sh", "-c", "true"});
    CHECK(with->shell->terminal);
    CHECK(with->shell->terminal_type == "vt100");
    CHECK(with->shell->size.columns == 132);
    begin.shell->command.clear();
    CHECK(decode_begin(encode(begin)).error().message == "begin.shell.command is empty");
    const auto end = decode_shell_end(encode(ShellEnd{-1, 9}));
    REQUIRE(end);
    CHECK(end->signal == 9);
    CHECK(decode_terminal_size(encode(TerminalSize{1, 65535})));
    CHECK_FALSE(decode_terminal_size(encode(TerminalSize{-1, 80})));
    CHECK_FALSE(decode_terminal_size(encode(TerminalSize{24, 65536})));
}

TEST_CASE("a message with a missing or wrong field names it") {
    nlohmann::json json = {{"phase", 3}, {"guest_ns", 1}};
    std::string bytes;
    nlohmann::json::to_cbor(json, bytes);
    const auto wrong = decode_phase(bytes);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "phase.phase is not a string");

    json = {{"phase", "scenario"}};
    bytes.clear();
    nlohmann::json::to_cbor(json, bytes);
    const auto missing = decode_phase(bytes);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message == "phase.guest_ns is missing");
}

TEST_CASE("numbers out of range are refused, not wrapped") {
    for (const nlohmann::json& cpus :
         {nlohmann::json(-1'000'000'000'000), nlohmann::json(1ULL << 40U), nlohmann::json(1.5)}) {
        std::string bytes;
        nlohmann::json::to_cbor({{"protocol", 1},
                                 {"executor_version", ""},
                                 {"kernel_release", ""},
                                 {"cpus", cpus},
                                 {"sched_ext", true},
                                 {"ready_ns", 0}},
                                bytes);
        CHECK_FALSE(decode_hello(bytes));
    }
}

TEST_CASE("what a payload has written and how it ended arrive as they were sent") {
    const auto output = decode_payload_output(encode(PayloadOutput{3, "stderr", "half of \xc3"}));
    REQUIRE(output);
    CHECK(output->number == 3);
    CHECK(output->stream == "stderr");
    CHECK(output->text == "half of \xc3"); // a character may be cut in two by a piece's end
    CHECK_FALSE(decode_payload_output(encode(PayloadOutput{3, "stdlog", ""})));
    plan::PayloadReport report;
    report.name = "bench";
    report.source = {"a.ktl", 3, 5};
    report.exit = "signal 9 (Killed)";
    report.signal = 9;
    report.ended_by = "kill_payload";
    report.out.dropped_bytes = 1ULL << 40U;
    const auto end = decode_payload_end(encode(PayloadEnd{7, report}));
    REQUIRE(end);
    CHECK(end->number == 7);
    CHECK(to_json(end->report) == to_json(report));
}

TEST_CASE("the processes of a cgroup arrive as they were sent") {
    const plan::CgroupProcs procs{"before", "hot/inner", 2, 1'500, {4, 17, 2'000'000}};
    const auto read = decode_cgroup_procs(encode(procs));
    REQUIRE(read);
    CHECK(to_json(*read) == to_json(procs));
    std::string bytes;
    nlohmann::json wrong = to_json(procs);
    wrong["pids"][1] = "17";
    nlohmann::json::to_cbor(wrong, bytes);
    CHECK_FALSE(decode_cgroup_procs(bytes));
}

TEST_CASE("what is asked of the host, and its answer, arrive as they were sent") {
    HostRequest request;
    request.number = 3;
    request.step = 1;
    request.in_loop = true;
    request.op = 2;
    request.at_ns = -5;
    request.tid = 77;
    request.stats = "{}";
    const auto read = decode_host_request(encode(request));
    REQUIRE(read);
    CHECK(read->number == 3);
    CHECK(read->step == 1);
    CHECK(read->in_loop);
    CHECK(read->op == 2);
    CHECK(read->capture == -1);
    CHECK(read->at_ns == -5);
    CHECK(read->tid == 77);
    CHECK(read->stats == "{}");
    request.capture = 0; // an op and a capture at once
    CHECK_FALSE(decode_host_request(encode(request)));
    request.capture = -1;
    request.op = -1; // neither
    CHECK_FALSE(decode_host_request(encode(request)));
    const auto reply = decode_host_reply(encode(HostReply{3, "done", "no", "why"}));
    REQUIRE(reply);
    CHECK(reply->number == 3);
    CHECK(reply->detail == "done");
    CHECK(reply->error == "no");
    CHECK(reply->hint == "why");
}

TEST_CASE("the pieces of a capture arrive as they were sent") {
    const auto read = decode_ctprof_piece(encode(CtprofPiece{"before", 3, -7, "{\"format\"", true}));
    REQUIRE(read);
    CHECK(read->name == "before");
    CHECK(read->step == 3);
    CHECK(read->at_ns == -7);
    CHECK(read->text == "{\"format\"");
    CHECK(read->last);
}

TEST_CASE("what is known of a program's jemalloc reaches the guest as it is") {
    Begin begin;
    begin.plan = nlohmann::json::object();
    ctprof::KnownImage image{"abcd", "/ktstr/bin/server", {ctprof::HeapState::read, {}}};
    image.finding.layout.tls = ctprof::HeapLayout::Tls::static_slot;
    image.finding.layout.tls_offset = -2664;
    image.finding.layout.slot_address = 1ULL << 40U;
    image.finding.layout.allocated_offset = 8;
    begin.heap_images = {image};
    const auto read = decode_begin(encode(begin));
    if (!read) FAIL(read.error().message);
    REQUIRE(read->heap_images.size() == 1);
    CHECK(read->heap_images[0].build_id == "abcd");
    CHECK(read->heap_images[0].path == "/ktstr/bin/server");
    CHECK(read->heap_images[0].finding == image.finding);
}

TEST_CASE("a message nested a million deep is refused, not followed") {
    CHECK_FALSE(decode_hello(std::string(1'000'000, '\x81')));
}

TEST_CASE("random and damaged messages never crash the decoders") {
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same cases every time
    plan::WorkerReport report;
    report.cgroup = "hot";
    report.latencies = {{.name = "wake_latency", .seen = 3, .dropped = 1, .max_ns = 9, .kept_ns = {1, 9}}};
    report.numa_pages = {{0, 12}, {1, 3}};
    const std::string good = encode(Workers{{report}});
    for (int round = 0; round < 5000; ++round) {
        std::string bytes = good;
        for (std::size_t i = 0; i < 1 + random() % 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
        if (random() % 4 == 0) bytes.resize(random() % bytes.size());
        (void)decode_workers(bytes);
        (void)decode_payload_output(bytes);
        (void)decode_payload_end(bytes);
        (void)decode_finish(bytes);
        (void)decode_event(bytes);
        (void)decode_cgroup_procs(bytes);
        (void)decode_host_request(bytes);
        (void)decode_host_reply(bytes);
        (void)decode_ctprof_piece(bytes);
        (void)decode_begin(bytes);
    }
    SUCCEED();
}
