// SPDX-License-Identifier: GPL-2.0-only
// What the executor gives a worker from outside: its scheduling policy, its nice value, its CPUs. Everything that is
// set is read back: a kernel that makes something else of it would make the test another one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::guest {

// Nice value and policy of `work`, for the process `pid`.
Result<void> apply_policy(pid_t pid, const plan::Work& work);

// Turns an affinity of the plan into the CPUs of each worker.
class AffinityResolver {
  public:
    // `cpus`: the machine's number of each of the topology's CPUs; empty: they are the same.
    AffinityResolver(const plan::Topology& topology, std::uint64_t seed, std::vector<int> cpus = {})
        : topology_(topology), random_(seed), cpus_(std::move(cpus)) {}

    // For the `index`-th worker of a group, in a cgroup that may use `allowed`. Errors: the cgroup has fewer CPUs than
    // are to be drawn, or none with an SMT sibling. An empty set stands for every CPU that there is.
    Result<plan::CpuSet> resolve(const plan::Affinity& affinity, const plan::CpuSet& allowed, int index);

  private:
    plan::CpuSet draw(std::vector<int> from, int count);
    // Between the machine's numbers and the topology's. CPUs that are not in the topology are left out.
    [[nodiscard]] plan::CpuSet in_topology(const plan::CpuSet& cpus) const;
    [[nodiscard]] plan::CpuSet in_machine(const plan::CpuSet& cpus) const;

    plan::Topology topology_;
    std::mt19937_64 random_;
    std::vector<int> cpus_;
};

// Sets which CPUs a process may use; empty: all that its cgroup gives it.
Result<void> apply_affinity(pid_t pid, const plan::CpuSet& cpus);

// "0-3", "2 random CPUs": for events.
std::string affinity_text(const plan::Affinity& affinity);

} // namespace ktstr::guest
