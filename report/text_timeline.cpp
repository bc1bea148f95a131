// SPDX-License-Identifier: GPL-2.0-only
// A run's timeline in a few lines of text: one row per thing, all on the same axis.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "interp/eval/units.h"
#include "report/reporters.h"
#include "report/text.h"
#include "report/timeline.h"

namespace ktstr::report {

namespace {

using Sample = Timeline::Sample;

constexpr std::size_t label_columns = 20;
constexpr std::size_t axis_columns = 58;
constexpr std::size_t value_columns = 14;
constexpr std::size_t all_columns = 98; // with the indentation 100 at most
constexpr std::size_t shown_ops = 26;   // one letter each
constexpr std::size_t op_lines = 3;
constexpr std::size_t shown_judged = 3;

std::string time_text(std::int64_t ns) { return (ns < 0 ? "" : "+") + eval::human_duration(static_cast<double>(ns)); }

std::string padded(const std::string& text, std::size_t columns) {
    const std::string cut = cut_to_width(text, columns);
    return cut + std::string(columns - display_width(cut), ' ');
}

class Picture {
  public:
    Picture(const ScenarioResult& result, const Style& style)
        : result_(result), style_(style), timeline_(timeline_of(result.record)) {}

    std::string text() {
        if (timeline_.to_ns <= timeline_.from_ns || result_.record.events.empty()) return "";
        std::string text = "\n  Timeline, workload time from " + time_text(timeline_.from_ns) + " to " +
                           time_text(timeline_.to_ns) + "\n";
        text += steps() + ops() + snapshots() + sampled("work units /s", timeline_.work.samples);
        text += judged() + monitor();
        return text;
    }

  private:
    [[nodiscard]] std::size_t column(std::int64_t at_ns) const {
        const double length = static_cast<double>(timeline_.to_ns - timeline_.from_ns);
        const double part = static_cast<double>(at_ns - timeline_.from_ns) / length;
        return static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * (axis_columns - 1));
    }

    [[nodiscard]] std::string row(const std::string& label, const std::string& axis,
                                  const std::string& value = "") const {
        std::string line = "    " + style_.dim(padded(label, label_columns)) + "  " + axis;
        if (!value.empty())
            line += std::string(axis_columns - display_width(axis) + 2, ' ') +
                    style_.dim(cut_to_width(value, value_columns));
        return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }

    // "|calm       |crowded   |"
    std::string steps() const {
        if (timeline_.steps.empty()) return "";
        std::string axis(axis_columns, ' ');
        std::vector<std::pair<std::size_t, std::string>> names;
        std::size_t free = 0; // from there on no name stands
        for (const auto& step : timeline_.steps) {
            const std::size_t from = column(step.from_ns);
            const std::size_t to = column(step.to_ns);
            axis[from] = axis[to] = '|';
            std::string name = printable_line(step.name.empty() ? "step " + std::to_string(step.step + 1) : step.name);
            if (from < free || to <= from + 1) continue;
            names.emplace_back(from + 1, cut_to_width(name, to - from - 1));
            free = to;
        }
        // From the right, since a name may have more bytes than columns.
        std::sort(names.rbegin(), names.rend());
        for (const auto& [at, name] : names) axis.replace(at, display_width(name), name);
        return row("steps", axis);
    }

    // A letter for each op, and what the letters are.
    std::string ops() const {
        if (timeline_.events.empty()) return "";
        std::string axis(axis_columns, ' ');
        std::vector<std::string> lines(1);
        const std::size_t shown = std::min(timeline_.events.size(), shown_ops);
        std::size_t named = 0;
        for (std::size_t i = 0; i < shown; ++i) {
            const auto& event = timeline_.events[i];
            const char letter = static_cast<char>('a' + i);
            char& place = axis[column(event.at_ns)];
            place = place == ' ' ? letter : '*';
            std::string words = std::string(1, letter) + " " + time_text(event.at_ns) + " " + event.name;
            if (!event.detail.empty()) words += " " + event.detail;
            words = cut_to_width(printable_line(words), 44);
            const std::size_t used = display_width(lines.back());
            if (used > 0 && used + 3 + display_width(words) > all_columns - 4) {
                if (lines.size() == op_lines) break;
                lines.emplace_back();
            }
            lines.back() += (lines.back().empty() ? "" : "   ") + words;
            named = i + 1;
        }
        std::string text = row("ops", axis);
        for (const auto& line : lines) text += "      " + style_.dim(line) + "\n";
        const std::size_t more = timeline_.events.size() - named;
        if (more > 0) text += "      " + style_.dim("... and " + std::to_string(more) + " more in the record") + "\n";
        return text;
    }

