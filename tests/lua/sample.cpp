// SPDX-License-Identifier: GPL-2.0-only
#include "tests/lua/sample.h"

#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "ctprof/document.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::test {

namespace {

constexpr std::int64_t ms = 1'000'000;

plan::Plan sample_plan() {
    plan::Plan plan;
    plan.scenario = "cpusets swapped under load";
    plan.topology = plan::parse_topology("1n2l4c1t").value();
    plan.scheduler = "mitosis";
    plan.schedulers.emplace_back().name = "mitosis";
    plan.schedulers.back().binary = "scx_mitosis";
    plan.duration_ns = 10'000 * ms;
    plan.steps = {plan::Step{"disjoint", {}, 5'000 * ms, {}, 0, {}}, plan::Step{"swapped", {}, 5'000 * ms, {}, 0, {}}};
    return plan;
}

plan::WorkerReport worker(int number, const char* cgroup, const char* work, std::uint64_t units) {
    plan::WorkerReport report;
    report.worker = number;
    report.cgroup = cgroup;
    report.work = work;
    report.work_type = std::string(work) == "spin" ? "spin_wait" : "bursty";
    report.step = std::string(cgroup) == "hot" ? 0 : 1;
    report.work_units = units;
    report.iterations = units;
    report.wall_ns = 10'000 * ms;
    report.cpu_ns = 9'000 * ms;
    report.migrations = 7;
    report.cpus = plan::CpuSet::range(0, 3);
    report.longest_gap_ns = 12 * ms - static_cast<std::uint64_t>(number) * ms;
    report.run_delay_ns = 3 * ms;
    plan::Latency latency{.name = "wake_latency", .seen = 200, .dropped = 100, .max_ns = 5 * ms};
    latency.kept_ns.assign(100, static_cast<std::uint64_t>(number + 1) * ms);
    report.latencies = {latency};
    report.exit = "stopped";
    return report;
}

ctprof::Thread thread(int pid, int tid, const std::string& process, const std::string& name) {
    ctprof::Thread thread;
    thread.pid = pid;
    thread.tid = tid;
    thread.process = process;
    thread.thread = name;
    thread.start_time_ns = 5 * ms;
    return thread;
}

// A server of two threads and a kernel thread, `run_ns` into the worker's life.
std::string capture(std::uint64_t run_ns) {
    using ctprof::Counter;
    ctprof::Capture made;
    made.threads = {thread(2, 2, "kthreadd", "kthreadd"), thread(50, 50, "server", "server"),
                    thread(50, 51, "server", "worker/1")};
    made.threads[0].kernel_thread = true;
    made.threads[0].heap = ctprof::HeapState::kernel_thread;
    made.threads[1][Counter::allocated_bytes] = 10'000;
    made.threads[1][Counter::deallocated_bytes] = 4'000;
    made.threads[2][Counter::run_time_ns] = run_ns;
    made.threads[2][Counter::read_bytes] = UINT64_MAX;
    made.report.heap.at(static_cast<std::size_t>(ctprof::HeapState::read)) = 2;
    made.report.heap.at(static_cast<std::size_t>(ctprof::HeapState::kernel_thread)) = 1;
    return to_document(made);
}

plan::Record sample_run() {
    plan::Record record;
    record.end = plan::RunEnd::completed;
    record.kernel_release = "6.12.9";
    record.accelerator = "tcg";
    record.seed = 7;
    record.workload_ns = 10'010 * ms;
    record.workers = {worker(0, "hot", "spin", 1000), worker(1, "hot", "spin", 2000),
                      worker(2, "cold/inner", "burst", 500)};
    record.events = {{0, "scenario_start", -1, "", "", "", 0},
                     {0, "step_start", 0, "disjoint", "", "", 0},
                     {5'000 * ms, "step_end", 0, "disjoint", "", "", 1500},
                     {5'001 * ms, "step_start", 1, "swapped", "", "", 1500},
                     {5'002 * ms, "op", 1, "swapped", "swap_cpusets", "hot, cold", 1500},
                     {10'005 * ms, "step_end", 1, "swapped", "", "", 3500}};
    record.cgroup_procs = {{"before", "hot", 0, 4'000 * ms, {101, 102}}};
    record.ctprof = {{"warm", 0, 4'000 * ms, capture(10 * ms)},
                     {"done", 1, 9'000 * ms, capture(40 * ms)},
                     {"often", 0, 1'000 * ms, capture(1)},
                     {"often", 0, 2'000 * ms, capture(2)}};
    record.scheduler_log = "scheduler started\ndispatched=4711\n";
    record.console = "[    0.000000] Linux version 6.12.9\n";
    return record;
}

nlohmann::json make_record() {
    auto record = to_json(sample_run());
    record["plan"] = to_json(sample_plan());
    const auto reference = lua_reference();
    const auto begin = reference.find("```json\n") + 8;
    record.update(nlohmann::json::parse(reference.substr(begin, reference.find("```", begin) - begin)));
    return record;
}

} // namespace

std::string lua_reference() {
    auto text = read_file(KTSTR_SOURCE_DIRECTORY "/docs/lua.md");
    REQUIRE(text.ok());
    return std::move(*text);
}

const nlohmann::json& sample_record() {
    static const nlohmann::json record = make_record();
    return record;
}

lua::CheckOutcome check(std::string_view chunk, const lua::CheckLimits& limits) {
    return lua::run_check(chunk, "t.ktl", 10, sample_record(), limits);
}

lua::CheckOutcome check_on(const nlohmann::json& record, std::string_view chunk) {
    return lua::run_check(chunk, "t.ktl", 10, record, {});
}

std::string ending(const lua::CheckOutcome& outcome) {
    std::string text(lua::to_string(outcome.status));
    if (outcome.line != 0) text += " at " + std::to_string(outcome.line);
    return outcome.reason.empty() ? text : text + ": " + outcome.reason;
}

std::string error_of(std::string_view expression) {
    const auto outcome = check("local value = " + std::string(expression) + "\nclaim('read'):is_true(true)");
    return outcome.status == lua::CheckOutcome::Status::error ? outcome.reason : std::string();
}

} // namespace ktstr::test
