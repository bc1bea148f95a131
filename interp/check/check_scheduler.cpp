// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "interp/check/check.h"
#include "interp/check/settings.h"
#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

using syntax::Kind;

namespace {

// "`a` and `b`"
std::string quoted(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "`" : " and `") + name + "`";
    return text;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// What people call the scheduler that runs where none is attached.
bool is_kernels_own(std::string_view name) {
    return name == "eevdf" || name == "EEVDF" || name == "cfs" || name == "CFS" || name == "fair" || name == "none" ||
           name == "default";
}

constexpr std::size_t max_flags = 256; // of a scheduler, and of what one of them requires

// What a copy takes, as Evaluator::spend() counts it.
std::size_t units_of(const model::Scheduler& scheduler) {
    std::size_t bytes = 0;
    const auto add = [&](const std::vector<std::string>& texts) {
        for (const auto& text : texts) bytes += sizeof(text) + text.size();
    };
    add(scheduler.scheduler.args);
    add(scheduler.kernel_args);
    for (const auto& flag : scheduler.flags) {
        add(flag.args);
        add(flag.required);
    }
    for (const auto& [key, value] : scheduler.sysctls) bytes += 128 + key.size() + value.size();
    return 16 + bytes / 64 + 8 * (scheduler.flags.size() + scheduler.expectations.expected.size());
}

} // namespace

const model::Scheduler& Checker::check_scheduler(const Symbol& symbol) {
    if (const auto known = schedulers_.find(&symbol); known != schedulers_.end()) return known->second;
    const Module& module = *symbol.module;
    const Evaluator::Outside outside(evaluator_);
    model::Scheduler out;
    plan::Scheduler& scheduler = out.scheduler;
    scheduler.name = symbol.name;
    scheduler.source = position_of(symbol.span);
    Once once(diagnostics_);
    std::set<std::string> keys;
    const auto text = [&](const ast::Statement& setting) {
        const ast::Expression& value = setting.values.front();
        auto read = evaluator_.evaluate_string(value, module);
        if (!read || !read->empty()) return read.value_or("?");
        const std::string_view words = setting.span.text();
        diagnostics_.add(Code::out_of_range, value.span,
                         "`" + std::string(words.substr(0, words.find_first_of(" \t\r\n\""))) + "` is empty");
        return std::string("?");
    };
    const auto texts = [&](const ast::Statement& setting) {
        return evaluator_.evaluate_strings(setting.values.front(), module).value_or(std::vector<std::string>{});
    };
    for (const auto& setting : symbol.statement->body) {
        if (setting.kind == Kind::sysctl) {
            const std::string& key = setting.names.front().text;
            if (!keys.insert(key).second)
                diagnostics_.add(Code::duplicate_setting, setting.names.front().span,
                                 "the sysctl \"" + key + "\" is set twice");
            check_sysctl(setting, module, out.sysctls);
            continue;
        }
        if (setting.kind == Kind::expect) {
            check_expectations(setting.body, module, out.expectations);
            continue;
        }
        if (setting.kind == Kind::flag) {
            model::Scheduler::Flag flag{setting.names.front().text, {}, {}, setting.names.front().span};
            Once in_flag(diagnostics_);
            for (const auto& part : setting.body) {
                if (!in_flag.first(part)) continue;
                if (part.kind == Kind::args) flag.args = texts(part);
                for (const auto& name : part.names) flag.required.push_back(name.text);
            }
            out.flags.push_back(std::move(flag));
            continue;
        }
        if (!once.first(setting)) continue;
        switch (setting.kind) {
        case Kind::binary: scheduler.binary = text(setting); break;
        case Kind::args: scheduler.args = texts(setting); break;
        case Kind::config:
            scheduler.config = text(setting);
            scheduler.config_flag = setting.values.size() < 2
                                        ? "--config"
                                        : evaluator_.evaluate_string(setting.values[1], module).value_or("?");
            break;
        case Kind::cgroup_parent: scheduler.cgroup_parent = text(setting); break;
        case Kind::enable: scheduler.enable = text(setting); break;
        case Kind::disable: scheduler.disable = text(setting); break;
        case Kind::kernel_args: out.kernel_args = texts(setting); break;
        case Kind::topology:
            if (auto value = evaluator_.evaluate_as(Type::topology, setting.values.front(), module))
                out.topology = std::move(value->topology);
            break;
        default: break;
        }
    }
    const bool built_in = !scheduler.enable.empty() || !scheduler.disable.empty();
    if (scheduler.binary.empty() && !built_in && !symbol.statement->unread)
        diagnostics_.add(Code::missing_setting, symbol.span, "the scheduler `" + symbol.name + "` has no `binary`",
                         "add: binary \"scx_...\"; or, if it is built into the kernel, enable and disable");
    if (built_in && (scheduler.enable.empty() || scheduler.disable.empty()) && !symbol.statement->unread)
        diagnostics_.add(Code::missing_setting, symbol.span,
                         "a scheduler that is built into the kernel needs both `enable` and `disable`");
    if (built_in && !scheduler.binary.empty())
        diagnostics_.add(Code::duplicate_setting, symbol.span,
                         "a scheduler has a `binary` or is built into the kernel, not both");
    std::erase_if(out.expectations.expected, [&](const model::Expectation& expectation) {
        const auto kind = expectation.expectation.kind;
        const bool fails = kind == plan::Expectation::Kind::error || kind == plan::Expectation::Kind::repro;
        if (expectation.cgroups.empty() && !fails) return false;
        diagnostics_.add(Code::expectation_of_scheduler, expectation.span,
                         fails ? "a scheduler cannot expect of every scenario that it fails"
                               : "a scheduler knows no cgroups by name",
                         "move this into the scenario's own expect block");
        return true;
    });
    check_flags(out);
    return schedulers_.emplace(&symbol, std::move(out)).first->second;
}

