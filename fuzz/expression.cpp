// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace ktstr::fuzz {

namespace {

const std::string scenario = R"(
param number = 2
param time   = 4s
param words  = ["a", "b"]
param text   = "hot"
param cpus   = 0-1
param load   = spin_wait
param share  = 50%

scenario "parameters" {
  topology 1n2l4c1t
  duration time
  for word in words { cgroup "of_${word}" { workers number of load } }
  cgroup "${text}" { cpuset cpus  workers share of load }
}
)";

} // namespace

std::string try_expression(std::string_view input) {
    for (const auto* name : {"number", "time", "words", "text", "cpus", "load", "share"}) {
        CompileOptions options;
        options.parameters[name] = input;
        if (auto fault = check_compilation(scenario, options); !fault.empty()) return fault;
    }
    return {};
}

} // namespace ktstr::fuzz
