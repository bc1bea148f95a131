// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/extraction.h"

#include <limits>

#include "interp/plan/fields.h"

namespace ktstr::plan {

using nlohmann::json;

json to_json(const Extraction& extraction) {
    json metrics = json::array();
    for (const auto& metric : extraction.metrics)
        metrics.push_back({{"name", metric.name},
                           {"value", std::isfinite(metric.value) ? json(metric.value) : json()},
                           {"source", metric.source},
                           {"stream", metric.stream}});
    return {{"payload", extraction.payload},           {"stream", extraction.stream},
            {"metrics", std::move(metrics)},           {"problems", extraction.problems},
            {"unavailable", extraction.unavailable},   {"hint", extraction.hint},
            {"model_sha256", extraction.model_sha256}, {"duration_ns", extraction.duration_ns}};
}

static Result<ExtractedMetric> read_metric(const json& value, const std::string& where) {
    ExtractedMetric metric;
    Fields fields(value, where);
    fields.text("name", metric.name);
    if (value.is_object() && value.contains("value") && value["value"].is_null())
        metric.value = std::numeric_limits<double>::quiet_NaN();
    else
        fields.number("value", metric.value);
    fields.text("source", metric.source);
    fields.text("stream", metric.stream);
    return fields.finish(std::move(metric));
}

Result<Extraction> extraction_from_json(const json& value) {
    Extraction extraction;
    Fields fields(value, "extraction");
    fields.integer("payload", extraction.payload);
    fields.text("stream", extraction.stream);
    fields.array("metrics", extraction.metrics, read_metric);
    fields.texts("problems", extraction.problems);
    fields.text("unavailable", extraction.unavailable);
    fields.text("hint", extraction.hint);
    fields.text("model_sha256", extraction.model_sha256);
    fields.integer("duration_ns", extraction.duration_ns);
    return fields.finish(std::move(extraction));
}

} // namespace ktstr::plan
