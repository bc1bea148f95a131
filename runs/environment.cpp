// SPDX-License-Identifier: GPL-2.0-only
#include "runs/environment.h"

#include <cstdlib>

namespace ktstr::runs {

namespace {

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

} // namespace

Environment Environment::read() {
    return {.sidecar_dir = variable("KTSTR_SIDECAR_DIR"),
            .runs_root = variable("KTSTR_RUNS_ROOT"),
            .kernel = variable("KTSTR_KERNEL"),
            .kernel_commit = variable("KTSTR_KERNEL_COMMIT"),
            .project_commit = variable("KTSTR_PROJECT_COMMIT"),
            .run_epoch = variable("KTSTR_RUN_EPOCH"),
            .ci = variable("KTSTR_CI").has_value()};
}

} // namespace ktstr::runs
