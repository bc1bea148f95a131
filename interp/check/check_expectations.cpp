// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cmath>
#include <regex>

#include "interp/check/check.h"
#include "interp/check/subjects.h"

namespace ktstr::check {

using syntax::Kind;
using ExpectationKind = plan::Expectation::Kind;
using FormulaKind = plan::Formula::Kind;

namespace {

constexpr std::size_t max_bundle_depth = 32;

// Whether two expectations of one layer say the same thing twice. A run may owe several errors.
bool repeats(const model::Expectation& a, const model::Expectation& b) {
    return a.expectation.kind != ExpectationKind::error && same_subject(a, b);
}

bool has_error(const std::vector<model::Expectation>& expectations) {
    return std::any_of(expectations.begin(), expectations.end(),
                       [](const auto& expectation) { return expectation.expectation.kind == ExpectationKind::error; });
}

// spread(hot) <= 15%, gap <= 2s and throughput >= 100/s in their own, simpler form.
void simplify(plan::Expectation& expectation) {
    static const std::map<std::string, ExpectationKind> kinds = {{"spread", ExpectationKind::spread},
                                                                 {"gap", ExpectationKind::gap},
                                                                 {"throughput", ExpectationKind::throughput}};
    const plan::Formula formula = *expectation.formula;
    const plan::Formula& term = formula.kind == FormulaKind::compare ? formula.operands[0] : formula;
    const auto kind = kinds.find(term.path);
    const bool bound = formula.kind != FormulaKind::compare || (formula.operands[1].kind == FormulaKind::number &&
                                                                formula.comparison != plan::Comparison::equal &&
                                                                formula.comparison != plan::Comparison::not_equal);
    if (term.kind != FormulaKind::measure || kind == kinds.end() || !bound) return;
    expectation.kind = kind->second;
    expectation.cgroup = term.cgroup;
    expectation.comparison = formula.comparison;
    if (formula.kind == FormulaKind::compare) expectation.value = formula.operands[1].number;
    expectation.formula.reset();
}

} // namespace

std::string written(std::string_view text) {
    std::string result;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && c == '\\' && i + 1 < text.size()) {
            result += text.substr(i++, 2);
            continue;
        }
        if (c == '"') in_string = !in_string;
        const bool comment = !in_string && c == '#';
        if (comment) i = std::min(text.find('\n', i), text.size());
        if (comment || (!in_string && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))) {
            if (result.empty() || result.back() != ' ') result += ' ';
        } else {
            result += c;
        }
    }
    return result;
}

void Checker::check_expectations(const std::vector<ast::Statement>& body, const Module& module,
                                 model::Expectations& out) {
    const auto check = [&](const ast::Statement& statement, model::Expectations& into) {
        if (statement.kind == Kind::include)
            include_bundle(statement, module, into);
        else
            check_expectation(statement, module, into);
    };
    each(body, module,
         {[&](const ast::Statement& statement) { check(statement, out); },
          [&](const ast::Statement& statement) {
              model::Expectations nothing;
              check(statement, nothing);
          }});
}

void Checker::include_bundle(const ast::Statement& include, const Module& module, model::Expectations& out) {
    const ast::Name& name = include.names.front();
    const Symbol* symbol = names_.find(module, name.text, name.span);
    if (symbol == nullptr)
        return names_.report_unknown(module, name.text, name.span, "bundle of expectations",
                                     {"bundle of expectations"});
    if (symbol->statement->kind != Kind::expectations_declaration) {
        diagnostics_.add(Code::wrong_kind_of_name, name.span,
                         "`" + name.text + "` is a " + std::string(symbol->kind()) + ", not a bundle of expectations");
        return;
    }
    const bool circle =
        std::find(bundles_in_progress_.begin(), bundles_in_progress_.end(), symbol) != bundles_in_progress_.end();
    if (circle || bundles_in_progress_.size() >= max_bundle_depth) {
        bool told = false;
        for (const Symbol* bundle : bundles_in_progress_) told = !bundles_in_circles_.insert(bundle).second || told;
        if (told) return;
        diagnostics_.add(Code::definition_cycle, name.span, "`" + name.text + "` includes itself");
        return;
    }
    bundles_in_progress_.push_back(symbol);
    // What includes a bundle may say otherwise about the same subject: the bundle is a layer below it.
    model::Expectations bundle;
    const Evaluator::Outside outside(evaluator_);
    check_expectations(symbol->statement->body, *symbol->module, bundle);
    bundles_in_progress_.pop_back();
    for (auto& expectation : bundle.expected) {
        expectation.bundled = true;
        out.expected.push_back(std::move(expectation));
    }
    for (auto& off : bundle.switched_off) {
        off.bundled = true;
        out.switched_off.push_back(std::move(off));
    }
}

