// SPDX-License-Identifier: GPL-2.0-only
// Whether `ktstr perf-delta` is right: it must find a scheduler that was made slower, and say nothing of one that was
// not changed. `bench-perf_delta 20` tries each 20 times, which takes half an hour where machines are emulated.
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/process.h"
#include "bench/figure.h"
#include "bench/ktstr_run.h"

namespace ktstr::bench {

namespace {

constexpr int default_tries = 3;
// In each enqueue and dispatch: a few times what an emulated guest needs for handing over itself.
constexpr const char* slowed = "--spin-ns 500000";
constexpr const char* unchanged = "--spin-ns 0";

struct Try {
    int exit_code = -1;
    nlohmann::json said;
};

Result<Try> compare_with(const char* arguments, const std::string& root) {
    const std::string scenario = KTSTR_SCENARIOS "/perf/handing_over.ktl";
    auto output = run_command({.arguments = {(program_directory() / "ktstr").string(), "perf-delta", scenario,
                                             std::string("--scheduler-args=") + arguments, "--root", root, "--json"}});
    if (!output) return output.error();
    Try one{output->exit.exit_code, nlohmann::json::parse(output->output, nullptr, false)};
    if (one.exit_code != 0 && one.exit_code != 1)
        return Error{"ktstr perf-delta ended with " + output->exit.text() + ": " + output->output};
    return one;
}

// Caught is what was done to it, not whatever else may be worse by chance.
bool is_throughput_worse(const nlohmann::json& said) {
    for (const auto& metric : said["scenarios"][0]["metrics"])
        if (metric["metric"] == "work_units_per_s") return metric["judgement"] == "worse";
    return false;
}

Result<std::vector<Figure>> measure(int tries) {
    int caught = 0;
    int quiet = 0;
    for (int i = 0; i < tries; ++i) {
        const auto folder = TemporaryDirectory::create("ktstr-bench-");
        if (!folder) return folder.error();
        const auto slow = compare_with(slowed, folder->path().string());
        if (!slow) return slow.error();
        caught += slow->exit_code == 1 && is_throughput_worse(slow->said) ? 1 : 0;
        const auto same = compare_with(unchanged, folder->path().string());
        if (!same) return same.error();
        quiet += same->exit_code == 0 ? 1 : 0;
        std::cerr << "try " << i + 1 << " of " << tries << ": slowed " << slow->said.value("conclusion", "")
                  << "; unchanged " << same->said.value("conclusion", "") << "\n";
    }
    const auto figure = [tries](const char* name, int right) {
        return Figure{.bench = "perf_delta",
                      .name = name,
                      .value = static_cast<double>(right),
                      .unit = "of " + std::to_string(tries),
                      .bound = tries,
                      .direction = Bound::at_least};
    };
    return std::vector<Figure>{figure("slowed_is_caught", caught), figure("unchanged_is_not", quiet)};
}

} // namespace

} // namespace ktstr::bench

int main(int argc, char** argv) {
    const int tries = argc > 1 ? std::atoi(argv[1]) : ktstr::bench::default_tries;
    return ktstr::bench::finish(ktstr::bench::measure(tries > 0 ? tries : ktstr::bench::default_tries));
}
