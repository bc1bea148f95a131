// SPDX-License-Identifier: GPL-2.0-only
// Pass 3: the modules that a file uses, and the names they define.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "interp/diagnostics/diagnostic.h"
#include "interp/library/resolve.h"
#include "interp/syntax/ast.h"

namespace ktstr::check {

struct Module;

// A name that a module defines.
struct Symbol {
    std::string name;
    Span span;
    const Module* module = nullptr;
    const ast::Statement* statement = nullptr; // the declaration
    bool is_private = false;
    [[nodiscard]] std::string_view kind() const; // "workload"
};

struct Import {
    const ast::Statement* use = nullptr;
    const Module* module = nullptr; // null: it could not be loaded
    std::vector<std::string> prefixes;
    bool direct = true; // names can be written without a prefix
};

struct Module {
    SourcePtr source;
    std::filesystem::path path; // real path; empty if it is not in a file, as those of the standard library
    std::vector<ast::Statement> file;
    bool has_scenarios = false; // no: a library, whose names are for others
    std::map<std::string, Symbol, std::less<>> symbols;
    std::vector<Import> imports;
    std::set<std::string, std::less<>> unread; // words of what did not parse: they may be defined there
    // Whether the statement is the declaration of one of the symbols.
    [[nodiscard]] bool defines(const ast::Statement& statement) const {
        if (statement.names.empty()) return false;
        const auto symbol = symbols.find(statement.names.front().text);
        return symbol != symbols.end() && symbol->second.statement == &statement;
    }
    bool loading = true; // its imports are being resolved
    bool broken = false; // it, or a module that it uses, has errors in its syntax, names or imports
};

// Where a file's positions in the plan are relative to: the nearest folder above with a ktl.toml, else with a .git,
// else the file's own folder.
std::filesystem::path library_root(const std::filesystem::path& file);

// The text of a module of the standard library by the file name that positions carry ("<std>/workloads.ktl"); null if
// there is none.
const std::string_view* standard_source(std::string_view name);

// The module of the standard library ("std.workloads") that defines a name of one of these kinds (Symbol::kind());
// empty if none does.
std::string standard_home(std::string_view name, const std::vector<std::string_view>& kinds);

class Modules {
  public:
    explicit Modules(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    // The module of a file, with all it uses. `shown` is its path for messages.
    const Module& load(const std::filesystem::path& path, const std::string& shown);
    // All of the standard library, by name: "std.topologies".
    std::vector<std::pair<std::string, const Module*>> standard();
    // A text that is in no file: it can use no files either. Every text has a name of its own.
    const Module& load_text(const std::string& name, const std::string& text);

  private:
    // A module of the project that is being loaded: libraries are those of its ktl.toml.
    Module& read_file_module(const std::filesystem::path& path, const std::string& shown);
    Module* read_library_module(const Module& module, const ast::Name& name);
    Module* read_standard_module(const ast::Name& name);
    void fill(Module& module);
    void define_names(Module& module);
    void resolve_imports(Module& module);
    Module* import_target(const Module& module, const ast::Statement& use);

    Diagnostics& diagnostics_;
    std::map<std::string, std::unique_ptr<Module>> modules_; // by project and canonical path, or std.x
    std::map<std::string, library::Resolver> projects_;      // by the folder of their ktl.toml; "" without one
    library::Resolver* project_ = nullptr;                   // of the file that is being loaded
};

} // namespace ktstr::check