// Every flag once, every requirement known, no circle.
void Checker::check_flags(model::Scheduler& scheduler) {
    auto& flags = scheduler.flags;
    for (const auto& flag : flags) {
        if (flags.size() <= max_flags && flag.required.size() <= max_flags) continue;
        diagnostics_.add(Code::too_much, flag.span,
                         "a scheduler has at most " + std::to_string(max_flags) +
                             " flags, and a flag requires no more");
        return flags.clear();
    }
    std::vector<std::string> names;
    for (const auto& flag : flags) {
        if (std::find(names.begin(), names.end(), flag.name) != names.end())
            diagnostics_.add(Code::duplicate_name, flag.span, "there are two flags `" + flag.name + "`");
        names.push_back(flag.name);
    }
    const auto find = [&](const std::string& name) {
        return std::find_if(flags.begin(), flags.end(), [&](const auto& flag) { return flag.name == name; });
    };
    std::set<std::string> in_circle; // reported, or part of one that was
    for (const auto& flag : flags) {
        std::vector<std::string> needed = flag.required; // and what these need
        for (std::size_t i = 0; i < needed.size(); ++i) {
            const auto other = find(needed[i]);
            if (other == flags.end()) {
                if (i < flag.required.size())
                    diagnostics_.add(Code::unknown_name, flag.span,
                                     "`" + flag.name + "` requires a flag `" + needed[i] + "` that there is not",
                                     suggest(needed[i], names));
                continue;
            }
            if (other->name == flag.name) {
                const auto index = static_cast<std::ptrdiff_t>(i);
                const bool told = std::any_of(needed.begin(), needed.end(),
                                              [&](const std::string& name) { return in_circle.count(name) > 0; });
                in_circle.insert(flag.name);
                if (!told)
                    diagnostics_.add(Code::flag_cycle, flag.span,
                                     "`" + flag.name + "` requires itself" +
                                         (i == 0 ? "" : ", over " + quoted({needed.begin(), needed.begin() + index})),
                                     "let one of them not require the other");
                break;
            }
            for (const auto& next : other->required)
                if (std::find(needed.begin(), needed.end(), next) == needed.end()) needed.push_back(next);
        }
    }
}

const Symbol* Checker::find_scheduler(const ast::Name& name, const Module& module) {
    if (const Value* local = evaluator_.local(name.text); local != nullptr && local->type == Type::scheduler)
        return local->symbol;
    const Symbol* symbol = names_.find(module, name.text, name.span);
    if (symbol == nullptr && is_kernels_own(name.text)) {
        diagnostics_.add(Code::unknown_name, name.span, "there is no scheduler `" + name.text + "`",
                         "without `scheduler` the kernel's own one runs");
        return nullptr;
    }
    if (symbol == nullptr) {
        names_.report_unknown(module, name.text, name.span, "scheduler", {"scheduler"});
        return nullptr;
    }
    if (symbol->statement->kind == Kind::scheduler_declaration) return symbol;
    diagnostics_.add(Code::wrong_kind_of_name, name.span,
                     "`" + name.text + "` is a " + std::string(symbol->kind()) + ", not a scheduler");
    return nullptr;
}

