// SPDX-License-Identifier: GPL-2.0-only
// What the examples of the reference do not show: reads of what is not there.
#include <catch2/catch_test_macros.hpp>

#include "tests/lua/sample.h"

namespace ktstr::test {

namespace {

const std::string snapshot = "run:snapshot('after_swap')";

} // namespace

TEST_CASE("a name that an object has not is an error that lists what it has") {
    CHECK(error_of("run.scenaro").starts_with("the run has no 'scenaro' (it has: scenario, scheduler, topology"));
    CHECK(error_of("run.workers()") == "the run expected, not nothing (methods are called with ':')");
    CHECK(error_of("run.workers('x')") == "the run expected, not a string (methods are called with ':')");
    CHECK(error_of("run:cgroup('hot').work").starts_with("a cgroup has no 'work' (it has: name, workers,"));
}

TEST_CASE("workers and cgroups that are not there are errors with the names that are") {
    CHECK(error_of("run:cgroup('hto')") == "no cgroup 'hto' had workers (with workers: cold/inner, hot)");
    CHECK(error_of("run:cgroup('')") == "no cgroup '' had workers (with workers: cold/inner, hot)");
    CHECK(error_of("run:workers{cgroup = 'hto'}") == "no cgroup 'hto' had workers (with workers: cold/inner, hot)");
    CHECK(error_of("run:workers{work = 'spinn'}") == "no worker has the work 'spinn' (there are: burst, spin)");
    CHECK(error_of("run:workers{work_type = 'x'}") == "no worker has the work_type 'x' (there are: bursty, spin_wait)");
    CHECK(error_of("run:workers{group = 'hot'}") ==
          "workers cannot be chosen by 'group' (by: cgroup, work, work_type, step)");
    CHECK(error_of("run:workers{'hot'}") == "bad argument #1 to 'workers' (names expected, as in {cgroup = \"hot\"})");
    CHECK(error_of("run:workers()[1].wrok_units")
              .starts_with("component 'wrok_units' not found after 'worker 0' (members: cgroup, cpu_ns,"));
}

TEST_CASE("a cgroup stands for those below it") {
    CHECK(ending(check("claim('x'):equals(run:cgroup('cold').work_units, 500)\n"
                       "claim('y'):equals(#run:workers{cgroup = 'cold'}, 1)\n"
                       "claim('z'):equals(run:cgroup('cold').name, 'cold')")) == "passed");
}

TEST_CASE("a figure of a cgroup that has no meaning is an error, not zero") {
    CHECK(error_of("run:cgroup('cold').spread") ==
          "the cgroup 'cold' has no spread: no two of its workers can be compared");
    CHECK(error_of("run:cgroup('hot'):wake_latency(0.999)") ==
          "the cgroup 'hot' has no such wake latency: it takes 1000 samples, and its workers have 200");
    auto record = sample_record();
    for (auto& worker : record["workers"]) worker["wall_ns"] = 0;
    CHECK(ending(check_on(record, "claim('x'):at_most(run:cgroup('hot').throughput, 1)")) ==
          "error at 10: the cgroup 'hot' has no throughput: its workers had no time to work in");
    CHECK(ending(check_on(record, "claim('x'):at_most(run:cgroup('hot').spread, 1)")) ==
          "error at 10: the cgroup 'hot' has no spread: worker 0 had no time to work in");
}

TEST_CASE("a worker that never came to its work was kept from it all its life") {
    auto record = sample_record();
    record["workers"][1]["work_units"] = 0;
    record["workers"][1]["iterations"] = 0;
    CHECK(ending(check_on(record, "claim('x'):equals(run:cgroup('hot').longest_gap_ns, s(10))")) == "passed");
}

TEST_CASE("events and steps that are not there are errors") {
    CHECK(error_of("run:events('step_strat')") ==
          "there are no events of the kind 'step_strat' (kinds: op, scenario_end, scenario_start, scheduler_attached, "
          "scheduler_exited, step_end, step_start)");
    CHECK(error_of("#run:events('scheduler_exited')").empty());
    CHECK(error_of("run:step('swaped')") == "no step 'swaped' was run (run: disjoint, swapped)");
    CHECK(error_of("run:step(2)") == "no step '2' was run (run: disjoint, swapped)");
    auto record = sample_record();
    record["events"].erase(5);
    CHECK(ending(check_on(record, "claim('x'):at_most(run:step('swapped').stop, 1)")) ==
          "error at 10: the step 'swapped' has no end: the run ended in it");
    record["events"][1]["step_name"] = "swapped";
    CHECK(ending(check_on(record, "claim('x'):at_most(run:step('swapped').stop, 1)")) ==
          "error at 10: several steps are called 'swapped': take one by its index, counted from 0");
}

TEST_CASE("a run without a scheduler has none") {
    auto record = sample_record();
    record["plan"]["scheduler"] = nullptr;
    CHECK(ending(check_on(record, "claim('x'):is_true(run.scheduler == nil)")) == "passed");
}

TEST_CASE("a record in which nothing was observed says so") {
    auto record = sample_record();
    for (const char* name : {"snapshots", "series", "payloads", "plan"}) record.erase(name);
    const auto reason = [&](const char* expression) {
        return check_on(record, "local x = " + std::string(expression) + " claim('x'):equals(1, 1)").reason;
    };
    CHECK(reason("run:snapshot('after_swap')") == "this run's record holds no snapshots");
    CHECK(reason("run:snapshots()") == "this run's record holds no snapshots");
    CHECK(reason("run:series('x')") == "this run's record holds no series");
    CHECK(reason("run:payload('x')") == "this run's record holds no payloads");
    CHECK(reason("run.scenario") == "this run's record does not hold its plan");
}

TEST_CASE("a record of any other shape is an error and nothing worse") {
    const std::string chunk =
        "for _, f in ipairs{function() return run:workers() end, function() return run:cgroup('hot').spread end,"
        "function() return run:events() end, function() return run:step(0) end,"
        "function() return run:snapshot('x') end, function() return run:series('x') end,"
        "function() return run:payload('x'):metrics() end, function() return run.topology end,"
        "function() return run:console() end, function() return run.seed end} do pcall(f) end "
        "claim('x'):equals(1, 1)";
    for (const char* text : {"null", "[]", "7", "\"x\"", "{}", R"({"workers": 3, "events": {}, "snapshots": [1, null],
         "series": [{"name": "x", "samples": 3}], "payloads": [{"name": "x", "metrics": [null, 7]}], "plan": [],
         "console": 7, "seed": "x"})",
                             R"({"workers": [1, {"cgroup": 7}, {"cgroup": "hot", "wall_ns": "x"}],
         "events": [null, {"kind": "step_start", "step": "a"}], "plan": {"topology": "9n"}})"})
        CHECK(ending(check_on(nlohmann::json::parse(text), chunk)) == "passed");
}

