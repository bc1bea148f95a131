// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <regex>

#include "interp/check/check.h"
#include "interp/check/settings.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

plan::PayloadCheck::Kind kind_of(Kind check) {
    switch (check) {
    case Kind::exit_code: return plan::PayloadCheck::Kind::exit_code;
    case Kind::exists: return plan::PayloadCheck::Kind::exists;
    case Kind::metrics: return plan::PayloadCheck::Kind::metrics;
    case Kind::values: return plan::PayloadCheck::Kind::values;
    default: return plan::PayloadCheck::Kind::compare;
    }
}

// What a copy takes, as Evaluator::spend() counts it.
std::size_t units_of(const plan::Payload& payload) {
    std::size_t bytes = payload.pattern.size();
    for (const auto& text : payload.args) bytes += sizeof(std::string) + text.size();
    for (const auto& text : payload.files) bytes += sizeof(std::string) + text.size();
    return 8 + bytes / 64 + 4 * (payload.metrics.size() + payload.checks.size());
}

} // namespace

plan::Comparison comparison_of(std::string_view text) {
    static const std::map<std::string_view, plan::Comparison> signs = {
        {"<", plan::Comparison::less},    {"<=", plan::Comparison::less_equal},
        {">", plan::Comparison::greater}, {">=", plan::Comparison::greater_equal},
        {"==", plan::Comparison::equal},  {"!=", plan::Comparison::not_equal}};
    return signs.at(text);
}

