// SPDX-License-Identifier: GPL-2.0-only
// What makes two runs of a scenario the same variant, as a hash.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interp/plan/plan.h"

namespace ktstr::report {

// SipHash-c-d with a 128-bit key (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), written after the
// paper's description. 1-3 is the reduced-round variant; 2-4 is the one that the paper publishes test vectors for.
std::uint64_t siphash(int compression_rounds, int finalization_rounds, std::uint64_t key0, std::uint64_t key1,
                      std::string_view data);

// The identity of a plan's variant. Nothing about the host, commits, kernel or seed: runs on two hosts compare.
struct VariantIdentity {
    std::string topology;  // "1n2l4c1t"
    std::string scheduler; // its name; "eevdf" for the kernel's own
    std::string work_type; // of all workers: distinct names in order, joined with "+"; empty if there are none
    std::vector<std::string> sysctls; // "sysctl.kernel.numa_balancing=0", sorted
    std::vector<std::string> kargs;   // sorted
    std::string payload;              // of all that are run: distinct names in order, joined with "+"; empty: none
    std::vector<std::string> flags;   // of the scheduler, sorted
    std::map<std::string, std::string> parameters; // of the scenario, as written
};
VariantIdentity variant_identity(const plan::Plan& plan);
// The same out of a record: keys of a sidecar that are missing, as `flags` and `parameters` are in version 1, count as
// empty. The error names one of another type.
Result<VariantIdentity> variant_identity(const nlohmann::json& sidecar);

// SipHash-1-3 with zero keys over the identity as JSON (keys sorted, no white space; without a payload that is null,
// without flags or parameters there is no such key), as 16 hexadecimal digits.
std::string variant_hash(const VariantIdentity& identity);
std::string variant_hash(const plan::Plan& plan);

} // namespace ktstr::report
