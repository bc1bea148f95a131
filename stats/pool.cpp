// SPDX-License-Identifier: GPL-2.0-only
#include "stats/pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>
#include <thread>

#include "runs/names.h"
#include "stats/record_reader.h"

namespace ktstr::stats {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view comparison_prefix = "perf-delta-";
constexpr std::size_t files_per_thread = 16; // fewer are not worth one

// What a thread has made of its files. Metrics have numbers of its own.
struct Share {
    MetricTable metrics;
    std::vector<std::pair<std::size_t, Row>> rows; // by the file's place in the list
    std::vector<std::pair<std::size_t, Error>> errors;
};

void read_share(const std::vector<RecordFile>& files, std::atomic<std::size_t>& next, Share& share) {
    RecordReader reader;
    for (std::size_t i = next++; i < files.size(); i = next++) {
        auto row = reader.read(files[i].path, share.metrics);
        if (row)
            share.rows.emplace_back(i, std::move(*row));
        else
            share.errors.emplace_back(i, row.error());
    }
}

std::size_t usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
    return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

Error directory_error(const fs::path& directory, const std::error_code& code) {
    return {"cannot look into " + directory.string() + ": " + code.message(), "see that it is there, and may be read"};
}

// Records in the directory itself, into `files`; the directories in it are returned.
Result<std::vector<fs::path>> list_directory(const fs::path& directory, const std::string& run,
                                             std::vector<RecordFile>& files) {
    std::vector<fs::path> below;
    std::error_code code;
    fs::directory_iterator entry(directory, code);
    for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
        std::error_code ignored; // it went meanwhile: it is neither
        const std::string name = entry->path().filename().string();
        if (entry->is_directory(ignored))
            below.push_back(entry->path());
        else if (name.ends_with(runs::record_suffix))
            files.push_back({entry->path(), run});
    }
    if (code) return directory_error(directory, code);
    std::sort(below.begin(), below.end());
    return below;
}

void add_below(const std::vector<fs::path>& directories, const std::string& run, std::vector<RecordFile>& files,
               std::vector<Unreadable>& unreadable) {
    for (const auto& directory : directories)
        if (auto listed = list_directory(directory, run, files); !listed)
            unreadable.push_back({directory.string(), run, listed.error().message, listed.error().hint});
}

std::vector<RecordFile> sorted(std::vector<RecordFile> files) {
    std::sort(files.begin(), files.end(), [](const RecordFile& a, const RecordFile& b) { return a.path < b.path; });
    return files;
}

// The rows of all shares in the files' order, with the pool's numbers of metrics: the same whatever thread read what.
void merge(std::vector<RecordFile>& files, std::vector<Share>& shares, Pool& pool) {
    std::vector<std::pair<Row*, Share*>> by_file(files.size());
    for (auto& share : shares)
        for (auto& [place, row] : share.rows) by_file[place] = {&row, &share};
    std::vector<std::vector<std::int64_t>> numbers; // of a share's metric, the pool's; -1: none yet
    for (const auto& share : shares) numbers.emplace_back(share.metrics.size(), -1);
    pool.rows.reserve(files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
        auto [row, share] = by_file[i];
        if (row == nullptr) continue;
        auto& known = numbers[static_cast<std::size_t>(share - shares.data())];
        for (auto& value : row->values) {
            auto& number = known[value.metric];
            const Metric& metric = share->metrics[value.metric];
            if (number < 0) number = pool.metrics.add(metric.name, metric.unit, metric.better);
            value.metric = static_cast<std::uint32_t>(number);
        }
        std::sort(row->values.begin(), row->values.end(),
                  [](const Value& a, const Value& b) { return a.metric < b.metric; });
        row->path = files[i].path.string();
        row->run = files[i].run;
        pool.rows.push_back(std::move(*row));
    }
}

} // namespace

std::optional<double> Row::find(std::uint32_t metric) const {
    const auto found = std::lower_bound(values.begin(), values.end(), metric,
                                        [](const Value& value, std::uint32_t id) { return value.metric < id; });
    return found != values.end() && found->metric == metric ? std::optional(found->value) : std::nullopt;
}

std::vector<const Row*> Pool::rows_of(const std::string& run) const {
    std::vector<const Row*> found;
    for (const auto& row : rows)
        if (run.empty() || row.run == run) found.push_back(&row);
    return found;
}

std::string Pool::newest_run() const {
    const auto newest = std::max_element(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return std::tie(a.timestamp, a.run) < std::tie(b.timestamp, b.run);
    });
    return newest == rows.end() ? std::string() : newest->run;
}

Result<std::vector<RecordFile>> find_records(const fs::path& root, std::vector<Unreadable>& unreadable) {
    std::vector<RecordFile> files;
    auto runs = list_directory(root, ".", files);
    if (!runs)
        return Error{runs.error().message, "name the folder that runs are in with --root, or run something: "
                                           "ktstr run PATH"};
    for (const auto& run : *runs) {
        const std::string name = run.filename().string();
        if (name.starts_with(comparison_prefix)) continue;
        auto below = list_directory(run, name, files);
        if (below)
            add_below(*below, name, files, unreadable);
        else
            unreadable.push_back({run.string(), name, below.error().message, below.error().hint});
    }
    return sorted(std::move(files));
}

Result<std::vector<RecordFile>> find_run_records(const fs::path& directory, std::vector<Unreadable>& unreadable) {
    std::vector<RecordFile> files;
    const std::string run = directory.string();
    auto below = list_directory(directory, run, files);
    if (!below) return below.error();
    add_below(*below, run, files, unreadable);
    return sorted(std::move(files));
}

Pool read_files(std::vector<RecordFile> files) {
    const std::size_t wanted = (files.size() + files_per_thread - 1) / files_per_thread;
    std::vector<Share> shares(std::max<std::size_t>(1, std::min(usable_cpus(), wanted)));
    std::atomic<std::size_t> next = 0;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < shares.size(); ++i)
            threads.emplace_back([&, i] { read_share(files, next, shares[i]); });
        read_share(files, next, shares[0]);
    }
    Pool pool;
    merge(files, shares, pool);
    for (auto& share : shares)
        for (auto& [place, error] : share.errors)
            pool.unreadable.push_back({files[place].path.string(), files[place].run, error.message, error.hint});
    std::sort(pool.unreadable.begin(), pool.unreadable.end(),
              [](const Unreadable& a, const Unreadable& b) { return a.path < b.path; });
    return pool;
}

namespace {

Pool read_listed(std::vector<RecordFile> files, std::vector<Unreadable> unreadable, const fs::path& root) {
    Pool pool = read_files(std::move(files));
    pool.root = root;
    pool.unreadable.insert(pool.unreadable.begin(), unreadable.begin(), unreadable.end());
    return pool;
}

} // namespace

Result<Pool> read_pool(const fs::path& root) {
    std::vector<Unreadable> unreadable;
    auto files = find_records(root, unreadable);
    if (!files) return files.error();
    return read_listed(std::move(*files), std::move(unreadable), root);
}

Result<Pool> read_run(const fs::path& directory) {
    std::vector<Unreadable> unreadable;
    auto files = find_run_records(directory, unreadable);
    if (!files) return files.error();
    return read_listed(std::move(*files), std::move(unreadable), directory);
}

std::optional<Error> explain_file(const fs::path& path) {
    MetricTable metrics;
    auto row = RecordReader().read(path, metrics);
    return row ? std::nullopt : std::optional(row.error());
}

} // namespace ktstr::stats
