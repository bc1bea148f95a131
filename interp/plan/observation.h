// SPDX-License-Identifier: GPL-2.0-only
// What the host saw of a run in the guest's memory: part of the record (interp/plan/record.h, which says what times
// are). None of it comes from anything that runs in the guest.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "interp/plan/topology.h"

namespace ktstr::plan {

// What the host saw in the guest's memory at one moment, all vCPUs stopped.
struct Snapshot {
    std::string name;        // as the op says; "periodic_000"; of a watch "NAME#1", "NAME#2" in the order of the writes
    std::string trigger;     // "op", "periodic", "watch" or "scheduler_exit"
    std::int64_t at_ns = 0;  // time in which the vCPUs stood still is not in it
    int step = -1;           // -1 = backdrop or none
    double stopped_ms = 0;   // how long the vCPUs stood still, host time
    std::string reason = {}; // why nothing was captured: then it is a placeholder, and never zeros
    std::shared_ptr<const nlohmann::json> state =
        {}; // "maps", "variables", "stats" ... of docs/lua.md; null: placeholder
};

// One look of the monitor, no vCPU stopped.
struct MonitorSample {
    std::int64_t at_ns = 0;
    int step = -1;
    std::vector<double> values; // of Monitor::names, of which the last may be missing: they came later; NaN: could not
                                // be read this time
};

// One of a CPU's scheduling domains: the CPUs among which the kernel balances, and how (struct sched_domain).
struct SchedDomain {
    std::string name;               // "SMT", "MC", "NUMA"; empty: this kernel does not keep it
    int level = 0;                  // in the kernel's list of levels, of which a machine may have some only
    std::vector<std::string> flags; // "SD_SHARE_LLC"
    CpuSet span;
    std::map<std::string, std::vector<std::uint64_t>> counters; // of schedstat; three numbers are by enum cpu_idle_type
};
using CpuDomains = std::vector<SchedDomain>; // innermost first

// The domains of all CPUs, as they were for some time.
struct DomainTree {
    std::int64_t at_ns = 0;       // when they were first seen so
    std::int64_t until_ns = 0;    // and last, which is the time of their counters
    std::vector<CpuDomains> cpus; // of each CPU
};

struct Monitor {
    std::uint64_t interval_ns = 0;
    std::vector<std::string> names;            // of monitor_values(), those that this kernel has; then program_values()
    std::map<std::string, std::string> absent; // the others, and why
    std::vector<MonitorSample> samples;        // in the order of their times
    std::vector<DomainTree> domains;           // in the order of their times
    std::string reason;                        // why there is no monitor at all; empty: there is
};

// A BPF program of a scheduler. Counters are since its load, as `bpftool prog show` has them; none where the kernel has
// no such thing or does not count it (BpfPrograms::absent).
struct BpfProgram {
    std::string scheduler; // struct sched_ext_ops::name; empty: not known
    std::string callback;  // the member of sched_ext_ops that it is, as "enqueue"; empty: none of them
    std::string name;
    std::string type; // "struct_ops"
    std::uint32_t id = 0;
    std::string tag; // 16 hexadecimal digits
    std::optional<std::uint64_t> verified_insns;
    std::optional<std::uint64_t> jited_bytes;
    std::optional<std::uint64_t> loaded_at_ns; // of CLOCK_BOOTTIME in the guest
    std::optional<std::uint64_t> run_count;
    std::optional<std::uint64_t> run_time_ns;
    std::optional<std::uint64_t> misses; // runs that recursion has prevented
};

// All that were there at some time of the run, each as it was when it was seen last.
struct BpfPrograms {
    std::vector<BpfProgram> list;              // in the order of their ids
    std::map<std::string, std::string> absent; // members of BpfProgram, and why the list is without them
    std::string reason;                        // why there is no list at all; empty: there is
};

// The verifier's limit of one program (BPF_COMPLEXITY_LIMIT_INSNS, include/linux/bpf.h), and from which part of it on a
// program is too close to it.
constexpr std::uint64_t verified_insns_limit = 1'000'000;
constexpr double verified_insns_warning = 0.75;
[[nodiscard]] bool near_limit(const BpfProgram& program);
// One line for each program that is near the limit.
std::vector<std::string> verifier_warnings(const BpfPrograms& programs);

// What a watch has seen, from its op to the end of its step.
struct Watch {
    std::string name;
    int step = -1;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint64_t fires = 0;    // writes that stopped the machine
    std::uint64_t captured = 0; // of these, those with a snapshot
    std::uint64_t dropped = 0;  // the others: they came sooner than the plan wants
    double blind_ms = 0;        // host time in which it was switched off, for too many fires
    bool ended_early = false;   // it had all the snapshots that the plan wants before its step ended
};

// What read_kernel saw.
struct KernelRead {
    std::string name;
    std::int64_t at_ns = 0;
    int step = -1;
    std::shared_ptr<const nlohmann::json> value; // as in a snapshot
};

nlohmann::json to_json(const Snapshot& snapshot);
nlohmann::json to_json(const Monitor& monitor);
nlohmann::json to_json(const BpfProgram& program); // with mean_ns, of run_time_ns
nlohmann::json to_json(const BpfPrograms& programs);
nlohmann::json to_json(const Watch& watch);
nlohmann::json to_json(const KernelRead& read);

} // namespace ktstr::plan
