// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/evaluate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "interp/check/literal.h"
#include "interp/diagnostics/suggest.h"
#include "interp/plan/work_types.h"
#include "interp/syntax/parse.h"
#include "interp/syntax/read_source.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

using SetKind = model::CpuSetSpec::Kind;

constexpr std::size_t max_definition_depth = 100;
constexpr std::size_t max_locals = 1'000;

// In units of spend(): what a copy of the value costs beyond its own fixed size.
std::size_t units_of(const Value& value) {
    constexpr std::size_t unit = 64; // bytes
    std::size_t units = value.text.size() / unit + value.cpus.exact.members().size() * sizeof(int) / unit;
    for (const auto& item : value.items) units += sizeof(Value) / unit + units_of(item);
    return units;
}

// Items, with those of the lists in it; long texts count for more.
std::size_t weight(const Value& value) {
    std::size_t total = value.items.empty() ? 1 + value.text.size() / 64 : 0;
    for (const auto& item : value.items) total += weight(item);
    return total;
}

// What a run leaves behind.
bool is_observed(std::string_view name) {
    static const std::set<std::string_view> names = {"bpf",     "stats",      "monitor",     "host",       "spread",
                                                     "gap",     "throughput", "iterations",  "migrations", "cpu_time",
                                                     "off_cpu", "run_delay",  "wake_latency"};
    return names.count(name) > 0;
}

std::string show_integer(Type type, std::int64_t value) { return show(Value{type, value}); }

} // namespace

Evaluator::Evaluator(Names& names, Diagnostics& diagnostics, const Environment& environment)
    : names_(names), diagnostics_(diagnostics), environment_(environment) {}

std::nullopt_t Evaluator::fail(Code code, Span span, std::string message, std::string hint) {
    diagnostics_.add(code, span, std::move(message), std::move(hint));
    return std::nullopt;
}

bool Evaluator::spend(std::size_t units, Span span) {
    if (exhausted()) return false;
    spent_ += units;
    if (!exhausted()) return true;
    fail(Code::too_much, span, "up to here the file makes more values than a file may",
         "its loops, lists or templates multiply; split it into several files");
    return false;
}

std::optional<Value> Evaluator::evaluate(const ast::Expression& expression, const Module& module) {
    if (!spend(1, expression.span)) return std::nullopt;
    auto value = evaluate_kind(expression, module);
    if (value && !spend(units_of(*value), expression.span)) return std::nullopt;
    return value;
}

Value Evaluator::evaluate_program(const ast::Expression& expression) {
    program_(expression);
    Value value{Type::program, 0, 0, expression.text};
    const auto position = expression.span.file->position(expression.span.begin);
    value.source = {expression.span.file->name(), position.line, position.column};
    return value;
}

std::optional<Value> Evaluator::evaluate_kind(const ast::Expression& expression, const Module& module) {
    switch (expression.kind) {
    case Kind::number: return literal_value(expression.span, diagnostics_);
    case Kind::cpu_list: return cpu_list_value(expression.span, diagnostics_);
    case Kind::string: return evaluate_string_value(expression, module);
    case Kind::lua_text: return evaluate_program(expression);
    case Kind::value: return evaluate_value(expression, module);
    case Kind::call: return evaluate_call(expression, module);
    case Kind::list: return evaluate_list(expression, module);
    case Kind::record: return evaluate_record(expression, module);
    case Kind::member: return evaluate_member(expression, module);
    case Kind::index: return evaluate_index(expression, module);
    case Kind::negation: return evaluate_negation(expression, module);
    case Kind::sum:
    case Kind::product: return evaluate_chain(expression, module);
    case Kind::range:
    case Kind::tolerance: return evaluate_ends(expression, module);
    case Kind::comparison: return evaluate_comparison(expression, module);
    case Kind::within: return evaluate_within(expression, module);
    case Kind::logical_not:
    case Kind::logical_and:
    case Kind::logical_or:
    case Kind::logical_implies: return evaluate_logic(expression, module);
    default: break;
    }
    return fail(Code::bad_operation, expression.span, "this speaks of time, and a value has none",
                "it can stand in an expect block");
}

const Value* Evaluator::local(std::string_view name) const {
    for (std::size_t i = locals_.size(); i > visible_; --i)
        if (locals_[i - 1].name == name) return &locals_[i - 1].value;
    return nullptr;
}

