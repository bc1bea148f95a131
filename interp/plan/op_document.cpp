// SPDX-License-Identifier: GPL-2.0-only
// The JSON form of ops and steps.
#include <algorithm>

#include "interp/plan/document.h"

namespace ktstr::plan {

namespace {

constexpr std::uint64_t most_fires = 1'000'000;

// In the order of Op::Action: the name of each op, and its own members.
struct Members {
    template <typename V> static void visit(V& v, Visited<V, AddCgroup>& op) { v.structure("spec", op.spec); }
    template <typename V> static void visit(V& v, Visited<V, RemoveCgroup>& op) {
        v.text("cgroup", op.cgroup);
        v.boolean("if_present", op.if_present);
    }
    template <typename V> static void visit(V& v, Visited<V, SetCpuset>& op) {
        v.text("cgroup", op.cgroup);
        v.cpu_set("cpus", op.cpus);
        v.cpu_set("mems", op.mems);
    }
    template <typename V> static void visit(V& v, Visited<V, ClearCpuset>& op) { v.text("cgroup", op.cgroup); }
    template <typename V> static void visit(V& v, Visited<V, SwapCpusets>& op) {
        v.text("first", op.first);
        v.text("second", op.second);
    }
    template <typename V> static void visit(V& v, Visited<V, Spawn>& op) {
        v.text("cgroup", op.cgroup);
        v.structure("work", op.work);
    }
    template <typename V> static void visit(V& v, Visited<V, StopCgroup>& op) { v.text("cgroup", op.cgroup); }
    template <typename V> static void visit(V& v, Visited<V, SetAffinity>& op) {
        v.text("cgroup", op.cgroup);
        v.structure("affinity", op.affinity);
    }
    template <typename V> static void visit(V& v, Visited<V, MoveAllTasks>& op) {
        v.text("from", op.from);
        v.text("to", op.to);
    }
    template <typename V> static void visit(V& v, Visited<V, RunPayload>& op) {
        v.text("payload", op.payload);
        v.text("cgroup", op.cgroup);
        v.texts("args", op.args);
    }
    template <typename V> static void visit(V& v, Visited<V, WaitPayload>& op) {
        v.text("payload", op.payload);
        v.text("cgroup", op.cgroup);
        v.integer("limit_ns", op.limit_ns, 1);
    }
    template <typename V> static void visit(V& v, Visited<V, KillPayload>& op) {
        v.text("payload", op.payload);
        v.text("cgroup", op.cgroup);
    }
    template <typename V> static void visit(V& v, Visited<V, FreezeCgroup>& op) { v.text("cgroup", op.cgroup); }
    template <typename V> static void visit(V& v, Visited<V, UnfreezeCgroup>& op) { v.text("cgroup", op.cgroup); }
    template <typename V> static void visit(V& v, Visited<V, CaptureSnapshot>& op) { v.text("name", op.name); }
    template <typename V> static void visit(V& v, Visited<V, WatchSnapshot>& op) {
        v.text("name", op.name);
        v.structure("target", op.target);
        v.integer("max_fires", op.max_fires, 1, most_fires);
        v.integer("min_interval_ns", op.min_interval_ns);
    }
    template <typename V> static void visit(V& v, Visited<V, ReadKernel>& op) {
        v.text("name", op.name);
        v.structure("target", op.target);
        v.boolean("cold", op.cold);
    }
    template <typename V> static void visit(V& v, Visited<V, WriteKernel>& op) {
        v.structure("target", op.target);
        v.integer("value", op.value);
        v.boolean("cold", op.cold);
    }
    template <typename V> static void visit(V& v, Visited<V, AttachScheduler>& op) {
        v.text("scheduler", op.scheduler);
    }
    template <typename V> static void visit(V&, Visited<V, DetachScheduler>&) {}
    template <typename V> static void visit(V&, Visited<V, RestartScheduler>&) {}
    template <typename V> static void visit(V& v, Visited<V, ReplaceScheduler>& op) {
        v.text("scheduler", op.scheduler);
    }
    template <typename V> static void visit(V& v, Visited<V, PinBpfMap>& op) { v.text("map", op.map); }
    template <typename V> static void visit(V& v, Visited<V, WriteBpf>& op) {
        v.text("variable", op.variable);
        v.integer("value", op.value);
    }
    template <typename V> static void visit(V& v, Visited<V, CaptureCgroupProcs>& op) {
        v.text("cgroup", op.cgroup);
        v.text("tag", op.tag);
    }
    template <typename V> static void visit(V& v, Visited<V, CaptureCtprof>& op) { v.text("name", op.name); }
};

// Makes the action the alternative with this name. False if there is none.
template <std::size_t Index = 0> bool choose_action(std::string_view name, Op::Action& action) {
    if constexpr (Index < std::variant_size_v<Op::Action>) {
        if (op_names().at(Index) != name) return choose_action<Index + 1>(name, action);
        action.emplace<Index>();
        return true;
    } else {
        return false;
    }
}

void visit_name(Writer& writer, const Op& op) { writer.text("op", std::string(op.name())); }
void visit_name(Reader& reader, Op& op) {
    std::string name;
    reader.text("op", name);
    reader.fail_if(!choose_action(name, op.action), "op", "'" + name + "' is not known");
}

void check_read(const Writer&, const auto&) {}

void check_read(Reader& reader, const KernelTarget& target) {
    using Kind = KernelTarget::Kind;
    const bool named = target.kind == Kind::symbol || target.kind == Kind::per_cpu || target.kind == Kind::bpf;
    reader.fail_if(named && target.symbol.empty(), "symbol", "is empty");
    reader.fail_if(target.kind == Kind::task && target.field.empty(), "field", "is empty");
    const auto bytes = {1, 2, 4, 8};
    reader.fail_if(std::find(bytes.begin(), bytes.end(), target.bytes) == bytes.end(), "bytes", "is not 1, 2, 4 or 8");
}

void check_read(Reader& reader, const Step& step) {
    reader.fail_if(step.loop.empty() != (step.every_ns == 0), "every_ns",
                   step.loop.empty() ? "is not 0, but there is no loop" : "is 0, but there is a loop");
}

} // namespace

const std::vector<std::string>& op_names() {
    static const std::vector<std::string> names = {"add_cgroup",           "remove_cgroup",    "set_cpuset",
                                                   "clear_cpuset",         "swap_cpusets",     "spawn",
                                                   "stop_cgroup",          "set_affinity",     "move_all_tasks",
                                                   "run_payload",          "wait_payload",     "kill_payload",
                                                   "freeze_cgroup",        "unfreeze_cgroup",  "capture_snapshot",
                                                   "watch_snapshot",       "read_kernel",      "write_kernel",
                                                   "attach_scheduler",     "detach_scheduler", "restart_scheduler",
                                                   "replace_scheduler",    "pin_bpf_map",      "write_bpf",
                                                   "capture_cgroup_procs", "capture_ctprof"};
    return names;
}

bool is_within(std::string_view name, std::string_view cgroup) {
    return name.starts_with(cgroup) && (name.size() == cgroup.size() || name[cgroup.size()] == '/');
}

bool Step::keeps_cgroup(const std::string& cgroup) const {
    return std::any_of(keeps.begin(), keeps.end(),
                       [&cgroup](const auto& kept) { return is_within(kept, cgroup) || is_within(cgroup, kept); });
}

std::string_view Op::name() const {
    static_assert(std::variant_size_v<Action> == 26, "keep op_names() in step with Op::Action");
    return op_names().at(action.index());
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, KernelTarget>& target) {
    visitor.choice("kind", target.kind, target_names);
    visitor.text("symbol", target.symbol);
    visitor.integer("address", target.address);
    visitor.integer("offset", target.offset);
    visitor.integer("cpu", target.cpu, 0, max_cpus - 1);
    visitor.text("cgroup", target.cgroup);
    visitor.text("work", target.work);
    visitor.text("field", target.field);
    visitor.integer("bytes", target.bytes);
    check_read(visitor, target);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Op>& op) {
    visit_name(visitor, op);
    visitor.source(op.source);
    std::visit([&visitor](auto& action) { Members::visit(visitor, action); }, op.action);
}

template <typename Visitor> void describe(Visitor& visitor, Visited<Visitor, Step>& step) {
    visitor.text("name", step.name);
    visitor.list("ops", step.ops);
    visitor.integer("hold_ns", step.hold_ns);
    visitor.list("loop", step.loop);
    visitor.integer("every_ns", step.every_ns);
    visitor.texts("keeps", step.keeps);
    visitor.source(step.source);
    check_read(visitor, step);
}

KTSTR_DESCRIBED(KernelTarget);
KTSTR_DESCRIBED(Op);
KTSTR_DESCRIBED(Step);

} // namespace ktstr::plan
