// SPDX-License-Identifier: GPL-2.0-only
// The BPF programs of a run's schedulers over time: what is seen of them is kept when they go.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interp/plan/observation.h"
#include "vmm/observe/bpf_programs.h"

namespace ktstr::observe {

class ProgramMonitor {
  public:
    // `kernel` and `types` must outlive it.
    ProgramMonitor(const GuestKernel& kernel, int cpus, ProgramTypes& types);

    // Whatever state the guest is in. What cannot be read now stays as it was seen last.
    void look();
    // "program.enqueue.run_count" and "program.enqueue.run_time_ns" for each callback that was seen until now, while
    // the kernel counts; more are added behind these, none goes.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    // Of names(): all programs together that were seen at the callback, since the load of each. They only grow, also
    // where a scheduler is replaced.
    [[nodiscard]] std::vector<double> values() const;
    // All that was seen.
    [[nodiscard]] plan::BpfPrograms programs();

  private:
    void find_owners();
    void add_names();

    const GuestKernel& kernel_;
    int cpus_;
    ProgramTypes& types_;
    Result<ProgramReader> reader_;
    bool counted_ = false;
    std::map<std::uint32_t, RawProgram> seen_; // by id: the kernel gives each once
    std::map<std::uint32_t, Owner> owners_;
    std::map<std::uint32_t, int> looked_for_owner_; // times, by BTF
    std::vector<std::string> callbacks_;            // two of names_ each
    std::vector<std::string> names_;
    std::string failure_; // of the last look
};

} // namespace ktstr::observe
