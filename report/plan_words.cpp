// SPDX-License-Identifier: GPL-2.0-only
#include "report/plan_words.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "interp/plan/names.h"
#include "interp/plan/work_types.h"
#include "report/result.h"

namespace ktstr::report {

namespace {

std::string number_words(double number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.9g", number);
    return text.data();
}

std::string phases_words(const std::vector<plan::WorkPhase>& phases) {
    std::vector<std::string> words;
    for (const auto& phase : phases) words.push_back("{" + phase.kind + ": " + duration_words(phase.duration_ns) + "}");
    return "[" + joined(words) + "]";
}

std::string value_words(const plan::WorkParameter& parameter, const plan::WorkParameterValue& value) {
    using Kind = plan::WorkParameter::Kind;
    if (const auto* phases = std::get_if<std::vector<plan::WorkPhase>>(&value)) return phases_words(*phases);
    if (const auto* text = std::get_if<std::string>(&value))
        return parameter.kind == Kind::program ? count_words(text->size(), "byte") + " of Lua" : *text;
    if (const auto* number = std::get_if<double>(&value))
        return parameter.kind == Kind::percent ? number_words(*number * 100) + "%" : number_words(*number) + "/s";
    const auto integer = std::get<std::int64_t>(value);
    if (parameter.kind == Kind::duration) return duration_words(static_cast<std::uint64_t>(integer));
    if (parameter.kind == Kind::size) return size_words(static_cast<std::uint64_t>(integer));
    return std::to_string(integer);
}

// "bursty(burst: 5ms)"
std::string work_type_words(const plan::Work& work) {
    const plan::WorkType* type = plan::find_work_type(work.work_type);
    std::vector<std::string> changed;
    for (const auto& [name, value] : work.parameters) {
        const plan::WorkParameter* parameter = type == nullptr ? nullptr : type->find(name);
        if (parameter != nullptr && value != parameter->default_value)
            changed.push_back(name + ": " + value_words(*parameter, value));
    }
    return work.work_type + (changed.empty() ? "" : "(" + joined(changed) + ")");
}

std::string affinity_words(const plan::Affinity& affinity) {
    using Kind = plan::Affinity::Kind;
    switch (affinity.kind) {
    case Kind::inherit: return "on all CPUs of their cgroup";
    case Kind::exact: return "on CPUs " + affinity.cpus.list();
    case Kind::single: return "each on one CPU of " + affinity.cpus.list() + " in turn";
    case Kind::random: return "each on " + count_words(static_cast<std::uint64_t>(affinity.count), "random CPU");
    case Kind::llc_aligned: return "each on the CPUs of one LLC in turn";
    case Kind::cross_cgroup: return "on every CPU, past their cgroup's cpuset";
    case Kind::smt_siblings: return "in pairs on the two threads of a core";
    }
    return "";
}

std::string memory_policy_words(const plan::MemoryPolicy& policy) {
    using Mode = plan::MemoryPolicy::Mode;
    std::vector<std::string> flags;
    if (policy.static_nodes) flags.emplace_back("static nodes");
    if (policy.relative_nodes) flags.emplace_back("relative nodes");
    if (policy.numa_balancing) flags.emplace_back("NUMA balancing");
    std::string words = "memory policy ";
    words += policy.mode == Mode::standard ? "default" : plan::name_of(plan::memory_mode_names, policy.mode);
    if (!policy.nodes.empty()) words += " on nodes " + policy.nodes.list();
    return words + (flags.empty() ? "" : " (" + joined(flags) + ")");
}

std::string policy_words(const plan::Work& work) {
    std::string words = "policy " + std::string(plan::to_string(work.policy));
    if (work.policy == plan::Policy::fifo || work.policy == plan::Policy::rr)
        words += " at priority " + std::to_string(work.priority);
    if (work.deadline)
        words += " with " + duration_words(work.deadline->runtime_ns) + " of CPU time within " +
                 duration_words(work.deadline->deadline_ns) + " of every " + duration_words(work.deadline->period_ns);
    return words;
}

std::vector<std::string> limit_words(const plan::CgroupSpec& spec) {
    std::vector<std::string> words;
    if (spec.cpus) words.push_back("CPUs " + spec.cpus->list());
    if (spec.mems) words.push_back("memory nodes " + spec.mems->list());
    if (spec.cpu_weight) words.push_back("CPU weight " + std::to_string(*spec.cpu_weight));
    if (spec.cpu_max_quota_ns)
        words.push_back("at most " + duration_words(*spec.cpu_max_quota_ns) + " of CPU time per " +
                        duration_words(spec.cpu_max_period_ns));
    if (spec.memory_max_bytes) words.push_back("memory at most " + size_words(*spec.memory_max_bytes));
    if (spec.memory_high_bytes) words.push_back("memory reclaimed above " + size_words(*spec.memory_high_bytes));
    if (spec.memory_low_bytes) words.push_back("memory protected up to " + size_words(*spec.memory_low_bytes));
    if (spec.memory_swap_max_bytes) words.push_back("swap at most " + size_words(*spec.memory_swap_max_bytes));
    if (spec.io_weight) words.push_back("I/O weight " + std::to_string(*spec.io_weight));
    if (spec.pids_max) words.push_back("at most " + count_words(*spec.pids_max, "task"));
    return words;
}

std::string target_words(const plan::KernelTarget& target) {
    using Kind = plan::KernelTarget::Kind;
    const std::string field = target.field.empty() ? "" : target.field + " of ";
    const std::string offset = target.offset == 0 ? "" : "+" + std::to_string(target.offset);
    const std::string bytes = count_words(static_cast<std::uint64_t>(target.bytes), "byte") + " at ";
    switch (target.kind) {
    case Kind::symbol: return (target.field.empty() ? bytes : field) + target.symbol + offset;
    case Kind::address: {
        std::array<char, 24> address{};
        std::snprintf(address.data(), address.size(), "0x%llx", static_cast<unsigned long long>(target.address));
        return bytes + address.data() + offset;
    }
    case Kind::per_cpu: return field + target.symbol + " of CPU " + std::to_string(target.cpu);
    case Kind::bpf: return target.symbol + " of the scheduler";
    case Kind::task: {
        const std::string work = target.work.empty() ? "" : " of " + target.work;
        return field + "the first worker" + work + " " + place_words(target.cgroup);
    }
    }
    return "";
}

std::string cold_words(bool cold) { return cold ? ", with all CPUs stopped" : ""; }

// One overload for each op.
struct Describe {
    const plan::Plan& plan;

