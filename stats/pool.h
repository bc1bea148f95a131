// SPDX-License-Identifier: GPL-2.0-only
// All records below a root, as rows; and the files among them that could not be read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "stats/metrics.h"
#include "stats/row.h"

namespace ktstr::stats {

struct Unreadable {
    std::string path;
    std::string run;
    std::string reason;
    std::string way_out;
};

struct Pool {
    std::filesystem::path root;
    MetricTable metrics;
    std::vector<Row> rows;              // by path
    std::vector<Unreadable> unreadable; // by path: files and directories

    // The rows of one run, or of all if it is empty.
    [[nodiscard]] std::vector<const Row*> rows_of(const std::string& run) const;
    // The run with the latest record; of several the last by name. Empty if there are no rows.
    [[nodiscard]] std::string newest_run() const;
};

// A file `*.ktstr.json` and the run that it belongs to.
struct RecordFile {
    std::filesystem::path path;
    std::string run;
};

// Those of {root}/{run}/ and of the directories in it (seeds). Directories that cannot be looked into are unreadable.
// An error if the root itself cannot. What `ktstr perf-delta` has measured ({root}/perf-delta-*) is left out: its sides
// may differ in what no record says, and are a pool of their own.
Result<std::vector<RecordFile>> find_records(const std::filesystem::path& root, std::vector<Unreadable>& unreadable);
// Those of one run: in its directory and in those in it.
Result<std::vector<RecordFile>> find_run_records(const std::filesystem::path& directory,
                                                 std::vector<Unreadable>& unreadable);

// Reads the files on all CPUs that this process may use. What cannot be read is kept as unreadable.
Pool read_files(std::vector<RecordFile> files);
Result<Pool> read_pool(const std::filesystem::path& root);
Result<Pool> read_run(const std::filesystem::path& directory);

// Why a file cannot be read, or nothing.
std::optional<Error> explain_file(const std::filesystem::path& path);

} // namespace ktstr::stats