TEST_CASE("a snapshot that is not there, or could not be taken, says so") {
    CHECK(error_of("run:snapshot('after')") == "no snapshot 'after' (captured: after_swap, stopped_early)");
    const std::string why =
        "the snapshot 'stopped_early' holds nothing: it could not be taken: the scheduler had exited";
    for (const char* read :
         {"var('nr_queued')", "live_var('x')", "u64('x')", "text('x')", "vars()", "maps()", "map('task_ctx')"})
        CHECK(error_of(std::string("run:snapshot('stopped_early'):") + read) == why);
    CHECK(error_of("run:snapshot('stopped_early').reason").empty());
}

TEST_CASE("a variable that is not there, or is there twice, says so") {
    CHECK(error_of(snapshot + ":var('nr_queud')") ==
          "no variable 'nr_queud' (captured: nr_queued, drained, nr_running, nr_running, stats)");
    CHECK(error_of(snapshot + ":var('nr_running')") ==
          "the variable 'nr_running' is in several schedulers (mitosis, layered): name one as the second argument, or "
          "take the active one's with live_var");
    CHECK(error_of(snapshot + ":var('nr_running', 'lavd')") ==
          "the variable 'nr_running' is not in the scheduler 'lavd' (in: mitosis, layered)");
    auto record = sample_record();
    for (auto& variable : record["snapshots"][0]["variables"]) variable["live"] = false;
    CHECK(check_on(record, "claim('x'):equals(" + snapshot + ":live_var('nr_running'), 4)").reason ==
          "the variable 'nr_running' is in no active scheduler (in: mitosis, layered)");
}