void Evaluator::define(const ast::Name& name, Value value) {
    if (locals_.size() >= max_locals) {
        fail(Code::too_much, name.span, "there are more than " + std::to_string(max_locals) + " local names here",
             "those of the file are not counted");
        return;
    }
    define(name.text, std::move(value));
}

std::optional<Value> Evaluator::evaluate_string_value(const ast::Expression& expression, const Module& module) {
    Value result{Type::string, 0, 0, expression.text};
    for (std::size_t i = 0; i < expression.operands.size(); ++i) {
        const auto value = evaluate(expression.operands[i], module);
        if (!value) return std::nullopt;
        result.text += show(*value) + expression.names[i].text;
        if (result.text.size() > syntax::max_string_bytes)
            return fail(Code::out_of_range, expression.span,
                        "the string has more than " + std::to_string(syntax::max_string_bytes) + " bytes");
    }
    return result;
}

std::optional<std::string> Evaluator::evaluate_name(const ast::Name& name, const Module& module) {
    if (name.interpolated.empty())
        return spend(name.text.size() / 64, name.span) ? std::optional(name.text) : std::nullopt;
    return evaluate_string(name.interpolated.front(), module);
}

std::optional<Value> Evaluator::evaluate_value(const ast::Expression& expression, const Module& module) {
    const std::string& name = expression.text;
    if (name == "all" || name == "usable") {
        Value value{Type::cpu_set};
        value.cpus.kind = name == "all" ? SetKind::all : SetKind::usable;
        return value;
    }
    if (name == "true" || name == "false") return boolean(name == "true");
    if (const Value* known = local(name)) return *known;
    if (name == "kernel") {
        const SourceFile source("", "", "v" + environment_.kernel);
        Diagnostics ignored;
        const auto digits = source.text().find_first_not_of("0123456789.", 1);
        const auto end = static_cast<std::uint32_t>(std::min(digits, source.text().size()));
        return literal_value({&source, 0, end}, ignored).value_or(Value{Type::version});
    }
    // A component of a local value: i.burst
    const auto dot = name.find('.');
    if (dot != std::string::npos) {
        const std::string first = name.substr(0, dot);
        const Value* base = local(first);
        Value topology{Type::topology};
        if (first == "topology" && base == nullptr) {
            if (!topology_)
                return fail(Code::unknown_name, expression.span, "there is no topology outside of a scenario",
                            "`topology` is the machine of the scenario it stands in");
            topology.topology = *topology_;
            base = &topology;
        }
        if (base != nullptr) {
            std::optional<Value> value = *base;
            for (std::size_t at = dot; at != std::string::npos && value;) {
                const std::size_t next = name.find('.', at + 1);
                value = component(*value, std::string_view(name).substr(at + 1, next - at - 1), expression.span);
                at = next;
            }
            return value;
        }
    }
    if (const Symbol* symbol = names_.find(module, name, expression.span)) return value_of_symbol(*symbol, expression);
    // A component of a named value: big.cpus, limits.inner.quota
    for (auto end = name.rfind('.'); end != std::string::npos && end > 0; end = name.rfind('.', end - 1)) {
        const Symbol* symbol = names_.find(module, name.substr(0, end), expression.span);
        if (symbol == nullptr) continue;
        auto value = value_of_symbol(*symbol, expression);
        for (std::size_t at = end; at != std::string::npos && value;) {
            const std::size_t next = name.find('.', at + 1);
            value = component(*value, std::string_view(name).substr(at + 1, next - at - 1), expression.span);
            at = next;
        }
        return value;
    }
    if (plan::find_work_type(name) != nullptr) return workload_of_(expression, module);
    if (is_observed(dot == std::string::npos ? name : name.substr(0, dot)))
        return fail(Code::unknown_name, expression.span, "there is no value `" + name + "` here",
                    "it is known after the run only: an expect block can speak of it");
    if (name.size() > 1 && name[0] == 'v' && name.find_first_not_of("0123456789", 1) == std::string::npos)
        return fail(Code::bad_literal, expression.span, "this is not a version of the kernel",
                    how_to_write(Type::version));
    std::vector<std::string> others = {"all", "usable", "true", "false", "kernel"};
    for (const auto& entry : locals_) others.push_back(entry.name);
    names_.report_unknown(module, name, expression.span, "value", {"value", "parameter", "topology", "workload"},
                          std::move(others));
    return std::nullopt;
}

