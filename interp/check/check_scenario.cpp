// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "interp/check/check.h"
#include "interp/check/lifetimes.h"
#include "interp/check/settings.h"
#include "interp/diagnostics/suggest.h"
#include "interp/lua/parse.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

constexpr std::int64_t shortest_duration_ns = 1'000'000;
constexpr std::int64_t longest_duration_ns = 86'400'000'000'000; // a day
constexpr std::int64_t most_captures = 1'000;

} // namespace

namespace {

// Where a statement ends with its block, if not exactly then before the next one.
std::uint32_t end_of(const ast::Statement& statement) {
    std::uint32_t end = statement.span.end;
    for (const auto* part : {&statement.body, &statement.otherwise})
        for (const auto& inner : *part) end = std::max(end, end_of(inner));
    return end;
}

Span whole(const ast::Statement& statement) { return {statement.span.file, statement.span.begin, end_of(statement)}; }

bool lies_in(const Diagnostic& diagnostic, Span span) {
    return diagnostic.file.get() == span.file && diagnostic.begin >= span.begin && diagnostic.begin < span.end;
}

} // namespace

plan::SourcePosition position_of(Span span) {
    const auto position = span.file->position(span.begin);
    return {span.file->name(), position.line, position.column};
}

Checker::Checker(Diagnostics& diagnostics, const Environment& environment)
    : diagnostics_(diagnostics), environment_(environment), names_(diagnostics),
      evaluator_(names_, diagnostics, environment_) {
    evaluator_.set_workload_of(
        [this](const ast::Expression& expression, const Module& module) { return workload_value(expression, module); });
    evaluator_.set_program([this](const ast::Expression& program) { check_program(program); });
}

std::vector<model::Scenario> Checker::check_file(const Module& module) {
    std::vector<model::Scenario> scenarios;
    for (const auto& statement : module.file) {
        if (statement.kind != Kind::scenario_declaration) continue;
        const std::string& only = environment_.only_scenario;
        if (!only.empty() && only != statement.names.front().text) continue;
        if (evaluator_.exhausted()) break;
        const std::size_t before = diagnostics_.errors();
        model::Scenario checked = check_scenario(statement, module);
        const std::size_t mark = diagnostics_.size();
        check_lifetimes(checked, diagnostics_);
        checked.explain(diagnostics_, mark);
        if (diagnostics_.errors() == before) scenarios.push_back(std::move(checked));
    }
    check_declarations(module);
    return scenarios;
}

// What no scenario uses must be right too.
void Checker::check_declarations(const Module& module) {
    for (const auto& [name, symbol] : module.symbols) {
        const ast::Statement& statement = *symbol.statement;
        switch (statement.kind) {
        case Kind::scheduler_declaration: check_scheduler(symbol); break;
        case Kind::payload_declaration: check_payload(symbol); break;
        case Kind::template_declaration: break; // checked where it is used: its parameters have no types before
        case Kind::expectations_declaration: {
            model::Expectations ignored;
            check_expectations(statement.body, module, ignored);
            break;
        }
        case Kind::work_declaration: {
            model::Work out;
            const ast::Statement& workload = statement.parts.front();
            workloads_in_progress_.push_back(&symbol);
            check_workload(workload, module, out);
            workloads_in_progress_.pop_back();
            if (const auto* label = workload.part(Kind::label))
                diagnostics_.add(Code::unknown_parameter, label->names.front().span,
                                 "a named workload has its name already", "`as` is for the workers of a cgroup");
            break;
        }
        default: (void)evaluator_.value_of(symbol, symbol.span); break;
        }
    }
    for (const auto& statement : module.file)
        if (statement.kind == Kind::assertion) check_assertion(statement, module);
}

