// SPDX-License-Identifier: GPL-2.0-only
#include "cli/replacement.h"

#include <algorithm>
#include <sstream>

#include "cli/run_options.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

struct Program {
    std::string scheduler; // empty: the one that the scenario begins with
    std::string binary;    // empty: its own
};

// A file that is there is meant as it was named; else it is a name to be looked for, as in a scenario.
std::string resolved(const std::string& file) {
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) ? fs::absolute(file).lexically_normal().string() : file;
}

Result<Program> program_of(const std::string& given) {
    const auto equals = given.find('=');
    const bool named = equals != std::string::npos && given.find('/') > equals;
    Program program{named ? given.substr(0, equals) : "", resolved(named ? given.substr(equals + 1) : given)};
    if (program.binary.empty() || (named && program.scheduler.empty()))
        return Error{"'--scheduler " + given + "' is neither FILE nor NAME=FILE",
                     "name a program, as in build/scx_mine"};
    return program;
}

bool replace_in(plan::Plan& plan, const Program& program, const std::vector<std::string>& arguments) {
    const std::string name = program.scheduler.empty() ? plan.scheduler.value_or("") : program.scheduler;
    for (auto& scheduler : plan.schedulers) {
        if (scheduler.name != name || scheduler.binary.empty()) continue;
        if (!program.binary.empty()) scheduler.binary = program.binary;
        scheduler.args.insert(scheduler.args.end(), arguments.begin(), arguments.end());
        return true;
    }
    return false;
}

} // namespace

Result<void> replace_schedulers(const Replacement& replacement, Batch& batch) {
    if (replacement.empty()) return {};
    std::istringstream text(replacement.arguments);
    std::vector<std::string> arguments;
    for (std::string word; text >> word;) arguments.push_back(word);
    std::vector<Program> programs;
    for (const auto& given : replacement.programs) {
        auto program = program_of(given);
        if (!program) return program.error();
        programs.push_back(std::move(*program));
    }
    if (programs.empty()) programs.emplace_back();
    for (const auto& program : programs) {
        std::size_t replaced = 0;
        for (auto& job : batch.jobs) replaced += replace_in(job.scenario.plan, program, arguments) ? 1 : 0;
        if (replaced > 0) continue;
        if (program.scheduler.empty())
            return Error{"no scenario of these runs under a scheduler that is a program",
                         "--scheduler and --scheduler-args take the place of one; give the scenario a scheduler"};
        return Error{"no scenario of these has a scheduler " + program.scheduler + " that is a program",
                     "name one of their schedulers, or the file alone"};
    }
    return {};
}

} // namespace ktstr::cli