std::optional<Value> Evaluator::value_of_symbol(const Symbol& symbol, const ast::Expression& use) {
    Value value;
    value.symbol = &symbol;
    switch (symbol.statement->kind) {
    case Kind::work_declaration: return workload_of_(use, *symbol.module);
    case Kind::scheduler_declaration: value.type = Type::scheduler; return value;
    case Kind::payload_declaration: value.type = Type::payload; return value;
    default: return value_of(symbol, use.span);
    }
}

std::optional<Value> Evaluator::value_of(const Symbol& symbol, Span use) {
    const ast::Statement& statement = *symbol.statement;
    const bool has_value = statement.kind == Kind::let || statement.kind == Kind::param ||
                           statement.kind == Kind::topology_declaration || statement.kind == Kind::topology_block;
    if (!has_value)
        return fail(Code::wrong_kind_of_name, use,
                    "`" + symbol.name + "` is a " + std::string(symbol.kind()) + ", not a value");
    if (const auto known = values_.find(&symbol); known != values_.end()) return known->second;
    if (std::find(in_progress_.begin(), in_progress_.end(), &symbol) != in_progress_.end())
        return fail(Code::definition_cycle, symbol.span, "`" + symbol.name + "` is defined by itself");
    if (in_progress_.size() >= max_definition_depth)
        return fail(Code::definition_cycle, symbol.span,
                    "definitions build on each other over more than " + std::to_string(max_definition_depth) +
                        " levels");
    in_progress_.push_back(&symbol);
    std::optional<Value> value;
    {
        const Outside outside(*this);
        if (statement.kind == Kind::topology_block)
            value = topology_of(statement, *symbol.module);
        else if (statement.kind == Kind::topology_declaration)
            value = evaluate_as(Type::topology, statement.values.front(), *symbol.module);
        else
            value = evaluate(statement.values.front(), *symbol.module);
        if (statement.kind == Kind::param) value = parameter(symbol.name, value, symbol.span, *symbol.module);
    }
    in_progress_.pop_back();
    values_[&symbol] = value;
    return value;
}

std::optional<Value> Evaluator::parameter(const std::string& name, std::optional<Value> otherwise, Span span,
                                          const Module& module) {
    names_.note_parameter(name);
    const auto given = environment_.parameters.find(name);
    if (given == environment_.parameters.end()) return otherwise;
    SourcePtr& source = given_[name];
    if (source == nullptr) source = syntax::check_source("-P " + name, "-P " + name, given->second, diagnostics_);
    if (source == nullptr) return std::nullopt;
    const auto expression = syntax::parse_expression(*source, diagnostics_);
    if (!expression) return std::nullopt;
    auto value = evaluate(*expression, module);
    if (value && otherwise && value->type != otherwise->type)
        return fail(Code::type_mismatch, expression->span,
                    "the parameter `" + name + "` is " + describe(otherwise->type) + ", this is " +
                        describe(value->type),
                    "its default is on line " + std::to_string(span.line()) + " of " + span.file->shown());
    return value;
}

std::optional<Value> Evaluator::evaluate_list(const ast::Expression& expression, const Module& module) {
    Value list{Type::list};
    bool good = true;
    for (const auto& operand : expression.operands) {
        auto value = evaluate(operand, module);
        good = good && value.has_value();
        if (value) list.items.push_back(std::move(*value));
    }
    if (!good) return std::nullopt;
    return bounded(std::move(list), expression.span);
}

std::optional<Value> Evaluator::evaluate_record(const ast::Expression& expression, const Module& module) {
    Value record{Type::record};
    bool good = true;
    for (const auto& field : expression.arguments) {
        if (std::find(record.names.begin(), record.names.end(), field.name->text) != record.names.end())
            return fail(Code::duplicate_name, field.name->span, "`" + field.name->text + "` is given twice");
        auto value = evaluate(field.value, module);
        good = good && value.has_value();
        if (!value) continue;
        record.names.push_back(field.name->text);
        record.items.push_back(std::move(*value));
    }
    if (!good) return std::nullopt;
    return bounded(std::move(record), expression.span);
}

// Lists of lists double with every line.
std::optional<Value> Evaluator::bounded(Value made, Span span) {
    if (weight(made) > max_items)
        return fail(Code::too_much, span, describe(made.type) + " has at most " + std::to_string(max_items) + " items");
    return made;
}

