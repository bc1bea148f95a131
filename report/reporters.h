// SPDX-License-Identifier: GPL-2.0-only
// The reporters behind make_reporter(), and what they share.
#pragma once

#include <memory>
#include <string>

#include "report/reporter.h"
#include "report/table.h"

namespace ktstr::report {

std::unique_ptr<Reporter> make_pretty_reporter(std::ostream& out, ReporterOptions options);
std::unique_ptr<Reporter> make_json_reporter(std::ostream& out);
std::unique_ptr<Reporter> make_junit_reporter(std::ostream& out, ReporterOptions options);

std::unique_ptr<Reporter> make_ktap_reporter(std::ostream& out, ReporterOptions options);

// How a scenario stands before a CI, which knows less than the verdict.
enum class Standing {
    passed,
    skipped, // an inconclusive one that is allowed to be is one too: it is not counted
    failed,
    broken, // it says nothing of the scheduler: inconclusive, or it ended on the host's side
};
Standing standing_of(const ScenarioResult& result, const ReporterOptions& options);
// "even split [eevdf 1n2l2c1t 6.12.57]": no other result of a run is called so.
std::string test_name(const ScenarioResult& result);
// The messages that made it what it is, a line each; empty if it passed.
std::string reason_of(const ScenarioResult& result);

std::string_view verdict_word(eval::Outcome outcome); // "PASS"
Style::Paint verdict_paint(eval::Outcome outcome);

// Tables with a title, or nothing: the workers; the latencies of works, of all their workers together, with a word on
// the clock that measured them; the metrics that payloads declare.
std::string worker_table(const std::vector<plan::WorkerReport>& workers, const Style& style);
std::string latency_table(const plan::Record& record, const Style& style);
std::string metric_table(const ScenarioResult& result, const Style& style);
// The BPF programs of the schedulers that have run, the one that took most time first, and the verifier's warnings.
std::string program_table(const plan::BpfPrograms& programs, const Style& style);

// The rows of these tables, all of them.
Table worker_rows(const std::vector<plan::WorkerReport>& workers);
Table latency_rows(const plan::Record& record);

// The run on one axis: steps, ops, snapshots, work, the series of what failed, the monitor. 20 lines of 100 columns at
// most; empty for a run that never came to its workload.
std::string timeline_picture(const ScenarioResult& result, const Style& style);

// What a reader needs to understand the failure: each failed or inconclusive assertion with its source line, the
// workers, the scheduler's exits and log, the kernel console. Bounded, whatever a guest printed.
std::string failure_details(const ScenarioResult& result, const ReporterOptions& options);

// What there is to see of a scenario that passed: what was judged, workers, latencies, metrics. Bounded too.
std::string pass_details(const ScenarioResult& result, const ReporterOptions& options);

} // namespace ktstr::report
