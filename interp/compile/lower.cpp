// SPDX-License-Identifier: GPL-2.0-only
#include "interp/compile/lower.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "interp/check/check.h"
#include "interp/plan/work_types.h"

namespace ktstr::lower {

using syntax::Kind;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;
constexpr int max_workers = 10'000;

// 512 MiB do for 8 CPUs; each further one adds per-CPU areas, stacks and its share of workers.
std::uint64_t default_memory(const plan::Topology& topology) {
    const auto more_cpus = static_cast<std::uint64_t>(std::max(0, topology.cpus() - 8));
    const std::uint64_t wanted = 512 * mib + more_cpus * 32 * mib;
    const std::uint64_t per_nodes = static_cast<std::uint64_t>(topology.nodes) * 128 * mib; // equal, round parts
    return (wanted + per_nodes - 1) / per_nodes * per_nodes;
}

class Lowering {
  public:
    Lowering(const model::Scenario& scenario, const plan::Topology& topology, Diagnostics& diagnostics)
        : scenario_(scenario), topology_(topology), diagnostics_(diagnostics) {}

    std::vector<plan::Op> ops(const std::vector<model::Op>& ops) {
        std::vector<plan::Op> result;
        for (const auto& op : ops) result.push_back({action(op), check::position_of(op.span)});
        return result;
    }

    // Forgets the cgroups that were made since the last call.
    void end_step() {
        for (const auto& path : made_in_step_) forget(path);
        made_in_step_.clear();
    }
    void end_backdrop() { made_in_step_.clear(); }

  private:
    plan::Op::Action action(const model::Op& op) {
        const auto path = [&](std::size_t i) { return i < op.cgroups.size() ? op.cgroups[i].path : std::string(); };
        switch (op.kind) {
        case Kind::cgroup: return plan::AddCgroup{cgroup(*op.added)};
        case Kind::remove_cgroup: forget(path(0)); return plan::RemoveCgroup{path(0), op.if_present};
        case Kind::set_cpuset: return set_cpuset(op);
        case Kind::clear_cpuset: cpusets_.erase(path(0)); return plan::ClearCpuset{path(0)};
        case Kind::swap_cpusets:
            std::swap(cpusets_[path(0)], cpusets_[path(1)]);
            return plan::SwapCpusets{path(0), path(1)};
        case Kind::spawn: return plan::Spawn{path(0), work(*op.work, path(0))};
        case Kind::stop_cgroup: return plan::StopCgroup{path(0)};
        case Kind::set_affinity: return plan::SetAffinity{path(0), affinity(op.set, path(0))};
        case Kind::move_all_tasks: return plan::MoveAllTasks{path(0), path(1)};
        case Kind::freeze_cgroup: return plan::FreezeCgroup{path(0)};
        case Kind::unfreeze_cgroup: return plan::UnfreezeCgroup{path(0)};
        case Kind::attach_scheduler: return plan::AttachScheduler{};
        case Kind::detach_scheduler: return plan::DetachScheduler{};
        case Kind::restart_scheduler: return plan::RestartScheduler{};
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
        for (const auto& group : cgroup.works) spec.works.push_back(work(group, spec.name));
        return spec;
    }

    plan::SetCpuset set_cpuset(const model::Op& op) {
        const std::string name = op.cgroups.empty() ? std::string() : op.cgroups.front().path;
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
        return work;
    }

    int workers(const model::Work& model, const plan::WorkType& type, const std::string& cgroup) {
        const int group = type.group_size;
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

    plan::Affinity affinity(const std::optional<model::PlacedSet>& set, const std::string& cgroup) {
        if (!set) return {};
        const plan::CpuSet cpus = resolve_cpus(*set, topology_, diagnostics_);
        const plan::CpuSet allowed = cpus_of(cgroup);
        const bool meets =
            std::any_of(cpus.members().begin(), cpus.members().end(), [&](int cpu) { return allowed.contains(cpu); });
        if (!meets && !cpus.empty())
            diagnostics_.add(Code::affinity_outside_cpuset, set->span,
                             "none of the CPUs " + cpus.list() + " is in the cgroup's cpuset, " + allowed.list());
        return {plan::Affinity::Kind::exact, cpus};
    }

    void forget(const std::string& path) {
        std::erase_if(cpusets_, [&](const auto& entry) {
            return entry.first == path || entry.first.compare(0, path.size() + 1, path + "/") == 0;
        });
    }

    const model::Scenario& scenario_;
    plan::Topology topology_;
    Diagnostics& diagnostics_;
    std::map<std::string, std::optional<plan::CpuSet>> cpusets_; // of the cgroups that have one
    std::vector<std::string> made_in_step_;
};

} // namespace

plan::Plan lower(const model::Scenario& scenario, const CompileOptions& options, Diagnostics& diagnostics) {
    plan::Plan plan;
    plan.scenario = scenario.name;
    plan.source = check::position_of(scenario.span);
    plan.topology = options.topology.value_or(scenario.topology);
    plan.memory_bytes = scenario.memory_bytes.value_or(default_memory(plan.topology));
    plan.scheduler = scenario.scheduler;
    plan.kernel_args = scenario.kernel_args;
    plan.sysctls = scenario.sysctls;
    plan.expectations = scenario.expectations;
    const auto holds = step_holds(scenario, options, diagnostics);
    Lowering lowering(scenario, plan.topology, diagnostics);
    plan.backdrop = lowering.ops(scenario.backdrop);
    lowering.end_backdrop();
    for (std::size_t i = 0; i < scenario.steps.size() && i < holds.size(); ++i) {
        const auto& step = scenario.steps[i];
        plan.steps.push_back({step.name, lowering.ops(step.ops), holds[i], check::position_of(step.span)});
        lowering.end_step();
    }
    plan.duration_ns = std::accumulate(holds.begin(), holds.end(), std::uint64_t{0});
    return plan;
}

} // namespace ktstr::lower
