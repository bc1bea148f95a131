// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/modules.h"

#include <algorithm>
#include <cctype>

#include "interp/diagnostics/suggest.h"
#include "interp/syntax/build_ast.h"
#include "interp/syntax/parse.h"
#include "interp/syntax/read_source.h"

namespace ktstr::check {

// stdlib/*.ktl, put into the program by the build.
extern const std::vector<std::pair<std::string_view, std::string_view>> standard_library;

namespace {

constexpr std::string_view standard_folder = "<std>/";
constexpr std::size_t max_import_depth = 32;
constexpr std::size_t max_imports = 1'000; // of one file: each name is looked for in all of them

std::filesystem::path folder_with(const std::filesystem::path& start, const char* marker) {
    std::error_code code;
    for (auto folder = start; !folder.empty(); folder = folder.parent_path()) {
        if (std::filesystem::exists(folder / marker, code)) return folder;
        if (folder == folder.parent_path()) break;
    }
    return {};
}

// Whether a file is named, and not a module.
bool is_path(const ast::Statement& use) { return use.span.text().find('"') != std::string_view::npos; }

void collect_words(std::string_view text, std::set<std::string, std::less<>>& words) {
    const auto is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (auto at = text.begin(); at != text.end();) {
        const auto begin = std::find_if(at, text.end(), is_letter);
        at = std::find_if_not(begin, text.end(), is_letter);
        if (begin != at) words.emplace(begin, at);
    }
}

std::vector<std::string> standard_module_names() {
    std::vector<std::string> names;
    for (const auto& [file, text] : standard_library)
        names.push_back("std." + std::string(file.substr(0, file.find('.'))));
    return names;
}

} // namespace

std::string_view Symbol::kind() const {
    switch (statement->kind) {
    case syntax::Kind::param: return "parameter";
    case syntax::Kind::topology_declaration:
    case syntax::Kind::topology_block: return "topology";
    case syntax::Kind::work_declaration: return "workload";
    case syntax::Kind::scheduler_declaration: return "scheduler";
    case syntax::Kind::payload_declaration: return "payload";
    case syntax::Kind::template_declaration: return "template";
    case syntax::Kind::expectations_declaration: return "bundle of expectations";
    default: return "value";
    }
}

std::filesystem::path library_root(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    for (const char* marker : {"ktl.toml", ".git"})
        if (auto root = folder_with(folder, marker); !root.empty()) return root;
    return folder;
}

const std::string_view* standard_source(std::string_view name) {
    if (name.substr(0, standard_folder.size()) != standard_folder) return nullptr;
    name.remove_prefix(standard_folder.size());
    for (const auto& [file, text] : standard_library)
        if (file == name) return &text;
    return nullptr;
}

std::string standard_home(std::string_view name, const std::vector<std::string_view>& kinds) {
    struct Home {
        std::string_view kind;
        std::string module;
    };
    static const auto homes = [] {
        std::multimap<std::string, Home, std::less<>> found;
        Diagnostics none; // the library has no errors
        Modules modules(none);
        for (const auto& [module, content] : modules.standard())
            for (const auto& [text, symbol] : content->symbols)
                if (!symbol.is_private) found.emplace(text, Home{symbol.kind(), module});
        return found;
    }();
    for (auto [at, end] = homes.equal_range(name); at != end; ++at)
        if (std::find(kinds.begin(), kinds.end(), at->second.kind) != kinds.end()) return at->second.module;
    return {};
}

const Module& Modules::load(const std::filesystem::path& path, const std::string& shown) {
    library::Resolver resolver(path);
    const std::string project = resolver.project().string();
    project_ = &projects_.try_emplace(project, std::move(resolver)).first->second;
    return read_file_module(path, shown);
}

std::vector<std::pair<std::string, const Module*>> Modules::standard() {
    std::vector<std::pair<std::string, const Module*>> modules;
    for (const auto& name : standard_module_names()) {
        ast::Name written;
        written.text = name;
        modules.emplace_back(name, read_standard_module(written));
    }
    return modules;
}

const Module& Modules::load_text(const std::string& name, const std::string& text) {
    auto& module = modules_["text " + name];
    module = std::make_unique<Module>();
    module->source = syntax::check_source(name, name, text, diagnostics_);
    fill(*module);
    return *module;
}

Module& Modules::read_file_module(const std::filesystem::path& path, const std::string& shown) {
    std::error_code code;
    auto real = std::filesystem::weakly_canonical(path, code);
    if (code) real = path;
    auto [entry, added] = modules_.try_emplace(project_->project().string() + "\n" + real.string(), nullptr);
    if (!added) return *entry->second;
    entry->second = std::make_unique<Module>();
    Module& module = *entry->second;
    module.path = real;
    const auto in_library = project_->file_name(real);
    module.source = syntax::read_source(
        real, shown, in_library ? *in_library : real.lexically_relative(library_root(real)).generic_string(),
        diagnostics_);
    fill(module);
    return module;
}

// lib.NAME or lib.NAME.MODULE
Module* Modules::read_library_module(const Module& module, const ast::Name& name) {
    const std::string rest = name.text.substr(4);
    const auto dot = rest.find('.');
    const std::string part = dot == std::string::npos ? "" : rest.substr(dot + 1);
    const auto path = project_->module(module.path, rest.substr(0, dot), part);
    if (!path) {
        diagnostics_.add(Code::unknown_module, name.span, path.error().message, path.error().hint);
        return nullptr;
    }
    return &read_file_module(*path, project_->file_name(*path).value_or(path->string()));
}

Module* Modules::read_standard_module(const ast::Name& module_name) {
    const std::string& name = module_name.text;
    auto [entry, added] = modules_.try_emplace(name, nullptr);
    if (!added) return entry->second.get();
    const std::string file = std::string(standard_folder) + (name.size() > 4 ? name.substr(4) : "") + ".ktl";
    const std::string_view* text = standard_source(file);
    if (text == nullptr) {
        modules_.erase(entry);
        const auto names = standard_module_names();
        std::string hint = suggest(name, names);
        if (hint.empty()) {
            hint = "there are";
            for (const auto& known : names) hint += (&known == &names.front() ? " " : ", ") + known;
            hint += "; a file is used by its path in quotes";
        }
        diagnostics_.add(Code::unknown_module, module_name.span, "there is no module `" + name + "`", hint);
        return nullptr;
    }
    entry->second = std::make_unique<Module>();
    Module& module = *entry->second;
    module.source = syntax::check_source(file, file, std::string(*text), diagnostics_);
    fill(module);
    return &module;
}

void Modules::fill(Module& module) {
    const std::size_t errors = diagnostics_.errors();
    if (module.source != nullptr) {
        const auto tree = syntax::parse(*module.source, diagnostics_);
        module.file = syntax::build_ast(tree, *module.source, diagnostics_);
        for (const auto& node : tree)
            if (node.kind == syntax::Kind::unread)
                collect_words(module.source->text().substr(node.begin, node.end - node.begin), module.unread);
        define_names(module);
        resolve_imports(module);
    }
    module.loading = false;
    module.broken = module.broken || diagnostics_.errors() != errors;
}

void Modules::define_names(Module& module) {
    std::map<std::string_view, Span> scenarios; // and gauntlets
    for (const auto& declaration : module.file) {
        const bool is_private = declaration.kind == syntax::Kind::private_declaration;
        const ast::Statement& statement = is_private ? declaration.parts.front() : declaration;
        if (statement.kind == syntax::Kind::use || statement.kind == syntax::Kind::assertion) continue;
        const ast::Name& name = statement.names.front();
        const bool scenario = statement.kind == syntax::Kind::scenario_declaration;
        module.has_scenarios = module.has_scenarios || scenario;
        if (scenario || statement.kind == syntax::Kind::gauntlet) {
            const auto [entry, added] = scenarios.try_emplace(name.text, name.span);
            if (!added)
                diagnostics_.add(Code::duplicate_name, name.span,
                                 std::string("there are two ") + (scenario ? "scenarios" : "gauntlets") + " \"" +
                                     name.text + "\"",
                                 "the first is on line " + std::to_string(entry->second.line()));
            continue;
        }
        const auto [entry, added] =
            module.symbols.try_emplace(name.text, Symbol{name.text, name.span, &module, &statement, is_private});
        if (!added)
            diagnostics_.add(Code::duplicate_name, name.span, "`" + name.text + "` is defined twice",
                             "first defined on line " + std::to_string(entry->second.span.line()));
    }
}

Module* Modules::import_target(const Module& module, const ast::Statement& use) {
    const ast::Name& name = use.names.front();
    if (!name.interpolated.empty()) return nullptr; // reported
    if (!is_path(use) && name.text.substr(0, 4) == "lib.") return read_library_module(module, name);
    if (!is_path(use)) return read_standard_module(name);
    const auto path = module.path.parent_path() / name.text;
    std::error_code code;
    if (module.path.empty() || !std::filesystem::is_regular_file(path, code)) {
        const bool folder = std::filesystem::is_directory(path, code);
        diagnostics_.add(Code::unknown_module, name.span,
                         folder ? "\"" + name.text + "\" is a folder" : "there is no file \"" + name.text + "\"",
                         folder ? "name one of the files in it" : "the path is relative to the file that uses it");
        return nullptr;
    }
    if (const auto allowed = project_->check_path(module.path, path); !allowed) {
        diagnostics_.add(Code::unknown_module, name.span, allowed.error().message, allowed.error().hint);
        return nullptr;
    }
    const auto shown = std::filesystem::path(module.source->shown()).parent_path() / name.text;
    return &read_file_module(path, shown.lexically_normal().string());
}

void Modules::resolve_imports(Module& module) {
    std::set<const Module*> seen;
    const auto depth = static_cast<std::size_t>(std::count_if(
        modules_.begin(), modules_.end(), [](const auto& entry) { return entry.second && entry.second->loading; }));
    for (const auto& use : module.file) {
        if (use.kind != syntax::Kind::use) continue;
        const ast::Name& name = use.names.front();
        if (depth > max_import_depth) {
            diagnostics_.add(Code::import_cycle, use.span,
                             "modules use each other over more than " + std::to_string(max_import_depth) + " levels");
            return;
        }
        if (module.imports.size() >= max_imports) {
            diagnostics_.add(Code::too_much, use.span,
                             "the file uses more than " + std::to_string(max_imports) + " modules");
            return;
        }
        const ast::Statement* alias = use.part(syntax::Kind::alias);
        Import import{&use, import_target(module, use), {}, alias == nullptr};
        if (import.module != nullptr && import.module->loading) {
            diagnostics_.add(Code::import_cycle, name.span,
                             "this file is used, over others, by `" + name.text + "` itself",
                             "move what both need into a third file");
            import.module = nullptr;
        }
        if (import.module != nullptr && !seen.insert(import.module).second)
            diagnostics_.add(Code::duplicate_name, name.span, "`" + name.text + "` is used twice");
        if (alias != nullptr)
            import.prefixes = {alias->names.front().text};
        else if (!is_path(use))
            import.prefixes = {name.text, name.text.substr(name.text.rfind('.') + 1)};
        module.broken = module.broken || (import.module != nullptr && import.module->broken);
        module.imports.push_back(std::move(import));
    }
}

} // namespace ktstr::check
