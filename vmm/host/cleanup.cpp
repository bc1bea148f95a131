// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/cleanup.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "vmm/host/executor.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto removal_limit = 5s; // for killed processes to leave their cgroup
constexpr auto without_lock = 1h;  // nobody takes so long to make or remove an entry
constexpr std::size_t suffix = 7;  // "-XXXXXX" of mkdtemp(3)
constexpr std::string_view stage_prefix = ".stage-";

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The number that follows `prefix` to the end of the name.
std::optional<std::uint64_t> numbered(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return std::nullopt;
    return number(name.substr(prefix.size()));
}

std::vector<fs::path> entries_of(const fs::path& folder) {
    std::vector<fs::path> paths;
    std::error_code code;
    for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code))
        paths.push_back(entry->path());
    std::sort(paths.begin(), paths.end());
    return paths;
}

class Cleaner {
  public:
    Cleaner(const CleanupPlaces& places, bool dry_run) : places_(places), dry_run_(dry_run) {}

    std::vector<Leftover> clean() {
        for (const auto& path : entries_of(places_.cgroups)) cgroup(path);
        for (const auto& path : entries_of(places_.temporary)) run_directory(path);
        for (const char* cache : {"kernels", "templates", "libraries"})
            for (const auto& path : entries_of(places_.cache / cache)) cache_entry(path);
        return std::move(found_);
    }

  private:
    // Without a start time, a process with that pid counts as the one.
    [[nodiscard]] bool lives(std::uint64_t pid, std::optional<std::uint64_t> started) const {
        const auto now = process_start_time(static_cast<int>(pid), places_.proc);
        return now && (!started || *now == *started);
    }

    void cgroup(const fs::path& path) {
        const auto pid = numbered(path.filename().string(), "ktstr-");
        std::error_code code;
        if (!pid || !fs::is_directory(path, code)) return;
        std::optional<std::uint64_t> started;
        for (const auto& below : entries_of(path))
            if (const auto ticks = numbered(below.filename().string(), "executor-")) started = ticks;
        if (lives(*pid, started)) return;
        Leftover leftover{"cgroup", path, {}};
        if (!dry_run_ && !remove_cgroup(path)) leftover.kept = errno_error("remove the cgroup", path.string(), errno);
        found_.push_back(std::move(leftover));
    }

    // Its processes are killed first. False with errno.
    static bool remove_cgroup(const fs::path& path) {
        const auto deadline = std::chrono::steady_clock::now() + removal_limit;
        while (true) {
            std::ofstream(path / "cgroup.kill", std::ios::in) << "1"; // `in`: only if it is there
            std::vector<fs::path> directories = {path};
            std::error_code code;
            for (fs::recursive_directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code))
                if (entry->is_directory(code)) directories.push_back(entry->path());
            int failure = 0;
            for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory)
                if (::rmdir(directory->c_str()) != 0 && errno != ENOENT) failure = errno;
            errno = failure;
            if (failure == 0) return true;
            if (failure != EBUSY || std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(2ms);
        }
    }

    void run_directory(const fs::path& path) {
        const std::string name = path.filename().string();
        constexpr std::string_view prefix = "ktstr-host-";
        const auto dash = name.rfind('-');
        if (!name.starts_with(prefix) || dash < prefix.size()) return;
        const auto pid = number(std::string_view(name).substr(prefix.size(), dash - prefix.size()));
        const auto started = number(std::string_view(name).substr(dash + 1));
        if (pid && started && !lives(*pid, started)) remove("directory of a run", path);
    }

    // ".stage-<key>-XXXXXX" is locked by ".making-<key>.lock" where there is such a file, by ".lock" where there is
    // none.
    void cache_entry(const fs::path& path) {
        const std::string name = path.filename().string();
        if (!name.starts_with(stage_prefix) && !name.starts_with(".removed-")) return;
        const fs::path root = path.parent_path();
        const std::string key = name.size() > stage_prefix.size() + suffix
                                    ? name.substr(stage_prefix.size(), name.size() - stage_prefix.size() - suffix)
                                    : "";
        std::error_code code;
        for (const auto& lock : {root / (".making-" + key + ".lock"), root / ".lock"}) {
            if (!fs::exists(lock, code)) continue;
            if (const auto held = FileLock::acquire(lock, FileLock::Mode::exclusive, 0ms))
                remove("unfinished entry of a cache", path);
            return;
        }
        const auto changed = fs::last_write_time(path, code);
        if (!code && fs::file_time_type::clock::now() - changed > without_lock)
            remove("unfinished entry of a cache", path);
    }

    void remove(const std::string& kind, const fs::path& path) {
        Leftover leftover{kind, path, {}};
        std::error_code code;
        if (!dry_run_) fs::remove_all(path, code);
        if (code) leftover.kept = Error{"cannot remove " + path.string() + ": " + code.message()};
        found_.push_back(std::move(leftover));
    }

    const CleanupPlaces& places_;
    const bool dry_run_;
    std::vector<Leftover> found_;
};

} // namespace

CleanupPlaces CleanupPlaces::of_user() {
    CleanupPlaces places;
    const char* base = std::getenv("TMPDIR");
    places.temporary = base != nullptr && *base == '/' ? base : "/tmp";
    places.cache = cache_directory();
    return places;
}

std::vector<Leftover> clean_up(const CleanupPlaces& places, bool dry_run) { return Cleaner(places, dry_run).clean(); }

} // namespace ktstr::vmm
