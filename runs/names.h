// SPDX-License-Identifier: GPL-2.0-only
// Names of run directories and of the files in them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ktstr::runs {

constexpr std::string_view record_suffix = ".ktstr.json";
constexpr std::string_view observed_suffix = ".observed.json.zst";
constexpr std::string_view plan_suffix = ".plan.json";
constexpr std::string_view repro_suffix = ".repro.json";
constexpr std::string_view repro_observed_suffix = ".repro.observed.json.zst";
// What lies beside a record as {stem}SUFFIX; the second one is what earlier versions wrote.
constexpr std::array<std::string_view, 5> companion_suffixes = {observed_suffix, ".observed.json", plan_suffix,
                                                                repro_suffix, repro_observed_suffix};
constexpr std::string_view capture_suffix = ".ctprof.zst";
constexpr std::string_view session_file = ".ktstr_run_epoch"; // its content is the token of the last session
constexpr std::string_view lock_folder = ".locks";            // beside the run directories: NAME.lock for each
constexpr std::string_view stage_prefix = ".ktstr-stage-";    // files that are not complete yet

// "6.12.95-ktstr-0123abc", "host-6.14.2-unknown": the directory of runs on a kernel, of this commit of the project.
// What a file name should not hold is written as %XX.
std::string run_directory_name(const std::string& kernel, bool on_host,
                               const std::optional<std::string>& project_commit);

// Whether a file of that name is a record, or belongs to one: what the next session clears.
bool is_of_record(std::string_view file);

// Whether a folder of that name holds runs with one seed of a gauntlet: "seed-7".
bool is_seed_folder(std::string_view folder);

} // namespace ktstr::runs
