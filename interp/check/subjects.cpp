// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/subjects.h"

#include <algorithm>

namespace ktstr::check {

namespace {

using FormulaKind = plan::Formula::Kind;
using ExpectationKind = plan::Expectation::Kind;

// Sides of a value that a condition bounds it on.
constexpr unsigned above = 1;
constexpr unsigned below = 2;
constexpr unsigned apart = 4; // !=

unsigned sides_of(plan::Comparison comparison) {
    switch (comparison) {
    case plan::Comparison::less:
    case plan::Comparison::less_equal: return above;
    case plan::Comparison::greater:
    case plan::Comparison::greater_equal: return below;
    case plan::Comparison::equal: return above | below;
    case plan::Comparison::not_equal: return apart;
    }
    return 0;
}

unsigned turned(unsigned sides) {
    if (sides == above) return below;
    return sides == below ? above : sides;
}

bool is_constant(const plan::Formula& formula) {
    switch (formula.kind) {
    case FormulaKind::number: return true;
    case FormulaKind::add:
    case FormulaKind::subtract:
    case FormulaKind::multiply:
    case FormulaKind::divide: return std::all_of(formula.operands.begin(), formula.operands.end(), is_constant);
    default: return false;
    }
}

bool same_formula(const plan::Formula& a, const plan::Formula& b, bool with_cgroups = true) {
    if (a.kind != b.kind || a.source != b.source || a.path != b.path || a.subject != b.subject ||
        (with_cgroups && a.cgroup != b.cgroup) || a.number != b.number || a.tolerance != b.tolerance ||
        a.samples != b.samples || a.comparison != b.comparison || a.from_ns != b.from_ns || a.to_ns != b.to_ns)
        return false;
    return std::equal(a.operands.begin(), a.operands.end(), b.operands.begin(), b.operands.end(),
                      [&](const auto& x, const auto& y) { return same_formula(x, y, with_cgroups); });
}

// The term that a formula begins with.
const plan::Formula& first_term(const plan::Formula& formula) {
    const plan::Formula* at = &formula;
    while (at->kind >= FormulaKind::compare && !at->operands.empty()) {
        const bool turned = at->kind == FormulaKind::compare && is_constant(at->operands[0]);
        at = &at->operands[turned ? 1 : 0];
    }
    return *at;
}

// Of one that has a formula: the bound that it is, if it is one.
struct Bound {
    const plan::Formula* term = nullptr; // null: it is no bound of one term
    unsigned sides = 0;
    bool sustained = false;
};

Bound bound_of(const plan::Formula& formula) {
    Bound bound;
    const plan::Formula* at = &formula;
    if (at->kind == FormulaKind::sustained) {
        bound.sustained = true;
        at = &at->operands.front();
    }
    if (at->kind == FormulaKind::always && at->from_ns == 0 && !at->to_ns) at = &at->operands.front();
    if (at->kind == FormulaKind::compare && is_constant(at->operands[1])) {
        bound.term = at->operands.data();
        bound.sides = sides_of(at->comparison);
    } else if (at->kind == FormulaKind::compare && is_constant(at->operands[0])) {
        bound.term = at->operands.data() + 1;
        bound.sides = turned(sides_of(at->comparison));
    } else if (at->kind == FormulaKind::within) {
        bound.term = at->operands.data();
        bound.sides = above | below;
    }
    return bound;
}

// Whether the kind is a bound of the measure that is called like it.
bool is_measured(ExpectationKind kind) {
    return kind == ExpectationKind::spread || kind == ExpectationKind::gap || kind == ExpectationKind::throughput;
}

// Whether the term is the measure of the expectation, which is one of is_measured().
bool is_measure_of(const plan::Formula& term, const plan::Expectation& expectation, bool with_cgroups) {
    return term.kind == FormulaKind::measure && term.path == plan::to_string(expectation.kind) &&
           (!with_cgroups || term.cgroup == expectation.cgroup);
}

bool begin_alike(const plan::Expectation& a, const plan::Expectation& b, bool with_cgroups) {
    if (a.formula && b.formula) return same_formula(first_term(*a.formula), first_term(*b.formula), with_cgroups);
    if (a.formula) return is_measured(b.kind) && is_measure_of(first_term(*a.formula), b, with_cgroups);
    if (b.formula) return is_measured(a.kind) && is_measure_of(first_term(*b.formula), a, with_cgroups);
    return a.kind == b.kind && (!with_cgroups || a.cgroup == b.cgroup);
}

} // namespace

bool same_subject(const model::Expectation& a, const model::Expectation& b) {
    const auto& x = a.expectation;
    const auto& y = b.expectation;
    if (!x.formula && !y.formula) {
        if (x.kind != y.kind || x.cgroup != y.cgroup) return false;
        return !is_measured(x.kind) || (sides_of(x.comparison) & sides_of(y.comparison)) != 0;
    }
    if (!x.formula) return same_subject(b, a);
    const Bound first = bound_of(*x.formula);
    if (!y.formula)
        return is_measured(y.kind) && first.term != nullptr && !first.sustained &&
               is_measure_of(*first.term, y, true) && (first.sides & sides_of(y.comparison)) != 0;
    const Bound second = bound_of(*y.formula);
    if (first.term == nullptr || second.term == nullptr) return same_formula(*x.formula, *y.formula);
    return first.sustained == second.sustained && (first.sides & second.sides) != 0 &&
           same_formula(*first.term, *second.term);
}

bool switches_off(const model::Expectation& off, const model::Expectation& expectation) {
    return begin_alike(off.expectation, expectation.expectation, true);
}

bool switches_off_elsewhere(const model::Expectation& off, const model::Expectation& expectation) {
    return begin_alike(off.expectation, expectation.expectation, false);
}

} // namespace ktstr::check
