// SPDX-License-Identifier: GPL-2.0-only
// Work loops as ordinary processes of the host, run the way the executor does it.
#pragma once

#include <sys/resource.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "guest/worker_pool.h"
#include "interp/plan/work_types.h"

namespace ktstr::test {

// `groups` groups with the parameters' defaults, but for those given.
plan::Work work_of(const std::string& type, int groups = 1, const plan::WorkParameters& parameters = {});

// Whether this host lets a work type run: there are some that need two NUMA nodes, root, or cgroup v2.
bool host_permits(const std::string& type);

// Whether the predicate comes true while the workers run. Looks every half millisecond, for a minute at the most.
bool comes_true(const std::function<bool()>& predicate);

// A cgroup of the host's cgroup v2 hierarchy, with a leaf for the workers; removed with what is below it.
class HostCgroup {
  public:
    HostCgroup();
    ~HostCgroup();
    HostCgroup(const HostCgroup&) = delete;
    HostCgroup& operator=(const HostCgroup&) = delete;
    [[nodiscard]] std::string leaf() const { return path_ + "/workers"; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::vector<std::string> below() const; // directories but for the leaf
    static std::string mount_point();                     // empty if there is none that can be written to
  private:
    std::string path_;
};

// A pool with one piece of work. CPUs 2n and 2n + 1 count as siblings; the scratch disk is a file.
struct Running {
    TemporaryDirectory directory;
    Fd disk;
    std::unique_ptr<HostCgroup> cgroup; // if the work makes cgroups
    guest::WorkerPool pool;
    std::map<int, rusage> usage; // by worker number

    explicit Running(const plan::Work& work);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    void start();
    void reap();
    // Starts, and waits until each worker has done `units`, or has ended.
    void run_until_each_has(std::uint64_t units);
    void wait_for_end_of(std::size_t worker);
    std::vector<plan::WorkerReport> stop();
    [[nodiscard]] pid_t pid(std::size_t worker);
    [[nodiscard]] std::uint64_t units(std::size_t worker);
};

struct Outcome {
    std::vector<plan::WorkerReport> reports;
    std::map<int, rusage> usage;
    [[nodiscard]] std::uint64_t voluntary_switches(int worker) const;
    [[nodiscard]] std::uint64_t involuntary_switches(int worker) const;
    [[nodiscard]] std::uint64_t switches(int worker) const;
};

// Runs until each worker has done `units`, and stops; all must have been "stopped".
Outcome run(const plan::Work& work, std::uint64_t units);

// The text after "NAME:" in /proc/<pid>/<file>, without blanks before it; empty if there is none.
std::string proc_field(pid_t pid, const std::string& file, const std::string& name);
std::uint64_t proc_number(pid_t pid, const std::string& file, const std::string& name);
// Field `number` of /proc/<pid>/stat, counted as proc(5) does.
long proc_stat(pid_t pid, int number);
// What the descriptors of a process above standard error lead to, such as "pipe:[4711]".
std::vector<std::string> descriptors_of(pid_t pid);

} // namespace ktstr::test
