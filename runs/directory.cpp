// SPDX-License-Identifier: GPL-2.0-only
#include "runs/directory.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "runs/names.h"
#include "runs/session.h"
#include "runs/stage.h"

namespace ktstr::runs {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int most_tries = 5; // where somebody removes the directory while it is written to
constexpr std::uint64_t largest_record = std::uint64_t{1} << 30U;

bool is_there(const fs::path& path) { return ::access(path.c_str(), F_OK) == 0 || errno != ENOENT; }

// The files that the record of that path has beside it. It may be damaged, or that of another version.
std::vector<std::string> companions_of(const fs::path& record) {
    const std::string file = record.filename().string();
    const std::string stem = file.substr(0, file.size() - record_suffix.size());
    std::vector<std::string> names;
    for (const auto suffix : companion_suffixes) names.push_back(stem + std::string(suffix));
    const auto content = read_file(record, largest_record);
    const json old = content ? json::parse(*content, nullptr, false) : json();
    const auto captures = old.is_object() ? old.find("ctprof") : old.end();
    if (captures == old.end() || !captures->is_array()) return names;
    for (const auto& capture : *captures) {
        if (!capture.is_object() || !capture.contains("file") || !capture["file"].is_string()) continue;
        const auto name = capture["file"].get<std::string>();
        if (name.starts_with(stem + ".") && is_of_record(name) && name.find('/') == std::string::npos)
            names.push_back(name);
    }
    return names;
}

Result<void> check_names(const std::vector<RecordFile>& files) {
    for (const auto& file : files)
        if (file.name.empty() || file.name.starts_with('.') || file.name.find('/') != std::string::npos ||
            file.name.find('\0') != std::string::npos)
            return Error{"'" + file.name + "' is no name for a file of a record"};
    if (files.empty() || !files.back().name.ends_with(record_suffix))
        return Error{"the last one of a record's files is not the record"};
    return {};
}

} // namespace

RunDirectory::RunDirectory(const fs::path& root, const std::string& name, std::string session,
                           std::chrono::milliseconds timeout)
    : path_(root / name), lock_(root / lock_folder / (name + ".lock")), session_(std::move(session)),
      timeout_(timeout) {}

Result<void> RunDirectory::begin() {
    if (begun_) return is_there(path_ / session_file) ? Result<void>() : write_session(path_, session_);
    if (auto made = begin_session(path_, session_); !made) return made;
    for (const auto& directory : {path_, path_.parent_path()}) // that they are there, and what was cleared is not
        if (auto synced = sync_directory(directory); !synced) return synced;
    begun_ = true;
    return {};
}

Result<void> RunDirectory::publish(const fs::path& directory, const std::vector<RecordFile>& files,
                                   bool& directory_lost) {
    directory_lost = true;
    if (auto made = make_directories(directory); !made) return made;
    std::vector<StagedFile> staged;
    const auto failed = [&](const Error& error) {
        directory_lost = !is_there(directory) ||
                         std::any_of(staged.begin(), staged.end(), [](const StagedFile& file) { return file.lost(); });
        return error;
    };
    for (const auto& file : files) {
        auto stage = StagedFile::write(directory / file.name, file.content);
        if (!stage) return failed(stage.error());
        staged.push_back(std::move(*stage));
    }
    const std::lock_guard guard(mutex_);
    std::optional<FileLock> lock;
    if (!lock_.empty()) {
        if (auto made = make_directories(lock_.parent_path()); !made) return made;
        auto acquired = FileLock::acquire(lock_, FileLock::Mode::exclusive, timeout_);
        if (!acquired) return failed(acquired.error());
        lock = std::move(*acquired);
        if (auto begun = begin(); !begun) return failed(begun.error());
    }
    const fs::path record = directory / files.back().name;
    const auto old = is_there(record) ? companions_of(record) : std::vector<std::string>();
    for (auto& file : staged)
        if (auto published = file.publish(); !published) return failed(published.error());
    for (const auto& name : old)
        if (std::none_of(files.begin(), files.end(), [&](const RecordFile& file) { return file.name == name; }))
            ::unlink((directory / name).c_str());
    directory_lost = false;
    return {};
}

Result<fs::path> RunDirectory::write(const std::string& folder, const std::vector<RecordFile>& files) {
    if (auto good = check_names(files); !good) return good.error();
    if (!folder.empty() && !is_seed_folder(folder)) return Error{"'" + folder + "' is no folder of a run directory"};
    const fs::path directory = folder.empty() ? path_ : path_ / folder;
    for (int tries = 1;; ++tries) {
        bool directory_lost = false;
        auto published = publish(directory, files, directory_lost);
        if (published) published = sync_directory(directory);
        if (published && !folder.empty()) published = sync_directory(path_);
        if (published) return directory / files.back().name;
        if (is_there(directory) && !directory_lost) return published.error();
        if (tries == most_tries) return published.error();
    }
}

} // namespace ktstr::runs
