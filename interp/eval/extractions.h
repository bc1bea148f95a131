// SPDX-License-Identifier: GPL-2.0-only
// What a language model has read out of payloads: which extraction belongs to which run, and what is wrong with it.
#pragma once

#include <string>
#include <vector>

#include "interp/eval/verdict.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::eval {

// Of the run of a payload with this index in the record; null: there is none.
const plan::Extraction* extraction_of(const plan::Record& record, std::size_t payload);

// Each rule that is broken, once for each metric that breaks it: no name twice, finite values, and each metric tagged
// as read by the model from the extraction's own stream.
std::vector<std::string> violations_of(const plan::Extraction& extraction);

// Of a completed run: a failure for each extraction without a run, for each run without an extraction, and for each
// broken rule; a skip for each extraction without a model, which asks for one of the scenario, or without metrics.
std::vector<AssertionResult> judge_extractions(const plan::Plan& plan, const plan::Record& record);

} // namespace ktstr::eval
