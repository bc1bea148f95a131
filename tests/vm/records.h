// SPDX-License-Identifier: GPL-2.0-only
// Runs a scenario as a user does and reads what it leaves.
#pragma once

#include <string>
#include <vector>

#include "tests/vm/ktstr_process.h"

namespace ktstr::test {

struct Records {
    nlohmann::json sidecar;
    nlohmann::json observed;
};

// A file with one scenario; `options` are added to the command line.
Records run_file(const Sandbox& sandbox, const std::string& text, const std::string& verdict = "pass",
                 const std::vector<std::string>& options = {});

// The item of that "name"; a failure of the test if there is none.
const nlohmann::json& named(const nlohmann::json& list, const std::string& name);

} // namespace ktstr::test
