// SPDX-License-Identifier: GPL-2.0-only
// How long `ktstr stats` takes for a pool of 10,000 records, how much memory, and `ktstr stats compare` for 2 x 5,000;
// beside a floor: reading the same files.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file.h"
#include "base/process.h"
#include "bench/figure.h"
#include "bench/ktstr_run.h"

namespace ktstr::bench {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int records = 10'000;
constexpr int with_latencies_every = 10;
constexpr int failed_every = 50;
constexpr int damaged_every = 1'000;
constexpr std::size_t kept_latencies = 1024; // of a worker: as many as an executor keeps
constexpr int rounds = 7;
constexpr double mib = 1 << 20U;

double milliseconds(const std::function<void()>& work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

// Numbers that were measured, each changed by up to a tenth.
void vary(json& value, std::mt19937& engine) {
    if (value.is_structured())
        for (auto& part : value) vary(part, engine);
    else if (value.is_number_unsigned() && value > 1000)
        value = value.get<std::uint64_t>() - value.get<std::uint64_t>() / 1000 * (engine() % 100);
    else if (value.is_number_float())
        value = value.get<double>() * (1 - static_cast<double>(engine() % 100) / 1000);
}

json latency(std::mt19937& engine) {
    std::vector<std::uint64_t> kept(kept_latencies);
    for (auto& ns : kept) ns = 5'000 + engine() % 200'000;
    std::sort(kept.begin(), kept.end());
    return {{"name", "wake_latency"}, {"seen", kept_latencies * 2}, {"dropped", kept_latencies},
            {"min_ns", kept.front()}, {"p50_ns", kept[512]},        {"p90_ns", kept[920]},
            {"p99_ns", kept[1013]},   {"p999_ns", kept[1022]},      {"max_ns", kept.back()},
            {"kept_ns", kept}};
}

// In {folder}/all/run/ all of them; in {folder}/two/a/ and b/ the same again, of each scenario one.
Result<std::uint64_t> make_records(const fs::path& folder) {
    const auto original = read_file(fs::path(KTSTR_REPORT_DATA) / "moves.ktstr.json");
    if (!original) return original.error();
    const json whole = json::parse(*original);
    std::mt19937 engine(1);
    for (const char* run : {"all/run", "two/a", "two/b"})
        if (auto made = make_directories(folder / run); !made) return made.error();
    std::uint64_t bytes = 0;
    for (int i = 0; i < records; ++i) {
        json one = whole;
        for (const char* part : {"workers", "monitor", "stats", "duration_ms"}) vary(one[part], engine);
        one["test_name"] = "scenario-" + std::to_string(i / 2);
        one["passed"] = i % failed_every != 0;
        if (i % with_latencies_every == 0)
            for (std::size_t w = 0; w < 4; ++w) one["workers"][w]["latencies"] = json::array({latency(engine)});
        std::string text = one.dump(1);
        if (i % damaged_every == 0) text.resize(text.size() / 2);
        bytes += text.size();
        const std::string name = std::to_string(i) + ".ktstr.json";
        const fs::path path = folder / "all/run" / name;
        std::ofstream(path) << text;
        fs::create_hard_link(path, folder / (i % 2 == 0 ? "two/a" : "two/b") / name);
    }
    return bytes;
}

Result<double> run_ms(const std::vector<std::string>& words, int most_exit_code) {
    std::vector<std::string> arguments = {(program_directory() / "ktstr").string()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    Result<CommandOutput> output = Error{"not run"};
    const double time = milliseconds([&] { output = run_command({.arguments = arguments}, true); });
    if (!output) return output.error();
    if (output->exit.exit_code < 0 || output->exit.exit_code > most_exit_code)
        return Error{"ktstr " + words.front() + " ended with " + output->exit.text() + ": " + output->output};
    return time;
}

Result<double> floor_ms(const fs::path& folder) {
    std::uint64_t read = 0;
    const double time = milliseconds([&] {
        for (const auto& entry : fs::directory_iterator(folder))
            if (auto text = read_file(entry.path())) read += text->size();
    });
    if (read == 0) return Error{"nothing was read"};
    return time;
}

double peak_mib() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<double>(usage.ru_maxrss) * 1024 / mib;
}

Figure figure(std::string name, double value, std::string unit, std::optional<double> bound = {}) {
    return {.bench = "pool", .name = std::move(name), .value = value, .unit = std::move(unit), .bound = bound};
}

Result<std::vector<Figure>> measure() {
    const auto folder = TemporaryDirectory::create("ktstr-bench-");
    if (!folder) return folder.error();
    const auto bytes = make_records(folder->path());
    if (!bytes) return bytes.error();
    const std::string all = (folder->path() / "all").string();
    const std::string two = (folder->path() / "two").string();
    std::vector<double> summaries, compares, floors;
    double summary_peak = 0;
    for (int round = 0; round < rounds; ++round) {
        const auto floor = floor_ms(folder->path() / "all/run");
        const auto summary = run_ms({"stats", "--root", all}, 0);
        if (round == 0) summary_peak = peak_mib();
        const auto compare = run_ms({"stats", "compare", two + "/a", two + "/b"}, 1);
        for (const auto* time : {&floor, &summary, &compare})
            if (!*time) return time->error();
        floors.push_back(*floor);
        summaries.push_back(*summary);
        compares.push_back(*compare);
    }
    return std::vector<Figure>{figure("summary_10000", median(summaries), "ms", 1500),
                               figure("summary_10000_peak_rss", summary_peak, "MiB", 300),
                               figure("compare_2x5000", median(compares), "ms", 2000),
                               figure("compare_2x5000_peak_rss", peak_mib(), "MiB"),
                               figure("read_10000", median(floors), "ms"),
                               figure("records_10000", static_cast<double>(*bytes) / mib, "MiB")};
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
