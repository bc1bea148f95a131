// SPDX-License-Identifier: GPL-2.0-only
// Where the records of one `ktstr run` go, and what they say of where they come from.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "report/result.h"
#include "runs/directory.h"
#include "runs/environment.h"
#include "runs/provenance.h"

namespace ktstr::cli {

// Safe for several threads.
class Records {
  public:
    // `out`: as --out gives it; empty: KTSTR_SIDECAR_DIR, else KTSTR_RUNS_ROOT, else ktstr-runs. Makes the directory.
    // An error if records cannot be kept there.
    static Result<std::unique_ptr<Records>> open(const std::filesystem::path& out, bool on_host);

    // Says on standard error that the project's commit is not known, if that matters.
    void announce() const;

    // Whether all records go into one directory, of whatever kernel: KTSTR_SIDECAR_DIR.
    [[nodiscard]] bool share_directory() const { return environment_.sidecar_dir.has_value(); }

    // Of a run of the plan on a kernel whose source tree has that commit. `scenario_directory` is what a relative path
    // of a scheduler counts from.
    runs::Provenance provenance(const plan::Plan& plan, const std::filesystem::path& scenario_directory,
                                const std::optional<std::string>& kernel_commit);

    // Writes the record of a run on `kernel`; with a gauntlet's seed, into its folder. Returns the record's path.
    Result<std::filesystem::path> write(const report::ScenarioResult& result, const std::string& kernel,
                                        const std::optional<std::uint64_t>& seed);

  private:
    Records(std::filesystem::path root, runs::Environment environment, bool on_host);
    runs::RunDirectory& directory_of(const std::string& kernel);
    runs::SchedulerOrigin origin_of(const std::filesystem::path& binary, const std::string& source);

    const std::filesystem::path root_;
    const runs::Environment environment_;
    const bool on_host_;
    const runs::Provenance process_;
    const std::string session_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<runs::RunDirectory>> directories_; // by kernel; "" for KTSTR_SIDECAR_DIR
    std::map<std::string, runs::SchedulerOrigin> origins_;                   // by path, size and time
};

} // namespace ktstr::cli
