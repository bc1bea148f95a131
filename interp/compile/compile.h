// SPDX-License-Identifier: GPL-2.0-only
// .ktl files to plans. The passes, one file each:
//
//   interp/syntax/read_source   a file, to text that is UTF-8 and bounded
//   interp/syntax/parse         text, to a tree
//   interp/syntax/build_ast     tree, to abstract syntax
//   interp/check/modules        the modules that a file uses, and their names
//   interp/check/check_*        abstract syntax, to the typed model: names, types, units, values
//   interp/check/lifetimes      cgroups and scheduler through the steps
//   interp/compile/lower        typed model and topology, to a plan
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/check/environment.h"
#include "interp/diagnostics/diagnostic.h"
#include "interp/plan/plan.h"

namespace ktstr {

// -P, --topology, --kernel and so on: see interp/check/environment.h.
struct CompileOptions : check::Environment {
    std::optional<std::uint64_t> duration_ns; // instead of each scenario's own; holds keep their proportions
};

struct CompiledScenario {
    plan::Plan plan;
    std::filesystem::path file; // as given, or found below a folder that was given
    std::filesystem::path root; // what the files in the plan's positions are relative to
};

// A gauntlet of a file: each run of it is a compilation of its scenarios with other options.
struct CompiledGauntlet {
    std::string name;
    std::filesystem::path file;
    struct Run {
        CompileOptions options;
        std::string kernel; // as --kernel takes it; empty: the default
        std::optional<std::uint64_t> seed;
    };
    std::vector<Run> runs;
    std::vector<std::string> scenarios; // names; empty: all of the file
    std::optional<std::uint64_t> budget_ns;
};

struct CompileResult {
    std::vector<CompiledScenario> scenarios; // in the order of the files, then of the source
    std::vector<CompiledGauntlet> gauntlets;
    std::vector<Diagnostic> diagnostics; // a file with an error has no scenarios here
};

// Compiles files, and all .ktl files below folders (sorted; hidden ones are left out; a file met twice counts once).
// Errors: a path does not exist, a folder holds no .ktl file, or -P names what no file has a parameter for. What is
// wrong in a file is a diagnostic.
Result<CompileResult> compile_paths(const std::vector<std::filesystem::path>& paths, const CompileOptions& options);

// Compiles a text that is in no file: it can use the standard library, and no files. `name` stands in the messages.
// Errors: -P names what it has no parameter for.
Result<CompileResult> compile_source(const std::string& name, const std::string& text, const CompileOptions& options);

// The text of the line that a position of the plan points to, of the standard library too; none if the file is gone.
std::optional<std::string> source_line(const CompiledScenario& scenario, const plan::SourcePosition& position);

} // namespace ktstr
