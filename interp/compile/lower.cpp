// SPDX-License-Identifier: GPL-2.0-only
#include "interp/compile/lower.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "interp/check/check.h"
#include "interp/plan/memory.h"
#include "interp/plan/work_types.h"

namespace ktstr::lower {

using syntax::Kind;

namespace {

constexpr int max_workers = 10'000;

class Lowering {
  public:
    Lowering(const plan::Topology& topology, Diagnostics& diagnostics)
        : topology_(topology), diagnostics_(diagnostics) {}

    std::vector<plan::Op> ops(const std::vector<model::Op>& ops) {
        std::vector<plan::Op> result;
        for (const auto& op : ops) result.push_back({action(op), check::position_of(op.span)});
        return result;
    }

    // Forgets the cgroups that are torn down.
    void end_step(const plan::Step& step) {
        for (const auto& path : made_in_step_)
            if (!step.keeps_cgroup(path)) forget(path);
        std::erase_if(made_in_step_, [&step](const std::string& path) { return !step.keeps_cgroup(path); });
    }
    void end_backdrop() { made_in_step_.clear(); }

  private:
    plan::Op::Action action(const model::Op& op) {
        const auto path = [&](std::size_t i) { return i < op.cgroups.size() ? op.cgroups[i].name : std::string(); };
        if (op.action) return *op.action;
        switch (op.kind) {
        case Kind::add_cgroup:
        case Kind::cgroup: return plan::AddCgroup{cgroup(*op.added)};
        case Kind::remove_cgroup: forget(path(0)); return plan::RemoveCgroup{path(0), op.if_present};
        case Kind::set_cpuset: return set_cpuset(op);
        case Kind::clear_cpuset: cpusets_.erase(path(0)); return plan::ClearCpuset{path(0)};
        case Kind::swap_cpusets:
            std::swap(cpusets_[path(0)], cpusets_[path(1)]);
            return plan::SwapCpusets{path(0), path(1)};
        case Kind::spawn: return plan::Spawn{path(0), work(*op.work, path(0))};
        case Kind::stop_cgroup: return plan::StopCgroup{path(0)};
        case Kind::set_affinity:
            return plan::SetAffinity{path(0), affinity(op.affinity.value_or(model::Affinity{}), path(0))};
        case Kind::move_all_tasks: return plan::MoveAllTasks{path(0), path(1)};
        case Kind::freeze_cgroup: return plan::FreezeCgroup{path(0)};
        case Kind::unfreeze_cgroup: return plan::UnfreezeCgroup{path(0)};
        default: std::abort();
        }
    }

    plan::CgroupSpec cgroup(const model::Cgroup& cgroup) {
        plan::CgroupSpec spec = cgroup.spec;
        made_in_step_.push_back(spec.name);
        cpusets_.erase(spec.name);
        if (cgroup.cpus) {
            const plan::CpuSet cpus = confined(*cgroup.cpus, spec.name);
            spec.cpus = cpus;
            spec.mems = plan::nodes_of(topology_, cpus);
            cpusets_[spec.name] = cpus;
        }
        if (cgroup.mems) spec.mems = resolve_nodes(*cgroup.mems, topology_, diagnostics_);
        if (spec.mems) mems_[spec.name] = *spec.mems;
        for (const auto& group : cgroup.works) spec.works.push_back(work(group, spec.name));
        return spec;
    }

    plan::SetCpuset set_cpuset(const model::Op& op) {
        const std::string name = op.cgroups.empty() ? std::string() : op.cgroups.front().name;
        if (!op.set) return {name, {}, {}};
        const plan::CpuSet cpus = confined(*op.set, name);
        cpusets_[name] = cpus;
        return {name, cpus,
                op.mems ? resolve_nodes(*op.mems, topology_, diagnostics_) : plan::nodes_of(topology_, cpus)};
    }

    // A set that must lie within what the parent of the cgroup may use.
    plan::CpuSet confined(const model::PlacedSet& set, const std::string& name) {
        plan::CpuSet cpus = resolve_cpus(set, topology_, diagnostics_);
        const auto slash = name.rfind('/');
        if (slash == std::string::npos) return cpus;
        const std::string parent = name.substr(0, slash);
        const plan::CpuSet allowed = cpus_of(parent);
        const bool inside =
            std::all_of(cpus.members().begin(), cpus.members().end(), [&](int cpu) { return allowed.contains(cpu); });
        if (!inside)
            diagnostics_.add(Code::outside_parent, set.span,
                             "CPUs " + cpus.list() + " are not all among those of the parent `" + parent +
                                 "`, which has " + allowed.list());
        return cpus;
    }

