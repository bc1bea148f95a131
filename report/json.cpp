// SPDX-License-Identifier: GPL-2.0-only
// One JSON object per line. The keys are promised to users: docs and issue trackers quote them.
#include <nlohmann/json.hpp>

#include "interp/eval/payloads.h"
#include "report/reporters.h"

namespace ktstr::report {

namespace {

using Object = nlohmann::ordered_json;

Object failures_of(const eval::Verdict& verdict) {
    Object failures = Object::array();
    for (const auto* failure : verdict.failures()) failures.emplace_back(eval::to_json(*failure));
    return failures;
}

// Why it was not judged; null if it was.
Object skip_reason(const eval::Verdict& verdict) {
    const auto* reason = verdict.outcome == eval::Outcome::skip ? verdict.skipped_by() : nullptr;
    return reason == nullptr ? Object() : Object(reason->message);
}

class JsonReporter : public Reporter {
  public:
    using Reporter::Reporter;

  private:
    void do_add(const ScenarioResult& result) override {
        const auto& kernel = result.kernel.empty() ? result.record.kernel_release : result.kernel;
        write({{"type", "scenario"},
               {"name", result.plan.scenario},
               {"file", result.file.string()},
               {"variant", result.variant},
               {"scheduler", scheduler_name(result.plan)},
               {"topology", result.plan.topology.label()},
               {"kernel", kernel.empty() ? Object() : Object(kernel)},
               {"verdict", eval::to_string(result.verdict.outcome)},
               {"duration_ms", result.duration_ms},
               {"sidecar", result.sidecar.empty() ? Object() : Object(result.sidecar.string())},
               {"failures", failures_of(result.verdict)},
               {"metrics", eval::metrics_json(result.plan, result.record, true)},
               {"skipped", skip_reason(result.verdict)}});
    }

    void do_finish(double /*duration_ms*/) override {
        write({{"type", "summary"},
               {"pass", tally_.pass},
               {"fail", tally_.fail},
               {"skip", tally_.skip},
               {"inconclusive", tally_.inconclusive}});
    }

    // Flushed line by line: a reader of the pipe sees a result when it is there.
    void write(const Object& object) {
        out_ << object.dump(-1, ' ', false, Object::error_handler_t::replace) << '\n' << std::flush;
    }
};

} // namespace

std::unique_ptr<Reporter> make_json_reporter(std::ostream& out) { return std::make_unique<JsonReporter>(out); }

} // namespace ktstr::report