    std::string snapshots() const {
        if (timeline_.captures.empty()) return "";
        std::string axis(axis_columns, ' ');
        std::string kinds;
        const auto mark = [&](const Timeline::Capture& capture, char letter, const char* what) {
            axis[column(capture.at_ns)] = letter;
            const std::string word = std::string(1, letter) + " " + what;
            if (kinds.find(word) == std::string::npos) kinds += (kinds.empty() ? "" : ", ") + word;
        };
        for (const auto& capture : timeline_.captures) {
            if (capture.placeholder)
                mark(capture, '?', "not taken");
            else if (capture.trigger == "periodic")
                mark(capture, 'p', "periodic");
            else if (capture.trigger == "watch")
                mark(capture, 'w', "by a watch");
            else if (capture.trigger == "scheduler_exit")
                mark(capture, 'x', "scheduler's exit");
            else
                mark(capture, 'o', "by an op");
        }
        return row("snapshots", axis) + "      " + style_.dim(kinds) + "\n";
    }

    // In each column the greatest value that was in force there, as the height of a bar; a dot is a gap.
    std::string sampled(const std::string& label, const std::vector<Sample>& samples) const {
        static constexpr std::array<const char*, 8> bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
        const auto values = columns(samples);
        double least = INFINITY, most = -INFINITY;
        for (const auto& sample : samples) {
            if (!std::isfinite(sample.value)) continue;
            least = std::min(least, sample.value);
            most = std::max(most, sample.value);
        }
        if (least > most) return "";
        const double low = least > 0 && least < most / 2 ? 0 : least;
        std::string axis;
        for (const auto& [seen, value] : values) {
            const double part = most > low ? (value - low) / (most - low) : 0.5;
            if (!seen)
                axis += ' ';
            else if (!std::isfinite(value))
                axis += "·";
            else
                axis += bars[static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * 7)];
        }
        const std::string range =
            least == most ? eval::human_count(most) : eval::human_count(least) + " .. " + eval::human_count(most);
        return row(label, axis, range);
    }

    struct Column {
        bool seen = false;
        double value = Timeline::gap;
    };
    std::array<Column, axis_columns> columns(const std::vector<Sample>& samples) const {
        std::array<Column, axis_columns> values{};
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const std::size_t from = column(samples[i].at_ns);
            const bool last = i + 1 == samples.size();
            // What ends with a gap ended there.
            const bool ended = last && !std::isfinite(samples[i].value);
            const std::size_t to = ended  ? from
                                   : last ? axis_columns
                                          : std::max(from + 1, column(samples[i + 1].at_ns));
            for (std::size_t at = from; at < to; ++at) {
                auto& [seen, value] = values[at];
                value = seen && at == from ? std::fmax(value, samples[i].value) : samples[i].value;
                seen = true;
            }
        }
        return values;
    }

    // The series of what failed, with the sample that decides below it.
    std::string judged() {
        std::string text;
        std::size_t shown = 0;
        for (const auto* failure : result_.verdict.failures())
            for (const auto& series : failure->judged) {
                const bool known = std::find(named_.begin(), named_.end(), series.written) != named_.end();
                if (known || shown == shown_judged) continue;
                const std::string line = sampled(series.written, series.samples);
                if (line.empty()) continue;
                text += line;
                named_.push_back(series.written);
                ++shown;
                if (series.decides.empty()) continue;
                const std::string words =
                    cut_to_width(printable_line(series.decides), 40) + " " + time_text(series.decides_at_ns);
                const std::size_t at = column(series.decides_at_ns);
                const bool left = at + 2 + display_width(words) > axis_columns && at > display_width(words);
                const std::string axis = left ? std::string(at - display_width(words) - 1, ' ') + words + " ^"
                                              : std::string(at, ' ') + "^ " + words;
                text += row("", style_.red(printable_line(axis)));
            }
        return text;
    }

    // What says most of a scheduler, as far as it moved.
    std::string monitor() const {
        std::string text;
        for (const char* wanted : {"nr_running", "imbalance", "local_dsq_depth", "run_delay"}) {
            const bool known =
                std::find(named_.begin(), named_.end(), std::string("monitor.") + wanted) != named_.end();
            const auto track = std::find_if(timeline_.monitor.begin(), timeline_.monitor.end(),
                                            [&](const Timeline::Track& one) { return one.name == wanted; });
            if (known || track == timeline_.monitor.end()) continue;
            const bool moves = std::any_of(track->samples.begin(), track->samples.end(), [&](const Sample& sample) {
                return std::isfinite(sample.value) && sample.value != track->samples.front().value;
            });
            if (!moves) continue;
            text += track->counts ? sampled(track->name + " /s", per_second(track->samples))
                                  : sampled(track->name, track->samples);
        }
        return text;
    }

    const ScenarioResult& result_;
    const Style& style_;
    Timeline timeline_;
    std::vector<std::string> named_; // series that have a row
};

} // namespace

std::string timeline_picture(const ScenarioResult& result, const Style& style) { return Picture(result, style).text(); }

} // namespace ktstr::report
