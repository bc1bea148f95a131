// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/plan.h"

#include <algorithm>

#include "base/hash.h"
#include "interp/plan/consistency.h"
#include "interp/plan/document.h"

namespace ktstr::plan {

using nlohmann::json;

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, SourcePosition>& source) {
    visitor.text("file", source.file);
    visitor.integer("line", source.line, 0);
    visitor.integer("column", source.column, 0);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Topology::Node>& node) {
    visitor.integer("llcs", node.llcs, 0, max_cpus);
    visitor.integer("memory_bytes", node.memory_bytes);
    visitor.integers("distances", node.distances);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Topology>& topology) {
    visitor.integer("nodes", topology.nodes, 1, max_nodes);
    visitor.integer("llcs", topology.llcs, 1, max_cpus);
    visitor.integer("cores", topology.cores, 1, max_cpus);
    visitor.integer("threads", topology.threads, 1, max_cpus);
    visitor.list("node_list", topology.node_list);
    if constexpr (Visitor::reading)
        if (visitor.ok())
            if (auto valid = check_topology(topology); !valid)
                visitor.fail(Error{visitor.where() + ": " + valid.error().message, valid.error().hint});
}

namespace {

void visit_version(Writer& writer, const Plan&) { writer.set("plan_version", plan_version); }
void visit_version(Reader& reader, Plan&) {
    int version = 0;
    reader.integer("plan_version", version);
    if (reader.ok() && version != plan_version)
        reader.fail(Error{reader.where() + ".plan_version is " + std::to_string(version) +
                              ", this version of ktstr knows " + std::to_string(plan_version),
                          "make it again with this version's `ktstr plan`"});
}

std::string bytes_of(const Plan& plan, Writer::Form form) {
    return Writer::json_of(plan, form).dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Plan>& plan) {
    visit_version(visitor, plan);
    visitor.text("scenario", plan.scenario);
    visitor.source(plan.source);
    visitor.structure("topology", plan.topology);
    visitor.integer("memory_bytes", plan.memory_bytes);
    visitor.integer("duration_ns", plan.duration_ns);
    visitor.optional_text("scheduler", plan.scheduler);
    visitor.list("schedulers", plan.schedulers);
    visitor.list("payloads", plan.payloads);
    visitor.texts("kernel_args", plan.kernel_args);
    visitor.text_map("sysctls", plan.sysctls);
    visitor.integers("captures_ns", plan.captures_ns);
    visitor.list("backdrop", plan.backdrop);
    visitor.list("steps", plan.steps);
    visitor.list("expectations", plan.expectations);
    visitor.list("checks", plan.checks);
    visitor.text_map("parameters", plan.parameters);
}

std::string_view to_string(Policy policy) { return name_of(policy_names, policy); }
std::string_view to_string(Comparison comparison) { return name_of(comparison_names, comparison); }
std::string_view to_string(Expectation::Kind kind) { return name_of(expectation_names, kind); }

const Scheduler* Plan::initial_scheduler() const {
    if (!scheduler) return nullptr;
    const auto found = std::find_if(schedulers.begin(), schedulers.end(),
                                    [this](const Scheduler& one) { return one.name == *scheduler; });
    return found == schedulers.end() ? nullptr : &*found;
}

bool Plan::expects(Expectation::Kind kind) const {
    return std::any_of(expectations.begin(), expectations.end(),
                       [kind](const Expectation& expectation) { return expectation.kind == kind; });
}

json to_json(const SourcePosition& source) { return Writer::json_of(source, Writer::Form::whole); }
json to_json(const Plan& plan) { return Writer::json_of(plan, Writer::Form::whole); }

std::string canonical_bytes(const Plan& plan) { return bytes_of(plan, Writer::Form::whole); }
std::string plan_hash(const Plan& plan) { return sha256_hex(bytes_of(plan, Writer::Form::identity)); }

Result<Plan> plan_from_json(const json& value) {
    auto plan = Reader::read<Plan>(value, "plan");
    if (!plan) return plan;
    if (auto consistent = check_consistent(*plan); !consistent) return consistent.error();
    return plan;
}

Result<Topology> topology_from_json(const json& value) {
    auto topology = Reader::read<Topology>(value, "topology");
    if (!topology) return topology;
    if (auto valid = check_topology(*topology); !valid) return valid.error();
    return topology;
}

KTSTR_DESCRIBED(SourcePosition);
KTSTR_DESCRIBED(Topology::Node);
KTSTR_DESCRIBED(Topology);
KTSTR_DESCRIBED(Plan);

} // namespace ktstr::plan