TEST_CASE("a path that leads nowhere names the component and what is there") {
    CHECK(error_of(snapshot + ":var('stats.vtimes')") ==
          "component 'vtimes' not found after 'stats' (members: cpu, dsq_id, load, local, lost, name, next, state, "
          "steady, vtime)");
    CHECK(error_of(snapshot + ":var('stats.local[2].sum')") ==
          "component '2' not found after 'stats.local' (it is an array of 2, counted from 0)");
    CHECK(error_of(snapshot + ":var('stats.vtime.x')") ==
          "component 'x' not found after 'stats.vtime' (it is an integer, which has no members)");
    CHECK(error_of(snapshot + ":var('stats.state.x')") ==
          "component 'x' not found after 'stats.state' (it is an enum, which has no members)");
    CHECK(error_of(snapshot + ":var('stats.next.id')") ==
          "'stats.next' is a pointer (0xffff888003a41000) whose target was not captured");
    CHECK(error_of(snapshot + ":var('stats.cpu.idx')") == "component 'idx' not found after 'stats.cpu' (members: id)");
    CHECK(error_of(snapshot + ":var('stats..x')") == "the path '.x' has an empty component");
    CHECK(error_of(snapshot + ":var('stats.lost')") == "'stats.lost' is absent: the page was not mapped");
    CHECK(error_of(snapshot + ":var('stats'):get('lost')") == "'stats.lost' is absent: the page was not mapped");
}

TEST_CASE("a typed read of another type says what it is") {
    CHECK(error_of(snapshot + ":u64('stats')") == "'stats': cannot read as u64: it is a struct");
    CHECK(error_of(snapshot + ":u64('stats.local')") == "'stats.local': cannot read as u64: it is an array");
    CHECK(error_of(snapshot + ":u64('stats.local[0].delta')") ==
          "'stats.local.0.delta': cannot read as u64: it is negative (-5)");
    CHECK(error_of(snapshot + ":i64('stats.dsq_id')") ==
          "'stats.dsq_id': cannot read as i64: it is too large (9223372036854775810)");
    CHECK(error_of(snapshot + ":f64('stats.name')") == "'stats.name': cannot read as f64: it is a string");
    CHECK(error_of(snapshot + ":bool('stats.vtime')") == "'stats.vtime': cannot read as bool: it is an integer");
    CHECK(error_of(snapshot + ":text('stats')") == "'stats': cannot read as text: it is a struct");
    CHECK(error_of(snapshot + ":u64('stats.lost')") == "'stats.lost' is absent: the page was not mapped");
    CHECK(error_of("#" + snapshot + ":var('stats')") == "'stats' has no length: it is a struct");
}

TEST_CASE("an unsigned number beyond Lua's integers stays above every bound") {
    CHECK(ending(check("claim('x'):at_most(" + snapshot + ":u64('stats.dsq_id'), 100)")) ==
          "failed at 10: x: 9.22337e+18 is above 100");
}

