// SPDX-License-Identifier: GPL-2.0-only
#include "stats/statistics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace ktstr::stats {

Summary summarize(std::span<const double> values) {
    Summary summary;
    summary.count = values.size();
    if (values.empty()) return summary;
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    summary.least = *least;
    summary.most = *most;
    const auto count = static_cast<double>(values.size());
    // Of the differences to one of them, so that large values of little difference keep their digits.
    double sum = 0;
    for (const double value : values) sum += value - summary.least;
    summary.mean = summary.least + sum / count;
    if (values.size() < 2) return summary;
    double squares = 0;
    for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
    summary.sd = std::sqrt(squares / (count - 1));
    return summary;
}

std::optional<Welch> welch(const Summary& a, const Summary& b) {
    if (a.count < 2 || b.count < 2) return std::nullopt;
    const auto na = static_cast<double>(a.count);
    const auto nb = static_cast<double>(b.count);
    const double va = a.sd * a.sd / na;
    const double vb = b.sd * b.sd / nb;
    Welch result;
    result.degrees = na + nb - 2;
    if (va + vb == 0) {
        result.t = a.mean == b.mean ? 0 : std::copysign(INFINITY, b.mean - a.mean);
        result.p = a.mean == b.mean ? 1 : 0;
        return result;
    }
    result.t = (b.mean - a.mean) / std::sqrt(va + vb);
    // Of shares instead of variances, so that tiny ones do not vanish when they are squared.
    const double share = va / (va + vb);
    result.degrees = 1 / (share * share / (na - 1) + (1 - share) * (1 - share) / (nb - 1));
    if (!std::isfinite(result.t)) {
        result.p = 0;
        return result;
    }
    const boost::math::students_t distribution(result.degrees);
    result.p = 2 * boost::math::cdf(boost::math::complement(distribution, std::fabs(result.t)));
    return result;
}

bool disjoint(const Summary& a, const Summary& b) {
    return a.count > 0 && b.count > 0 && (a.most < b.least || b.most < a.least);
}

std::vector<double> holm(std::span<const double> p) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [p](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> adjusted(p.size());
    double most = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        most = std::max(most, std::min(1.0, p[order[i]] * static_cast<double>(order.size() - i)));
        adjusted[order[i]] = most;
    }
    return adjusted;
}

} // namespace ktstr::stats