// The scheduler that the scenario names, with the scenario's further arguments and flags.
std::optional<model::Scheduler> Checker::used_scheduler(const ast::Statement& use, const Module& module) {
    const Symbol* symbol = find_scheduler(use.names.front(), module);
    if (symbol == nullptr) return std::nullopt;
    model::Scheduler scheduler = check_scheduler(*symbol);
    if (!evaluator_.spend(units_of(scheduler), use.span)) return std::nullopt;
    switch_flags(scheduler, use, module);
    if (const auto* args = use.part(Kind::args)) {
        const auto more = evaluator_.evaluate_strings(args->values.front(), module);
        if (more) scheduler.scheduler.args.insert(scheduler.scheduler.args.end(), more->begin(), more->end());
    }
    return scheduler;
}

void Checker::switch_flags(model::Scheduler& scheduler, const ast::Statement& use, const Module& module) {
    std::vector<std::string> known;
    for (const auto& flag : scheduler.flags) known.push_back(flag.name);
    std::set<std::string> on;
    const ast::Statement* flags = use.part(Kind::flags);
    if (flags != nullptr && !environment_.replace_flags) {
        const ast::Expression& list = flags->values.front();
        if (list.kind != Kind::list)
            diagnostics_.add(Code::type_mismatch, list.span, "expected a list of flags",
                             "write it as in: flags [llc, steal]");
        for (const auto& item : list.operands)
            if (const auto name =
                    evaluator_.evaluate_word(item, module, known, "a flag of `" + scheduler.scheduler.name + "`"))
                on.insert(*name);
    }
    for (const auto& name : environment_.flags)
        if (std::find(known.begin(), known.end(), name) != known.end()) on.insert(name);
    for (const auto& flag : scheduler.flags) {
        if (on.count(flag.name) == 0) continue;
        std::vector<std::string> missing;
        for (const auto& required : flag.required)
            if (on.count(required) == 0) missing.push_back(required);
        if (!missing.empty())
            diagnostics_.add(Code::missing_flag, flags == nullptr ? use.span : flags->span,
                             "the flag `" + flag.name + "` requires " + quoted(missing) + ", which " +
                                 (missing.size() == 1 ? "is" : "are") + " not on",
                             "write: flags [" + joined(flag.required) + ", " + flag.name + "]");
        scheduler.scheduler.flags.push_back(flag.name);
        scheduler.scheduler.args.insert(scheduler.scheduler.args.end(), flag.args.begin(), flag.args.end());
    }
}

std::optional<model::Mention> Checker::stage_scheduler(const ast::Name& name, const Module& module) {
    const Symbol* symbol = find_scheduler(name, module);
    if (symbol == nullptr) return std::nullopt;
    const bool staged = std::any_of(met_.schedulers.begin(), met_.schedulers.end(),
                                    [&](const auto& entry) { return entry.first == symbol; });
    if (!staged) met_.schedulers.emplace_back(symbol, check_scheduler(*symbol).scheduler);
    if (!evaluator_.spend(met_.schedulers.size() / 16 + (staged ? 0 : units_of(check_scheduler(*symbol))), name.span))
        return std::nullopt;
    return model::Mention{symbol->name, name.span};
}

void Checker::check_sysctl(const ast::Statement& sysctl, const Module& module,
                           std::map<std::string, std::string>& out) {
    const ast::Name& name = sysctl.names.front();
    const std::string& key = name.text;
    const bool good = !key.empty() && key.find("..") == std::string::npos && key.front() != '.' &&
                      std::all_of(key.begin(), key.end(), [](unsigned char c) {
                          return (std::isalnum(c) != 0) || c == '_' || c == '-' || c == '.';
                      });
    if (!good)
        diagnostics_.add(Code::bad_literal, name.span, "this is not the name of a sysctl",
                         "write it as in \"kernel.numa_balancing\"");
    const auto value = evaluator_.evaluate(sysctl.values.front(), module);
    if (!value) return;
    if (value->type == Type::count || value->type == Type::string)
        out[key] = show(*value);
    else
        diagnostics_.add(Code::type_mismatch, sysctl.values.front().span,
                         "expected a count or a string, found " + describe(value->type));
}

} // namespace ktstr::check