TEST_CASE("a map that is not there, or was not captured, says so") {
    CHECK(error_of(snapshot + ":map('tasks')") == "no map 'tasks' (captured: task_ctx, cpu_ctx, arena)");
    CHECK(error_of(snapshot + ":map('arena'):entries()") ==
          "the entries of the map 'arena' were not captured: its pages were not mapped");
    CHECK(error_of(snapshot + ":map('arena').count") ==
          "the entries of the map 'arena' were not captured: its pages were not mapped");
    CHECK(error_of(snapshot + ":map('cpu_ctx'):on_cpu(7)") ==
          "the map 'cpu_ctx' has no entries of CPU 7 (of CPUs: 0, 1)");
    CHECK(error_of(snapshot + ":map('task_ctx'):max_by(function(e) return e.value.name end)")
              .starts_with("component 'name' not found after 'task_ctx.value'"));
    CHECK(error_of(snapshot + ":map('task_ctx'):max_by(function() return 'x' end)") ==
          "max_by: the function must return a number, and returned a string");
    CHECK(error_of(snapshot + ":map('task_ctx'):find()") ==
          "bad argument #1 to 'find' (function expected, got no value)");
    auto record = sample_record();
    record["snapshots"][0]["maps"][0]["entries"] = nlohmann::json::array();
    CHECK(check_on(record, "claim('x'):equals(" + snapshot + ":map('task_ctx'):max_by(function() return 1 end).key, 1)")
              .reason == "max_by: the map 'task_ctx' has no entries");
}

TEST_CASE("a series and its gaps") {
    CHECK(error_of("run:series('bpf.nr')") == "no series 'bpf.nr' (recorded: bpf.nr_dispatched)");
    CHECK(error_of("run:series('')") == "no series '' (recorded: bpf.nr_dispatched)");
    CHECK(error_of("run:series('bpf.nr_dispatched')[2].value") ==
          "the sample periodic_001 of 'bpf.nr_dispatched' has no value: the capture took too long");
    CHECK(error_of("run:series('bpf.nr_dispatched')[2].time").empty());
}

TEST_CASE("payloads and metrics that are not there are errors") {
    CHECK(error_of("run:payload('hackbench')") == "no payload 'hackbench' was run (run: schbench, fio)");
    CHECK(error_of("run:payload('schbench'):metric('rps')") ==
          "the payload 'schbench' has no metric 'rps' (it has: int.rps_pct50.0, int.wakeup_latency_pct99.0)");
    CHECK(error_of("run:payload('fio'):metric('rps')") ==
          "the payload 'fio' has no metrics: it was killed before it reported");
    CHECK(error_of("run:payload('fio'):metrics()") ==
          "the payload 'fio' has no metrics: it was killed before it reported");
    CHECK(error_of("run:payload('schbench', 2)") == "the payload 'schbench' was run 1 times, not 2");
    auto record = sample_record();
    record["payloads"][1] = record["payloads"][0];
    CHECK(check_on(record, "claim('x'):equals(run:payload('schbench').exit, '')").reason ==
          "the payload 'schbench' was run 2 times: say which, from 1, as the second argument");
    CHECK(ending(check_on(record, "claim('x'):equals(run:payload('schbench', 2).cgroup, 'hot')")) == "passed");
}