    // What the workers of a cgroup may run on: its own cpuset or that of the nearest cgroup above that has one.
    plan::CpuSet cpus_of(std::string name) {
        while (!name.empty()) {
            const auto found = cpusets_.find(name);
            if (found != cpusets_.end() && found->second) return *found->second;
            const auto slash = name.rfind('/');
            name = slash == std::string::npos ? std::string() : name.substr(0, slash);
        }
        return plan::CpuSet::range(0, topology_.cpus() - 1);
    }

    plan::Work work(const model::Work& model, const std::string& cgroup) {
        plan::Work work = model.work;
        const plan::WorkType* type = plan::find_work_type(work.work_type);
        if (type == nullptr) return work; // reported
        work.workers = workers(model, *type, cgroup);
        work.affinity = affinity(model.affinity, cgroup);
        if (model.memory_policy) work.memory_policy = memory_policy(*model.memory_policy, cgroup);
        return work;
    }

    int workers(const model::Work& model, const plan::WorkType& type, const std::string& cgroup) {
        const int group = type.group_size_with(model.work.parameters);
        if (!model.count.count) {
            const double exact = model.count.fraction * cpus_of(cgroup).size();
            const int wanted = std::max(1, static_cast<int>(std::ceil(exact - 1e-9)));
            const int rounded = (wanted + group - 1) / group * group;
            if (rounded > max_workers)
                diagnostics_.add(Code::out_of_range, model.count.span,
                                 "this makes " + std::to_string(rounded) + " workers, at most " +
                                     std::to_string(max_workers) + " are possible");
            return rounded;
        }
        const int count = *model.count.count;
        if (count % group != 0)
            diagnostics_.add(Code::group_size, model.count.span,
                             "`" + type.name + "` works in groups of " + std::to_string(group) + ", " +
                                 std::to_string(count) + (count == 1 ? " worker does" : " workers do") +
                                 " not divide into them",
                             "write " + std::to_string((count + group - 1) / group * group));
        return count;
    }

    plan::Affinity affinity(const model::Affinity& affinity, const std::string& cgroup) {
        plan::Affinity out{affinity.kind, {}, affinity.count};
        const plan::CpuSet allowed = cpus_of(cgroup);
        if (affinity.set) {
            out.cpus = resolve_cpus(*affinity.set, topology_, diagnostics_);
            const auto& members = out.cpus.members();
            const bool meets =
                std::any_of(members.begin(), members.end(), [&](int cpu) { return allowed.contains(cpu); });
            if (!meets && !out.cpus.empty())
                diagnostics_.add(Code::affinity_outside_cpuset, affinity.span,
                                 "none of the CPUs " + out.cpus.list() + " is in the cgroup's cpuset, " +
                                     allowed.list());
        }
        if (affinity.kind == plan::Affinity::Kind::random && affinity.count > allowed.size())
            diagnostics_.add(Code::affinity_outside_cpuset, affinity.span,
                             std::to_string(affinity.count) + " CPUs cannot be drawn from the cgroup's " +
                                 std::to_string(allowed.size()));
        if (affinity.kind == plan::Affinity::Kind::smt_siblings && topology_.threads < 2)
            diagnostics_.add(Code::outside_topology, affinity.span,
                             "there are no SMT siblings: the topology " + topology_.label() +
                                 " has one thread per core");
        return out;
    }

    plan::MemoryPolicy memory_policy(const model::MemoryPolicy& policy, const std::string& cgroup) {
        plan::MemoryPolicy out = policy.policy;
        if (!policy.nodes) return out;
        out.nodes = resolve_nodes(*policy.nodes, topology_, diagnostics_);
        const plan::CpuSet allowed = mems_of(cgroup);
        for (const int node : out.nodes.members())
            if (!allowed.contains(node)) {
                diagnostics_.add(Code::nodes_outside_mems, policy.nodes->span,
                                 "NUMA node " + std::to_string(node) + " is not among those of the cgroup, " +
                                     allowed.list(),
                                 "the cgroup's `mems` follow its cpuset unless they are given");
                break;
            }
        return out;
    }

    plan::CpuSet mems_of(std::string name) {
        while (!name.empty()) {
            if (const auto found = mems_.find(name); found != mems_.end()) return found->second;
            const auto slash = name.rfind('/');
            name = slash == std::string::npos ? std::string() : name.substr(0, slash);
        }
        return plan::CpuSet::range(0, topology_.nodes - 1);
    }

    void forget(const std::string& path) {
        cpusets_.erase(path);
        const auto below = cpusets_.lower_bound(path + "/"); // what is below a path stands together
        auto end = below;
        while (end != cpusets_.end() && end->first.compare(0, path.size() + 1, path + "/") == 0) ++end;
        cpusets_.erase(below, end);
    }

