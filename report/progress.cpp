// SPDX-License-Identifier: GPL-2.0-only
#include "report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "base/file.h"
#include "interp/eval/units.h"
#include "report/reporters.h"

namespace ktstr::report {

namespace {

constexpr auto redraw_interval = std::chrono::milliseconds(250);
constexpr std::size_t bar_columns = 24;

struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

Size terminal_size(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
    return {size.ws_col, size.ws_row};
}

// The ticker takes no signals: the program's own threads decide what they mean.
std::thread start_without_signals(auto body) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread thread(std::move(body));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
}

std::string elapsed(std::chrono::steady_clock::duration time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    return std::to_string(seconds) + " s";
}

std::string where_of(const plan::Plan& plan) {
    return printable_line(scheduler_name(plan)) + ", " + plan.topology.label();
}

} // namespace

Progress::Mode Progress::mode_for(int fd) {
    const char* ci = std::getenv("CI");
    const char* term = std::getenv("TERM");
    const bool in_ci = ci != nullptr && *ci != '\0';
    const bool dumb = term == nullptr || *term == '\0' || std::string_view(term) == "dumb";
    return ::isatty(fd) == 1 && !in_ci && !dumb ? Mode::live : Mode::plain;
}

Progress::Progress(int fd, Mode mode, Style style, int total) : fd_(fd), mode_(mode), style_(style), total_(total) {
    if (mode_ == Mode::live) ticker_ = start_without_signals([this] { tick(); });
}

Progress::~Progress() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        running_.clear();
    }
    wake_.notify_all();
    if (ticker_.joinable()) ticker_.join();
    if (drawn_ > 0) write("\x1b[" + std::to_string(drawn_) + "A\x1b[J");
}

void Progress::tick() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, redraw_interval, [this] { return stopping_; }))
        if (!running_.empty()) redraw();
}

void Progress::scenario_started(int id, const plan::Plan& plan) {
    const std::lock_guard lock(mutex_);
    Running running;
    running.scenario = printable_line(plan.scenario);
    running.where = where_of(plan);
    for (const auto& step : plan.steps) running.steps.push_back(printable_line(step.name));
    if (mode_ == Mode::plain) write("start  " + running.scenario + "  (" + running.where + ")\n");
    running_.insert_or_assign(id, std::move(running));
    if (mode_ == Mode::live) redraw();
}

void Progress::phase(int id, std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    found->second.phase = printable_line(name);
    if (mode_ == Mode::live) redraw();
}

void Progress::heartbeat(int id, int step, std::uint64_t work_units) {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    found->second.step = step;
    found->second.work_units = work_units;
    found->second.beating = true; // shown at the next tick: many VMs beat often
}

void Progress::note(int id, std::string_view text) {
    const std::lock_guard lock(mutex_);
    std::string line = printable_line(text);
    if (const auto found = running_.find(id); found != running_.end()) line = found->second.scenario + ": " + line;
    print("note   " + line + "\n");
}

void Progress::scenario_finished(int id, const ScenarioResult& result) {
    const std::lock_guard lock(mutex_);
    running_.erase(id);
    finished_.add(result.verdict.outcome);
    const auto outcome = result.verdict.outcome;
    std::string text = (style_.*verdict_paint(outcome))(verdict_word(outcome)) + "   " +
                       printable_line(result.plan.scenario) + "  (" + where_of(result.plan) + ")  " +
                       eval::human_duration(result.duration_ms * 1e6);
    if (total_ > 1) text += "  [" + std::to_string(finished_.total()) + "/" + std::to_string(total_) + "]";
    text += "\n";
    if (const auto failures = result.verdict.failures(); !failures.empty())
        text += "       " + printable_line(failures.front()->message) + "\n";
    print(text);
}

void Progress::print(const std::string& lines) {
    if (mode_ == Mode::live)
        redraw(lines);
    else
        write(lines);
}

void Progress::redraw(const std::string& above) {
    std::string text;
    if (drawn_ > 0) text = "\x1b[" + std::to_string(drawn_) + "A\x1b[J";
    const std::string lines = live_lines();
    drawn_ = static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
    write(text + above + lines);
}

// One line per VM as far as they fit on the terminal, each cut so that it never wraps, then the bar.
std::string Progress::live_lines() const {
    if (running_.empty()) return "";
    const auto size = terminal_size(fd_);
    const auto now = Clock::now();
    const std::size_t fitting = size.rows > 4 ? size.rows - 3 : 1;
    std::string text;
    std::size_t shown = 0;
    for (const auto& [id, running] : running_) {
        if (shown == fitting) break;
        text += cut_to_width(running_line(running, now), size.columns - 1) + "\n";
        ++shown;
    }
    std::string last;
    if (running_.size() > shown) last = "... and " + std::to_string(running_.size() - shown) + " more  ";
    if (total_ > 1) last += bar(size.columns, now);
    return last.empty() ? text : text + cut_to_width(last, size.columns - 1) + "\n";
}

std::string Progress::running_line(const Running& running, Clock::time_point now) const {
    std::string line = "  " + running.scenario + "  (" + running.where + ")  " + running.phase;
    if (running.step >= 0 && static_cast<std::size_t>(running.step) < running.steps.size())
        line += "  step " + std::to_string(running.step + 1) + "/" + std::to_string(running.steps.size()) + " " +
                running.steps[static_cast<std::size_t>(running.step)];
    if (running.beating) line += "  " + eval::human_count(static_cast<double>(running.work_units)) + " units";
    return line + "  " + elapsed(now - running.since);
}

std::string Progress::bar(std::size_t columns, Clock::time_point now) const {
    const auto done = static_cast<std::size_t>(std::min(finished_.total(), total_));
    const auto total = static_cast<std::size_t>(total_);
    std::string text;
    if (columns > 2 * bar_columns) {
        const std::size_t filled = bar_columns * done / total;
        text = "[" + std::string(filled, '#') + std::string(bar_columns - filled, '.') + "] ";
    }
    text +=
        std::to_string(done) + "/" + std::to_string(total) + " done, " + std::to_string(running_.size()) + " running";
    if (finished_.fail > 0) text += ", " + std::to_string(finished_.fail) + " failed";
    return text + "  " + elapsed(now - since_);
}

// A terminal that went away must not end the run.
void Progress::write(const std::string& text) const { (void)write_all(fd_, text, "the terminal").ok(); }

} // namespace ktstr::report
