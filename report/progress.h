// SPDX-License-Identifier: GPL-2.0-only
// What is going on right now, while VMs run. Written to a descriptor of its own (standard error), so that results on
// standard output stay clean.
//
// On a terminal: a line per running VM, and a bar if there is more than one scenario, redrawn in place; finished
// scenarios scroll away above. The cursor is never hidden and no terminal mode is changed, and each drawing is one
// write that ends in a new line: whatever ends the program, SIGKILL too, the terminal is as it was. Elsewhere: plain
// lines.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "report/reporter.h"
#include "report/result.h"
#include "report/text.h"

namespace ktstr::report {

class Progress {
  public:
    enum class Mode { live, plain };
    // Live on a terminal, unless CI is set or TERM is "dumb".
    static Mode mode_for(int fd);

    // `total`: scenarios to come. `fd` stays the caller's.
    Progress(int fd, Mode mode, Style style, int total);
    ~Progress(); // takes the live lines away
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // All of these may be called from any thread. `id` is the caller's number of the run. A call for an id that is not
    // running has no effect.
    void scenario_started(int id, const plan::Plan& plan);
    void phase(int id, std::string_view name);                  // "boot", "scenario", ...
    void heartbeat(int id, int step, std::uint64_t work_units); // step: index, -1 = none
    void note(int id, std::string_view text);                   // a line that stays; id -1: about no scenario
    void scenario_finished(int id, const ScenarioResult& result);

  private:
    using Clock = std::chrono::steady_clock;
    struct Running {
        std::string scenario;
        std::string where; // "scx_ktstr, 1n2l4c1t"
        std::vector<std::string> steps;
        std::string phase = "start";
        int step = -1;
        std::uint64_t work_units = 0;
        bool beating = false; // a heartbeat came
        Clock::time_point since = Clock::now();
    };

    void tick();
    void print(const std::string& lines); // above the live lines
    void redraw(const std::string& above = "");
    [[nodiscard]] std::string live_lines() const;
    [[nodiscard]] std::string running_line(const Running& running, Clock::time_point now) const;
    [[nodiscard]] std::string bar(std::size_t columns, Clock::time_point now) const;
    void write(const std::string& text) const;

    const int fd_;
    const Mode mode_;
    const Style style_;
    const int total_;
    const Clock::time_point since_ = Clock::now();
    mutable std::mutex mutex_;
    std::map<int, Running> running_;
    Tally finished_;
    std::size_t drawn_ = 0; // live lines on the terminal now
    bool stopping_ = false;
    std::condition_variable wake_;
    std::thread ticker_; // live only: time goes on while nothing is reported
};

} // namespace ktstr::report
