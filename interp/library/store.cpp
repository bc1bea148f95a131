// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdio> // renameat2 (GNU)

namespace ktstr::library {

namespace fs = std::filesystem;

namespace {

constexpr auto lock_patience = std::chrono::minutes(5);
constexpr const char* stage_prefix = ".stage-";
constexpr const char* cache_hint = "set XDG_CACHE_HOME to a directory that you can write to";

// The content of a folder, if there is one and it has that hash.
std::optional<Stored> sound(const fs::path& folder, const std::string& sha256) {
    std::error_code code;
    if (!fs::is_directory(folder, code)) return std::nullopt;
    auto content = read_folder(folder);
    if (!content || content_hash(*content) != sha256) return std::nullopt;
    return Stored{folder, std::move(*content)};
}

void sweep(const fs::path& folder) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(folder, code)) {
        std::error_code ignored;
        if (entry.path().filename().string().starts_with(stage_prefix)) fs::remove_all(entry.path(), ignored);
    }
}

// Puts the staged folder in the place of `target`, whatever is there. What was there ends up in the stage.
Result<void> put(TemporaryDirectory& stage, const fs::path& target) {
    ::chmod(stage.path().c_str(), 0755); // mkdtemp makes it for the user alone
    const auto swap = [&](unsigned flags) {
        return ::renameat2(AT_FDCWD, stage.path().c_str(), AT_FDCWD, target.c_str(), flags) == 0;
    };
    std::error_code code;
    if (!fs::exists(fs::symlink_status(target, code))) {
        if (!swap(0)) return errno_error("create", target.string(), errno);
        stage.release();
        return {};
    }
    if (swap(RENAME_EXCHANGE)) return {};
    if (errno != EINVAL && errno != ENOSYS) return errno_error("replace", target.string(), errno);
    // A file system that cannot exchange: for a moment nothing is there.
    const fs::path aside = stage.path().string() + "-old";
    fs::rename(target, aside, code);
    if (code) return Error{"cannot replace " + target.string() + ": " + code.message()};
    if (!swap(0)) return errno_error("replace", target.string(), errno);
    stage.release();
    fs::remove_all(aside, code);
    return {};
}

Error not_there(const fs::path& project, const LockedLibrary& library) {
    std::error_code code;
    const auto vendored = project / vendor_name / library.name;
    const auto cached = library_cache() / library.sha256;
    const std::string name = "`" + library.name + "`";
    if (fs::exists(cached, code))
        return Error{"the files of the library " + name + " in " + cached.string() + " are not what " +
                         std::string(lock_name) + " was made from: their hash has changed",
                     "run `ktstr update --locked`, which fetches them anew"};
    if (fs::exists(vendored, code))
        return Error{"the files of the library " + name + " in " + vendored.string() + " are not those that " +
                         std::string(lock_name) + " names: their hash is another",
                     "run `ktstr vendor`, which writes them anew, or bring back the old ones"};
    return Error{"the library " + name + " is not on this machine",
                 "run `ktstr update --locked`, which fetches what " + std::string(lock_name) + " names"};
}

} // namespace

fs::path library_cache() { return cache_directory() / "libraries"; }

Result<WriteLock> WriteLock::acquire() {
    const auto cache = library_cache();
    if (auto made = make_directories(cache); !made) return Error{made.error().message, cache_hint};
    auto lock = FileLock::acquire(cache / ".lock", FileLock::Mode::exclusive, lock_patience);
    if (!lock) return Error{lock.error().message, lock.error().hint.empty() ? cache_hint : lock.error().hint};
    sweep(cache);
    return WriteLock(std::move(*lock));
}

Result<TemporaryDirectory> WriteLock::stage() const {
    return TemporaryDirectory::create_in(library_cache(), stage_prefix);
}

std::optional<Stored> find_content(const fs::path& project, const std::string& name, const std::string& sha256) {
    if (auto vendored = sound(project / vendor_name / name, sha256)) return vendored;
    return sound(library_cache() / sha256, sha256);
}

Result<Stored> find_library(const fs::path& project, const LockedLibrary& library) {
    std::error_code code;
    if (!library.source.path.empty()) {
        const auto folder = project / library.source.path;
        if (fs::exists(folder / manifest_name, code)) {
            auto content = read_folder(folder);
            if (!content) return Error{folder.string() + ": " + content.error().message, content.error().hint};
            return Stored{folder, std::move(*content)};
        }
        if (auto stored = sound(project / vendor_name / library.name, library.sha256)) return std::move(*stored);
        return Error{"there is no library at " + folder.string() + ", where `" + library.name + "` should be",
                     "put it there, or correct the `path` in " + std::string(manifest_name)};
    }
    if (auto stored = find_content(project, library.name, library.sha256)) return std::move(*stored);
    return not_there(project, library);
}

Result<void> store_in_cache(const WriteLock& lock, const Content& content) {
    const auto hash = content_hash(content);
    const auto target = library_cache() / hash;
    if (sound(target, hash)) return {};
    auto stage = lock.stage();
    if (!stage) return Error{stage.error().message, cache_hint};
    if (auto written = write_folder(content, stage->path()); !written) return written;
    return put(*stage, target);
}

Result<void> store_in_vendor(const fs::path& project, const std::string& name, const Content& content) {
    const auto vendor = project / vendor_name;
    const auto target = vendor / name;
    if (sound(target, content_hash(content))) return {};
    if (auto made = make_directories(vendor); !made) return made;
    sweep(vendor);
    auto stage = TemporaryDirectory::create_in(vendor, stage_prefix);
    if (!stage) return stage.error();
    if (auto written = write_folder(content, stage->path()); !written) return written;
    return put(*stage, target);
}

} // namespace ktstr::library
