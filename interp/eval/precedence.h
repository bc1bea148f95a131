// SPDX-License-Identifier: GPL-2.0-only
// Which of the things that a run and its judges say decides the verdict. Pure functions, without plan and record;
// tests/eval/precedence_test.cpp has the whole truth table.
#pragma once

#include "interp/eval/outcome.h"

namespace ktstr::eval {

// How the run ended.
enum class RunResult {
    completed,    // it came to its end, whatever the expectations make of it
    guest_failed, // the scheduler, the kernel, the executor or a worker failed; the expectations were not judged
    skipped,      // it was not made: the machine or the kernel lacks what it needs
    host_failed,  // nothing was tested: no scheduler's program, no kernel, no QEMU
};

// A failure that the scenario asks for.
enum class Expected {
    no,    // it does not
    met,   // error: each declared text was found in what was said; repro: it failed alike, its artifact is valid
    unmet, // another text was said; there is no valid artifact
};

// What the host-side checks of one sort came to, all of them together.
enum class CheckResult {
    none,           // there are none, or none was run
    passed,         // none failed
    skip_requested, // each one that did not pass asked for a skip
    failed,         // one failed
    error,          // one has an error in it, or ran into a limit
};

struct Facts {
    RunResult run = RunResult::completed;
    Outcome expectations = Outcome::skip; // folded, payloads included; of a completed run
    Expected error = Expected::no;
    Expected repro = Expected::no;
    CheckResult conditional = CheckResult::none;   // counts after a completed run only
    CheckResult unconditional = CheckResult::none; // counts after each run that was made
    bool model_unavailable = false;                // a payload's output could not be read for want of its model
};

struct Conclusion {
    Outcome outcome = Outcome::skip;
    bool expected_failure = false; // it failed in the way that the scenario asks for

    // Which messages are the reasons of an outcome other than pass. A failure has all that failed, not the first one.
    struct Reasons {
        bool run = false; // not where the message of `error` says what was said instead
        bool expectations = false;
        bool error = false;
        bool repro = false;
        bool conditional = false;
        bool unconditional = false;
        bool model = false;
        bool operator==(const Reasons&) const = default;
    } reasons;
};

Conclusion conclude(const Facts& facts);

// Whether the conditional checks are run.
constexpr bool runs_conditional(RunResult run) { return run == RunResult::completed; }

// What of the command line and the scenario makes the exit code of a verdict another one.
struct ExitRules {
    bool allow_inconclusive = false;
    bool no_skip = false;
};

// 1: failed, or skipped under no_skip. 2: inconclusive, unless that is allowed. 0: all else.
int exit_code(Outcome outcome, const ExitRules& rules);
// Of two scenarios together: 1 over 2 over 0.
int worse_exit_code(int first, int second);

} // namespace ktstr::eval