void Checker::check_assertion(const ast::Statement& assertion, const Module& module) {
    const auto holds = evaluator_.evaluate_condition(assertion.values.front(), module);
    if (!holds || *holds) return;
    std::string message = "this does not hold";
    if (!assertion.names.empty())
        if (const auto text = evaluator_.evaluate_name(assertion.names.front(), module)) message = *text;
    diagnostics_.add(Code::failed_assertion, assertion.values.front().span, message);
}

// What check_body keeps while it goes through the statements.
struct Checker::Body {
    explicit Body(Diagnostics& diagnostics) : settings(diagnostics), machine(diagnostics) {}
    Once settings;
    Once machine;                  // topology and scheduler
    std::vector<model::Op> direct; // statements of a step that stand directly in the scenario
    Span direct_span;              // of the first of them
    bool has_topology = false;     // of its own: the scheduler's default does not count
    model::Expectations of_scheduler;
    model::Expectations of_template;
    model::Expectations own; // of the scenario
    std::set<std::string> kernel_settings;
    std::set<std::string> parameters;
};

model::Scenario Checker::check_scenario(const ast::Statement& scenario, const Module& module) {
    model::Scenario out;
    out.name = scenario.names.front().text;
    out.span = scenario.span;
    out.whole = whole(scenario);
    out.unread = &module.unread;
    out.topology = environment_.topology.value_or(plan::Topology{1, 1, 2, 1, {}});
    if (out.name.empty())
        diagnostics_.add(Code::missing_setting, scenario.names.front().span, "the scenario has an empty name");
    const std::size_t scope = evaluator_.scope();
    met_ = {};
    Body state(diagnostics_);
    const Symbol* made_of = nullptr;
    const ast::Statement* instance = scenario.part(Kind::instance);
    if (instance != nullptr) made_of = bind_template(*instance, module);
    const std::size_t mark = diagnostics_.size();
    if (made_of != nullptr) check_machine(made_of->statement->body, *made_of->module, out, state);
    check_machine(scenario.body, module, out, state);
    evaluator_.set_topology(out.topology);
    if (made_of != nullptr) {
        check_body(made_of->statement->body, *made_of->module, out, state);
        const Span region = whole(*made_of->statement);
        diagnostics_.explain(
            mark, [&](const Diagnostic& diagnostic) { return lies_in(diagnostic, region); }, out.where());
        state.of_template = std::exchange(state.own, {});
    }
    check_body(scenario.body, module, out, state);
    evaluator_.set_topology(std::nullopt);
    evaluator_.leave(scope);
    if (!out.steps.empty() && !state.direct.empty())
        diagnostics_.add(Code::steps_and_direct_statements, state.direct_span,
                         "this stands beside steps, so it is not clear when it happens",
                         "put it into a step, or into `backdrop { }` to have it through all steps");
    if (!out.steps.empty()) // so that what the steps name is there
        std::move(state.direct.begin(), state.direct.end(), std::back_inserter(out.backdrop));
    const bool nothing = out.steps.empty() && state.direct.empty() && out.backdrop.empty();
    const bool unread = scenario.unread || (instance != nullptr && (made_of == nullptr || made_of->statement->unread));
    if (nothing && !unread)
        diagnostics_.add(Code::empty_scenario, scenario.span, "the scenario runs nothing", "add a cgroup with workers");
    if (out.steps.empty() && !nothing) {
        out.steps.push_back({"", std::move(state.direct), {{}, {}, scenario.span}, scenario.span});
    }
    // Each is compared with each of another layer.
    std::size_t below = 0;
    std::size_t comparisons = 0;
    for (const auto* layer : {&state.of_scheduler, &state.of_template, &state.own}) {
        const std::size_t size = layer->expected.size() + layer->switched_off.size();
        comparisons += below * size;
        below += size;
    }
    if (evaluator_.spend(8 * below + comparisons / 8, scenario.span))
        out.expectations = merge({state.of_scheduler, state.of_template, state.own}, scenario.span);
    for (auto& [symbol, scheduler] : met_.schedulers) out.schedulers.push_back(std::move(scheduler));
    for (auto& [symbol, payload] : met_.payloads) out.payloads.push_back(std::move(payload));
    return out;
}

