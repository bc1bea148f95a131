// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/plan.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "interp/plan/fields.h"
#include "interp/plan/work_types.h"

namespace ktstr::plan {

using nlohmann::json;

namespace {

template <typename Enum, std::size_t N> using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Policy, 6> policy_names = {{{Policy::normal, "normal"},
                                            {Policy::batch, "batch"},
                                            {Policy::idle, "idle"},
                                            {Policy::fifo, "fifo"},
                                            {Policy::rr, "rr"},
                                            {Policy::ext, "ext"}}};
constexpr Names<Comparison, 4> comparison_names = {{{Comparison::less, "<"},
                                                    {Comparison::less_equal, "<="},
                                                    {Comparison::greater, ">"},
                                                    {Comparison::greater_equal, ">="}}};
constexpr Names<Expectation::Kind, 6> expectation_names = {{{Expectation::Kind::progress, "progress"},
                                                            {Expectation::Kind::spread, "spread"},
                                                            {Expectation::Kind::gap, "gap"},
                                                            {Expectation::Kind::isolation, "isolation"},
                                                            {Expectation::Kind::throughput, "throughput"},
                                                            {Expectation::Kind::error, "error"}}};
constexpr Names<Affinity::Kind, 2> affinity_names = {
    {{Affinity::Kind::inherit, "inherit"}, {Affinity::Kind::exact, "exact"}}};

template <typename Enum, std::size_t N> std::string_view name_of(const Names<Enum, N>& names, Enum value) {
    for (const auto& [candidate, name] : names)
        if (candidate == value) return name;
    std::abort();
}

// A parser for Fields::choice.
template <typename Enum, std::size_t N> auto parser_of(const Names<Enum, N>& names) {
    return [&names](std::string_view word) -> std::optional<Enum> {
        for (const auto& [candidate, name] : names)
            if (name == word) return candidate;
        return std::nullopt;
    };
}

json optional_list(const std::optional<CpuSet>& cpus) { return cpus ? json(cpus->list()) : json(nullptr); }
json optional_count(const std::optional<std::uint64_t>& count) { return count ? json(*count) : json(nullptr); }

json affinity_json(const Affinity& affinity) {
    return {{"kind", name_of(affinity_names, affinity.kind)}, {"cpus", affinity.cpus.list()}};
}

json work_json(const Work& work) {
    return {{"name", work.name},
            {"work_type", work.work_type},
            {"parameters", work.parameters},
            {"workers", work.workers},
            {"policy", to_string(work.policy)},
            {"priority", work.priority},
            {"nice", work.nice},
            {"affinity", affinity_json(work.affinity)},
            {"source", to_json(work.source)}};
}

json cgroup_json(const CgroupSpec& spec) {
    json works = json::array();
    for (const auto& work : spec.works) works.push_back(work_json(work));
    return {{"name", spec.name},
            {"cpus", optional_list(spec.cpus)},
            {"mems", optional_list(spec.mems)},
            {"cpu_weight", optional_count(spec.cpu_weight)},
            {"cpu_max_quota_ns", optional_count(spec.cpu_max_quota_ns)},
            {"cpu_max_period_ns", spec.cpu_max_period_ns},
            {"memory_max_bytes", optional_count(spec.memory_max_bytes)},
            {"works", works}};
}

// One overload per op: its own fields.
json action_json(const AddCgroup& op) { return {{"spec", cgroup_json(op.spec)}}; }
json action_json(const RemoveCgroup& op) { return {{"cgroup", op.cgroup}, {"if_present", op.if_present}}; }
json action_json(const SetCpuset& op) {
    return {{"cgroup", op.cgroup}, {"cpus", op.cpus.list()}, {"mems", op.mems.list()}};
}
json action_json(const ClearCpuset& op) { return {{"cgroup", op.cgroup}}; }
json action_json(const SwapCpusets& op) { return {{"first", op.first}, {"second", op.second}}; }
json action_json(const Spawn& op) { return {{"cgroup", op.cgroup}, {"work", work_json(op.work)}}; }
json action_json(const StopCgroup& op) { return {{"cgroup", op.cgroup}}; }
json action_json(const SetAffinity& op) { return {{"cgroup", op.cgroup}, {"affinity", affinity_json(op.affinity)}}; }
json action_json(const MoveAllTasks& op) { return {{"from", op.from}, {"to", op.to}}; }
json action_json(const FreezeCgroup& op) { return {{"cgroup", op.cgroup}}; }
json action_json(const UnfreezeCgroup& op) { return {{"cgroup", op.cgroup}}; }
json action_json(const AttachScheduler&) { return json::object(); }
json action_json(const DetachScheduler&) { return json::object(); }
json action_json(const RestartScheduler&) { return json::object(); }

json op_json(const Op& op) {
    json result = std::visit([](const auto& action) { return action_json(action); }, op.action);
    result["op"] = op.name();
    result["source"] = to_json(op.source);
    return result;
}

json ops_json(const std::vector<Op>& ops) {
    json result = json::array();
    for (const auto& op : ops) result.push_back(op_json(op));
    return result;
}

json step_json(const Step& step) {
    return {
        {"name", step.name}, {"ops", ops_json(step.ops)}, {"hold_ns", step.hold_ns}, {"source", to_json(step.source)}};
}

json scheduler_json(const Scheduler& scheduler) {
    return {{"name", scheduler.name},
            {"binary", scheduler.binary},
            {"args", scheduler.args},
            {"source", to_json(scheduler.source)}};
}

json expectation_json(const Expectation& expectation) {
    return {{"kind", to_string(expectation.kind)},
            {"cgroup", expectation.cgroup},
            {"comparison", to_string(expectation.comparison)},
            {"value", expectation.value},
            {"text", expectation.text},
            {"text_is_regex", expectation.text_is_regex},
            {"written", expectation.written},
            {"source", to_json(expectation.source)}};
}

Result<SourcePosition> read_source(const json& value, const std::string& where) {
    SourcePosition source;
    Fields fields(value, where);
    fields.text("file", source.file);
    fields.integer("line", source.line);
    fields.integer("column", source.column);
    return fields.finish(source);
}

Result<Affinity> read_affinity(const json& value, const std::string& where) {
    Affinity affinity;
    Fields fields(value, where);
    fields.choice("kind", affinity.kind, parser_of(affinity_names));
    fields.cpu_set("cpus", affinity.cpus);
    return fields.finish(affinity);
}

Result<Work> read_work(const json& value, const std::string& where) {
    Work work;
    Fields fields(value, where);
    fields.text("name", work.name);
    fields.text("work_type", work.work_type);
    fields.object("parameters", work.parameters);
    fields.integer("workers", work.workers);
    fields.choice("policy", work.policy, parser_of(policy_names));
    fields.integer("priority", work.priority);
    fields.integer("nice", work.nice);
    fields.nested("affinity", work.affinity, read_affinity);
    fields.nested("source", work.source, read_source);
    if (fields.error()) return *fields.error();
    const WorkType* type = find_work_type(work.work_type);
    if (type == nullptr)
        fields.fail_field("work_type", ("'" + work.work_type + "' is not known to this executor").c_str());
    if (work.workers < 1 || work.workers > 100000) fields.fail_field("workers", "is not in 1..100000");
    if (type != nullptr)
        for (const auto& parameter : type->parameters) {
            std::int64_t number = 0;
            Fields(work.parameters, where + ".parameters").integer(parameter.name.c_str(), number);
            if (!work.parameters.contains(parameter.name) || number < parameter.minimum || number > parameter.maximum)
                fields.fail_field(("parameters." + parameter.name).c_str(), "is missing or out of its range");
        }
    return fields.finish(work);
}

Result<CgroupSpec> read_cgroup(const json& value, const std::string& where) {
    CgroupSpec spec;
    Fields fields(value, where);
    fields.text("name", spec.name);
    fields.optional_cpu_set("cpus", spec.cpus);
    fields.optional_cpu_set("mems", spec.mems);
    fields.optional_count("cpu_weight", spec.cpu_weight);
    fields.optional_count("cpu_max_quota_ns", spec.cpu_max_quota_ns);
    fields.integer("cpu_max_period_ns", spec.cpu_max_period_ns);
    fields.optional_count("memory_max_bytes", spec.memory_max_bytes);
    fields.array("works", spec.works, read_work);
    return fields.finish(spec);
}

void read_action(Fields& fields, AddCgroup& op) { fields.nested("spec", op.spec, read_cgroup); }
void read_action(Fields& fields, RemoveCgroup& op) {
    fields.text("cgroup", op.cgroup);
    fields.boolean("if_present", op.if_present);
}
void read_action(Fields& fields, SetCpuset& op) {
    fields.text("cgroup", op.cgroup);
    fields.cpu_set("cpus", op.cpus);
    fields.cpu_set("mems", op.mems);
}
void read_action(Fields& fields, ClearCpuset& op) { fields.text("cgroup", op.cgroup); }
void read_action(Fields& fields, SwapCpusets& op) {
    fields.text("first", op.first);
    fields.text("second", op.second);
}
void read_action(Fields& fields, Spawn& op) {
    fields.text("cgroup", op.cgroup);
    fields.nested("work", op.work, read_work);
}
void read_action(Fields& fields, StopCgroup& op) { fields.text("cgroup", op.cgroup); }
void read_action(Fields& fields, SetAffinity& op) {
    fields.text("cgroup", op.cgroup);
    fields.nested("affinity", op.affinity, read_affinity);
}
void read_action(Fields& fields, MoveAllTasks& op) {
    fields.text("from", op.from);
    fields.text("to", op.to);
}
void read_action(Fields& fields, FreezeCgroup& op) { fields.text("cgroup", op.cgroup); }
void read_action(Fields& fields, UnfreezeCgroup& op) { fields.text("cgroup", op.cgroup); }
void read_action(Fields&, AttachScheduler&) {}
void read_action(Fields&, DetachScheduler&) {}
void read_action(Fields&, RestartScheduler&) {}

// Tries the alternatives of Op::Action in order until one has the name.
template <std::size_t Index = 0> bool read_action_named(std::string_view name, Fields& fields, Op::Action& action) {
    if constexpr (Index < std::variant_size_v<Op::Action>) {
        if (op_names().at(Index) != name) return read_action_named<Index + 1>(name, fields, action);
        std::variant_alternative_t<Index, Op::Action> op;
        read_action(fields, op);
        action = std::move(op);
        return true;
    } else {
        return false;
    }
}

Result<Op> read_op(const json& value, const std::string& where) {
    Op op;
    std::string name;
    Fields fields(value, where);
    fields.text("op", name);
    fields.nested("source", op.source, read_source);
    if (!fields.error() && !read_action_named(name, fields, op.action))
        fields.fail_field("op", ("'" + name + "' is not known to this executor").c_str());
    return fields.finish(std::move(op));
}

Result<Step> read_step(const json& value, const std::string& where) {
    Step step;
    Fields fields(value, where);
    fields.text("name", step.name);
    fields.array("ops", step.ops, read_op);
    fields.integer("hold_ns", step.hold_ns);
    fields.nested("source", step.source, read_source);
    return fields.finish(std::move(step));
}

Result<Scheduler> read_scheduler(const json& value, const std::string& where) {
    Scheduler scheduler;
    Fields fields(value, where);
    fields.text("name", scheduler.name);
    fields.text("binary", scheduler.binary);
    fields.texts("args", scheduler.args);
    fields.nested("source", scheduler.source, read_source);
    return fields.finish(std::move(scheduler));
}

Result<Expectation> read_expectation(const json& value, const std::string& where) {
    Expectation expectation;
    Fields fields(value, where);
    fields.choice("kind", expectation.kind, parser_of(expectation_names));
    fields.text("cgroup", expectation.cgroup);
    fields.choice("comparison", expectation.comparison, parser_of(comparison_names));
    fields.number("value", expectation.value);
    fields.text("text", expectation.text);
    fields.boolean("text_is_regex", expectation.text_is_regex);
    fields.text("written", expectation.written);
    fields.nested("source", expectation.source, read_source);
    return fields.finish(std::move(expectation));
}

} // namespace

const std::vector<std::string>& op_names() {
    static const std::vector<std::string> names = {
        "add_cgroup",      "remove_cgroup",    "set_cpuset",       "clear_cpuset",     "swap_cpusets",
        "spawn",           "stop_cgroup",      "set_affinity",     "move_all_tasks",   "freeze_cgroup",
        "unfreeze_cgroup", "attach_scheduler", "detach_scheduler", "restart_scheduler"};
    return names;
}

std::string_view Op::name() const {
    static_assert(std::variant_size_v<Action> == 14, "keep op_names() in step with Op::Action");
    return op_names().at(action.index());
}

std::string_view to_string(Policy policy) { return name_of(policy_names, policy); }
std::string_view to_string(Comparison comparison) { return name_of(comparison_names, comparison); }
std::string_view to_string(Expectation::Kind kind) { return name_of(expectation_names, kind); }

bool Plan::expects_error() const {
    return std::any_of(expectations.begin(), expectations.end(),
                       [](const Expectation& expectation) { return expectation.kind == Expectation::Kind::error; });
}

json to_json(const SourcePosition& source) {
    return {{"file", source.file}, {"line", source.line}, {"column", source.column}};
}

json to_json(const Plan& plan) {
    json steps = json::array();
    for (const auto& step : plan.steps) steps.push_back(step_json(step));
    json expectations = json::array();
    for (const auto& expectation : plan.expectations) expectations.push_back(expectation_json(expectation));
    return {{"plan_version", plan_version},
            {"scenario", plan.scenario},
            {"source", to_json(plan.source)},
            {"topology", plan.topology.label()},
            {"memory_bytes", plan.memory_bytes},
            {"duration_ns", plan.duration_ns},
            {"scheduler", plan.scheduler ? scheduler_json(*plan.scheduler) : json(nullptr)},
            {"kernel_args", plan.kernel_args},
            {"sysctls", plan.sysctls},
            {"backdrop", ops_json(plan.backdrop)},
            {"steps", steps},
            {"expectations", expectations}};
}

std::string canonical_bytes(const Plan& plan) {
    return to_json(plan).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string plan_hash(const Plan& plan) { return sha256_hex(canonical_bytes(plan)); }

Result<Plan> plan_from_json(const json& value) {
    Plan plan;
    Fields fields(value, "plan");
    int version = 0;
    fields.integer("plan_version", version);
    if (!fields.error() && version != plan_version)
        return Error{"plan.plan_version is " + std::to_string(version) + ", this executor knows " +
                     std::to_string(plan_version)};
    fields.text("scenario", plan.scenario);
    fields.nested("source", plan.source, read_source);
    std::string topology;
    fields.text("topology", topology);
    fields.integer("memory_bytes", plan.memory_bytes);
    fields.integer("duration_ns", plan.duration_ns);
    fields.optional_nested("scheduler", plan.scheduler, read_scheduler);
    fields.texts("kernel_args", plan.kernel_args);
    json sysctls;
    fields.object("sysctls", sysctls);
    fields.array("backdrop", plan.backdrop, read_op);
    fields.array("steps", plan.steps, read_step);
    fields.array("expectations", plan.expectations, read_expectation);
    if (fields.error()) return *fields.error();
    auto parsed = parse_topology(topology);
    if (!parsed) return parsed.error();
    plan.topology = *parsed;
    for (const auto& [name, setting] : sysctls.items()) {
        if (!setting.is_string()) return Error{"plan.sysctls." + name + " is not a string"};
        plan.sysctls[name] = setting.get<std::string>();
    }
    return plan;
}

} // namespace ktstr::plan
