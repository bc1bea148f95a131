// SPDX-License-Identifier: GPL-2.0-only
#include "report/html/timeline.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "interp/eval/units.h"
#include "interp/plan/monitor.h"
#include "report/html/escape.h"
#include "report/timeline.h"

namespace ktstr::report::html {

namespace {

constexpr std::size_t shown_workers = 16;
constexpr std::size_t shown_numbers = 24; // of the scheduler
constexpr double joined_percent = 0.8;    // marks that lie closer to each other are one

std::string style_left(double percent) { return " style=\"left:" + coordinate(percent) + "%\""; }

std::string span_style(double from, double to) {
    return " style=\"left:" + coordinate(from) + "%;width:" + coordinate(std::max(0.0, to - from)) + "%\"";
}

std::string title(const std::string& text) { return " title=\"" + escaped(text) + "\""; }

std::string time_text(std::int64_t ns) { return (ns < 0 ? "" : "+") + eval::human_duration(static_cast<double>(ns)); }

// A value of the series of this name, with its unit as far as the name tells it.
std::string value_text(const std::string& name, double value, bool rate) {
    const bool time = name.ends_with("_ns") || name.ends_with("_duration") || name == "run_delay";
    if (time) return eval::human_duration(value) + (rate ? "/s" : "");
    return rate ? eval::human_rate(value) : eval::human_count(value);
}

std::string row(const std::string& label, const std::string& css_class, const std::string& plot,
                const std::string& value, const std::string& second_line = "") {
    const std::string small = second_line.empty() ? "" : element("small", "", second_line);
    return "<span class=\"k\"" + title(label) + ">" + escaped(label) + small + "</span><div class=\"p " + css_class +
           "\">" + plot + "</div><span class=\"v\">" + value + "</span>\n";
}

std::string heading(const std::string& text) { return element("span", "h", text) + "\n"; }

// Marks at times, each with the room up to the next one for its name. Those that would cover each other are one.
struct Mark {
    std::int64_t at_ns = 0;
    std::string css_class;
    std::string name;
    std::string hint;
};

std::string marks(const std::vector<Mark>& all, const Axis& axis) {
    std::string text;
    for (std::size_t i = 0; i < all.size();) {
        const double at = axis.percent(all[i].at_ns);
        std::size_t next = i + 1;
        std::string hint = all[i].hint;
        std::string css_class = all[i].css_class;
        while (next < all.size() && axis.percent(all[next].at_ns) - at < joined_percent) {
            hint += "\n" + all[next].hint;
            if (all[next].css_class != css_class) css_class = "mixed";
            ++next;
        }
        const double to = next < all.size() ? axis.percent(all[next].at_ns) : 100;
        const std::string more = next - i > 1 ? " +" + std::to_string(next - i - 1) : "";
        text += "<b class=\"" + css_class + "\"" + span_style(at, to) + title(hint) + "><i></i>" +
                escaped(all[i].name + more) + "</b>";
        i = next;
    }
    return text;
}

class Rows {
  public:
    Rows(const plan::Record& record, const std::vector<JudgedPlot>& judged)
        : record_(record), judged_(judged), timeline_(timeline_of(record)), axis_{timeline_.from_ns, timeline_.to_ns} {}

    std::string text() {
        if (timeline_.to_ns <= timeline_.from_ns) return "";
        std::string rows = grid() + axis_row() + steps() + ops() + captures();
        rows += judged_rows() + work() + monitor() + scheduler();
        return "<div class=\"tl\">" + rows + "</div>\n" + constants();
    }

  private:
    // Lines behind all rows: round times, and where steps begin.
    std::string grid() const {
        std::string lines;
        for (const auto at : axis_.ticks()) lines += "<i" + style_left(axis_.percent(at)) + "></i>";
        for (const auto& step : timeline_.steps)
            lines += "<i class=\"s\"" + style_left(axis_.percent(step.from_ns)) + "></i>";
        return "<div class=\"g\" data-from=\"" + std::to_string(axis_.from_ns) + "\" data-to=\"" +
               std::to_string(axis_.to_ns) + "\">" + lines + "</div>\n";
    }

    std::string axis_row() const {
        std::string labels;
        for (const auto at : axis_.ticks()) {
            const double percent = axis_.percent(at);
            if (percent > 97) continue; // it would not fit
            labels += "<i" + style_left(percent) + ">" +
                      escaped(at == 0 ? "0" : eval::human_duration(static_cast<double>(at))) + "</i>";
        }
        return row("workload time", "axis", labels, "");
    }

    std::string steps() const {
        std::string bands;
        for (std::size_t i = 0; i < timeline_.steps.size(); ++i) {
            const auto& step = timeline_.steps[i];
            const std::string name = step.name.empty() ? "step " + std::to_string(step.step + 1) : step.name;
            bands += "<b class=\"c" + std::to_string(i % 4) + "\"" +
                     span_style(axis_.percent(step.from_ns), axis_.percent(step.to_ns)) +
                     title(name + ": " + time_text(step.from_ns) + " to " + time_text(step.to_ns)) + ">" +
                     escaped(name) + "</b>";
        }
        return bands.empty() ? "" : row("steps", "steps", bands, "");
    }

