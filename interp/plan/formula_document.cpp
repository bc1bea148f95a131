// SPDX-License-Identifier: GPL-2.0-only
// The JSON form of expectations.
#include <algorithm>
#include <array>

#include "interp/plan/document.h"

namespace ktstr::plan {

namespace {

using Kind = Formula::Kind;

std::size_t operand_count(Kind kind) {
    switch (kind) {
    case Kind::number:
    case Kind::series:
    case Kind::snapshot:
    case Kind::payload:
    case Kind::measure: return 0;
    case Kind::rate:
    case Kind::delta:
    case Kind::reduce:
    case Kind::rise:
    case Kind::fall:
    case Kind::logical_not:
    case Kind::always:
    case Kind::eventually:
    case Kind::nondecreasing:
    case Kind::increasing:
    case Kind::steady:
    case Kind::sustained: return 1;
    case Kind::add:
    case Kind::subtract:
    case Kind::multiply:
    case Kind::divide:
    case Kind::compare:
    case Kind::logical_and:
    case Kind::logical_or:
    case Kind::logical_implies:
    case Kind::until:
    case Kind::converges: return 2;
    case Kind::within: return 3;
    }
    return 0;
}

template <std::size_t N> bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 4> sources = {"bpf", "stats", "monitor", "host"};
constexpr std::array<std::string_view, 9> measures = {
    "spread", "gap", "throughput", "iterations", "wake_latency", "migrations", "cpu_time", "off_cpu", "run_delay"};
constexpr std::array<std::string_view, 5> reductions = {"first", "last", "mean", "min", "max"};

void check_read(const Writer&, const auto&) {}

void check_read(Reader& reader, const Formula& formula) {
    const std::size_t wanted = operand_count(formula.kind);
    reader.fail_if(formula.operands.size() != wanted, "operands",
                   "has " + std::to_string(formula.operands.size()) + " formulas, but a " +
                       std::string(name_of(formula_names, formula.kind)) + " takes " + std::to_string(wanted));
    reader.fail_if(formula.kind == Kind::series && !is_one_of(sources, formula.source), "source",
                   "is not bpf, stats, monitor or host");
    const bool known_measure = is_one_of(measures, formula.path);
    reader.fail_if(formula.kind == Kind::measure && !known_measure, "path",
                   "has the unknown measure '" + formula.path + "'");
    reader.fail_if(formula.kind == Kind::reduce && !is_one_of(reductions, formula.path), "path",
                   "is not first, last, mean, min or max");
    reader.fail_if(formula.to_ns && *formula.to_ns < formula.from_ns, "to_ns", "is less than from_ns");
}

void check_read(Reader& reader, const Expectation& expectation) {
    const bool is_formula = expectation.kind == Expectation::Kind::formula;
    reader.fail_if(is_formula != expectation.formula.has_value(), "formula",
                   is_formula ? "is missing" : "is only for the kind formula");
}

} // namespace

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Formula>& formula) {
    visitor.choice("kind", formula.kind, formula_names);
    visitor.list("operands", formula.operands);
    visitor.text("source", formula.source); // where the values come from, not where the formula stands
    visitor.text("path", formula.path);
    visitor.text("subject", formula.subject);
    visitor.text("cgroup", formula.cgroup);
    visitor.number("number", formula.number);
    visitor.number("tolerance", formula.tolerance);
    visitor.integer("samples", formula.samples, 0);
    visitor.choice("comparison", formula.comparison, comparison_names);
    visitor.integer("from_ns", formula.from_ns);
    visitor.optional_integer("to_ns", formula.to_ns);
    check_read(visitor, formula);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Expectation>& expectation) {
    visitor.choice("kind", expectation.kind, expectation_names);
    visitor.text("cgroup", expectation.cgroup);
    visitor.choice("comparison", expectation.comparison, comparison_names);
    visitor.number("value", expectation.value);
    visitor.text("text", expectation.text);
    visitor.boolean("text_is_regex", expectation.text_is_regex);
    visitor.optional_structure("formula", expectation.formula);
    visitor.written(expectation.written);
    visitor.source(expectation.source);
    check_read(visitor, expectation);
}

KTSTR_DESCRIBED(Formula);
KTSTR_DESCRIBED(Expectation);

} // namespace ktstr::plan
