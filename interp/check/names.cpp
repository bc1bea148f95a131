// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/names.h"

#include <algorithm>

#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

std::vector<const Symbol*> Names::matches(const Module& module, std::string_view name,
                                          std::vector<const Import*>& through) {
    std::vector<const Symbol*> found;
    if (const auto own = module.symbols.find(name); own != module.symbols.end()) return {&own->second};
    const auto dot = name.rfind('.');
    const std::string_view prefix = dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
    const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
    for (const auto& import : module.imports) {
        const bool reachable =
            prefix.empty() ? import.direct
                           : std::find(import.prefixes.begin(), import.prefixes.end(), prefix) != import.prefixes.end();
        if (import.module == nullptr || !reachable) continue;
        const auto symbol = import.module->symbols.find(last);
        if (symbol == import.module->symbols.end() ||
            std::find(found.begin(), found.end(), &symbol->second) != found.end())
            continue;
        if (symbol->second.is_private) continue;
        found.push_back(&symbol->second);
        through.push_back(&import);
    }
    return found;
}

const Symbol* Names::find(const Module& module, std::string_view name, Span span) {
    std::vector<const Import*> through;
    const auto found = matches(module, name, through);
    for (const auto* import : through) used_imports_.insert(import->use);
    used_.insert(found.begin(), found.end());
    if (found.size() > 1) {
        diagnostics_.add(Code::ambiguous_name, span,
                         "`" + std::string(name) + "` is defined by " + through[0]->use->names.front().text +
                             " and by " + through[1]->use->names.front().text,
                         "write it with its module, or use one of them `as` another name");
        return found.front();
    }
    return found.empty() ? nullptr : found.front();
}

namespace {

// Says so if a module that is used keeps the name for itself.
std::string private_hint(const Module& module, std::string_view name) {
    const auto dot = name.rfind('.');
    const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
    for (const auto& import : module.imports) {
        if (import.module == nullptr) continue;
        const auto symbol = import.module->symbols.find(last);
        if (symbol != import.module->symbols.end() && symbol->second.is_private)
            return "`" + import.use->names.front().text + "` has one that is private";
    }
    return {};
}

// Where a name of the standard library is to be had: its module is not used, or under another name.
std::string standard_hint(const Module& module, std::string_view name, const std::vector<std::string_view>& kinds) {
    const std::string home = standard_home(name, kinds);
    const auto dot = name.find('.');
    if (home.empty() && dot != name.npos) return standard_hint(module, name.substr(0, dot), {"payload", "topology"});
    if (home.empty()) return {};
    for (const auto& import : module.imports)
        if (import.use->names.front().text == home && !import.prefixes.empty())
            return "write it as `" + import.prefixes.front() + "." + std::string(name) + "`";
    return "add: use " + home;
}

} // namespace

void Names::report_unknown(const Module& module, std::string_view name, Span span, std::string_view what,
                           const std::vector<std::string_view>& kinds, std::vector<std::string> others) {
    const auto is_unread = [&](const Module& from) {
        const auto dot = name.find('.');
        return from.unread.count(name) > 0 || from.unread.count(name.substr(dot == name.npos ? 0 : dot + 1)) > 0 ||
               from.unread.count(name.substr(0, dot)) > 0;
    };
    if (is_unread(module)) return;
    if (!diagnostics_.keeps(Code::unknown_name, span)) // neither this one nor its hint will be seen
        return diagnostics_.add(Code::unknown_name, span, "there is no such name");
    const auto add = [&](const Module& from, const std::string& prefix) {
        if (from.symbols.size() > most_candidates) return;
        for (const auto& [text, symbol] : from.symbols)
            if (std::find(kinds.begin(), kinds.end(), symbol.kind()) != kinds.end() &&
                (&from == &module || !symbol.is_private))
                others.push_back(prefix + text);
    };
    add(module, "");
    bool broken_import = false;
    for (const auto& import : module.imports) {
        broken_import = broken_import || import.module == nullptr || import.module->broken;
        if (import.module == nullptr) continue;
        if (import.direct) add(*import.module, "");
        for (const auto& prefix : import.prefixes) add(*import.module, prefix + ".");
    }
    if (broken_import && module.broken) return; // most likely it is defined in what could not be read
    std::string hint = private_hint(module, name);
    if (hint.empty()) hint = standard_hint(module, name, kinds);
    if (hint.empty()) hint = suggest(name, others);
    if (hint.empty() && name.substr(0, 4) == "std.")
        hint = "begin the file with: use " + std::string(name.substr(0, name.rfind('.')));
    diagnostics_.add(Code::unknown_name, span, "there is no " + std::string(what) + " `" + std::string(name) + "`",
                     hint);
}

// The name, and what it may be a component of: a.b.c, a.b, a. A module has two components at most, so that further ones
// are of the value.
void Names::mention(const Module& module, std::string_view name) {
    constexpr int most_components = 4;
    std::size_t end = 0;
    for (int i = 0; i < most_components && end != std::string_view::npos; ++i) {
        end = name.find('.', end + 1);
        mention_exactly(module, name.substr(0, end));
    }
}

void Names::mention_exactly(const Module& module, std::string_view name) {
    std::vector<const Import*> through;
    const auto found = matches(module, name, through);
    for (const auto* import : through) used_imports_.insert(import->use);
    used_.insert(found.begin(), found.end());
}

void Names::mention(const Module& module, const ast::Expression& expression) {
    if (expression.kind == syntax::Kind::value || expression.kind == syntax::Kind::call)
        mention(module, expression.text);
    for (const auto& operand : expression.operands) mention(module, operand);
    for (const auto& argument : expression.arguments) mention(module, argument.value);
}

void Names::mention(const Module& module, const std::vector<ast::Statement>& statements) {
    for (const auto& statement : statements) {
        const bool defines = statement.kind == syntax::Kind::use ||
                             statement.kind == syntax::Kind::private_declaration || module.defines(statement);
        for (const auto& name : statement.names) {
            if (!defines) mention(module, name.text);
            for (const auto& expression : name.interpolated) mention(module, expression);
        }
        for (const auto& value : statement.values) mention(module, value);
        for (const auto& argument : statement.arguments) mention(module, argument.value);
        mention(module, statement.parts);
        mention(module, statement.body);
        mention(module, statement.otherwise);
    }
}

void Names::report_unused(const Module& module) {
    if (!module.has_scenarios) return; // a library: others use its names
    mention(module, module.file);
    for (const auto& [name, symbol] : module.symbols)
        if (used_.count(&symbol) == 0)
            diagnostics_.add(Code::unused_name, symbol.span,
                             "the " + std::string(symbol.kind()) + " `" + name + "` is not used");
    for (const auto& import : module.imports)
        if (import.module != nullptr && used_imports_.count(import.use) == 0)
            diagnostics_.add(Code::unused_module, import.use->span,
                             "nothing of `" + import.use->names.front().text + "` is used");
}

} // namespace ktstr::check