const plan::Payload& Checker::check_payload(const Symbol& symbol) {
    if (const auto known = payloads_.find(&symbol); known != payloads_.end()) return known->second;
    const Module& module = *symbol.module;
    const Evaluator::Outside outside(evaluator_);
    plan::Payload out;
    out.name = symbol.name;
    out.source = position_of(symbol.span);
    Span pattern_span = symbol.span;
    Once once(diagnostics_);
    const auto texts = [&](const ast::Statement& setting) {
        return evaluator_.evaluate_strings(setting.values.front(), module).value_or(std::vector<std::string>{});
    };
    for (const auto& setting : symbol.statement->body) {
        if (setting.kind == Kind::metric) {
            plan::Metric metric{setting.names.front().text, "", plan::Metric::Polarity::none};
            Once in_metric(diagnostics_);
            for (const auto& part : setting.body) {
                if (!in_metric.first(part)) continue;
                const auto words = part.kind == Kind::unit ? std::vector<std::string>{}
                                                           : std::vector<std::string>{"higher", "lower", "none"};
                const ast::Expression& value = part.values.front();
                if (part.kind == Kind::unit) {
                    metric.unit = value.kind == Kind::string ? evaluator_.evaluate_string(value, module).value_or("?")
                                                             : std::string(value.span.text());
                } else if (const auto word = evaluator_.evaluate_word(value, module, words, "what can be better")) {
                    metric.better = *word == "higher"  ? plan::Metric::Polarity::higher
                                    : *word == "lower" ? plan::Metric::Polarity::lower
                                                       : plan::Metric::Polarity::none;
                }
            }
            for (const auto& other : out.metrics)
                if (other.name == metric.name)
                    diagnostics_.add(Code::duplicate_name, setting.names.front().span,
                                     "there are two metrics \"" + metric.name + "\"");
            out.metrics.push_back(std::move(metric));
            continue;
        }
        if (!once.first(setting)) continue;
        switch (setting.kind) {
        case Kind::binary: out.binary = evaluator_.evaluate_string(setting.values.front(), module).value_or("?"); break;
        case Kind::args: out.args = texts(setting); break;
        case Kind::files: out.files = texts(setting); break;
        case Kind::output: {
            static const std::vector<std::string> words = {"exit_code", "json", "regex", "llm"};
            const auto word = evaluator_.evaluate_word(setting.values.front(), module, words, "a kind of output");
            if (!word) break;
            out.output =
                static_cast<plan::Payload::Output>(std::find(words.begin(), words.end(), *word) - words.begin());
            const bool has_text = setting.values.size() > 1;
            const bool needs_text = *word == "regex";
            if (has_text ? !needs_text && *word != "llm" : needs_text)
                diagnostics_.add(Code::wrong_arguments, setting.span,
                                 needs_text ? "`" + *word + "` needs a text" : "`" + *word + "` takes no text",
                                 needs_text ? "write it as in: output regex \"rps: ([0-9.]+)\"" : "");
            else if (has_text)
                out.pattern = evaluator_.evaluate_string(setting.values[1], module).value_or("?");
            if (has_text) pattern_span = setting.values[1].span;
            break;
        }
        case Kind::expect:
            for (const auto& check : setting.body) {
                plan::PayloadCheck made;
                made.source = position_of(check.span);
                made.written = written(check.span.text());
                made.kind = kind_of(check.kind);
                if (!check.names.empty()) made.metric = check.names.front().text;
                if (check.kind == Kind::exists) {
                    out.checks.push_back(std::move(made));
                    continue;
                }
                const auto value = evaluator_.evaluate(check.values.front(), module);
                if (!value) continue;
                const ast::Statement* sign = check.part(Kind::comparison_sign);
                if (sign == nullptr && value->type == Type::range) { // within 1 .. 2
                    for (std::size_t i = 0; i < 2; ++i) {
                        made.comparison = i == 0 ? plan::Comparison::greater_equal : plan::Comparison::less_equal;
                        made.value = real(value->items[i]);
                        out.checks.push_back(made);
                    }
                    continue;
                }
                if (sign == nullptr || !is_numeric(value->type)) {
                    diagnostics_.add(Code::type_mismatch, check.values.front().span,
                                     std::string("expected ") + (sign == nullptr ? "a range" : "a number") +
                                         ", found " + describe(value->type));
                    continue;
                }
                made.comparison = comparison_of(sign->span.text());
                made.value = real(*value);
                out.checks.push_back(std::move(made));
            }
            break;
        default: break;
        }
    }
    if (out.binary.empty() && !symbol.statement->unread)
        diagnostics_.add(Code::missing_setting, symbol.span, "the payload `" + symbol.name + "` has no `binary`",
                         "add: binary \"...\"");
    if (out.output == plan::Payload::Output::regex) {
        try {
            if (out.pattern.size() > max_regex_length || !evaluator_.spend(regex_units, symbol.span))
                throw std::regex_error(std::regex_constants::error_space);
            const std::regex pattern(out.pattern, std::regex::ECMAScript);
            const auto counted = [](std::size_t number, const std::string& what) {
                return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
            };
            if (pattern.mark_count() != out.metrics.size() && !symbol.statement->unread)
                diagnostics_.add(Code::bad_regex, pattern_span,
                                 "the regular expression has " + counted(pattern.mark_count(), "group") + " for " +
                                     counted(out.metrics.size(), "metric"),
                                 "each group is a metric, in their order");
        } catch (const std::regex_error& error) {
            diagnostics_.add(Code::bad_regex, pattern_span,
                             "not a valid regular expression: " + std::string(error.what()));
        }
    }
    return payloads_.emplace(&symbol, std::move(out)).first->second;
}

const Symbol* Checker::find_payload(std::string_view name, Span span, const Module& module, bool report) {
    const std::string text(name);
    if (const Value* local = evaluator_.local(text); local != nullptr && local->type == Type::payload)
        return local->symbol;
    const Symbol* symbol = names_.find(module, text, span);
    if (symbol != nullptr && symbol->statement->kind == Kind::payload_declaration) return symbol;
    if (!report) return nullptr;
    if (symbol == nullptr)
        names_.report_unknown(module, text, span, "payload", {"payload"});
    else
        diagnostics_.add(Code::wrong_kind_of_name, span,
                         "`" + text + "` is a " + std::string(symbol->kind()) + ", not a payload");
    return nullptr;
}

std::optional<model::Mention> Checker::stage_payload(const ast::Name& name, const Module& module) {
    const Symbol* symbol = find_payload(name.text, name.span, module, true);
    if (symbol == nullptr) return std::nullopt;
    const bool loaded = std::any_of(met_.payloads.begin(), met_.payloads.end(),
                                    [&](const auto& entry) { return entry.first == symbol; });
    if (!loaded) met_.payloads.emplace_back(symbol, check_payload(*symbol));
    if (!evaluator_.spend(met_.payloads.size() / 16 + (loaded ? 0 : units_of(met_.payloads.back().second)), name.span))
        return std::nullopt;
    return model::Mention{symbol->name, name.span};
}

} // namespace ktstr::check
