// SPDX-License-Identifier: GPL-2.0-only
// The JSON form of workers and cgroups.
#include <algorithm>

#include "interp/plan/document.h"
#include "interp/plan/work_types.h"

namespace ktstr::plan {

using nlohmann::json;

namespace {

constexpr std::uint64_t ns_per_us = 1'000;
constexpr std::uint64_t ns_per_ms = 1'000'000;
constexpr std::size_t max_comm = 15; // TASK_COMM_LEN without the final zero, include/linux/sched.h

json parameter_json(const WorkParameterValue& value) {
    return std::visit(
        [](const auto& held) -> json {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::vector<WorkPhase>>) {
                json phases = json::array();
                for (const auto& phase : held)
                    phases.push_back({{"kind", phase.kind}, {"duration_ns", phase.duration_ns}});
                return phases;
            } else {
                return held;
            }
        },
        value);
}

Result<WorkPhase> read_phase(const json& value, const std::string& where) {
    WorkPhase phase;
    Fields fields(value, where);
    fields.text("kind", phase.kind);
    fields.integer("duration_ns", phase.duration_ns);
    return fields.finish(std::move(phase));
}

// `fields` is the object of all parameters.
Result<WorkParameterValue> read_parameter(Fields& fields, const WorkParameter& parameter) {
    const char* name = parameter.name.c_str();
    WorkParameterValue value = parameter.default_value; // of the type that it must have
    if (auto* number = std::get_if<std::int64_t>(&value)) fields.integer(name, *number);
    if (auto* number = std::get_if<double>(&value)) fields.number(name, *number);
    if (auto* text = std::get_if<std::string>(&value)) fields.text(name, *text);
    if (auto* phases = std::get_if<std::vector<WorkPhase>>(&value)) {
        phases->clear();
        fields.array(name, *phases, read_phase);
    }
    if (!fields.error())
        if (const auto refusal = parameter.refusal(value)) fields.fail_field(name, refusal->c_str());
    return fields.finish(std::move(value));
}

void visit_parameters(Writer& writer, const Work& work) {
    json object = json::object();
    for (const auto& [name, value] : work.parameters) object[name] = parameter_json(value);
    writer.set("parameters", std::move(object));
}

void visit_parameters(Reader& reader, Work& work) {
    const json* object = reader.member("parameters");
    if (object == nullptr) return;
    const WorkType* type = find_work_type(work.work_type);
    if (type == nullptr) return reader.fail("work_type", "'" + work.work_type + "' is not known");
    Fields fields(*object, reader.where() + ".parameters");
    for (const auto& parameter : type->parameters) {
        auto value = read_parameter(fields, parameter);
        if (!value) return reader.fail(value.error());
        work.parameters.insert_or_assign(parameter.name, std::move(*value));
    }
    if (fields.error()) return reader.fail(*fields.error());
    for (const auto& [name, value] : object->items())
        if (type->find(name) == nullptr)
            return reader.fail(("parameters." + name).c_str(), "is not a parameter of " + work.work_type);
}

void check_read(const Writer&, const auto&) {}

void check_read(Reader& reader, const Deadline& deadline) {
    reader.fail_if(deadline.runtime_ns > deadline.deadline_ns, "runtime_ns", "is more than deadline_ns");
    reader.fail_if(deadline.deadline_ns > deadline.period_ns, "deadline_ns", "is more than period_ns");
}

void check_read(Reader& reader, const Affinity& affinity) {
    const bool wants_cpus = affinity.kind == Affinity::Kind::exact || affinity.kind == Affinity::Kind::single;
    reader.fail_if(wants_cpus && affinity.cpus.empty(), "cpus", "is empty");
    reader.fail_if(affinity.kind == Affinity::Kind::random && affinity.count < 1, "count", "is less than 1");
}

void check_read(Reader& reader, const MemoryPolicy& policy) {
    using Mode = MemoryPolicy::Mode;
    const bool wants_nodes = policy.mode == Mode::bind || policy.mode == Mode::preferred ||
                             policy.mode == Mode::interleave || policy.mode == Mode::weighted_interleave;
    reader.fail_if(wants_nodes == policy.nodes.empty(), "nodes",
                   wants_nodes ? "is empty" : "is not empty, but the mode takes no nodes");
    reader.fail_if(policy.static_nodes && policy.relative_nodes, "relative_nodes", "excludes static_nodes");
}

void check_read(Reader& reader, const Work& work) {
    if (!reader.ok()) return;
    const int group = find_work_type(work.work_type)->group_size_with(work.parameters);
    reader.fail_if(work.workers % group != 0, "workers",
                   "is not a multiple of " + std::to_string(group) + ", the size of a group of " + work.work_type);
    reader.fail_if(work.threads && find_work_type(work.work_type)->process_only, "threads",
                   "is true, but workers of " + work.work_type + " are processes");
    reader.fail_if(!work.threads && !work.pcomm.empty(), "pcomm", "is only for workers that are threads");
    reader.fail_if(work.comm.size() > max_comm, "comm", "has more than 15 bytes");
    reader.fail_if(work.pcomm.size() > max_comm, "pcomm", "has more than 15 bytes");
    const bool realtime = work.policy == Policy::fifo || work.policy == Policy::rr;
    reader.fail_if(realtime && work.priority < 1, "priority", "is not in 1..98");
    reader.fail_if((work.policy == Policy::deadline) != work.deadline.has_value(), "deadline",
                   work.deadline ? "is only for the policy deadline" : "is missing for the policy deadline");
}

void check_read(Reader& reader, const CgroupSpec& spec) {
    std::size_t start = 0;
    bool wrong = spec.name.empty();
    while (start <= spec.name.size()) {
        const std::size_t end = std::min(spec.name.find('/', start), spec.name.size());
        const std::string part = spec.name.substr(start, end - start);
        wrong = wrong || part.empty() || part == "." || part == "..";
        start = end + 1;
    }
    reader.fail_if(wrong, "name", "is not the path of a cgroup below the scenario's root, such as a/b");
}

} // namespace

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Deadline>& deadline) {
    visitor.integer("runtime_ns", deadline.runtime_ns, 1024); // DL_SCALE, kernel/sched/deadline.c
    visitor.integer("deadline_ns", deadline.deadline_ns);
    visitor.integer("period_ns", deadline.period_ns);
    check_read(visitor, deadline);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Affinity>& affinity) {
    visitor.choice("kind", affinity.kind, affinity_names);
    visitor.cpu_set("cpus", affinity.cpus);
    visitor.integer("count", affinity.count, 0, max_cpus);
    check_read(visitor, affinity);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, MemoryPolicy>& policy) {
    visitor.choice("mode", policy.mode, memory_mode_names);
    visitor.cpu_set("nodes", policy.nodes);
    visitor.boolean("static_nodes", policy.static_nodes);
    visitor.boolean("relative_nodes", policy.relative_nodes);
    visitor.boolean("numa_balancing", policy.numa_balancing);
    check_read(visitor, policy);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Work>& work) {
    visitor.text("name", work.name);
    visitor.text("work_type", work.work_type);
    visit_parameters(visitor, work);
    visitor.integer("workers", work.workers, 1, 100'000);
    visitor.boolean("threads", work.threads);
    visitor.boolean("swappable", work.swappable);
    visitor.text("comm", work.comm);
    visitor.text("pcomm", work.pcomm);
    visitor.optional_integer("uid", work.uid);
    visitor.optional_integer("gid", work.gid);
    visitor.choice("policy", work.policy, policy_names);
    visitor.integer("priority", work.priority, 0, 98);
    visitor.optional_structure("deadline", work.deadline);
    visitor.integer("nice", work.nice, -20, 19);
    visitor.structure("affinity", work.affinity);
    visitor.optional_structure("memory_policy", work.memory_policy);
    visitor.optional_source("program_source", work.program_source);
    visitor.source(work.source);
    check_read(visitor, work);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, CgroupSpec>& spec) {
    visitor.text("name", spec.name);
    visitor.optional_cpu_set("cpus", spec.cpus);
    visitor.optional_cpu_set("mems", spec.mems);
    visitor.optional_integer("cpu_weight", spec.cpu_weight, 1, 10'000);
    visitor.optional_integer("cpu_max_quota_ns", spec.cpu_max_quota_ns, 1 * ns_per_us);
    visitor.integer("cpu_max_period_ns", spec.cpu_max_period_ns, 1 * ns_per_ms, 1000 * ns_per_ms);
    visitor.optional_integer("memory_max_bytes", spec.memory_max_bytes);
    visitor.optional_integer("memory_high_bytes", spec.memory_high_bytes);
    visitor.optional_integer("memory_low_bytes", spec.memory_low_bytes);
    visitor.optional_integer("memory_swap_max_bytes", spec.memory_swap_max_bytes);
    visitor.optional_integer("io_weight", spec.io_weight, 1, 10'000);
    visitor.optional_integer("pids_max", spec.pids_max);
    visitor.list("works", spec.works);
    check_read(visitor, spec);
}

KTSTR_DESCRIBED(Deadline);
KTSTR_DESCRIBED(Affinity);
KTSTR_DESCRIBED(MemoryPolicy);
KTSTR_DESCRIBED(Work);
KTSTR_DESCRIBED(CgroupSpec);

} // namespace ktstr::plan
