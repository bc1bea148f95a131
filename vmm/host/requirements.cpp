// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/requirements.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "base/file.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

namespace {

constexpr const char* mount_point = "/sys/fs/cgroup";
constexpr std::uint64_t procfs_limit = 1U << 22U;

struct Mount {
    std::string type; // empty: none
    bool read_only = false;
};

// What is mounted on `target`: the last of its lines in mountinfo (proc_pid_mountinfo(5)).
Mount mount_on(const std::string& target, const fs::path& root) {
    const auto content = read_file(root / "proc/self/mountinfo", procfs_limit);
    std::istringstream lines(content ? *content : "");
    Mount found;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string id, parent, device, below, where, options, field;
        fields >> id >> parent >> device >> below >> where >> options;
        while (fields >> field && field != "-") {
        }
        std::string type, source, super_options;
        fields >> type >> source >> super_options;
        if (where != target) continue;
        const auto is_read_only = [](const std::string& list) { return list == "ro" || list.starts_with("ro,"); };
        found = {type, is_read_only(options) || is_read_only(super_options)};
    }
    return found;
}

Result<void> check_controllers(const fs::path& hierarchy) {
    const auto controllers = read_file(hierarchy / "cgroup.controllers", procfs_limit);
    if (!controllers) return controllers.error();
    for (const char* needed : {"cpuset", "cpu"}) {
        std::istringstream words(*controllers);
        bool there = false;
        for (std::string word; words >> word;) there = there || word == needed;
        if (!there)
            return Error{std::string("the cgroup v2 hierarchy at ") + mount_point + " has no controller `" + needed +
                             "`",
                         "cgroup v1 may hold it: boot with cgroup_no_v1=all; a container must be given it"};
    }
    // Only the root of the whole hierarchy may hold processes and have controllers below it. It has no cgroup.type.
    std::error_code code;
    const auto processes = read_file(hierarchy / "cgroup.procs", procfs_limit);
    if (fs::exists(hierarchy / "cgroup.type", code) && processes && !processes->empty())
        return Error{std::string(mount_point) + " is not the root of the cgroup hierarchy and holds processes, so that "
                                                "it cannot hand controllers down",
                     "run ktstr outside of the container, or with its cgroup namespace off (--cgroupns=host)"};
    return {};
}

Result<void> check_hierarchy(const fs::path& root) {
    const Mount mount = mount_on(mount_point, root);
    const std::string target(mount_point);
    if (mount.type.empty())
        return Error{"no cgroup hierarchy is mounted at " + target, "mount -t cgroup2 none " + target};
    if (mount.type != "cgroup2")
        return Error{
            "this machine uses cgroup v1 (" + target + " is of type " + mount.type + "), and a run on it needs v2",
            "boot it with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all, or run it in a virtual machine"};
    if (mount.read_only)
        return Error{target + " is mounted read-only, as in a container",
                     "run ktstr outside of it, or give it a writable one (--privileged)"};
    return check_controllers(root / "sys/fs/cgroup");
}

} // namespace

std::vector<Error> host_lacks(uid_t user, const std::string& kernel_release, const fs::path& root) {
    std::vector<Error> lacks;
    if (user != 0)
        lacks.push_back(
            {"running on the machine itself needs root: it makes cgroups and sets priorities", "run it with sudo"});
    int major = 0;
    int minor = 0;
    if (std::sscanf(kernel_release.c_str(), "%d.%d", &major, &minor) == 2 && (major < 5 || (major == 5 && minor < 14)))
        lacks.push_back({"running on the machine itself needs Linux 5.14 or later, and this is " + kernel_release,
                         "boot a newer one, or run it in a virtual machine"});
    if (auto usable = check_hierarchy(root); !usable) lacks.push_back(usable.error());
    return lacks;
}

std::vector<Error> scheduler_lacks(const plan::Plan& plan, const fs::path& root) {
    const auto needs = std::find_if(plan.schedulers.begin(), plan.schedulers.end(),
                                    [](const plan::Scheduler& scheduler) { return !scheduler.binary.empty(); });
    if (needs == plan.schedulers.end()) return {};
    std::vector<Error> lacks;
    std::error_code code;
    if (!fs::exists(root / "sys/kernel/sched_ext", code))
        lacks.push_back({"the kernel has no sched_ext, which the scheduler '" + needs->name + "' needs",
                         "boot Linux 6.12 or later with CONFIG_SCHED_CLASS_EXT"});
    else if (!fs::exists(root / "sys/kernel/btf/vmlinux", code))
        lacks.push_back({"the kernel does not show its types, which the scheduler '" + needs->name + "' needs",
                         "boot one with CONFIG_DEBUG_INFO_BTF"});
    return lacks;
}

std::string host_kernel_release() {
    utsname name{};
    return ::uname(&name) == 0 ? name.release : "";
}

std::string active_scheduler(const fs::path& root) {
    const auto line = [&root](const char* name) {
        auto content = read_file(root / "sys/kernel/sched_ext" / name, procfs_limit);
        return content ? content->substr(0, content->find('\n')) : std::string();
    };
    const std::string state = line("state");
    if (state.empty() || state == "disabled") return "";
    const std::string name = line("root/ops");
    return name.empty() ? "a sched_ext scheduler" : name;
}

} // namespace ktstr::vmm
