// SPDX-License-Identifier: GPL-2.0-only
// What keeping the record of one run costs: the record of a real run with all that belongs to it, beside a plain write
// of the same bytes into files of the same names. In memory nothing waits for a disk, so that is ktstr's own work; on
// the disk of the working directory what it takes to be safe shows.
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "bench/figure.h"
#include "report/sidecar.h"
#include "report/stored.h"
#include "runs/session.h"

namespace ktstr::bench {

namespace {

namespace fs = std::filesystem;

constexpr int rounds = 200;
constexpr int rounds_on_disk = 50;

Result<double> milliseconds(const std::function<Result<void>()>& work) {
    const auto started = std::chrono::steady_clock::now();
    if (auto done = work(); !done) return done.error();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

// The run of the data for tests of reports: 10 workers, 10 snapshots, 70 samples of the monitor.
Result<report::ScenarioResult> real_result() {
    auto stored = report::read_stored(fs::path(KTSTR_REPORT_DATA) / "moves.ktstr.json");
    if (!stored) return stored.error();
    report::ScenarioResult result;
    result.plan.scenario = stored->run.sidecar["test_name"];
    result.planned = result.plan;
    result.record = std::move(stored->run.record);
    result.provenance = runs::provenance_of_process({});
    result.provenance.run_id = runs::next_run_id();
    return result;
}

// Without a stage, a lock or a sync.
Result<void> write_plainly(const fs::path& folder, const std::vector<runs::RecordFile>& files) {
    for (const auto& file : files) {
        const fs::path path = folder / file.name;
        const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (!fd) return errno_error("create", path.string(), errno);
        if (auto written = write_all(fd.get(), file.content, path.string()); !written) return written;
    }
    return {};
}

// What a disk takes to have those bytes for certain: each file, and the directory.
Result<void> sync_all(const fs::path& folder, const std::vector<runs::RecordFile>& files) {
    std::vector<fs::path> paths;
    for (const auto& file : files) paths.push_back(folder / file.name);
    paths.push_back(folder);
    for (const auto& path : paths) {
        const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd || ::fsync(fd.get()) != 0) return errno_error("sync", path.string(), errno);
    }
    return {};
}

struct Times {
    std::vector<double> whole, plain, synced;
};

Result<Times> times_in(const fs::path& folder, const report::ScenarioResult& result, int count) {
    Times times;
    runs::RunDirectory directory(folder, "run", runs::new_session());
    const auto files = report::record_files(result, std::chrono::system_clock::now());
    if (!files) return files.error();
    const fs::path plain_folder = folder / "plain";
    if (auto made = make_directories(plain_folder); !made) return made.error();
    for (int round = 0; round < count; ++round) {
        report::ScenarioResult next = result;
        next.plan.scenario += std::to_string(round); // a file of its own, as in a run
        const auto whole = milliseconds([&]() -> Result<void> {
            auto written = report::write_sidecar(directory, "", next);
            return written ? Result<void>() : written.error();
        });
        auto again = *files;
        for (auto& file : again) file.name = std::to_string(round) + file.name;
        const auto plain = milliseconds([&] { return write_plainly(plain_folder, again); });
        const auto synced = milliseconds([&] { return sync_all(plain_folder, again); });
        for (const auto* time : {&whole, &plain, &synced})
            if (!*time) return time->error();
        times.whole.push_back(*whole);
        times.plain.push_back(*plain);
        times.synced.push_back(*synced);
    }
    return times;
}

bool in_memory(const fs::path& folder) {
    constexpr long tmpfs = 0x01021994; // TMPFS_MAGIC, <linux/magic.h>
    struct statfs status {};
    return ::statfs(folder.c_str(), &status) == 0 && status.f_type == tmpfs;
}

Figure figure(std::string name, double value, std::string unit, std::optional<double> bound = {}) {
    return {.bench = "records", .name = std::move(name), .value = value, .unit = std::move(unit), .bound = bound};
}

Result<std::vector<Figure>> measure() {
    const auto result = real_result();
    if (!result) return result.error();
    const auto memory = TemporaryDirectory::create_in("/dev/shm", "ktstr-bench-");
    const auto disk = TemporaryDirectory::create_in(".", "ktstr-bench-");
    for (const auto* folder : {&memory, &disk})
        if (!*folder) return folder->error();
    if (!in_memory(memory->path())) return Error{"/dev/shm is no tmpfs, so ktstr's work cannot be told from a disk's"};
    report::ScenarioResult unobserved = *result;
    unobserved.record.snapshots.clear();
    unobserved.record.monitor = {};
    const auto alone = times_in(memory->path() / "alone", unobserved, rounds);
    const auto quick = times_in(memory->path() / "all", *result, rounds);
    const auto safe = times_in(disk->path(), *result, rounds_on_disk);
    for (const auto* times : {&alone, &quick, &safe})
        if (!*times) return times->error();
    const auto files = report::record_files(*result, {});
    std::size_t bytes = 0;
    for (const auto& file : *files) bytes += file.content.size();
    return std::vector<Figure>{figure("write_tmpfs", median(alone->whole), "ms", 2),
                               figure("write_tmpfs_floor", median(alone->plain), "ms"),
                               figure("write_observed_tmpfs", median(quick->whole), "ms"),
                               figure("write_observed_tmpfs_floor", median(quick->plain), "ms"),
                               figure("write_disk", median(safe->whole), "ms"),
                               figure("write_disk_floor", median(safe->plain), "ms"),
                               figure("fsync_disk", median(safe->synced), "ms"),
                               figure("record_size", static_cast<double>(bytes) / 1024, "KiB")};
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
