// SPDX-License-Identifier: GPL-2.0-only
#include "cli/choice.h"

#include "interp/diagnostics/suggest.h"

namespace ktstr::cli {

std::optional<CompiledScenario> choose_scenario(const BatchOptions& options, const std::string& name,
                                                const KernelVersions& versions) {
    auto batch = BatchMaker(options).make(versions);
    if (!batch) return std::nullopt;
    std::vector<std::string> names;
    std::vector<CompiledScenario*> found;
    for (auto& job : batch->jobs) {
        names.push_back(job.scenario.plan.scenario);
        if (name.empty() || names.back() == name) found.push_back(&job.scenario);
    }
    if (found.size() == 1) return std::move(*found.front());
    const std::string path = options.paths.front().string();
    const std::string all = "`ktstr list " + path + "` shows their names";
    if (found.empty()) {
        const std::string close = suggest(name, names);
        complain({"there is no scenario \"" + name + "\" in " + path, close.empty() ? all : close});
    } else if (name.empty()) {
        complain({path + " has " + std::to_string(found.size()) + " scenarios", "say which; " + all});
    } else {
        complain({path + " has several scenarios \"" + name + "\"", "name one file"});
    }
    return std::nullopt;
}

} // namespace ktstr::cli
