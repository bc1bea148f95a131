// SPDX-License-Identifier: GPL-2.0-only
#include "interp/compile/compile.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "interp/check/check.h"
#include "interp/compile/lower.h"
#include "interp/diagnostics/suggest.h"
#include "interp/syntax/find_files.h"
#include "interp/syntax/read_source.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

// Every combination of what the gauntlet runs over.
CompiledGauntlet spread_out(const check::Gauntlet& gauntlet, const fs::path& file, const CompileOptions& options) {
    CompiledGauntlet out{gauntlet.name, file, {{options, "", std::nullopt}}, gauntlet.scenarios, gauntlet.budget_ns};
    const auto multiply = [&](const auto& values, const auto& apply) {
        if (values.empty()) return;
        std::vector<CompiledGauntlet::Run> runs;
        for (const auto& run : out.runs)
            for (const auto& value : values) apply(runs.emplace_back(run), value);
        out.runs = std::move(runs);
    };
    using Run = CompiledGauntlet::Run;
    multiply(gauntlet.kernels, [](Run& run, const std::string& kernel) {
        run.kernel = kernel;
        if (!kernel.empty() && kernel.front() >= '0' && kernel.front() <= '9') run.options.kernel = kernel;
    });
    multiply(gauntlet.topologies, [](Run& run, const plan::Topology& topology) { run.options.topology = topology; });
    multiply(gauntlet.flags, [](Run& run, const std::vector<std::string>& flags) {
        run.options.flags = flags;
        run.options.replace_flags = true;
    });
    multiply(gauntlet.work_types, [](Run& run, const std::string& type) { run.options.work_type = type; });
    multiply(gauntlet.seeds, [](Run& run, std::uint64_t seed) { run.seed = seed; });
    return out;
}

// What -P names and no file has.
Error no_parameter(const std::string& name, const std::set<std::string>& known) {
    std::string hint = suggest(name, {known.begin(), known.end()});
    if (hint.empty() && known.empty()) hint = "there are no parameters; a file has one by `param NAME = VALUE`";
    if (hint.empty()) {
        hint = "there are";
        for (const auto& other : known) hint += (other == *known.begin() ? " " : ", ") + other;
    }
    return {"-P " + name + ": no file has a parameter of this name", hint};
}

// One compilation: module after module, into one result.
class Compilation {
  public:
    explicit Compilation(const CompileOptions& options) : options_(options) {}
    check::Modules& modules() { return modules_; }

    // Adds what a module has; `file` is where it was found.
    void add(const check::Module& module, const fs::path& file) {
        const std::size_t errors = diagnostics_.errors();
        check::Checker checker(diagnostics_, options_);
        auto scenarios = checker.check_file(module);
        const auto gauntlets = checker.check_gauntlets(module);
        parameters_.insert(checker.parameters().begin(), checker.parameters().end());
        std::vector<CompiledScenario> compiled;
        const auto root = check::library_root(module.path);
        for (auto& scenario : scenarios) {
            compiled.push_back({lower::lower(scenario, options_, diagnostics_), file, root});
            scenario = {}; // its memory serves the next plans
        }
        if (module.broken || diagnostics_.errors() != errors) return;
        checker.report_unused(module);
        std::move(compiled.begin(), compiled.end(), std::back_inserter(result_.scenarios));
        for (const auto& gauntlet : gauntlets) result_.gauntlets.push_back(spread_out(gauntlet, file, options_));
    }

    // Errors: -P names what no file has a parameter for.
    Result<CompileResult> finish() {
        const bool failed = diagnostics_.errors() > 0; // a parameter may be in what was not read
        const bool whole = !failed && options_.only_scenario.empty();
        for (const auto& [name, value] : options_.parameters)
            if (whole && parameters_.count(name) == 0) return no_parameter(name, parameters_);
        result_.diagnostics = diagnostics_.take();
        return std::move(result_);
    }

  private:
    const CompileOptions& options_;
    Diagnostics diagnostics_;
    check::Modules modules_{diagnostics_};
    std::set<std::string> parameters_;
    CompileResult result_;
};

} // namespace

Result<CompileResult> compile_paths(const std::vector<fs::path>& paths, const CompileOptions& options) {
    const auto files = syntax::find_files(paths);
    if (!files) return files.error();
    Compilation compilation(options);
    for (const auto& file : *files) compilation.add(compilation.modules().load(file, file.string()), file);
    return compilation.finish();
}

Result<CompileResult> compile_source(const std::string& name, const std::string& text, const CompileOptions& options) {
    Compilation compilation(options);
    compilation.add(compilation.modules().load_text(name, text), name);
    return compilation.finish();
}

std::optional<std::string> source_line(const CompiledScenario& scenario, const plan::SourcePosition& position) {
    std::string text;
    if (const std::string_view* standard = check::standard_source(position.file)) {
        text = *standard;
    } else {
        fs::path path = scenario.root / position.file;
        if (position.file.rfind("lib/", 0) == 0)
            if (auto found = library::Resolver(scenario.file).file_of(position.file)) path = *found;
        auto content = read_file(path, syntax::max_source_bytes);
        if (!content) return std::nullopt;
        text = std::move(*content);
    }
    const SourceFile file(position.file, position.file, std::move(text));
    if (position.line < 1) return std::nullopt;
    return std::string(file.line(position.line));
}

} // namespace ktstr