// The template's parameters become local names. What is not given must have a default.
const Symbol* Checker::bind_template(const ast::Statement& instance, const Module& module) {
    const ast::Name& name = instance.names.front();
    const Symbol* symbol = names_.find(module, name.text, name.span);
    if (symbol == nullptr) {
        names_.report_unknown(module, name.text, name.span, "template", {"template"});
        return nullptr;
    }
    if (symbol->statement->kind != Kind::template_declaration) {
        diagnostics_.add(Code::wrong_kind_of_name, name.span,
                         "`" + name.text + "` is a " + std::string(symbol->kind()) + ", not a template");
        return nullptr;
    }
    const auto& parameters = symbol->statement->parts;
    if (!evaluator_.spend(1 + parameters.size() * (1 + instance.arguments.size() / 16), instance.span)) return nullptr;
    std::vector<std::optional<Value>> values(parameters.size());
    std::vector<std::string> known;
    for (const auto& parameter : parameters) known.push_back(parameter.names.front().text);
    bool good = true;
    for (std::size_t i = 0; i < instance.arguments.size(); ++i) {
        const auto& argument = instance.arguments[i];
        const auto found = argument.name      ? std::find(known.begin(), known.end(), argument.name->text)
                           : i < known.size() ? known.begin() + static_cast<std::ptrdiff_t>(i)
                                              : known.end();
        const auto at = static_cast<std::size_t>(found - known.begin());
        if (found == known.end() || values[at]) {
            const Span span = argument.name ? argument.name->span : argument.value.span;
            const std::string close = argument.name ? suggest(argument.name->text, known) : "";
            const std::string message =
                found != known.end() ? "`" + *found + "` is given twice"
                : argument.name      ? "the template `" + name.text + "` has no parameter `" + argument.name->text + "`"
                                     : "the template `" + name.text + "` takes " + std::to_string(known.size()) +
                                      (known.size() == 1 ? " argument" : " arguments");
            diagnostics_.add(Code::wrong_arguments, span, message, found == known.end() ? close : "");
            good = false;
            continue;
        }
        values[at] = evaluator_.evaluate(argument.value, module);
        good = good && values[at];
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const auto& parameter = parameters[i];
        if (!values[i] && !parameter.values.empty()) {
            values[i] = evaluator_.evaluate(parameter.values.front(), *symbol->module);
        } else if (!values[i] && good) {
            diagnostics_.add(Code::wrong_arguments, instance.span,
                             "the template `" + name.text + "` needs a value for `" + known[i] + "`",
                             "write it as in: " + name.text + "(" + known[i] + ": ...)");
            good = false;
        }
        if (values[i]) evaluator_.define(parameter.names.front(), *values[i]);
    }
    return good ? symbol : nullptr;
}

// Topology and scheduler come first, wherever they stand: the rest may depend on them.
void Checker::check_machine(const std::vector<ast::Statement>& body, const Module& module, model::Scenario& out,
                            Body& state) {
    const auto kind = [](Kind wanted) { return [wanted](const ast::Statement& s) { return s.kind == wanted; }; };
    for (const auto& statement : body) { // parameters of the scenario can shape both
        if (statement.kind != Kind::param) continue;
        const ast::Name& name = statement.names.front();
        if (!state.parameters.insert(name.text).second)
            diagnostics_.add(Code::duplicate_name, name.span, "`" + name.text + "` is defined twice");
        auto value = evaluator_.evaluate(statement.values.front(), module);
        value = evaluator_.parameter(name.text, std::move(value), name.span, module);
        if (value) out.parameters[name.text] = show(*value);
        evaluator_.define(name, value.value_or(Value{Type::word}));
    }
    const auto scheduler = std::find_if(body.begin(), body.end(), kind(Kind::scheduler_use));
    if (scheduler != body.end() && state.machine.first(*scheduler)) {
        if (auto used = used_scheduler(*scheduler, module)) {
            out.scheduler = used->scheduler.name;
            if (used->topology && !state.has_topology && !environment_.topology) out.topology = *used->topology;
            out.kernel_args = used->kernel_args;
            out.sysctls = used->sysctls;
            state.of_scheduler = used->expectations;
            const Symbol* symbol = find_scheduler(scheduler->names.front(), module);
            met_.schedulers.emplace_back(symbol, used->scheduler);
        } else {
            out.scheduler = "?"; // reported; the ops that need one are right
        }
    }
    const auto topology = std::find_if(body.begin(), body.end(), kind(Kind::topology));
    if (topology != body.end() && state.machine.first(*topology)) {
        state.has_topology = true;
        if (auto value = evaluator_.evaluate_as(Type::topology, topology->values.front(), module))
            if (!environment_.topology) out.topology = std::move(value->topology);
    }
}

