// SPDX-License-Identifier: GPL-2.0-only
// The workers: forked into their cgroup, placed, started together, watched, stopped and reported.
//
// A worker is a process, or a thread of a process that has all workers of a work. The process is the leader of a
// process group of its own; when it has ended, what is left of the group is killed. Threads are taken to have ended
// when their process has. The pool never waits: who owns it polls, reaps children and hands each to reaped(), and calls
// nudge() while some are stopping.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "guest/placement.h"
#include "guest/shared_region.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::guest {

// Documentation/scheduler/sched-stats.rst
struct Schedstat {
    std::uint64_t cpu_ns = 0;
    std::uint64_t run_delay_ns = 0; // runnable but waiting
    std::uint64_t timeslices = 0;   // times put on a CPU
};

struct WorkerProcess {
    int number = 0;        // counts up over the scenario
    pid_t pid = -1;        // of its process
    pid_t tid = -1;        // its own: `pid` unless it is a thread; -1 until the thread is there
    int step = -1;         // that started it; -1 = backdrop
    int ends_with = -1;    // the step at whose end it is stopped
    std::string made_with; // cgroup whose declaration it is part of; empty: spawned by an op of its own
    std::string cgroup;
    std::string work;
    std::string work_type;
    WorkerSlot* slot = nullptr;
    const WorkerLatencies* latencies = nullptr;        // null if its work type has none
    std::vector<std::shared_ptr<SharedMemory>> shared; // with the others of its work, until it is reported
    bool started = false;
    bool stopping = false;
    bool killed = false; // because it did not stop in time
    bool ended = false;
    bool reported = false;
    std::uint64_t start_ns = 0; // CLOCK_MONOTONIC
    std::uint64_t stop_ns = 0;  // when it was told to stop, or ended by itself
    std::uint64_t cpu_ns = 0;
    Schedstat at_start;
    Schedstat at_stop;
    std::vector<plan::NodePages> numa_pages;
    std::string exit;
};

// Where new workers go.
struct Placement {
    std::string cgroup;   // name for the reports
    int cgroup_fd = -1;   // of the cgroup's directory; -1 = the caller's own cgroup
    plan::CpuSet allowed; // the cgroup's effective cpuset, for the isolation check
    int step = -1;
    std::string made_with = {};   // see WorkerProcess
    std::string cgroup_home = {}; // the same directory's path
    std::string cgroup_base = {}; // below which those of its workers that make cgroups make them
};

using WorkerFilter = std::function<bool(const WorkerProcess&)>;

class WorkerPool {
  public:
    // Room for `workers` over the pool's whole life, in at most `groups` groups.
    static Result<WorkerPool> create(std::size_t workers, std::size_t groups, AffinityResolver resolver);

    // The scratch disk, of `bytes`, for the work that does block I/O. `fd` stays the caller's, and open.
    void use_disk(int fd, std::uint64_t bytes) { disk_ = {fd, 0, bytes}; }

    // For a bench: workers that are spawned from now on only count, or do all of it.
    void use_telemetry(bool all) { telemetry_ = all; }

    // Phase one: forks and places the workers of `work`. They sleep until start(). On an error those already forked are
    // left in the pool, to be stopped like any other.
    // Workers that are threads are placed by place_threads().
    Result<void> spawn(const plan::Work& work, const Placement& placement);
    // Places the threads that are there by now. False if some are not: to be called again, until thread_limit_ns are
    // over.
    Result<bool> place_threads();
    // Gives the worker its CPUs of an affinity: it is the `index`-th of those that get it, in a cgroup that may use
    // `allowed`.
    Result<void> set_affinity(const WorkerProcess& worker, const plan::Affinity& affinity, const plan::CpuSet& allowed,
                              int index);
    // When the worker of that number ran its first instruction after the start signal; 0 if it has not.
    [[nodiscard]] std::uint64_t began_ticks(std::size_t worker) const { return workers_.at(worker).slot->began_ticks; }
    // Phase two: one signal starts all that were spawned since the last start().
    [[nodiscard]] bool has_pending() const { return pending_; }
    void start(std::uint64_t now_ns);
    // Right before: what the kernel has counted for them so far is not of their work.
    void read_counters();

    // Tells the live workers that `which` says to end. They are given `stop_limit_ns`, and then killed.
    void request_stop(const WorkerFilter& which, std::uint64_t now_ns);
    // Interrupts those that are stopping once more; kills those that had their time. Call every `nudge_interval_ns`.
    void nudge(std::uint64_t now_ns);
    [[nodiscard]] bool any_live(const WorkerFilter& which) const;

    // Takes in what wait4 said about a child. Returns the workers that have ended with it; none if it is none of the
    // pool's.
    std::vector<WorkerProcess*> reaped(pid_t pid, int status, const rusage& usage, std::uint64_t now_ns);

    // Reports of the ended workers that were not reported yet; times count from `origin_ns`.
    std::vector<plan::WorkerReport> take_reports(std::uint64_t origin_ns);

    [[nodiscard]] std::uint64_t work_units() const; // of all live workers together
    [[nodiscard]] std::vector<WorkerProcess>& workers() { return workers_; }

    static constexpr std::uint64_t nudge_interval_ns = 20 * ns_per_ms;
    static constexpr std::uint64_t stop_limit_ns = 5 * ns_per_s;
    static constexpr std::uint64_t thread_limit_ns = 30 * ns_per_s;

  private:
    WorkerPool(SharedRegion region, AffinityResolver resolver)
        : region_(std::move(region)), resolver_(std::move(resolver)) {}
    struct Shared { // by all workers of the work
        void* memory = nullptr;
        WorkerLatencies* latencies = nullptr;
        std::vector<std::shared_ptr<SharedMemory>> owned;
    };
    struct Crew { // workers that are to be forked
        std::vector<WorkerSetting> settings;
        std::vector<std::shared_ptr<SharedMemory>> shared;
        std::vector<Fd> files; // close themselves in the executor once the workers have them
    };
    struct Unplaced { // a thread that is not there yet
        std::size_t worker;
        const plan::Work& work;
        std::optional<plan::CpuSet> cpus; // absent: what it inherits
    };
    Result<Shared> share(const plan::Work& work);
    // Adds workers `first` to `first + size - 1` of the work, which are a group.
    Result<void> add_group(Crew& crew, const plan::Work& work, const Shared& shared, const Placement& placement,
                           int first, int size);
    Result<void> fork_processes(const Crew& crew, const plan::Affinity& affinity, const Placement& placement);
    Result<void> fork_process_of_threads(const Crew& crew, const plan::Affinity& affinity, const Placement& placement);
    WorkerProcess& add_worker(const Crew& crew, std::size_t index, const Placement& placement, pid_t pid);
    // A part of the disk for the next group of `work`; of no bytes if it does no block I/O.
    Result<DiskExtent> take_disk(const plan::Work& work);

    SharedRegion region_;
    AffinityResolver resolver_;
    TickClock clock_;
    DiskExtent disk_; // what is left of it
    std::vector<WorkerProcess> workers_;
    std::vector<Unplaced> unplaced_;
    std::uint32_t batch_ = 1; // that new workers belong to
    bool pending_ = false;
    bool telemetry_ = true;
};

// How many workers and groups a plan starts in all; of a loop, as often as it can run.
struct WorkerCount {
    std::size_t workers = 0;
    std::size_t groups = 0;
};
WorkerCount count_workers(const plan::Plan& plan);

} // namespace ktstr::guest
