// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/modules.h"

#include <algorithm>

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

std::filesystem::path folder_with(const std::filesystem::path& start, const char* marker) {
    std::error_code code;
    for (auto folder = start; !folder.empty(); folder = folder.parent_path()) {
        if (std::filesystem::exists(folder / marker, code)) return folder;
        if (folder == folder.parent_path()) break;
    }
    return {};
}

std::vector<std::string> standard_module_names() {
    std::vector<std::string> names;
    for (const auto& [file, text] : standard_library)
        names.push_back("std." + std::string(file.substr(0, file.find('.'))));
    return names;
}

} // namespace

std::string_view Symbol::kind() const {
    static constexpr std::string_view names[] = {"value", "topology", "workload", "scheduler"};
    return names[definition.index()];
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

const Module& Modules::load(const std::filesystem::path& path, const std::string& shown) {
    return read_file_module(path, shown);
}

Module& Modules::read_file_module(const std::filesystem::path& path, const std::string& shown) {
    std::error_code code;
    auto real = std::filesystem::weakly_canonical(path, code);
    if (code) real = path;
    auto [entry, added] = modules_.try_emplace(real.string(), nullptr);
    if (!added) return *entry->second;
    entry->second = std::make_unique<Module>();
    Module& module = *entry->second;
    module.path = real;
    module.source =
        syntax::read_source(real, shown, real.lexically_relative(library_root(real)).generic_string(), diagnostics_);
    fill(module);
    return module;
}

Module* Modules::read_standard_module(const ast::Use& use) {
    const std::string& name = use.module.text;
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
        diagnostics_.add(Code::unknown_module, use.module.span, "there is no module `" + name + "`", hint);
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
        define_names(module);
        resolve_imports(module);
    }
    module.loading = false;
    module.broken = module.broken || diagnostics_.errors() != errors;
}

void Modules::define_names(Module& module) {
    const auto define = [&](const auto& declaration) {
        const ast::Name& name = declaration.name;
        const auto [entry, added] =
            module.symbols.try_emplace(name.text, Symbol{name.text, name.span, &module, &declaration});
        if (!added)
            diagnostics_.add(Code::duplicate_name, name.span, "`" + name.text + "` is defined twice",
                             "first defined on line " + std::to_string(entry->second.span.line()));
    };
    for (const auto& let : module.file.lets) define(let);
    for (const auto& topology : module.file.topologies) define(topology);
    for (const auto& work : module.file.works) define(work);
    for (const auto& scheduler : module.file.schedulers) define(scheduler);
    std::map<std::string_view, Span> scenarios;
    for (const auto& scenario : module.file.scenarios) {
        const auto [entry, added] = scenarios.try_emplace(scenario.name.text, scenario.name.span);
        if (!added)
            diagnostics_.add(Code::duplicate_name, scenario.name.span,
                             "there are two scenarios \"" + scenario.name.text + "\"",
                             "the first is on line " + std::to_string(entry->second.line()));
    }
}

Module* Modules::import_target(const Module& module, const ast::Use& use) {
    if (!use.is_path) return read_standard_module(use);
    const auto path = module.path.parent_path() / use.module.text;
    std::error_code code;
    if (module.path.empty() || !std::filesystem::is_regular_file(path, code)) {
        diagnostics_.add(Code::unknown_module, use.module.span, "there is no file \"" + use.module.text + "\"",
                         "the path is relative to the file that uses it");
        return nullptr;
    }
    const auto shown = std::filesystem::path(module.source->shown()).parent_path() / use.module.text;
    return &read_file_module(path, shown.lexically_normal().string());
}

void Modules::resolve_imports(Module& module) {
    std::set<const Module*> seen;
    const auto depth = static_cast<std::size_t>(std::count_if(
        modules_.begin(), modules_.end(), [](const auto& entry) { return entry.second && entry.second->loading; }));
    for (const auto& use : module.file.uses) {
        if (depth > max_import_depth) {
            diagnostics_.add(Code::import_cycle, use.span,
                             "modules use each other over more than " + std::to_string(max_import_depth) + " levels");
            return;
        }
        Import import{&use, import_target(module, use), {}, !use.alias.has_value()};
        if (import.module != nullptr && import.module->loading) {
            diagnostics_.add(Code::import_cycle, use.module.span,
                             "this file is used, over others, by `" + use.module.text + "` itself",
                             "move what both need into a third file");
            import.module = nullptr;
        }
        if (import.module != nullptr && !seen.insert(import.module).second)
            diagnostics_.add(Code::duplicate_name, use.module.span, "`" + use.module.text + "` is used twice");
        if (use.alias)
            import.prefixes = {use.alias->text};
        else if (!use.is_path)
            import.prefixes = {use.module.text, use.module.text.substr(use.module.text.rfind('.') + 1)};
        module.broken = module.broken || (import.module != nullptr && import.module->broken);
        module.imports.push_back(std::move(import));
    }
}

} // namespace ktstr::check
