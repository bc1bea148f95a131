// SPDX-License-Identifier: GPL-2.0-only
// What the BPF verifier made of a scheduler, on kernels and topologies, against another one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "interp/plan/record.h"
#include "report/text.h"

namespace ktstr::report {

enum class Admission {
    attached,
    rejected,        // by the verifier
    not_attached,    // for another reason
    kernel_unusable, // no sched_ext, or kfuncs that every scheduler needs cannot be called: says nothing of the
                     // scheduler
    not_run,         // the host could not do its part
};
std::string_view to_string(Admission admission); // "attached"

// One boot.
struct VerifierRun {
    std::string scheduler; // as it was given
    bool against = false;  // it is what the other one is compared with
    std::string kernel;
    std::string topology;
    Admission admission = Admission::not_run;
    std::string message; // in every case but attached: what happened
    std::string hint;
    std::string program; // rejected: which, where libbpf said so
    std::string log;     // rejected, not attached: what the scheduler wrote, with its loops collapsed
    std::vector<plan::BpfProgram> programs;
    std::string programs_absent; // attached: why their sizes are not known
};

// `kernel_lacks`: what the kernel lacks that schedulers need, in words; empty: nothing.
void judge(VerifierRun& run, const plan::Record& record, const std::string& kernel_lacks);

// Of one program on one kernel, the most of all topologies.
struct ProgramSize {
    std::string kernel;
    std::string name;
    std::string callback;
    std::optional<std::uint64_t> verified_insns; // none: the scheduler does not have it
    std::optional<std::uint64_t> against;        // the same of the other scheduler
};
std::vector<ProgramSize> program_sizes(const std::vector<VerifierRun>& runs); // by kernel in their order, then by name

// Per kernel a table of the programs, and every run that did not attach with its log.
std::string verifier_text(const std::vector<VerifierRun>& runs, const Style& style);
// {"runs": [...], "programs": [...], "warnings": [...]}
nlohmann::json verifier_json(const std::vector<VerifierRun>& runs);

} // namespace ktstr::report
