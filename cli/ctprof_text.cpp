// SPDX-License-Identifier: GPL-2.0-only
#include "cli/ctprof_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ktstr::cli {

using ctprof::Counter;
using ctprof::counters;
using ctprof::Thread;
using ctprof::Unit;

namespace {

constexpr std::size_t amount_width = 9;
constexpr std::size_t name_width = 16;

struct Column {
    const char* title;
    Counter counter;
};

// By how much they tell: what does not fit is left out from the end.
constexpr std::array columns = {Column{"RUN", Counter::run_time_ns},
                                Column{"DELAY", Counter::run_delay_ns},
                                Column{"ALLOC", Counter::allocated_bytes},
                                Column{"FREED", Counter::deallocated_bytes},
                                Column{"SLICES", Counter::timeslices},
                                Column{"YIELDED", Counter::voluntary_switches},
                                Column{"PREEMPTED", Counter::involuntary_switches},
                                Column{"MIGRATED", Counter::migrations},
                                Column{"MINFLT", Counter::minor_faults},
                                Column{"MAJFLT", Counter::major_faults},
                                Column{"READ", Counter::read_bytes},
                                Column{"WRITTEN", Counter::write_bytes}};

const ctprof::CounterInfo& info_of(Counter counter) { return counters.at(static_cast<std::size_t>(counter)); }

std::string scaled(double value, const std::vector<const char*>& units, double step) {
    std::size_t unit = 0;
    for (; value >= step * 0.9995 && unit + 1 < units.size(); ++unit) value /= step;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f%s" : "%.3g%s", value, units[unit]);
    // %.3g would print 1000 as 1e+03.
    if (value >= 999.5) std::snprintf(text.data(), text.size(), "%.0f%s", value, units[unit]);
    return text.data();
}

std::string right(const std::string& text, std::size_t width) {
    const std::size_t own = report::display_width(text);
    return own >= width ? text : std::string(width - own, ' ') + text;
}

std::string left(const std::string& text, std::size_t width) {
    const std::string cut = report::cut_to_width(report::printable_line(text), width);
    const std::size_t own = report::display_width(cut);
    return own >= width ? cut : cut + std::string(width - own, ' ');
}

std::vector<Column> columns_for(Counter sorted_by, int width) {
    std::vector<Column> chosen;
    const auto sorted =
        std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.counter == sorted_by; });
    const std::size_t taken = 8 + 2 * (name_width + 1);
    const std::size_t room = static_cast<std::size_t>(std::max(width, 0));
    const std::size_t count = room > taken ? std::max<std::size_t>((room - taken) / (amount_width + 1), 1) : 1;
    if (sorted == columns.end())
        chosen.push_back({info_of(sorted_by).name.data(), sorted_by});
    else
        chosen.push_back(*sorted);
    for (const auto& column : columns)
        if (column.counter != sorted_by && chosen.size() < count) chosen.push_back(column);
    return chosen;
}

std::string percent_text(const std::optional<double>& percent) {
    if (!percent) return "new";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), std::abs(*percent) < 1000 ? "%+.1f %%" : "%+.0f %%", *percent);
    return std::abs(*percent) < 1e7 ? text.data() : ">1e7 %";
}

} // namespace

std::string amount_text(std::uint64_t value, Unit unit) {
    const auto number = static_cast<double>(value);
    if (unit == Unit::ns) return scaled(number, {" ns", " us", " ms", " s", " ks", " Ms"}, 1000);
    if (unit == Unit::bytes) return scaled(number, {" B", " KiB", " MiB", " GiB", " TiB", " PiB"}, 1024);
    return scaled(number, {"", " k", " M", " G", " T", " P"}, value < 1'000'000 ? 1e6 : 1000);
}

std::string threads_table(const std::vector<const Thread*>& threads, Counter sorted_by, int width,
                          const report::Style& style) {
    const auto chosen = columns_for(sorted_by, width);
    std::string title = right("TID", 7) + " " + left("PROCESS", name_width) + " " + left("THREAD", name_width);
    for (const auto& column : chosen) title += " " + right(column.title, amount_width);
    std::string text = style.bold(title) + "\n";
    for (const auto* thread : threads) {
        std::string line = right(std::to_string(thread->tid), 7) + " " + left(thread->process, name_width) + " " +
                           left(thread->thread, name_width);
        for (const auto& column : chosen) {
            const auto& value = thread->values.at(static_cast<std::size_t>(column.counter));
            const std::string amount = value ? amount_text(*value, info_of(column.counter).unit) : "-";
            line += " " + (value && *value > 0 ? right(amount, amount_width) : style.dim(right(amount, amount_width)));
        }
        text += line + "\n";
    }
    return text;
}

std::string report_text(const ctprof::Capture& capture, const report::Style& style) {
    const auto& report = capture.report;
    std::string text = std::to_string(capture.threads.size()) + " threads in " + std::to_string(report.processes) +
                       " processes on " + report::printable_line(capture.host_name) + ", kernel " +
                       report::printable_line(capture.kernel_release) + "; read in " +
                       amount_text(report.walk_ns, Unit::ns) + ", heaps in " + amount_text(report.probe_ns, Unit::ns) +
                       "\n";
    const auto count = [&report](ctprof::HeapState state) { return report.heap.at(static_cast<std::size_t>(state)); };
    std::string heap = "heap bytes of " + std::to_string(count(ctprof::HeapState::read)) + " threads";
    for (int i = 1; i < ctprof::heap_states; ++i) {
        const auto state = static_cast<ctprof::HeapState>(i);
        if (count(state) > 0) heap += ", " + std::string(ctprof::to_string(state)) + " " + std::to_string(count(state));
    }
    text += heap + "\n";
    if (report.vanished > 0) text += std::to_string(report.vanished) + " threads ended while they were read\n";
    for (const auto& [file, threads] : report.absent)
        text += "no " + report::printable_line(file) + " of " + std::to_string(threads) + " threads\n";
    if (report.left_out > 0)
        text += style.yellow(std::to_string(report.left_out) + " threads are left out: there are too many") + "\n";
    return text;
}

std::string compared_text(const std::vector<ctprof::ComparedGroup>& groups, const std::vector<Counter>& fields,
                          bool all, int width, const report::Style& style) {
    std::string text;
    for (const auto& group : groups) {
        const std::string threads =
            "  threads " + std::to_string(group.before.threads) + " -> " + std::to_string(group.after.threads);
        const std::string name = report::printable_line(group.process) + " / " + report::printable_line(group.thread);
        const auto room = static_cast<std::size_t>(std::max(width, 40)) - threads.size();
        text += style.bold(report::cut_to_width(name, room)) + threads + "\n";
        for (const Counter field : fields) {
            const std::int64_t delta = group.delta(field);
            const std::uint64_t before = group.before.count(field);
            const std::uint64_t after = group.after.count(field);
            if ((before == 0 && after == 0) || (!all && delta == 0)) continue;
            const auto& info = info_of(field);
            const std::string sign = delta < 0 ? "-" : delta > 0 ? "+" : "";
            const std::string change =
                right(sign + amount_text(static_cast<std::uint64_t>(std::abs(delta)), info.unit), amount_width + 1);
            text += "  " + left(std::string(info.name), 22) + " " +
                    right(amount_text(before, info.unit), amount_width) + " " +
                    right(amount_text(after, info.unit), amount_width) + " " +
                    (delta == 0 ? style.dim(change) : change) + " " +
                    style.dim(right(percent_text(group.percent(field)), 10)) + "\n";
        }
    }
    return text;
}

} // namespace ktstr::cli
