// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/plan.h"

#include <set>
#include <tuple>

#include "interp/plan/disk.h"
#include "interp/plan/memory.h"

namespace ktstr::vmm {

namespace {

constexpr const char* in_a_vm = "run it in a virtual machine: without --host";

template <typename Plan, typename Visit> void for_each_op(Plan& plan, Visit visit) {
    for (auto& op : plan.backdrop) visit(op);
    for (auto& step : plan.steps) {
        for (auto& op : step.ops) visit(op);
        for (auto& op : step.loop) visit(op);
    }
}

class Refusals {
  public:
    void add(const std::string& message, const plan::SourcePosition& source, const std::string& hint = in_a_vm) {
        if (seen_.emplace(message, source.file, source.line, source.column).second)
            found_.push_back({{message, hint}, source});
    }
    void add_work(const plan::Work& work) {
        if (plan::disk_bytes_of_group(work) > 0)
            add("the work type `" + work.work_type + "` writes to the scratch disk, which only a virtual machine has",
                work.source);
    }
    std::vector<HostRefusal> take() { return std::move(found_); }

  private:
    std::vector<HostRefusal> found_;
    std::set<std::tuple<std::string, std::string, int, int>> seen_;
};

void refuse_op(const plan::Op& op, Refusals& refusals) {
    if (std::holds_alternative<plan::WriteKernel>(op.action) || std::holds_alternative<plan::WriteBpf>(op.action))
        refusals.add("`" + std::string(op.name()) + "` would write into the memory of this machine's kernel",
                     op.source);
    if (std::holds_alternative<plan::PinBpfMap>(op.action))
        refusals.add("`pin_map` keeps a map alive on this machine for good", op.source);
    if (const auto* add = std::get_if<plan::AddCgroup>(&op.action))
        for (const auto& work : add->spec.works) refusals.add_work(work);
    if (const auto* spawn = std::get_if<plan::Spawn>(&op.action)) refusals.add_work(spawn->work);
}

} // namespace

std::optional<std::string> too_small(const plan::Topology& asked, const plan::Topology& machine) {
    const auto lack = [](int wanted, int has, const std::string& noun) -> std::optional<std::string> {
        if (wanted <= has) return std::nullopt;
        return "it asks for " + std::to_string(wanted) + " " + noun + ", and this machine has " + std::to_string(has);
    };
    if (auto text = lack(asked.cpus(), machine.cpus(), "CPUs")) return text;
    if (auto text = lack(asked.nodes, machine.nodes, "NUMA nodes")) return text;
    if (auto text = lack(asked.llcs, machine.llcs, "LLCs")) return text;
    return lack(asked.threads, machine.threads, "threads per core");
}

std::vector<HostRefusal> host_refusals(const plan::Plan& plan, const std::string& active) {
    Refusals refusals;
    if (!active.empty())
        for (const auto& scheduler : plan.schedulers)
            refusals.add("the scheduler `" + scheduler.name + "` would take the place of `" + active +
                             "`, which runs on this machine",
                         scheduler.source, "stop that one, or run it in a virtual machine: without --host");
    for (const auto& scheduler : plan.schedulers) {
        if (!scheduler.cgroup_parent.empty())
            refusals.add("`cgroup_parent` of the scheduler `" + scheduler.name + "` makes a cgroup that stays",
                         scheduler.source);
        if (scheduler.binary.empty())
            refusals.add("`enable` of the scheduler `" + scheduler.name + "` changes the kernel of this machine",
                         scheduler.source);
    }
    for (const auto& [name, value] : plan.sysctls)
        refusals.add("the sysctl " + name + " would be set to " + value + " for all of this machine", plan.source);
    if (!plan.kernel_args.empty())
        refusals.add("the kernel argument '" + plan.kernel_args.front() + "' needs a boot", plan.source);
    if (plan.memory_bytes != plan::default_memory(plan.topology))
        refusals.add("`memory` sizes a virtual machine, and cannot be set for this one", plan.source,
                     "leave it out, or run without --host");
    for (const auto& expectation : plan.expectations)
        if (expectation.kind == plan::Expectation::Kind::repro)
            refusals.add("`repro` keeps the state of a failure, which can be looked at in a virtual machine only",
                         expectation.source);
    for_each_op(plan, [&](const plan::Op& op) { refuse_op(op, refusals); });
    return refusals.take();
}

} // namespace ktstr::vmm
