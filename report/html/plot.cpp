// SPDX-License-Identifier: GPL-2.0-only
#include "report/html/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "report/html/escape.h"

namespace ktstr::report::html {

namespace {

constexpr std::size_t most_samples = 400;       // of one plot: what a screen can show
constexpr std::size_t most_dotted_samples = 64; // more of them make a band
constexpr double far_off = 4;                   // times the samples' own range
constexpr double margin = 0.08;                 // of the range, above and below

std::string place(const Plot::Sample& sample, const Axis& axis, const Range& range) {
    return coordinate(axis.percent(sample.at_ns) * 10) + " " + coordinate(range.height(sample.value));
}

std::string steps(const std::vector<Plot::Sample>& samples, const Axis& axis, const Range& range) {
    std::string path;
    bool drawing = false;
    double height = 0;
    for (const auto& sample : samples) {
        const std::string x = coordinate(axis.percent(sample.at_ns) * 10);
        if (drawing) path += "H" + x;
        if (!std::isfinite(sample.value)) {
            drawing = false;
            continue;
        }
        const double next = range.height(sample.value);
        if (!drawing)
            path += "M" + x + " " + coordinate(next);
        else if (next != height)
            path += "V" + coordinate(next);
        drawing = true;
        height = next;
    }
    // The last value holds to the end.
    return drawing ? path + "H1000" : path;
}

template <typename Wanted>
std::string dots(const std::vector<Plot::Sample>& samples, const Axis& axis, const Range& range, Wanted wanted) {
    std::string path;
    for (const auto& sample : samples)
        if (std::isfinite(sample.value) && wanted(sample.value)) path += "M" + place(sample, axis, range) + "h0";
    return path;
}

std::string path_of(const char* css_class, const std::string& path) {
    return path.empty() ? "" : std::string("<path class=\"") + css_class + "\" d=\"" + path + "\"/>";
}

bool drawn(const std::optional<double>& bound, const Range& range) {
    return bound && *bound >= range.low && *bound <= range.high;
}

// The line of a bound, and what lies beyond it as a pale surface.
std::string bound_of(const std::optional<double>& bound, bool upper, const Range& range) {
    if (!drawn(bound, range)) return "";
    const double height = range.height(*bound);
    const std::string y = coordinate(height);
    const std::string rectangle = "<rect class=\"out\" width=\"1000\" y=\"" + (upper ? std::string("0") : y) +
                                  "\" height=\"" + coordinate(upper ? height : 100 - height) + "\"/>";
    return rectangle + "<path class=\"bound\" d=\"M0 " + y + "H1000\"/>";
}

std::string exact(double value) {
    std::array<char, 40> digits{};
    std::snprintf(digits.data(), digits.size(), "%.9g", value);
    return digits.data();
}

} // namespace

double Axis::percent(std::int64_t at_ns) const {
    const double length = static_cast<double>(to_ns) - static_cast<double>(from_ns);
    if (length <= 0) return 0;
    return std::clamp((static_cast<double>(at_ns) - static_cast<double>(from_ns)) / length * 100, 0.0, 100.0);
}

std::vector<std::int64_t> Axis::ticks() const {
    const double length = static_cast<double>(to_ns) - static_cast<double>(from_ns);
    if (length <= 0) return {from_ns};
    double step = std::pow(10, std::floor(std::log10(length / 6)));
    for (const double times : {2.0, 2.5, 2.0}) // 2, 5, 10
        if (length / step > 8) step *= times;
    std::vector<std::int64_t> times;
    for (double at = std::ceil(static_cast<double>(from_ns) / step) * step; at <= static_cast<double>(to_ns);
         at += step)
        times.push_back(static_cast<std::int64_t>(at));
    return times;
}

double Range::height(double value) const { return std::clamp((high - value) / (high - low) * 100, -5.0, 105.0); }

Range range_of(const Plot& plot) {
    Range range;
    for (const auto& sample : plot.samples) {
        if (!std::isfinite(sample.value)) continue;
        range.least = range.empty ? sample.value : std::min(range.least, sample.value);
        range.most = range.empty ? sample.value : std::max(range.most, sample.value);
        range.empty = false;
    }
    double low = range.least;
    double high = range.most;
    if (low > 0 && low < high / 2) low = 0;
    const double reach = far_off * std::max({high - low, std::fabs(high) / far_off, 1e-9});
    for (const auto& bound : {plot.low, plot.high}) {
        if (!bound || !std::isfinite(*bound)) continue;
        if (*bound < low && *bound >= low - reach) low = *bound;
        if (*bound > high && *bound <= high + reach) high = *bound;
    }
    const double room = high > low ? (high - low) * margin : std::max(1.0, std::fabs(high) * margin);
    range.low = low - room;
    range.high = high + room;
    // Of the greatest doubles even that is not a range.
    if (!std::isfinite(range.high - range.low) || range.high <= range.low) range.empty = true;
    return range;
}

std::string svg(const Plot& plot, const Axis& axis, const Range& range) {
    std::string text = "<svg viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\" data-low=\"" +
                       exact(range.low) + "\" data-high=\"" + exact(range.high) + "\">";
    if (range.empty) return text + "</svg>";
    const auto samples = eval::thinned(plot.samples, most_samples);
    text += bound_of(plot.high, true, range) + bound_of(plot.low, false, range);
    text += path_of("line", steps(samples, axis, range));
    const auto outside = [&plot](double value) {
        return (plot.low && value < *plot.low) || (plot.high && value > *plot.high);
    };
    const bool dotted = samples.size() <= most_dotted_samples;
    if (dotted) text += path_of("dot", dots(samples, axis, range, [](double) { return true; }));
    if (plot.refuted) text += path_of("bad", dots(samples, axis, range, outside));
    return text + "</svg>";
}

namespace {

// One rectangle for as long as the shade stays.
std::string band(const std::vector<Plot::Sample>& samples, const Axis& axis, double most, double y, double height) {
    constexpr int shades = 8;
    const auto shade_of = [most](double value) {
        return std::isfinite(value) && most > 0 ? static_cast<int>(std::ceil(value / most * shades)) : 0;
    };
    std::string text;
    for (std::size_t i = 0; i < samples.size();) {
        const int shade = std::clamp(shade_of(samples[i].value), 0, shades);
        std::size_t next = i + 1;
        while (next < samples.size() && std::clamp(shade_of(samples[next].value), 0, shades) == shade) ++next;
        const double from = axis.percent(samples[i].at_ns) * 10;
        const double to = next < samples.size() ? axis.percent(samples[next].at_ns) * 10 : 1000;
        if (shade > 0)
            text += "<rect class=\"h" + std::to_string(shade) + "\" x=\"" + coordinate(from) + "\" y=\"" +
                    coordinate(y) + "\" width=\"" + coordinate(to - from) + "\" height=\"" + coordinate(height) +
                    "\"/>";
        i = next;
    }
    return text;
}

} // namespace

std::string bands_svg(const std::vector<const std::vector<Plot::Sample>*>& series, const Axis& axis) {
    double most = 0;
    for (const auto* samples : series)
        for (const auto& sample : *samples)
            if (std::isfinite(sample.value)) most = std::max(most, sample.value);
    std::string text = "<svg viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\">";
    const double height = 100.0 / static_cast<double>(std::max<std::size_t>(1, series.size()));
    for (std::size_t i = 0; i < series.size(); ++i)
        text +=
            band(eval::thinned(*series[i], most_samples), axis, most, height * static_cast<double>(i), height * 0.92);
    return text + "</svg>";
}

std::optional<double> value_at(const std::vector<Plot::Sample>& samples, std::int64_t at_ns) {
    std::optional<double> value;
    for (const auto& sample : samples) {
        if (sample.at_ns > at_ns) break;
        value = std::isfinite(sample.value) ? std::optional(sample.value) : std::nullopt;
    }
    return value;
}

} // namespace ktstr::report::html