void Checker::check_body(const std::vector<ast::Statement>& body, const Module& module, model::Scenario& out,
                         Body& state) {
    const auto top_level = [&](const ast::Statement& statement) {
        return !body.empty() && &statement >= body.data() && &statement < body.data() + body.size();
    };
    bool seen_scheduler = false;
    bool seen_topology = false;
    const auto check = [&](const ast::Statement& statement) {
        const bool single = statement.kind == Kind::scheduler_use || statement.kind == Kind::topology;
        if (!single && statement.kind != Kind::param) return check_part(statement, module, out, state);
        bool& seen = statement.kind == Kind::topology ? seen_topology : seen_scheduler;
        if (!top_level(statement))
            diagnostics_.add(Code::wrong_place, statement.span, "this cannot depend on `if` or `for`",
                             "it stands directly in the scenario; its value can come from a parameter");
        else if (single && std::exchange(seen, true))
            (void)state.machine.first(statement); // says that it is given twice
    };
    const auto rehearse = [&](const ast::Statement& statement) {
        model::Scenario no_scenario;
        no_scenario.topology = out.topology;
        Body no_state(diagnostics_);
        if (statement.kind == Kind::scheduler_use || statement.kind == Kind::topology || statement.kind == Kind::param)
            check(statement);
        else
            check_part(statement, module, no_scenario, no_state);
    };
    each(body, module, {check, rehearse});
}

// A statement of a scenario apart from those that check_machine() reads.
void Checker::check_part(const ast::Statement& statement, const Module& module, model::Scenario& out, Body& state) {
    switch (statement.kind) {
    case Kind::backdrop: {
        auto ops = check_statements(statement.body, module, nullptr);
        std::move(ops.begin(), ops.end(), std::back_inserter(out.backdrop));
        break;
    }
    case Kind::step: check_step(statement, module, out); break;
    case Kind::expect: check_expectations(statement.body, module, state.own); break;
    case Kind::lua_check: check_lua(statement, module, out); break;
    default:
        if (statement.kind == Kind::cgroup || is_op(statement.kind)) {
            if (state.direct.empty()) state.direct_span = statement.span;
            check_statement(statement, module, state.direct, nullptr);
        } else {
            check_setting(statement, module, out, state);
        }
    }
}

