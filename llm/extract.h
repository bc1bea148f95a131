// SPDX-License-Identifier: GPL-2.0-only
// After a run, on the host: the outputs that a model is to read, and what it has read out of them.
#pragma once

#include "interp/plan/plan.h"
#include "interp/plan/record.h"
#include "llm/engine.h"

namespace ktstr::llm {

// Puts one Extraction into the record of a completed run for each report of a payload whose output is llm: of its
// standard output, or if that gives nothing of its standard error. False if it was cancelled: then the record is not
// whole.
bool extract_metrics(const plan::Plan& plan, plan::Record& record, Engine& engine);

} // namespace ktstr::llm
