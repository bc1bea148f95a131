// SPDX-License-Identifier: GPL-2.0-only
// How long it takes to check .ktl files and to make plans of them, as a library and as the program, and how that grows
// with the file; beside it `luac -p` on a Lua file of as many lines, in turns with it.
#include <sys/resource.h>

#include <chrono>
#include <functional>

#include "base/file.h"
#include "base/process.h"
#include "bench/figure.h"
#include "bench/ktstr_run.h"
#include "bench/language_sources.h"
#include "interp/compile/compile.h"

namespace ktstr::bench {

namespace {

constexpr const char* lua_compiler = "luac5.4";
constexpr int lines = 10'000;
constexpr int rounds = 9;

double milliseconds(const std::function<void()>& work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

// The program's whole time. Errors: it failed.
Result<double> run_ms(const std::vector<std::string>& arguments) {
    Result<CommandOutput> output = Error{"not run"};
    const double time = milliseconds([&] { output = run_command({.arguments = arguments}, true); });
    if (!output) return output.error();
    if (!output->exit.clean()) return Error{arguments.front() + " ended with " + output->exit.text()};
    return time;
}

std::string ktstr() { return (program_directory() / "ktstr").string(); }

// The peak of any child so far. The children of a small process: each begins as a copy of it.
double peak_mib() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Check and plan of one text, without reading it and without writing the plans as JSON.
double compile_ms(const std::string& text) {
    return milliseconds([&] { (void)compile_source("bench.ktl", text, {}); });
}

Figure figure(std::string name, double value, std::string unit, std::optional<double> bound = {}) {
    return {.bench = "language", .name = std::move(name), .value = value, .unit = std::move(unit), .bound = bound};
}

struct Files {
    TemporaryDirectory directory;
    std::string ktl, lua;
};

Result<Files> write_files() {
    auto directory = TemporaryDirectory::create("ktstr-bench-");
    if (!directory) return directory.error();
    const auto ktl = directory->path() / "bench.ktl";
    const auto lua = directory->path() / "bench.lua";
    if (auto written = write_file(ktl, ktl_source(lines)); !written) return written.error();
    if (auto written = write_file(lua, lua_source(lines)); !written) return written.error();
    return Files{std::move(*directory), ktl.string(), lua.string()};
}

// The programs: `ktstr check`, `ktstr plan` and `luac -p` in turns, and the project's own files.
Result<std::vector<Figure>> measure_programs() {
    const auto files = write_files();
    if (!files) return files.error();
    const std::string source = KTSTR_SOURCE_DIRECTORY;
    std::vector<double> check, plan, lua, ratio, layout, own;
    double memory = 0;
    if (const auto laid_out = run_ms({ktstr(), "fmt", files->ktl}); !laid_out) return laid_out.error();
    for (int round = 0; round <= rounds; ++round) { // the first one fills the page cache, and does not count
        const auto checked = run_ms({ktstr(), "check", files->ktl});
        if (!checked) return checked.error();
        if (round == 0) memory = peak_mib();
        const auto compared = run_ms({lua_compiler, "-p", files->lua});
        if (!compared) return compared.error();
        const auto planned = run_ms({ktstr(), "plan", files->ktl});
        if (!planned) return planned.error();
        const auto laid_out = run_ms({ktstr(), "fmt", "--check", files->ktl});
        if (!laid_out) return laid_out.error();
        const auto all = run_ms({ktstr(), "check", source + "/scenarios", source + "/stdlib"});
        if (!all) return all.error();
        if (round == 0) continue;
        check.push_back(*checked);
        lua.push_back(*compared);
        ratio.push_back(*checked / *compared);
        plan.push_back(*planned);
        layout.push_back(*laid_out);
        own.push_back(*all);
    }
    return std::vector<Figure>{figure("check_10000_lines", median(check), "ms", 60),
                               figure("check_10000_lines_memory", memory, "MiB", 64),
                               figure("luac_10000_lines", median(lua), "ms"),
                               figure("check_to_luac", median(ratio), "ratio"),
                               figure("plan_10000_lines", median(plan), "ms"),
                               figure("fmt_10000_lines", median(layout), "ms", 60),
                               figure("check_scenarios_and_stdlib", median(own), "ms", 100)};
}

// The library, and how its time grows with the file.
Result<std::vector<Figure>> measure_library() {
    const std::string small = ktl_source(lines / 10);
    const std::string middle = ktl_source(lines);
    const std::string large = ktl_source(lines * 10);
    const auto sample = compile_source("bench.ktl", small, {});
    if (!sample || !sample->diagnostics.empty()) return Error{"the generated file is not right"};
    std::vector<double> times, growth;
    for (int round = 0; round < rounds; ++round) {
        times.push_back(compile_ms(middle));
        double of_small = 0; // as many lines in all
        for (int i = 0; i < 100; ++i) of_small += compile_ms(small);
        growth.push_back(compile_ms(large) / of_small);
    }
    return std::vector<Figure>{figure("check_and_plan_10000_lines", median(times), "ms", 60),
                               figure("growth_1000_to_100000_lines", median(growth), "ratio", 1.5)};
}

Result<std::vector<Figure>> measure() {
    auto figures = measure_programs(); // first, while this process is small
    if (!figures) return figures.error();
    const auto more = measure_library();
    if (!more) return more.error();
    figures->insert(figures->end(), more->begin(), more->end());
    return figures;
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