void Checker::check_setting(const ast::Statement& setting, const Module& module, model::Scenario& out, Body& state) {
    if (setting.kind == Kind::sysctl) {
        const std::string& key = setting.names.front().text;
        if (!state.kernel_settings.insert(key).second)
            diagnostics_.add(Code::duplicate_setting, setting.names.front().span,
                             "the sysctl \"" + key + "\" is set twice");
        return check_sysctl(setting, module, out.sysctls);
    }
    if (!state.settings.first(setting)) return;
    const ast::Expression& value = setting.values.front();
    if (setting.kind == Kind::memory) {
        out.memory_bytes = evaluator_.evaluate_memory(value, module, "the memory");
    } else if (setting.kind == Kind::duration) {
        if (const auto ns = evaluator_.evaluate_integer(Type::duration, value, module, shortest_duration_ns,
                                                        longest_duration_ns, "the duration"))
            out.duration_ns = static_cast<std::uint64_t>(*ns);
    } else if (setting.kind == Kind::kernel_args) {
        if (const auto more = evaluator_.evaluate_strings(value, module))
            out.kernel_args.insert(out.kernel_args.end(), more->begin(), more->end());
    } else if (setting.kind == Kind::capture) {
        out.captures_span = setting.span;
        out.captures = static_cast<int>(
            evaluator_.evaluate_integer(Type::count, value, module, 1, most_captures, "the number of snapshots")
                .value_or(0));
    }
}

void Checker::check_step(const ast::Statement& step, const Module& module, model::Scenario& out) {
    std::string name = "step " + std::to_string(out.steps.size() + 1);
    if (!step.names.empty()) name = evaluator_.evaluate_name(step.names.front(), module).value_or(name);
    if (!met_.steps.insert(name).second)
        diagnostics_.add(Code::duplicate_name, step.span, "there are two steps \"" + name + "\"");
    model::Step next{name, {}, {{}, {}, step.span}, step.span};
    next.ops = check_statements(step.body, module, &next);
    if (const auto* hold = step.part(Kind::hold)) check_hold(*hold, module, next);
    out.steps.push_back(std::move(next));
}

void Checker::check_hold(const ast::Statement& hold, const Module& module, model::Step& out) {
    const ast::Expression& time = hold.values.front();
    out.hold.span = time.span;
    const auto value = evaluator_.evaluate(time, module);
    if (!value) return;
    if (value->type == Type::percent)
        out.hold.fraction = value->number;
    else if (value->type == Type::duration)
        out.hold.fixed_ns = static_cast<std::uint64_t>(value->integer);
    else
        diagnostics_.add(Code::type_mismatch, time.span,
                         "expected a duration or a percentage, found " + describe(value->type),
                         "write it as in: step \"name\" for 2s, or: for 40%");
    if (value->type == Type::percent && !(value->number >= 0 && value->number <= 1))
        diagnostics_.add(Code::out_of_range, time.span, "a hold must be between 0% and 100% of the duration");
    if (value->type == Type::duration && (value->integer < 0 || value->integer > longest_duration_ns))
        diagnostics_.add(Code::out_of_range, time.span, "a hold must be between 0s and 86400s");
}

// What is wrong in a Lua program is told in the line it stands on.
void Checker::check_program(const ast::Expression& program) {
    const SourceFile& file = *program.span.file;
    const auto problem = lua::parse_lua(program.text, file.shown(), program.span.line());
    if (!problem) return;
    const std::string_view line = file.line(problem->line);
    auto begin = static_cast<std::uint32_t>(line.data() - file.text().data());
    auto end = begin + static_cast<std::uint32_t>(line.size());
    while (begin < end && (file.text()[begin] == ' ' || file.text()[begin] == '\t')) ++begin;
    const bool inside = !line.empty() && begin < program.span.end;
    diagnostics_.add(Code::bad_lua, inside ? Span{&file, begin, end} : program.span, problem->message);
}

void Checker::check_lua(const ast::Statement& check, const Module& module, model::Scenario& out) {
    plan::Check made;
    made.name = evaluator_.evaluate_name(check.names.front(), module).value_or("?");
    const ast::Expression& program = check.values.front();
    made.lua = program.text;
    check_program(program);
    made.always = check.has(Kind::always_word);
    made.source = position_of(program.span);
    if (!met_.checks.insert(made.name).second)
        diagnostics_.add(Code::duplicate_name, check.names.front().span, "there are two checks \"" + made.name + "\"");
    if (!evaluator_.spend(made.lua.size() / 64, program.span)) return;
    out.checks.push_back(std::move(made));
}

} // namespace ktstr::check
