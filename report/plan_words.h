// SPDX-License-Identifier: GPL-2.0-only
// The parts of a plan in words, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interp/plan/plan.h"

namespace ktstr::report {

// "0s", "2.5ms", "3.333s": the largest unit that fits, rounded to its thousandths.
std::string duration_words(std::uint64_t ns);
std::string size_words(std::uint64_t bytes);                    // "256MiB": the largest unit that it is whole in
std::string count_words(std::uint64_t count, std::string what); // "1 worker", "2 workers"
std::string joined(const std::vector<std::string>& parts, std::string_view separator = ", ");

// "8 CPUs: 1 NUMA node, 2 LLCs, 4 cores per LLC, 1 thread per core"; of nodes that differ, a line for each follows.
std::vector<std::string> topology_words(const plan::Topology& topology);
// "4 workers of bursty(burst: 5ms), nice 5": parameters that are not the work type's defaults.
std::string work_words(const plan::Work& work);
// "in cgroup hot", or where the executor is.
std::string place_words(const std::string& cgroup);
// A command line as a shell would take it.
std::string command_words(const std::string& binary, const std::vector<std::string>& args);

// What an op does, and a line for each group of workers of a new cgroup.
struct OpWords {
    std::string what;
    std::vector<std::string> details = {};
};
OpWords op_words(const plan::Plan& plan, const plan::Op& op);

} // namespace ktstr::report