    OpWords operator()(const plan::AddCgroup& op) const {
        const auto limits = limit_words(op.spec);
        OpWords words{"create cgroup " + op.spec.name + (limits.empty() ? "" : ": " + joined(limits))};
        for (const auto& work : op.spec.works) words.details.push_back("start " + work_words(work));
        return words;
    }
    OpWords operator()(const plan::RemoveCgroup& op) const {
        return {"stop the workers of cgroup " + op.cgroup + " and remove it" +
                (op.if_present ? ", if it is there" : "")};
    }
    OpWords operator()(const plan::SetCpuset& op) const {
        return {"set the cpuset of " + op.cgroup + " to CPUs " + op.cpus.list() + ", memory nodes " + op.mems.list()};
    }
    OpWords operator()(const plan::ClearCpuset& op) const {
        return {"clear the cpuset of " + op.cgroup + ": back to its parent's CPUs and nodes"};
    }
    OpWords operator()(const plan::SwapCpusets& op) const {
        return {"swap the cpusets of " + op.first + " and " + op.second};
    }
    OpWords operator()(const plan::Spawn& op) const {
        return {"start " + work_words(op.work) + ", " + place_words(op.cgroup)};
    }
    OpWords operator()(const plan::StopCgroup& op) const { return {"stop the workers of cgroup " + op.cgroup}; }
    OpWords operator()(const plan::SetAffinity& op) const {
        return {"put the workers of " + op.cgroup + " " + affinity_words(op.affinity)};
    }
    OpWords operator()(const plan::MoveAllTasks& op) const { return {"move all tasks of " + op.from + " to " + op.to}; }
    OpWords operator()(const plan::RunPayload& op) const {
        OpWords words{"run payload " + op.payload + " " + place_words(op.cgroup)};
        for (const auto& payload : plan.payloads) {
            if (payload.name != op.payload) continue;
            std::vector<std::string> args = payload.args;
            args.insert(args.end(), op.args.begin(), op.args.end());
            words.what += ": " + command_words(payload.binary, args);
        }
        return words;
    }
    OpWords operator()(const plan::WaitPayload& op) const {
        return {"wait until payload " + op.payload + " " + place_words(op.cgroup) + " ends, for at most " +
                duration_words(op.limit_ns)};
    }
    OpWords operator()(const plan::KillPayload& op) const {
        return {"kill payload " + op.payload + " " + place_words(op.cgroup)};
    }
    OpWords operator()(const plan::FreezeCgroup& op) const { return {"freeze cgroup " + op.cgroup}; }
    OpWords operator()(const plan::UnfreezeCgroup& op) const { return {"unfreeze cgroup " + op.cgroup}; }
    OpWords operator()(const plan::CaptureSnapshot& op) const { return {"take snapshot " + op.name}; }
    OpWords operator()(const plan::WatchSnapshot& op) const {
        return {"watch " + target_words(op.target) + ": take snapshot " + op.name +
                " when it is written, at most every " + duration_words(op.min_interval_ns) + " and " +
                count_words(op.max_fires, "time") + ", until the step ends"};
    }
    OpWords operator()(const plan::ReadKernel& op) const {
        return {"read " + target_words(op.target) + " as " + op.name + cold_words(op.cold)};
    }
    OpWords operator()(const plan::WriteKernel& op) const {
        return {"write " + std::to_string(op.value) + " to " + target_words(op.target) + cold_words(op.cold)};
    }
    OpWords operator()(const plan::AttachScheduler& op) const {
        return {"attach " + (op.scheduler.empty() ? "the scheduler that was detached" : "scheduler " + op.scheduler)};
    }
    OpWords operator()(const plan::DetachScheduler&) const { return {"detach the scheduler"}; }
    OpWords operator()(const plan::RestartScheduler&) const { return {"detach the scheduler and attach it again"}; }
    OpWords operator()(const plan::ReplaceScheduler& op) const {
        return {"detach the scheduler and attach scheduler " + op.scheduler};
    }
    OpWords operator()(const plan::PinBpfMap& op) const {
        return {"keep the scheduler's BPF map " + op.map + " alive across a replacement"};
    }
    OpWords operator()(const plan::WriteBpf& op) const {
        return {"write " + std::to_string(op.value) + " to the scheduler's variable " + op.variable};
    }
    OpWords operator()(const plan::CaptureCgroupProcs& op) const {
        return {"note the processes of cgroup " + op.cgroup + " as " + op.tag};
    }
    OpWords operator()(const plan::CaptureCtprof& op) const {
        return {"note what every thread has done so far as " + op.name};
    }
};

} // namespace

std::string duration_words(std::uint64_t ns) {
    constexpr std::array<std::pair<std::uint64_t, const char*>, 4> units = {
        {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}}};
    if (ns == 0) return "0s";
    const auto [unit, name] =
        *std::find_if(units.begin(), units.end(), [ns](const auto& candidate) { return ns >= candidate.first; });
    std::uint64_t whole = ns / unit;
    std::uint64_t thousandths = (ns % unit * 1000 + unit / 2) / unit;
    if (thousandths == 1000) {
        ++whole;
        thousandths = 0;
    }
    std::string text = std::to_string(whole);
    if (thousandths > 0) {
        text += "." + std::to_string(1000 + thousandths).substr(1);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + name;
}

std::string size_words(std::uint64_t bytes) {
    constexpr std::array<const char*, 4> units = {"B", "KiB", "MiB", "GiB"};
    std::size_t unit = 0;
    while (unit + 1 < units.size() && bytes > 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        ++unit;
    }
    return std::to_string(bytes) + units.at(unit);
}

std::string count_words(std::uint64_t count, std::string what) {
    return std::to_string(count) + " " + std::move(what) + (count == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : std::string(separator)) + parts[i];
    return text;
}

std::vector<std::string> topology_words(const plan::Topology& topology) {
    const auto count = [](int number, const char* what) {
        return count_words(static_cast<std::uint64_t>(number), what);
    };
    std::vector<std::string> lines = {count(topology.cpus(), "CPU") + ": " + count(topology.nodes, "NUMA node") + ", " +
                                      count(topology.llcs, "LLC") + ", " + count(topology.cores, "core") +
                                      " per LLC, " + count(topology.threads, "thread") + " per core"};
    for (std::size_t i = 0; i < topology.node_list.size(); ++i) {
        const auto& node = topology.node_list[i];
        const auto cpus = topology.cpus_of_node(static_cast<int>(i));
        std::string line = "node " + std::to_string(i) + ": ";
        line += cpus.empty() ? "no CPUs" : count(node.llcs, "LLC") + ", CPUs " + cpus.list();
        if (node.memory_bytes > 0) line += ", " + size_words(node.memory_bytes) + " of memory";
        for (std::size_t other = 0; other < node.distances.size(); ++other)
            line += (other == 0 ? ", distances " : " ") + std::to_string(node.distances[other]);
        lines.push_back(line);
    }
    return lines;
}

std::string work_words(const plan::Work& work) {
    std::vector<std::string> parts = {count_words(static_cast<std::uint64_t>(work.workers), "worker") + " of " +
                                      work_type_words(work)};
    if (!work.name.empty() && work.name != work.work_type) parts.front() += " as " + work.name;
    if (work.policy != plan::Policy::normal) parts.push_back(policy_words(work));
    if (work.nice != 0) parts.push_back("nice " + std::to_string(work.nice));
    if (work.affinity.kind != plan::Affinity::Kind::inherit) parts.push_back(affinity_words(work.affinity));
    if (work.memory_policy) parts.push_back(memory_policy_words(*work.memory_policy));
    if (!work.pcomm.empty())
        parts.push_back("threads of one process called " + work.pcomm);
    else if (work.threads)
        parts.emplace_back("threads of one process");
    if (!work.comm.empty()) parts.push_back("called " + work.comm);
    if (work.uid) parts.push_back("user " + std::to_string(*work.uid));
    if (work.gid) parts.push_back("group " + std::to_string(*work.gid));
    if (work.swappable) parts.emplace_back("swappable");
    return joined(parts);
}

std::string place_words(const std::string& cgroup) {
    return cgroup.empty() ? "beside the cgroups" : "in cgroup " + cgroup;
}

std::string command_words(const std::string& binary, const std::vector<std::string>& args) {
    std::string text = shell_quoted(binary);
    for (const auto& arg : args) text += " " + shell_quoted(arg);
    return text;
}

OpWords op_words(const plan::Plan& plan, const plan::Op& op) { return std::visit(Describe{plan}, op.action); }

} // namespace ktstr::report
