// SPDX-License-Identifier: GPL-2.0-only
// Reads the values of interp/plan/monitor.h out of a running guest, without stopping a CPU: each is a load or two per
// CPU. What a kernel lacks is said once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vmm/observe/kernel.h"

namespace ktstr::observe {

class MonitorReader {
  public:
    // `ran`: whether the host has let this vCPU run since it was asked last; without it a runqueue's clock may stand
    // still for the host's sake.
    MonitorReader(const GuestKernel& kernel, int cpus, std::function<bool(int cpu)> ran);

    // Those of monitor_values() that this kernel has, in that order, then those of cpu_values(), CPU by CPU.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    [[nodiscard]] const std::map<std::string, std::string>& absent() const { return absent_; }
    // One look: a value for each of names(), NaN for what could not be read.
    std::vector<double> sample();

  private:
    struct RunQueue {
        std::uint64_t nr_running = 0;
        std::uint64_t scx_nr_running = 0;
        std::uint64_t local_dsq = 0;
        std::uint64_t clock = 0;
        std::uint64_t scx_flags = 0;
        bool idle = false;
        [[nodiscard]] double value(std::string_view name) const; // of cpu_values()
    };
    void find_fields();
    void add_cpu_names();
    void find_events();
    void find_event_place();
    bool read_queues();
    std::optional<double> queue_value(std::string_view name) const;
    double stuck_cpus();
    // Where the counters of an event are on that CPU.
    enum class Events { none, variable, pointer };
    std::optional<std::uint64_t> events_of(int cpu) const;
    double sum_of(std::uint64_t offset, bool narrow) const;
    double sum_of_events(std::uint64_t offset) const;

    const GuestKernel& kernel_;
    int cpus_;
    std::function<bool(int)> ran_;
    std::vector<std::uint64_t> queues_;                  // addresses of struct rq
    std::map<std::string, std::uint64_t> fields_;        // offset in struct rq
    std::map<std::string, std::uint64_t> event_offsets_; // in struct scx_event_stats
    Events events_ = Events::none;
    std::uint64_t root_ = 0;           // address of scx_root
    std::uint64_t events_pointer_ = 0; // offset in struct scx_sched
    std::uint64_t events_inside_ = 0;  // offset behind that pointer
    std::vector<std::string> names_;
    std::vector<std::string> cpu_fields_; // those of cpu_values() that this kernel has, without "cpu[N]."
    std::map<std::string, std::string> absent_;
    std::vector<RunQueue> now_;
    std::vector<RunQueue> before_;
};

} // namespace ktstr::observe
