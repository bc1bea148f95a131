// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/find_files.h"

#include <algorithm>
#include <set>

namespace ktstr::syntax {

namespace fs = std::filesystem;

namespace {

// All .ktl files below `folder`, sorted by path. Links to folders are not followed, so there are no circles.
Result<std::vector<fs::path>> files_below(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code code;
    fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, code);
    for (; !code && walk != fs::recursive_directory_iterator(); walk.increment(code)) {
        std::error_code ignored;
        const std::string name = walk->path().filename().string();
        // Libraries that were copied beside a ktl.toml are used, not run.
        const bool vendored = name == "vendor" && fs::exists(walk->path().parent_path() / "ktl.toml", ignored);
        if (name.front() == '.' || vendored) {
            if (walk->is_directory(ignored)) walk.disable_recursion_pending();
        } else if (walk->path().extension() == ".ktl" && !walk->is_directory(ignored)) {
            files.push_back(walk->path());
        }
    }
    if (code) return Error{"cannot read the folder " + folder.string() + ": " + code.message()};
    if (files.empty())
        return Error{"there is no .ktl file in " + folder.string(), "scenarios are in files that end in .ktl"};
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

Result<std::vector<fs::path>> find_files(const std::vector<fs::path>& paths) {
    std::vector<fs::path> files;
    std::set<fs::path> seen;
    for (const auto& path : paths) {
        std::error_code code;
        const auto status = fs::status(path, code);
        if (status.type() == fs::file_type::none) return Error{"cannot read " + path.string() + ": " + code.message()};
        if (!fs::exists(status))
            return Error{"there is no file or folder " + path.string(), "paths are relative to the current folder"};
        std::vector<fs::path> found = {path};
        if (fs::is_directory(status)) {
            auto below = files_below(path);
            if (!below) return below.error();
            found = std::move(*below);
        }
        for (auto& file : found)
            if (seen.insert(fs::weakly_canonical(file, code)).second) files.push_back(std::move(file));
    }
    return files;
}

} // namespace ktstr::syntax
