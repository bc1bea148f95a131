// SPDX-License-Identifier: GPL-2.0-only
// `ktstr run` as a user starts it, watched from outside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"

namespace ktstr::bench {

struct KtstrRun {
    double wall_ms = 0;                   // from the start of the process to its end
    std::uint64_t peak_private_bytes = 0; // ktstr's own resident set without shared memory, which is the guest's
    nlohmann::json sidecar;               // what it kept of its only scenario

    // Host time of a phase ("boot", "stage", "scenario", ...); 0 if the run had none.
    [[nodiscard]] double phase_ms(const std::string& phase) const;
};

// Runs one scenario again and again, each time in a folder that is empty.
class Bench {
  public:
    // `source` is the text of a .ktl file with one scenario; `kernel` is what --kernel takes.
    static Result<Bench> create(const std::string& source, const std::string& kernel);
    // Lets the next runs start from saved machines; without it each run boots (--cold).
    void use_templates() { templates_ = true; }

    // The plan that `ktstr plan` makes of the scenario.
    [[nodiscard]] Result<plan::Plan> plan() const;
    // An error unless the scenario passes. `options` are more words for `ktstr run`. Watching the memory costs some
    // time of the processor.
    [[nodiscard]] Result<KtstrRun> run(bool watch_memory = false, const std::vector<std::string>& options = {}) const;

  private:
    Bench(TemporaryDirectory directory, std::string kernel)
        : directory_(std::move(directory)), kernel_(std::move(kernel)) {}
    [[nodiscard]] std::filesystem::path scenario_file() const { return directory_.path() / "bench.ktl"; }

    TemporaryDirectory directory_;
    std::string kernel_;
    bool templates_ = false;
};

// The folder of this program, where ktstr and its helpers are too.
std::filesystem::path program_directory();

} // namespace ktstr::bench
