// SPDX-License-Identifier: GPL-2.0-only
// The results on standard output, in one of four formats.
#pragma once

#include <memory>
#include <mutex>
#include <ostream>
#include <string_view>

#include "base/result.h"
#include "report/result.h"
#include "report/source_line.h"
#include "report/text.h"

namespace ktstr::report {

enum class Format { pretty, json, junit, ktap };

// How many scenarios ended in each way.
struct Tally {
    int pass = 0;
    int fail = 0;
    int skip = 0;
    int inconclusive = 0;
    void add(eval::Outcome outcome);
    [[nodiscard]] int total() const { return pass + fail + skip + inconclusive; }
};

struct ReporterOptions {
    Style style;                               // pretty only
    SourceLine source_line = read_source_line; // all but json
    bool verbose = false;                      // pretty only: details of what passed too
    bool allow_inconclusive = false;           // junit and ktap: of every scenario
};

// Takes results from any thread, in any order.
class Reporter {
  public:
    explicit Reporter(std::ostream& out) : out_(out) {}
    virtual ~Reporter() = default;
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;

    void add(const ScenarioResult& result);
    // Writes what is left, after the last result. `duration_ms` is the time of the whole command. An error if any of
    // the output could not be written.
    Result<void> finish(double duration_ms);

  protected:
    virtual void do_add(const ScenarioResult& result) = 0;
    virtual void do_finish(double duration_ms) = 0;
    std::ostream& out_;
    Tally tally_;

  private:
    std::mutex mutex_;
};

// pretty: a table, the failures in full and a footer, at the end.
// json: an object per line as results come, and a summary. junit: one XML document, ktap: the kernel's test
// protocol, both at the end.
std::unique_ptr<Reporter> make_reporter(Format format, std::ostream& out, ReporterOptions options = {});

// "pretty", "json", "junit", "ktap".
Result<Format> parse_format(std::string_view name);

} // namespace ktstr::report