TEST_CASE("captures and threads that are not there are errors, and what is absent counts as 0") {
    CHECK(error_of("run:ctprof('now')") == "no ctprof capture 'now' was taken (taken: done, often, warm)");
    CHECK(error_of("run:ctprof('often')") == "'often' was captured 2 times: say which, as in run:ctprof(\"often\", 1)");
    CHECK(error_of("run:ctprof('often', 3)") == "'often' was captured 2 times: there is no number 3");
    CHECK(error_of("run:ctprof('warm'):thread{process = 'sevrer'}") ==
          "the capture has no thread with process 'sevrer' (it has the processes: kthreadd, server)");
    CHECK(error_of("run:ctprof('warm'):thread{process = 'server'}") ==
          "the capture has 2 threads with process 'server': threads() gives them all");
    CHECK(error_of("run:ctprof('warm'):threads{name = 'x'}") ==
          "threads cannot be chosen by 'name' (by: process, thread, cgroup, pid, tid)");
    CHECK(error_of("run:ctprof('warm'):thread{tid = 2}.runtime")
              .starts_with("a thread of a capture has no 'runtime' (it has: process, thread,"));
    CHECK(error_of("run:ctprof('warm'):since(1)") == "a capture expected, not a number (methods are called with ':')");
    CHECK(ending(check("local capture = run:ctprof('often', 2)\n"
                       "claim('at'):equals(capture.at_ns, 2000000000)\n"
                       "claim('none'):equals(#capture:threads{process = 'x'}, 0)\n"
                       "local worker = capture:thread{tid = 51}\n"
                       "claim('absent'):equals(worker.allocated_bytes, 0)\n"
                       "claim('there'):equals(worker.run_time_ns, 2)\n"
                       "claim('more than Lua counts'):equals(worker.read_bytes, math.maxinteger)\n"
                       "claim('no kernel thread'):is_true(not worker.kernel_thread)\n"
                       "local first = run:ctprof('often', 1)\n"
                       "claim('since'):equals(capture:since(first, {tid = 51})[1].run_time_ns, 1)")) == "passed");
}

TEST_CASE("a difference to a capture without the thread has all that it did") {
    auto record = sample_record();
    record["ctprof"][0]["capture"]["threads"].clear();
    CHECK(ending(check_on(record, "local change = run:ctprof('done'):since(run:ctprof('warm'), {tid = 51})\n"
                                  "claim('all'):equals(change[1].run_time_ns, 40000000)")) == "passed");
    record["ctprof"][0]["capture"] = nullptr; // made by nobody
    CHECK(check_on(record, "claim('x'):equals(run:ctprof('warm').report, 1)").reason == "the capture cannot be read");
}

TEST_CASE("a value shows itself as text, cut where it gets long") {
    CHECK(ending(check("claim('x'):equals(tostring(run:step('swapped')), 'table')\n"
                       "claim('y'):equals(tostring(run), 'the run')\n"
                       "claim('z'):equals(tostring(" +
                       snapshot +
                       ":var('stats.local')), '[{delta = -5, sum = 10}, {delta = 5, sum = 20}]')\n"
                       "claim('w'):at_most(#tostring(run.plan), 310)")) == "passed");
}

TEST_CASE("an error has the line of the .ktl file, also below functions of the library") {
    CHECK(ending(check("\n\nlocal x = (nil).y")) == "error at 12: attempt to index a nil value");
    CHECK(ending(check("\n\nlocal x = undefined.y")) ==
          "error at 12: attempt to index a nil value (global 'undefined')");
    CHECK(ending(check("local function f()\n error('inside')\nend\nf()")) == "error at 11: inside");
    CHECK(ending(check("local function f()\n error('blames the caller', 2)\nend\nf()")) ==
          "error at 13: blames the caller");
    CHECK(ending(check("\nerror({})")) == "error at 11: the script raised an error that is no text but a table");
    CHECK(ending(check("\nerror(nil)")) == "error at 11: the script raised an error without a message (nil)");
    CHECK(ending(check("\nerror(12)")) == "error at 11: the script raised the number 12.000000");
    CHECK(ending(check("\nerror()")) == "error at 11: the script raised an error without a message (nil)");
    CHECK(ending(check("\nerror(print)")) == "error at 11: the script raised an error that is no text but a function");
    CHECK(ending(check("\nassert(false)")) == "error at 11: assertion failed!");
    CHECK(ending(check("\nassert(nil, 'with words')")) == "error at 11: with words");
    CHECK(ending(check("\ntable.sort({3, 2, 1}, function(a, b)\n return a < nil end)")) ==
          "error at 12: attempt to compare number with nil");
    CHECK(ending(check("\nlocal x = ('x'):rep(1, 2, 3):bad()"))
              .starts_with("error at 11: attempt to call a nil value (method 'bad')"));
    CHECK(ending(check("x = = 1")) == "error at 10: unexpected symbol near '='");
}

} // namespace ktstr::test