// A field of a record, a number of a topology, the length of a list.
std::optional<Value> Evaluator::component(const Value& value, std::string_view name, Span span) {
    std::vector<std::string> known;
    if (value.type == Type::record) {
        const auto found = std::find(value.names.begin(), value.names.end(), name);
        if (found != value.names.end()) return value.items[static_cast<std::size_t>(found - value.names.begin())];
        known = value.names;
    } else if (value.type == Type::topology) {
        const plan::Topology& topology = value.topology;
        if (name == "cpus") return count(topology.cpus());
        if (name == "nodes") return count(topology.nodes);
        if (name == "llcs") return count(topology.llcs);
        if (name == "cores") return count(topology.cores);
        if (name == "threads") return count(topology.threads);
        if (name == "smt") return boolean(topology.threads > 1);
        if (name == "cpu_nodes") { // the others have memory only
            Value nodes{Type::list};
            for (int node = 0; node < topology.nodes; ++node)
                if (topology.llcs_of_node(node) > 0) nodes.items.push_back(count(node));
            return nodes;
        }
        known = {"cpus", "nodes", "llcs", "cores", "threads", "smt", "cpu_nodes"};
    } else if (value.type == Type::list) {
        if (name == "length") return count(static_cast<std::int64_t>(value.items.size()));
        known = {"length"};
    }
    std::string hint = suggest(std::string(name), known);
    for (std::size_t i = 0; hint.empty() && i < known.size(); ++i) {
        hint = "there are";
        for (const auto& candidate : known) hint += (&candidate == &known.front() ? " " : ", ") + candidate;
    }
    return fail(Code::unknown_name, span, describe(value.type) + " has no `" + std::string(name) + "`", hint);
}

std::optional<Value> Evaluator::evaluate_member(const ast::Expression& expression, const Module& module) {
    auto value = evaluate(expression.operands.front(), module);
    for (const auto& name : expression.names) {
        if (!value) return std::nullopt;
        value = component(*value, name.text, name.span);
    }
    return value;
}

std::optional<Value> Evaluator::evaluate_index(const ast::Expression& expression, const Module& module) {
    const auto list = evaluate_as(Type::list, expression.operands[0], module);
    const auto index = evaluate_as(Type::count, expression.operands[1], module);
    if (!list || !index) return std::nullopt;
    if (index->integer < 0 || index->integer >= static_cast<std::int64_t>(list->items.size()))
        return fail(Code::out_of_range, expression.span,
                    "there is no item " + std::to_string(index->integer) + ": the list has " +
                        std::to_string(list->items.size()),
                    "they are counted from 0");
    return list->items[static_cast<std::size_t>(index->integer)];
}

std::optional<Value> Evaluator::evaluate_as(Type type, const ast::Expression& expression, const Module& module) {
    auto value = evaluate(expression, module);
    if (value && value->type != type)
        return fail(Code::type_mismatch, expression.span,
                    "expected " + describe(type) + ", found " + describe(value->type), how_to_write(type));
    return value;
}

std::optional<std::int64_t> Evaluator::evaluate_integer(Type type, const ast::Expression& expression,
                                                        const Module& module, std::int64_t minimum,
                                                        std::int64_t maximum, const std::string& what) {
    const auto value = evaluate_as(type, expression, module);
    if (!value) return std::nullopt;
    if (value->integer < minimum || value->integer > maximum)
        return fail(Code::out_of_range, expression.span,
                    what + " is " + show(*value) + ", it must be between " + show_integer(type, minimum) + " and " +
                        show_integer(type, maximum));
    return value->integer;
}

// Of a machine or a node: QEMU and the kernel want whole MiB.
std::optional<std::uint64_t> Evaluator::evaluate_memory(const ast::Expression& expression, const Module& module,
                                                        const std::string& what) {
    constexpr std::int64_t mib = 1LL << 20;
    const auto bytes = evaluate_integer(Type::size, expression, module, 64 * mib, 1LL << 40, what);
    if (!bytes) return std::nullopt;
    if (*bytes % mib != 0) return fail(Code::out_of_range, expression.span, what + " must be whole MiB");
    return static_cast<std::uint64_t>(*bytes);
}

