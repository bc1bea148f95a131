// SPDX-License-Identifier: GPL-2.0-only
// The scheduling domains of a running guest (struct sched_domain, include/linux/sched/topology.h), read without
// stopping a CPU. The kernel frees and rebuilds them when CPUs or cpuset partitions change, perhaps while they are
// read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "interp/plan/observation.h"
#include "vmm/observe/kernel.h"
#include "vmm/observe/render.h"

namespace ktstr::observe {

class DomainReader {
  public:
    DomainReader(const GuestKernel& kernel, int cpus);

    // Why there are no domains in this kernel; empty: there are.
    [[nodiscard]] const std::string& absent() const { return absent_; }
    // One look. A tree that differs from the last of `trees` is added to them, the counters of one that does not are
    // brought up to date. What changes while it is read is left for the next look.
    void look(std::vector<plan::DomainTree>& trees, std::int64_t at_ns) const;

  private:
    struct Counter {
        std::string name;
        std::uint64_t offset = 0; // in struct sched_domain
        std::uint32_t count = 0;  // numbers of 32 bits
    };
    void find_fields();
    void find_counters(std::uint32_t type);
    [[nodiscard]] std::optional<std::vector<plan::CpuDomains>> read() const;
    // Of one CPU, innermost first.
    [[nodiscard]] std::optional<plan::CpuDomains> read_cpu(int cpu) const;
    [[nodiscard]] std::optional<plan::SchedDomain> read_domain(std::uint64_t address, const Bytes& bytes) const;
    [[nodiscard]] std::optional<plan::CpuSet> read_span(std::uint64_t address) const;

    const GuestKernel& kernel_;
    int cpus_;
    std::string absent_;
    std::uint64_t size_ = 0;  // of struct sched_domain
    std::uint64_t first_ = 0; // offset in struct rq of the pointer to the innermost
    std::uint64_t parent_ = 0;
    std::uint64_t level_ = 0;
    std::uint64_t flags_ = 0;
    std::uint64_t span_ = 0;
    std::optional<std::uint64_t> name_; // with CONFIG_SCHED_DEBUG; always from 6.15 on
    std::vector<Counter> counters_;     // with CONFIG_SCHEDSTATS
    std::vector<std::pair<std::string, std::int64_t>> flag_names_;
};

} // namespace ktstr::observe
