// SPDX-License-Identifier: GPL-2.0-only
#include "guest/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <utility>

#include "guest/kernel_file.h"
#include "guest/work/table.h"

namespace ktstr::guest {

namespace {

constexpr const char* root_name = "ktstr";
constexpr const char* leaf_name = "ktstr.workers";
constexpr std::uint64_t page_size = 4096;

template <typename Visit> void for_each_op(const plan::Plan& plan, Visit visit) {
    for (const auto& op : plan.backdrop) visit(op);
    for (const auto& step : plan.steps) {
        for (const auto& op : step.ops) visit(op);
        for (const auto& op : step.loop) visit(op);
    }
}

std::string parent_of(const std::string& name) {
    const auto slash = name.rfind('/');
    return slash == std::string::npos ? "" : name.substr(0, slash);
}

Result<plan::CpuSet> read_set(const std::string& path) {
    const auto content = read_kernel_file(path);
    if (!content) return content.error();
    auto set = plan::CpuSet::parse(*content);
    if (!set) return Error{path + ": " + set.error().message};
    return set;
}

plan::CpuSet joined(const plan::CpuSet& first, const plan::CpuSet& second) {
    std::vector<int> members = first.members();
    members.insert(members.end(), second.members().begin(), second.members().end());
    return plan::CpuSet(std::move(members));
}

// The kernel takes any set and enforces what the cgroups above leave of it: an outcome other than what was asked for
// would make the test another one.
Result<void> check_effective(const std::string& directory, const std::string& file, const plan::CpuSet& wanted) {
    if (wanted.empty()) return {};
    const auto now = read_set(directory + "/" + file + ".effective");
    if (!now) return now.error();
    if (*now == wanted) return {};
    return Error{"the kernel enforces '" + now->list() + "' for " + directory + "/" + file + ", not '" + wanted.list() +
                     "'",
                 "they must be online and in the cpuset of the cgroup above"};
}

} // namespace

Result<void> CgroupTree::confine(const plan::CpuSet& cpus) const {
    if (auto written = write_kernel_file(mount_point_ + "/cpuset.cpus", cpus.list()); !written) return written;
    return check_effective(mount_point_, "cpuset.cpus", cpus);
}

std::set<std::string> CgroupTree::inner_names(const plan::Plan& plan) {
    std::set<std::string> inner;
    const auto makes_cgroups = [](const plan::Work& work) {
        const WorkLoopEntry* entry = find_work_loop(work.work_type);
        return entry != nullptr && entry->makes_cgroups;
    };
    for_each_op(plan, [&](const plan::Op& op) {
        const auto* spawn = std::get_if<plan::Spawn>(&op.action);
        if (spawn != nullptr && !spawn->cgroup.empty() && makes_cgroups(spawn->work)) inner.insert(spawn->cgroup);
        const auto* add = std::get_if<plan::AddCgroup>(&op.action);
        if (add == nullptr) return;
        const auto& works = add->spec.works;
        if (std::any_of(works.begin(), works.end(), makes_cgroups)) inner.insert(add->spec.name);
        for (std::string name = parent_of(add->spec.name); !name.empty(); name = parent_of(name)) inner.insert(name);
    });
    return inner;
}

Result<CgroupTree> CgroupTree::create(std::string mount_point, std::string own) {
    CgroupTree tree;
    tree.mount_point_ = std::move(mount_point);
    tree.own_ = std::move(own);
    const auto available = read_kernel_file(tree.mount_point_ + "/cgroup.controllers");
    if (!available) return available.error();
    std::istringstream words(*available);
    for (std::string word; words >> word;)
        for (const char* known : {"cpuset", "cpu", "memory", "pids", "io"})
            if (word == known) tree.controllers_.insert(word);
    if (auto handed = tree.hand_down_controllers(tree.mount_point_); !handed) return handed.error();
    const std::string root = tree.mount_point_ + "/" + root_name;
    if (auto made = tree.make(root); !made) return made.error();
    if (auto handed = tree.hand_down_controllers(root); !handed) return handed.error();
    return tree;
}

Result<void> CgroupTree::make(const std::string& directory) const {
    if (::mkdir(directory.c_str(), 0755) != 0) return errno_error("create the cgroup", directory, errno);
    return {};
}

Result<void> CgroupTree::hand_down_controllers(const std::string& directory) const {
    std::string list;
    for (const auto& controller : controllers_) list += (list.empty() ? "+" : " +") + controller;
    if (list.empty()) return {};
    return write_kernel_file(directory + "/cgroup.subtree_control", list);
}

std::string CgroupTree::path(const std::string& name) const {
    return name.empty() ? mount_point_ : mount_point_ + "/" + root_name + "/" + name;
}

std::string CgroupTree::process_path(const std::string& name) const {
    if (name.empty() && !own_.empty()) return mount_point_ + "/" + own_;
    return inner_.contains(name) ? path(name) + "/" + leaf_name : path(name);
}

std::string CgroupTree::base_path(const std::string& name) const {
    return name.empty() ? mount_point_ + "/" + root_name : path(name);
}

bool CgroupTree::exists(const std::string& name) const { return path_exists(path(name)); }

Result<Fd> CgroupTree::open(const std::string& name) const {
    const std::string directory = process_path(name);
    Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return errno_error("open the cgroup", directory, errno);
    return fd;
}

Result<std::vector<std::string>> CgroupTree::create_cgroup(const std::string& name) const {
    std::vector<std::string> created;
    if (const std::string parent = parent_of(name); !parent.empty() && !exists(parent)) {
        auto above = create_cgroup(parent);
        if (!above) return above;
        created = std::move(*above);
    }
    if (auto made = make(path(name)); !made) return made.error();
    created.push_back(name);
    if (!inner_.contains(name)) return created;
    if (auto handed = hand_down_controllers(path(name)); !handed) return handed.error();
    if (auto made = make(process_path(name)); !made) return made.error();
    return created;
}

Result<void> CgroupTree::remove(const std::string& name) const {
    std::vector<std::string> directories = {path(name)};
    std::error_code code;
    for (std::filesystem::recursive_directory_iterator entry(directories.front(), code), end; entry != end;
         entry.increment(code))
        if (entry->is_directory(code)) directories.push_back(entry->path().string());
    std::sort(directories.begin(), directories.end(), std::greater<>()); // what lies below comes first
    for (const auto& directory : directories)
        if (::rmdir(directory.c_str()) != 0) return errno_error("remove the cgroup", directory, errno);
    return {};
}

Result<void> CgroupTree::kill(const std::string& name) const {
    return write_kernel_file(path(name) + "/cgroup.kill", "1");
}

Result<CgroupTree::Cpuset> CgroupTree::cpuset(const std::string& name) const {
    auto cpus = read_set(path(name) + "/cpuset.cpus");
    if (!cpus) return cpus.error();
    auto mems = read_set(path(name) + "/cpuset.mems");
    if (!mems) return mems.error();
    return Cpuset{std::move(*cpus), std::move(*mems)};
}

Result<CgroupTree::Cpuset> CgroupTree::allowed_by_parent(const std::string& name) const {
    const std::string parent = parent_of(name);
    const std::string directory = parent.empty() ? mount_point_ + "/" + root_name : path(parent);
    auto cpus = read_set(directory + "/cpuset.cpus.effective");
    if (!cpus) return cpus.error();
    auto mems = read_set(directory + "/cpuset.mems.effective");
    if (!mems) return mems.error();
    return Cpuset{std::move(*cpus), std::move(*mems)};
}

Result<void> CgroupTree::set_cpuset(const std::string& name, Cpuset wanted) const {
    const std::string directory = path(name);
    const auto before = cpuset(name);
    if (!before) return before.error();
    const auto parent = allowed_by_parent(name);
    if (!parent) return parent.error();
    // The kernel refuses to empty the set of a cgroup with processes in it (ENOSPC).
    if (wanted.cpus.empty() && !before->cpus.empty()) wanted.cpus = parent->cpus;
    if (wanted.mems.empty() && !before->mems.empty()) wanted.mems = parent->mems;
    // Widen the nodes, change the CPUs, then narrow the nodes: at no moment is a task on CPUs whose memory it may not
    // use, and neither set is ever empty on the way from one to another.
    const std::pair<const char*, plan::CpuSet> writes[] = {
        {"cpuset.mems", wanted.mems.empty() ? plan::CpuSet{} : joined(before->mems, wanted.mems)},
        {"cpuset.cpus", wanted.cpus},
        {"cpuset.mems", wanted.mems}};
    for (const auto& [file, set] : writes) {
        if (set.empty()) continue;
        if (auto done = write_kernel_file(directory + "/" + file, set.list()); !done)
            return Error{done.error().message, "the cgroup above has the CPUs " + parent->cpus.list() +
                                                   " and the nodes " + parent->mems.list()};
    }
    if (auto checked = check_effective(directory, "cpuset.cpus", wanted.cpus); !checked) return checked;
    return check_effective(directory, "cpuset.mems", wanted.mems);
}

Result<plan::CpuSet> CgroupTree::effective_cpus(const std::string& name) const {
    // The root has the file too, from the cpuset controller; without the controller nothing is restricted.
    if (!has_controller("cpuset") || name.empty()) return plan::CpuSet::range(0, plan::max_cpus - 1);
    return read_set(path(name) + "/cpuset.cpus.effective");
}

Result<void> CgroupTree::set_limits(const plan::CgroupSpec& spec) const {
    // The kernel keeps memory limits in whole pages (page_counter_memparse, mm/page_counter.c).
    const auto pages = [](std::uint64_t bytes) { return bytes / page_size * page_size; };
    const auto limit = [&](const char* file, const std::optional<std::uint64_t>& value, const char* hint) {
        return value ? set_limit(spec.name, file, std::to_string(*value), hint) : Result<void>{};
    };
    const auto bytes = [&](const char* file, const std::optional<std::uint64_t>& value, const char* hint) {
        return limit(file, value ? std::optional(pages(*value)) : std::nullopt, hint);
    };
    const char* plain = "the controller takes no such value";
    if (auto set = limit("cpu.weight", spec.cpu_weight, plain); !set) return set;
    if (spec.cpu_max_quota_ns) {
        const std::string value =
            std::to_string(*spec.cpu_max_quota_ns / 1000) + " " + std::to_string(spec.cpu_max_period_ns / 1000);
        auto set = set_limit(spec.name, "cpu.max", value,
                             "cpu.max needs CONFIG_CFS_BANDWIDTH=y, a quota of at least 1ms and a period of 1ms to 1s");
        if (!set) return set;
    }
    if (auto set = bytes("memory.max", spec.memory_max_bytes, plain); !set) return set;
    if (auto set = bytes("memory.high", spec.memory_high_bytes, plain); !set) return set;
    if (auto set = bytes("memory.low", spec.memory_low_bytes, plain); !set) return set;
    if (auto set = bytes("memory.swap.max", spec.memory_swap_max_bytes, "the kernel needs CONFIG_SWAP=y"); !set)
        return set;
    if (spec.io_weight) {
        const std::string value = "default " + std::to_string(*spec.io_weight);
        auto set = set_limit(spec.name, "io.weight", value, "the kernel needs CONFIG_BLK_CGROUP_IOCOST=y");
        if (!set) return set;
    }
    return limit("pids.max", spec.pids_max, plain);
}

Result<void> CgroupTree::set_limit(const std::string& name, const std::string& file, const std::string& value,
                                   const std::string& hint) const {
    const std::string where = path(name) + "/" + file;
    if (auto written = write_kernel_file(where, value); !written) return Error{written.error().message, hint};
    const auto now = read_kernel_file(where);
    if (!now) return now.error();
    if (*now == value) return {};
    return Error{"the kernel made '" + *now + "' of '" + value + "' in " + where, hint};
}

Result<void> CgroupTree::write_freeze(const std::string& name, bool freeze) const {
    return write_kernel_file(path(name) + "/cgroup.freeze", freeze ? "1" : "0");
}

Result<bool> CgroupTree::is_frozen(const std::string& name) const {
    const auto content = read_kernel_file(path(name) + "/cgroup.events");
    if (!content) return content.error();
    return keyed_value(*content, "frozen").value_or(0) == 1;
}

Result<std::vector<pid_t>> CgroupTree::processes(const std::string& name) const {
    const auto content = read_kernel_file(process_path(name) + "/cgroup.procs");
    if (!content) return content.error();
    std::vector<pid_t> pids;
    std::istringstream numbers(*content);
    for (pid_t pid = 0; numbers >> pid;) pids.push_back(pid);
    return pids;
}

Result<void> CgroupTree::move_process(pid_t pid, const std::string& to) const {
    auto moved = write_kernel_file(process_path(to) + "/cgroup.procs", std::to_string(pid));
    if (!moved && ::access(("/proc/" + std::to_string(pid)).c_str(), F_OK) != 0) return {};
    return moved;
}

std::uint64_t CgroupTree::oom_kills(const std::string& name) const {
    const auto content = read_kernel_file(process_path(name) + "/memory.events");
    return content ? keyed_value(*content, "oom_kill").value_or(0) : 0;
}

std::optional<Error> missing_controllers(const plan::Plan& plan, const CgroupTree& tree) {
    struct Need {
        const char* controller;
        const char* option;
        const char* wanted_for = nullptr;
    };
    Need cpuset{"cpuset", "CONFIG_CPUSETS=y"};
    Need cpu{"cpu", "CONFIG_CGROUP_SCHED=y, CONFIG_FAIR_GROUP_SCHED=y and CONFIG_CFS_BANDWIDTH=y"};
    Need memory{"memory", "CONFIG_MEMCG=y"};
    Need io{"io", "CONFIG_BLK_CGROUP=y and CONFIG_BLK_CGROUP_IOCOST=y"};
    Need pids{"pids", "CONFIG_CGROUP_PIDS=y"};
    for_each_op(plan, [&](const plan::Op& op) {
        if (std::holds_alternative<plan::SetCpuset>(op.action)) cpuset.wanted_for = "set_cpuset";
        if (std::holds_alternative<plan::ClearCpuset>(op.action)) cpuset.wanted_for = "clear_cpuset";
        if (std::holds_alternative<plan::SwapCpusets>(op.action)) cpuset.wanted_for = "swap_cpusets";
        const auto* add = std::get_if<plan::AddCgroup>(&op.action);
        if (add == nullptr) return;
        if (add->spec.cpus || add->spec.mems) cpuset.wanted_for = "a cgroup's cpuset";
        if (add->spec.cpu_weight) cpu.wanted_for = "a cgroup's cpu_weight";
        if (add->spec.cpu_max_quota_ns) cpu.wanted_for = "a cgroup's cpu_max";
        if (add->spec.memory_max_bytes) memory.wanted_for = "a cgroup's memory_max";
        if (add->spec.memory_high_bytes) memory.wanted_for = "a cgroup's memory_high";
        if (add->spec.memory_low_bytes) memory.wanted_for = "a cgroup's memory_low";
        if (add->spec.memory_swap_max_bytes) memory.wanted_for = "a cgroup's memory_swap_max";
        if (add->spec.io_weight) io.wanted_for = "a cgroup's io_weight";
        if (add->spec.pids_max) pids.wanted_for = "a cgroup's pids_max";
    });
    for (const auto& need : {cpuset, cpu, memory, io, pids})
        if (need.wanted_for != nullptr && !tree.has_controller(need.controller))
            return Error{std::string("the kernel has no ") + need.controller + " controller, which " + need.wanted_for +
                             " needs",
                         std::string("build it with ") + need.option + ", or choose another kernel"};
    return std::nullopt;
}

} // namespace ktstr::guest
