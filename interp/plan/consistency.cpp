// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/consistency.h"

#include <algorithm>
#include <set>

namespace ktstr::plan {

namespace {

class Consistency {
  public:
    explicit Consistency(const Plan& plan) : plan_(plan) {}

    Result<void> check() {
        declarations();
        ops(plan_.backdrop, "plan.backdrop");
        std::uint64_t holds_ns = 0;
        for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
            const std::string where = "plan.steps[" + std::to_string(i) + "]";
            ops(plan_.steps[i].ops, where + ".ops");
            ops(plan_.steps[i].loop, where + ".loop");
            holds_ns += plan_.steps[i].hold_ns;
        }
        require(holds_ns == plan_.duration_ns, "plan.duration_ns",
                "is not the sum of the holds, " + std::to_string(holds_ns));
        captures();
        if (error_) return *error_;
        return {};
    }

  private:
    void require(bool right, const std::string& where, const std::string& what) {
        if (!right && !error_) error_ = Error{where + " " + what};
    }

    void declarations() {
        require(!plan_.scenario.empty(), "plan.scenario", "is empty");
        memory();
        for (const auto& scheduler : plan_.schedulers)
            require(schedulers_.insert(scheduler.name).second, "plan.schedulers",
                    "has the name '" + scheduler.name + "' twice");
        for (const auto& payload : plan_.payloads)
            require(payloads_.insert(payload.name).second, "plan.payloads",
                    "has the name '" + payload.name + "' twice");
        if (plan_.scheduler) scheduler(*plan_.scheduler, "plan.scheduler");
    }

    // Nodes that name no memory of their own share the rest.
    void memory() {
        constexpr std::uint64_t mib = 1ULL << 20U;
        std::uint64_t named = 0;
        std::uint64_t sharing = plan_.topology.node_list.empty() ? 1 : 0;
        for (const auto& node : plan_.topology.node_list) {
            require(node.memory_bytes % mib == 0, "plan.topology.node_list", "has memory that is not whole MiB");
            named += node.memory_bytes;
            if (node.memory_bytes == 0) ++sharing;
        }
        require(plan_.memory_bytes % mib == 0, "plan.memory_bytes", "is not whole MiB");
        require(plan_.memory_bytes >= named + sharing * mib, "plan.memory_bytes", "leaves a node without memory");
        require(sharing > 0 || plan_.memory_bytes == named, "plan.memory_bytes",
                "is not the sum of what the nodes have, " + std::to_string(named));
    }

    void captures() {
        std::uint64_t before = 0;
        for (const auto at : plan_.captures_ns) {
            require(at >= before && at <= plan_.duration_ns, "plan.captures_ns",
                    "is not ascending and within the workload window");
            before = at;
        }
    }

    void ops(const std::vector<Op>& ops, const std::string& where) {
        for (std::size_t i = 0; i < ops.size(); ++i) {
            const std::string here = where + "[" + std::to_string(i) + "]";
            std::visit([this, &here](const auto& action) { one(action, here); }, ops[i].action);
        }
    }

    void one(const AddCgroup& op, const std::string& where) {
        const std::string here = where + ".spec";
        if (op.spec.cpus) cpus(*op.spec.cpus, here + ".cpus");
        if (op.spec.mems) nodes(*op.spec.mems, here + ".mems");
        for (std::size_t i = 0; i < op.spec.works.size(); ++i)
            work(op.spec.works[i], here + ".works[" + std::to_string(i) + "]");
    }
    void one(const SetCpuset& op, const std::string& where) {
        cpus(op.cpus, where + ".cpus");
        nodes(op.mems, where + ".mems");
    }
    void one(const Spawn& op, const std::string& where) { work(op.work, where + ".work"); }
    void one(const SetAffinity& op, const std::string& where) { cpus(op.affinity.cpus, where + ".affinity.cpus"); }
    void one(const RunPayload& op, const std::string& where) { payload(op.payload, where); }
    void one(const WaitPayload& op, const std::string& where) { payload(op.payload, where); }
    void one(const KillPayload& op, const std::string& where) { payload(op.payload, where); }
    void one(const AttachScheduler& op, const std::string& where) {
        if (!op.scheduler.empty()) scheduler(op.scheduler, where + ".scheduler");
    }
    void one(const ReplaceScheduler& op, const std::string& where) { scheduler(op.scheduler, where + ".scheduler"); }
    template <typename Action> void one(const Action&, const std::string&) {} // names nothing of the plan's own

    void work(const Work& work, const std::string& where) {
        cpus(work.affinity.cpus, where + ".affinity.cpus");
        if (work.memory_policy) nodes(work.memory_policy->nodes, where + ".memory_policy.nodes");
    }
    void cpus(const CpuSet& set, const std::string& where) { below(set, plan_.topology.cpus(), "CPUs", where); }
    void nodes(const CpuSet& set, const std::string& where) { below(set, plan_.topology.nodes, "nodes", where); }
    void below(const CpuSet& set, int limit, const std::string& what, const std::string& where) {
        require(set.empty() || set.members().back() < limit, where,
                "has " + what + " that the topology " + plan_.topology.label() + " does not have");
    }
    void scheduler(const std::string& name, const std::string& where) {
        require(schedulers_.contains(name), where, "names '" + name + "', which is not one of plan.schedulers");
    }
    void payload(const std::string& name, const std::string& where) {
        require(payloads_.contains(name), where + ".payload",
                "names '" + name + "', which is not one of plan.payloads");
    }

    const Plan& plan_;
    std::set<std::string> schedulers_;
    std::set<std::string> payloads_;
    std::optional<Error> error_;
};

} // namespace

Result<void> check_consistent(const Plan& plan) { return Consistency(plan).check(); }

} // namespace ktstr::plan
