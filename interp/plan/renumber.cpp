// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/renumber.h"

namespace ktstr::plan {

namespace {

class Renumbering {
  public:
    explicit Renumbering(const std::vector<int>& cpus) : cpus_(cpus) {}

    void apply(CpuSet& set) const {
        std::vector<int> members;
        for (const int cpu : set.members()) members.push_back(cpus_.at(static_cast<std::size_t>(cpu)));
        set = CpuSet(std::move(members));
    }
    void apply(Work& work) const { apply(work.affinity.cpus); }
    void apply(Op& op) const {
        if (auto* add = std::get_if<AddCgroup>(&op.action)) {
            if (add->spec.cpus) apply(*add->spec.cpus);
            for (auto& work : add->spec.works) apply(work);
        }
        if (auto* set = std::get_if<SetCpuset>(&op.action)) apply(set->cpus);
        if (auto* spawn = std::get_if<Spawn>(&op.action)) apply(spawn->work);
        if (auto* affinity = std::get_if<SetAffinity>(&op.action)) apply(affinity->affinity.cpus);
    }

  private:
    const std::vector<int>& cpus_;
};

} // namespace

Plan renumbered(Plan plan, const std::vector<int>& cpus) {
    const Renumbering renumbering(cpus);
    for (auto& op : plan.backdrop) renumbering.apply(op);
    for (auto& step : plan.steps) {
        for (auto& op : step.ops) renumbering.apply(op);
        for (auto& op : step.loop) renumbering.apply(op);
    }
    return plan;
}

} // namespace ktstr::plan
