// SPDX-License-Identifier: GPL-2.0-only
// What a language model on the host has read out of a payload's prose. Part of the record, so that it can be judged
// again without a model.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::plan {

inline constexpr const char* llm_source = "llm";

struct ExtractedMetric {
    std::string name;   // dotted path in the model's answer
    double value = 0;   // may be NaN or infinite: it is as the model gave it
    std::string source; // what it comes from: llm_source
    std::string stream; // "stdout" or "stderr": what the model read
};

struct Extraction {
    int payload = -1;                     // index in Record::payloads of the run whose output was read
    std::string stream;                   // that the metrics are of; empty without metrics
    std::vector<ExtractedMetric> metrics; // in the order of the answer; names may be there twice
    std::vector<std::string> problems;    // of the answers: "standard output: the answer has no JSON object"
    std::string unavailable;              // why no model could be asked; empty if one was, or if there was nothing to ask
    std::string hint;                     // for `unavailable`: what to do
    std::string model_sha256;             // of the model's file; empty if none was asked
    std::uint64_t duration_ns = 0;        // of the host
};

nlohmann::json to_json(const Extraction& extraction); // a value that is not finite is null there
Result<Extraction> extraction_from_json(const nlohmann::json& json);

} // namespace ktstr::plan