    std::string ops() const {
        std::vector<Mark> all;
        for (const auto& event : timeline_.events) {
            const std::string what = event.name + (event.detail.empty() ? "" : ": " + event.detail);
            const bool scheduler = event.name.starts_with("scheduler_");
            all.push_back({event.at_ns, scheduler ? "sched" : "op", event.name, time_text(event.at_ns) + " " + what});
        }
        return all.empty() ? "" : row("ops", "marks", marks(all, axis_), std::to_string(all.size()));
    }

    std::string captures() const {
        std::vector<Mark> all;
        for (const auto& capture : timeline_.captures) {
            std::string hint = time_text(capture.at_ns) + " " + capture.name + " (" + capture.trigger + ")";
            if (capture.placeholder)
                hint += ", not taken: " + capture.reason;
            else
                hint += ", vCPUs stopped for " + eval::human_duration(capture.stopped_ms * 1e6);
            const std::string css_class = capture.placeholder ? "none" : capture.trigger == "op" ? "op" : "";
            const bool exit = capture.trigger == "scheduler_exit";
            all.push_back({capture.at_ns, exit ? "exit" : css_class.empty() ? "cap" : css_class, capture.name, hint});
        }
        return all.empty() ? "" : row("snapshots", "marks", marks(all, axis_), std::to_string(all.size()));
    }

    std::string judged_rows() const {
        std::string rows;
        for (const auto& judged : judged_) {
            const Range range = range_of(judged.plot);
            std::string plot = svg(judged.plot, axis_, range);
            const auto value = value_at(judged.plot.samples, judged.decides_at_ns);
            if (!judged.decides.empty()) {
                const double height = value && !range.empty ? range.height(*value) : 50;
                const bool late = axis_.percent(judged.decides_at_ns) > 60;
                plot += std::string("<b class=\"fails") + (late ? " late" : "") +
                        "\" style=\"left:" + coordinate(axis_.percent(judged.decides_at_ns)) +
                        "%;top:" + coordinate(height) + "%\">" + "<span>" +
                        escaped(judged.decides + " " + time_text(judged.decides_at_ns) +
                                (value ? ": " + value_text(judged.title, *value, false) : "")) +
                        "</span></b>";
            }
            const bool rate = judged.title.starts_with("rate(");
            std::string name =
                rate && judged.title.ends_with(")") ? judged.title.substr(5, judged.title.size() - 6) : judged.title;
            rows += row(judged.title, judged.plot.refuted ? "plot tall refuted" : "plot", plot, ends(name, range, rate),
                        bounds_text(judged, name, rate));
        }
        return rows.empty() ? "" : heading("judged series") + rows;
    }

    // "1 /s .. 100 /s"
    static std::string bounds_text(const JudgedPlot& judged, const std::string& name, bool rate) {
        const auto& [low, high] = std::pair(judged.plot.low, judged.plot.high);
        const auto value = [&](double bound) { return value_text(name, bound, rate); };
        if (low && high) return value(*low) == value(*high) ? "= " + value(*low) : value(*low) + " .. " + value(*high);
        return low ? "\xE2\x89\xA5 " + value(*low) : high ? "\xE2\x89\xA4 " + value(*high) : "";
    }

    // The greatest and the least value, where they stand on the plot's own axis.
    static std::string ends(const std::string& name, const Range& range, bool rate) {
        if (range.empty) return "<s>none</s>";
        const std::string most = escaped(value_text(name, range.most, rate));
        if (range.least == range.most) return "<s>" + most + "</s>";
        return "<s>" + most + "</s><s>" + escaped(value_text(name, range.least, rate)) + "</s>";
    }

    std::string plot_row(const std::string& name, const std::vector<Timeline::Sample>& samples, bool rate) const {
        const Plot plot{.samples = samples, .low = {}, .high = {}};
        const Range range = range_of(plot);
        return row(name + (rate && name.find("per second") == std::string::npos ? " /s" : ""), "plot",
                   svg(plot, axis_, range), ends(name, range, rate));
    }

    static bool moves(const std::vector<Timeline::Sample>& samples) {
        const Plot plot{.samples = samples, .low = {}, .high = {}};
        const Range range = range_of(plot);
        return !range.empty && range.least != range.most;
    }

    std::string work() const {
        std::string rows;
        const auto& workers = record_.workers;
        if (!timeline_.work.samples.empty() && !workers.empty())
            rows += plot_row("work units per second", timeline_.work.samples, true);
        for (std::size_t i = 0; i < std::min(workers.size(), shown_workers); ++i) rows += worker_row(workers[i]);
        for (const auto& payload : record_.payloads) rows += payload_row(payload);
        if (rows.empty()) return "";
        if (workers.size() > shown_workers)
            rows += element("span", "n", counted(workers.size() - shown_workers, "more worker") + " in the record");
        return heading("workers") + rows;
    }