void Checker::check_expectation(const ast::Statement& statement, const Module& module, model::Expectations& out) {
    model::Expectation made;
    plan::Expectation& expectation = made.expectation;
    made.span = statement.span;
    expectation.source = position_of(statement.span);
    expectation.written = written(statement.span.text());
    bool off = statement.has(Kind::off);
    if (const auto* place = statement.part(Kind::in_cgroup))
        if (auto name = cgroup_name(place->names.front(), module)) {
            expectation.cgroup = name->name;
            made.cgroups.push_back(std::move(*name));
        }
    switch (statement.kind) {
    case Kind::progress: expectation.kind = ExpectationKind::progress; break;
    case Kind::isolation: expectation.kind = ExpectationKind::isolation; break;
    case Kind::error:
        expectation.kind = ExpectationKind::error;
        if (!off && !check_error(statement, module, made)) return;
        break;
    case Kind::repro: expectation.kind = ExpectationKind::repro; break;
    case Kind::allow_inconclusive: expectation.kind = ExpectationKind::allow_inconclusive; break;
    default: {
        expectation.kind = ExpectationKind::formula;
        const ast::Expression& formula = statement.values.front();
        if (off) {
            auto subject = term(formula, module, made);
            if (!subject) return;
            expectation.formula = std::move(subject->formula);
        } else if (!check_formula(formula, !statement.has(Kind::sustained), module, made)) {
            return;
        }
        if (const auto* sustained = statement.part(Kind::sustained)) {
            const auto samples = evaluator_.evaluate_integer(Type::count, sustained->values.front(), module, 1, 100'000,
                                                             "the number of samples");
            plan::Formula outer;
            outer.kind = FormulaKind::sustained;
            if (!samples) return;
            outer.samples = static_cast<int>(*samples);
            outer.operands.push_back(std::move(*expectation.formula));
            expectation.formula = std::move(outer);
        }
        simplify(expectation);
    }
    }
    if (off) {
        out.switched_off.push_back(std::move(made));
        return;
    }
    if (!evaluator_.spend(out.expected.size() / 8, statement.span)) return; // each is compared with each
    const auto first = std::find_if(out.expected.begin(), out.expected.end(),
                                    [&](const auto& other) { return !other.bundled && repeats(other, made); });
    if (first != out.expected.end())
        diagnostics_.add(Code::duplicate_expectation, statement.span, "this is expected twice",
                         "first on line " + std::to_string(first->expectation.source.line));
    std::erase_if(out.expected, [&](const auto& other) { return other.bundled && same_subject(other, made); });
    out.expected.push_back(std::move(made));
}

bool Checker::check_error(const ast::Statement& statement, const Module& module, model::Expectation& out) {
    const ast::Statement* matches = statement.part(Kind::matches);
    const ast::Statement& clause = matches != nullptr ? *matches : *statement.part(Kind::contains);
    const ast::Expression& value = clause.values.front();
    const auto text = evaluator_.evaluate_string(value, module);
    if (!text) return false;
    out.expectation.text = *text;
    out.expectation.text_is_regex = matches != nullptr;
    if (text->empty()) {
        diagnostics_.add(Code::out_of_range, value.span, "every text contains the empty string",
                         "write a part of the message");
        return false;
    }
    if (matches == nullptr) return true;
    try {
        if (text->size() <= max_regex_length) {
            if (!evaluator_.spend(regex_units, value.span)) return false;
            const std::regex pattern(*text, std::regex::ECMAScript);
            return true;
        }
        diagnostics_.add(Code::bad_regex, value.span, "the regular expression is too long", "at most 1000 characters");
    } catch (const std::regex_error& error) {
        diagnostics_.add(Code::bad_regex, value.span, "not a valid regular expression: " + std::string(error.what()),
                         "the syntax is that of ECMAScript; in a string, \\ is written \\\\");
    }
    return false;
}

// The built-in `progress`, then the layers in order: the last one that speaks of a subject wins. Where a layer expects
// an error, those before it do not count: a run that must fail owes nothing else.
std::vector<model::Expectation> Checker::merge(const std::vector<model::Expectations>& layers, Span span) {
    model::Expectation progress;
    progress.expectation.written = "progress";
    progress.expectation.source = position_of(span);
    progress.span = span;
    std::vector<model::Expectation> merged = {progress};
    for (const auto& layer : layers) {
        if (has_error(layer.expected)) {
            merged = layer.expected;
            continue;
        }
        if (&layer == &layers.back()) report_idle_offs(layer, merged);
        const auto is_off = [&](const model::Expectation& one) {
            return std::any_of(layer.switched_off.begin(), layer.switched_off.end(),
                               [&](const auto& off) { return switches_off(off, one); });
        };
        std::erase_if(merged, [&](const model::Expectation& earlier) {
            return is_off(earlier) || std::any_of(layer.expected.begin(), layer.expected.end(),
                                                  [&](const auto& one) { return same_subject(one, earlier); });
        });
        for (const auto& expectation : layer.expected)
            if (!is_off(expectation)) merged.push_back(expectation);
    }
    return merged;
}

// A scenario's own `off` that drops nothing: most likely it names a cgroup, and what was meant does not.
void Checker::report_idle_offs(const model::Expectations& layer, const std::vector<model::Expectation>& merged) {
    for (const auto& off : layer.switched_off) {
        if (off.bundled) continue;
        const auto find = [&](const auto& is_it) -> const model::Expectation* {
            for (const auto* list : {&merged, &layer.expected})
                for (const auto& one : *list)
                    if (is_it(off, one)) return &one;
            return nullptr;
        };
        if (find(switches_off) != nullptr) continue;
        const auto* elsewhere = find(switches_off_elsewhere);
        diagnostics_.add(Code::idle_off, off.span, "this drops nothing: no earlier layer expects it",
                         elsewhere == nullptr ? ""
                                              : "`" + elsewhere->expectation.written +
                                                    "` is: switch that off, and expect it of the other cgroups");
    }
}

} // namespace ktstr::check
