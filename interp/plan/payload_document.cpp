// SPDX-License-Identifier: GPL-2.0-only
// The JSON form of schedulers, payloads and checks.
#include "interp/plan/document.h"

namespace ktstr::plan {

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Scheduler>& scheduler) {
    visitor.text("name", scheduler.name);
    visitor.text("binary", scheduler.binary);
    visitor.texts("args", scheduler.args);
    visitor.text("config", scheduler.config);
    visitor.text("config_flag", scheduler.config_flag);
    visitor.text("cgroup_parent", scheduler.cgroup_parent);
    visitor.texts("flags", scheduler.flags);
    visitor.text("enable", scheduler.enable);
    visitor.text("disable", scheduler.disable);
    visitor.source(scheduler.source);
    if constexpr (Visitor::reading)
        visitor.fail_if(scheduler.binary.empty() && scheduler.enable.empty(), "binary",
                        "is empty, and so is enable: the scheduler is neither a program nor built into the kernel");
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Metric>& metric) {
    visitor.text("name", metric.name);
    visitor.text("unit", metric.unit);
    visitor.choice("better", metric.better, polarity_names);
}

static bool names_metric(PayloadCheck::Kind kind) {
    return kind == PayloadCheck::Kind::exists || kind == PayloadCheck::Kind::compare;
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, PayloadCheck>& check) {
    visitor.choice("kind", check.kind, payload_check_names);
    visitor.text("metric", check.metric);
    visitor.choice("comparison", check.comparison, comparison_names);
    visitor.number("value", check.value);
    visitor.written(check.written);
    visitor.source(check.source);
    if constexpr (Visitor::reading)
        visitor.fail_if(names_metric(check.kind) && check.metric.empty(), "metric", "is empty");
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Payload>& payload) {
    visitor.text("name", payload.name);
    visitor.text("binary", payload.binary);
    visitor.texts("args", payload.args);
    visitor.choice("output", payload.output, output_names);
    visitor.text("pattern", payload.pattern);
    visitor.list("metrics", payload.metrics);
    visitor.list("checks", payload.checks);
    visitor.texts("files", payload.files);
    visitor.source(payload.source);
    if constexpr (Visitor::reading) visitor.fail_if(payload.binary.empty(), "binary", "is empty");
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Check>& check) {
    visitor.text("name", check.name);
    visitor.text("lua", check.lua);
    visitor.boolean("always", check.always);
    visitor.source(check.source);
}

KTSTR_DESCRIBED(Scheduler);
KTSTR_DESCRIBED(Metric);
KTSTR_DESCRIBED(PayloadCheck);
KTSTR_DESCRIBED(Payload);
KTSTR_DESCRIBED(Check);

} // namespace ktstr::plan