    std::string worker_row(const plan::WorkerReport& worker) const {
        const auto wall = static_cast<std::int64_t>(std::min<std::uint64_t>(worker.wall_ns, INT64_MAX / 4));
        const std::string rate =
            worker.wall_ns == 0
                ? ""
                : eval::human_rate(static_cast<double>(worker.work_units) * 1e9 / static_cast<double>(worker.wall_ns));
        std::string bar = "<b" +
                          span_style(axis_.percent(worker.started_at_ns), axis_.percent(worker.started_at_ns + wall)) +
                          title(worker.work_type + ", CPUs " + worker.cpus.list() + ", " + worker.exit) + "></b>";
        const auto gap = static_cast<std::int64_t>(std::min<std::uint64_t>(worker.longest_gap_ns, INT64_MAX / 4));
        if (gap > 0)
            bar += "<i" +
                   span_style(axis_.percent(worker.longest_gap_at_ns - gap), axis_.percent(worker.longest_gap_at_ns)) +
                   title("longest gap: " + eval::human_duration(static_cast<double>(gap)) + " to " +
                         time_text(worker.longest_gap_at_ns) + ", CPU " + std::to_string(worker.longest_gap_cpu)) +
                   "></i>";
        const std::string where = worker.cgroup.empty() ? "host" : worker.cgroup;
        return row(where + " " + worker.work + " " + std::to_string(worker.worker), "life", bar, escaped(rate));
    }

    std::string payload_row(const plan::PayloadReport& payload) const {
        if (payload.pid == 0) return "";
        const auto wall = static_cast<std::int64_t>(std::min<std::uint64_t>(payload.wall_ns, INT64_MAX / 4));
        const std::string bar =
            "<b" + span_style(axis_.percent(payload.started_at_ns), axis_.percent(payload.started_at_ns + wall)) +
            title(payload.exit + (payload.error.empty() ? "" : ": " + payload.error)) + "></b>";
        return row("payload " + payload.name, "life payload", bar, "");
    }

    std::string monitor() {
        std::string rows;
        std::map<std::string, std::vector<Timeline::Track>> of_cpus; // by value, in the order of the CPUs
        for (const auto& track : timeline_.monitor) {
            if (const auto of_cpu = plan::cpu_value_name(track.name)) {
                of_cpus[std::string(of_cpu->value)].push_back(track);
                continue;
            }
            const auto samples = track.counts ? per_second(track.samples) : track.samples;
            if (moves(samples))
                rows += plot_row(track.name, samples, track.counts);
            else
                note_constant("monitor." + track.name, track);
        }
        for (const auto& [value, tracks] : of_cpus) rows += cpus_row(value, tracks);
        return rows.empty() ? "" : heading("monitor") + rows;
    }

    // A band for each CPU. Nothing for clocks and flags: their values say little as a shade.
    std::string cpus_row(const std::string& value, const std::vector<Timeline::Track>& tracks) const {
        std::vector<const std::vector<Timeline::Sample>*> series;
        bool moving = false;
        double most = 0;
        for (const auto& track : tracks) {
            if (track.counts || value == "scx_flags") return "";
            moving = moving || moves(track.samples);
            for (const auto& sample : track.samples)
                if (std::isfinite(sample.value)) most = std::max(most, sample.value);
            series.push_back(&track.samples);
        }
        if (!moving) return "";
        const std::string last = std::to_string(tracks.size() - 1);
        return row(value + " by CPU", "bands", bands_svg(series, axis_),
                   "<s>" + escaped("up to " + value_text(value, most, false)) + "</s>",
                   "CPU 0 above, " + last + " below");
    }

    std::string scheduler() {
        std::string rows;
        std::size_t shown = 0;
        std::size_t left_out = 0;
        for (const auto& track : timeline_.scheduler) {
            if (!moves(track.samples))
                note_constant("bpf." + track.name, track);
            else if (++shown <= shown_numbers)
                rows += plot_row(track.name, track.samples, false);
            else
                ++left_out;
        }
        if (left_out > 0) rows += element("span", "n", counted(left_out, "more number") + " in the record");
        return rows.empty() ? "" : heading("scheduler's own numbers, at its snapshots") + rows;
    }

    void note_constant(const std::string& name, const Timeline::Track& track) {
        std::size_t seen = 0;
        double value = 0;
        for (const auto& sample : track.samples) {
            if (!std::isfinite(sample.value)) continue;
            value = sample.value;
            ++seen;
        }
        if (seen > 0)
            (seen == 1 ? seen_once_ : constants_).push_back(name + " " + value_text(track.name, value, false));
    }

    std::string constants() const { return still("did not move", constants_) + still("seen once", seen_once_); }
    static std::string still(const std::string& title, const std::vector<std::string>& values) {
        if (values.empty()) return "";
        std::string text;
        for (const auto& one : values) text += element("span", "", one) + " ";
        return "<p class=\"const\">" + title + ": " + text + "</p>\n";
    }

    const plan::Record& record_;
    const std::vector<JudgedPlot>& judged_;
    Timeline timeline_;
    Axis axis_;
    std::vector<std::string> constants_; // with their values
    std::vector<std::string> seen_once_;
};

} // namespace

std::string timeline_rows(const plan::Record& record, const std::vector<JudgedPlot>& judged) {
    return Rows(record, judged).text();
}

} // namespace ktstr::report::html
