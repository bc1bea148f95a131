// SPDX-License-Identifier: GPL-2.0-only
// A directory of records.
//
//   {root}/{name}/                    run_directory_name() of names.h
//   {root}/{name}/{stem}.ktstr.json   records, and files that belong to them
//   {root}/{name}/seed-N/...          those of a gauntlet's seeds
//   {root}/{name}/.ktstr_run_epoch    whose session they are: session.h
//   {root}/{name}/.ktstr-stage-*      files that are being written: stage.h
//   {root}/.locks/{name}.lock         held while files appear and go
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace ktstr::runs {

// A file that belongs to a record, or a record.
struct RecordFile {
    std::string name;
    std::string content;
};

// Safe for several threads, processes and sessions at once.
class RunDirectory {
  public:
    static constexpr std::chrono::seconds lock_timeout{30};

    // Records of a session in {root}/{name}. Nothing is made before the first write.
    RunDirectory(const std::filesystem::path& root, const std::string& name, std::string session,
                 std::chrono::milliseconds timeout = lock_timeout);
    // A directory of the user's: only written to, never locked or cleared.
    explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    // Writes files that belong together into `folder` below ("": the directory itself); the last one is the record,
    // `{stem}.ktstr.json`, and appears after the others. Each is whole or not there: after a kill, a full disk or an
    // error a file of that name is the old one or the new one. What an older record of that name had beside it and the
    // new one has not goes. Returns the record's path.
    Result<std::filesystem::path> write(const std::string& folder, const std::vector<RecordFile>& files);

  private:
    // Files appear: with the lock, in this process by one thread at a time.
    Result<void> publish(const std::filesystem::path& directory, const std::vector<RecordFile>& files,
                         bool& directory_lost);
    Result<void> begin();

    std::filesystem::path path_;
    std::filesystem::path lock_; // empty: the user's directory
    std::string session_;
    std::chrono::milliseconds timeout_{0};
    std::mutex mutex_;
    bool begun_ = false; // what another session has written there since stays
};

} // namespace ktstr::runs
