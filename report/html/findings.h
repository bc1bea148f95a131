// SPDX-License-Identifier: GPL-2.0-only
// What was judged of a run: what is wrong in full, and what held as a table.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "report/html/timeline.h"

namespace ktstr::report::html {

// Of a record (sidecar.h). What is missing in an assertion is left out.
std::string findings(const nlohmann::json& sidecar);
std::string held(const nlohmann::json& sidecar);

// The series that assertions were judged by, those of refuted ones first; each once.
std::vector<JudgedPlot> judged_plots(const nlohmann::json& sidecar);

// The message of an assertion without what it begins with, the expectation as it is written.
std::string message_of(const nlohmann::json& assertion);

} // namespace ktstr::report::html