std::optional<double> Evaluator::evaluate_percent(const ast::Expression& expression, const Module& module,
                                                  double maximum, const std::string& what) {
    const auto value = evaluate_as(Type::percent, expression, module);
    if (!value) return std::nullopt;
    if (!(value->number >= 0 && value->number <= maximum))
        return fail(Code::out_of_range, expression.span,
                    what + " must be between 0% and " + std::to_string(std::llround(maximum * 100)) + "%");
    return value->number;
}

std::optional<std::string> Evaluator::evaluate_string(const ast::Expression& expression, const Module& module) {
    auto value = evaluate_as(Type::string, expression, module);
    if (!value) return std::nullopt;
    return std::move(value->text);
}

std::optional<std::vector<std::string>> Evaluator::evaluate_strings(const ast::Expression& expression,
                                                                    const Module& module) {
    const auto value = evaluate_as(Type::list, expression, module);
    if (!value) return std::nullopt;
    std::vector<std::string> texts;
    for (const auto& item : value->items) {
        if (item.type != Type::string)
            return fail(Code::type_mismatch, expression.span,
                        "expected a list of strings, found " + describe(item.type) + " in it",
                        how_to_write(Type::list));
        texts.push_back(item.text);
    }
    return texts;
}

std::optional<bool> Evaluator::evaluate_condition(const ast::Expression& expression, const Module& module) {
    const auto value = evaluate_as(Type::boolean, expression, module);
    if (!value) return std::nullopt;
    return value->integer != 0;
}

std::optional<model::PlacedSet> Evaluator::evaluate_set(const ast::Expression& expression, const Module& module) {
    const auto value = expression.kind == Kind::number &&
                               expression.span.text().find_first_not_of("0123456789") == std::string_view::npos
                           ? cpu_list_value(expression.span, diagnostics_)
                           : evaluate_as(Type::cpu_set, expression, module);
    if (!value) return std::nullopt;
    return model::PlacedSet{value->cpus, expression.span};
}

std::optional<model::PlacedSet> Evaluator::evaluate_nodes(const ast::Expression& expression, const Module& module) {
    auto set = evaluate_set(expression, module);
    if (!set) return std::nullopt;
    if (set->set.kind != SetKind::exact && set->set.kind != SetKind::all && set->set.kind != SetKind::numa)
        return fail(Code::type_mismatch, expression.span, "expected NUMA nodes, found CPUs",
                    "write node numbers as in 0-1, or `all`");
    return set;
}

std::optional<std::vector<Value>> Evaluator::evaluate_items(const ast::Expression& expression, const Module& module) {
    const auto value = evaluate(expression, module);
    if (!value) return std::nullopt;
    if (value->type == Type::list) return value->items;
    if (value->type != Type::range || value->items[0].type != Type::count)
        return fail(Code::type_mismatch, expression.span,
                    "expected a list or a range of counts, found " + describe(value->type),
                    "write it as in 0..3 or [1, 2, 4]");
    const std::int64_t first = value->items[0].integer;
    const std::int64_t last = value->items[1].integer;
    std::int64_t distance = 0;
    if (__builtin_sub_overflow(last, first, &distance) || distance >= max_items)
        return fail(Code::too_much, expression.span,
                    "the range has more than " + std::to_string(max_items) + " numbers");
    Value list{Type::list};
    for (std::int64_t i = first; i <= last; ++i) list.items.push_back(count(i));
    auto bound = bounded(std::move(list), expression.span);
    return bound ? std::optional(std::move(bound->items)) : std::nullopt;
}

std::optional<std::string> Evaluator::evaluate_word(const ast::Expression& expression, const Module& module,
                                                    const std::vector<std::string>& words, const std::string& what) {
    std::string word;
    if (expression.kind == Kind::value || expression.kind == Kind::call) word = expression.text;
    if (expression.kind == Kind::value && local(word) != nullptr) word = local(word)->text;
    if (expression.kind == Kind::string)
        if (const auto text = evaluate_string(expression, module)) word = *text;
    if (std::find(words.begin(), words.end(), word) != words.end()) return word;
    std::string hint = word.empty() ? "" : suggest(word, words);
    if (hint.empty() && words.empty()) hint = "there is none";
    if (hint.empty()) {
        hint = "there are";
        for (const auto& known : words)
            hint += (&known == &words.front() ? " " : &known == &words.back() ? " and " : ", ") + known;
    }
    return fail(Code::unknown_name, expression.span, "this is not " + what, hint);
}

} // namespace ktstr::check