    plan::Topology topology_;
    Diagnostics& diagnostics_;
    std::map<std::string, std::optional<plan::CpuSet>> cpusets_; // of the cgroups that have one
    std::map<std::string, plan::CpuSet> mems_;
    std::vector<std::string> made_in_step_;
};

constexpr std::uint64_t least_capture_spacing_ns = 100'000'000;

// N snapshots at 10 % + i * 80 % / (N + 1) of the window, i from 1: the beginning and the end are left alone.
std::vector<std::uint64_t> capture_times(const model::Scenario& scenario, std::uint64_t window,
                                         Diagnostics& diagnostics) {
    std::vector<std::uint64_t> times;
    if (scenario.captures == 0) return times;
    const auto parts = static_cast<std::uint64_t>(scenario.captures) + 1;
    const std::uint64_t spacing = window / 10 * 8 / parts;
    if (spacing < least_capture_spacing_ns) {
        const std::uint64_t most = window / 10 * 8 / least_capture_spacing_ns;
        diagnostics.add(Code::capture_spacing, scenario.captures_span,
                        "the snapshots are " + check::show_duration(static_cast<std::int64_t>(spacing / 1000 * 1000)) +
                            " apart, at least 100ms are needed",
                        most > 1 ? "the duration allows at most " + std::to_string(most - 1)
                                 : "make the scenario's `duration` longer");
        return times;
    }
    for (std::uint64_t i = 1; i < parts; ++i) times.push_back(window / 10 + i * spacing);
    return times;
}

void check_deadlines(const model::Scenario& scenario, std::uint64_t window, Diagnostics& diagnostics) {
    for (const auto& expectation : scenario.expectations)
        for (const auto& time : expectation.times)
            if (time.ns > window)
                diagnostics.add(Code::beyond_duration, time.span,
                                "this is after the end of the scenario, which lasts " +
                                    check::show_duration(static_cast<std::int64_t>(window)),
                                "times count from the start of the workload");
}

// What the scenario says of the machine's memory must agree with what its topology says of its nodes.
void check_memory(const model::Scenario& scenario, Diagnostics& diagnostics) {
    std::uint64_t named = 0;
    bool all_named = !scenario.topology.node_list.empty();
    for (const auto& node : scenario.topology.node_list) {
        named += node.memory_bytes;
        all_named = all_named && node.memory_bytes > 0;
    }
    if (!scenario.memory_bytes || named == 0) return;
    if (all_named ? *scenario.memory_bytes == named : *scenario.memory_bytes > named) return;
    diagnostics.add(Code::out_of_range, scenario.span,
                    "the memory is " + check::show_size(static_cast<std::int64_t>(*scenario.memory_bytes)) +
                        ", the nodes of the topology have " + check::show_size(static_cast<std::int64_t>(named)),
                    all_named ? "leave `memory` away: the nodes say it all"
                              : "leave more for the nodes that name none");
}

} // namespace

plan::Plan lower(const model::Scenario& scenario, const CompileOptions& options, Diagnostics& diagnostics) {
    const std::size_t mark = diagnostics.size();
    plan::Plan plan;
    plan.scenario = scenario.name;
    plan.source = check::position_of(scenario.span);
    plan.topology = scenario.topology;
    check_memory(scenario, diagnostics);
    plan.memory_bytes = scenario.memory_bytes.value_or(plan::default_memory(plan.topology));
    plan.scheduler = scenario.scheduler;
    plan.schedulers = scenario.schedulers;
    plan.payloads = scenario.payloads;
    plan.kernel_args = scenario.kernel_args;
    plan.sysctls = scenario.sysctls;
    plan.checks = scenario.checks;
    plan.parameters = scenario.parameters;
    for (const auto& expectation : scenario.expectations) plan.expectations.push_back(expectation.expectation);
    const auto holds = step_holds(scenario, options, diagnostics);
    Lowering lowering(plan.topology, diagnostics);
    plan.backdrop = lowering.ops(scenario.backdrop);
    lowering.end_backdrop();
    for (std::size_t i = 0; i < scenario.steps.size() && i < holds.size(); ++i) {
        const auto& step = scenario.steps[i];
        plan.steps.push_back({step.name, lowering.ops(step.ops), holds[i], lowering.ops(step.loop), step.every_ns,
                              step.keeps, check::position_of(step.span)});
        lowering.end_step(plan.steps.back());
    }
    plan.duration_ns = std::accumulate(holds.begin(), holds.end(), std::uint64_t{0});
    plan.captures_ns = capture_times(scenario, plan.duration_ns, diagnostics);
    if (!options.duration_ns) check_deadlines(scenario, plan.duration_ns, diagnostics);
    scenario.explain(diagnostics, mark);
    return plan;
}

} // namespace ktstr::lower
