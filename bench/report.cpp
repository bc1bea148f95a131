// SPDX-License-Identifier: GPL-2.0-only
// How long `ktstr report` takes for the records of 1,000 scenarios, beside a floor: nlohmann's parser, by which ktstr
// reads them, on the same files, one after the other in one thread. And `ktstr trace` for one of them.
#include <algorithm>
#include <chrono>
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

constexpr int scenarios = 1000;
constexpr int observed_every = 4; // so many records have one with a file of what was observed
constexpr int failed_every = 10;
constexpr int rounds = 15;

double milliseconds(const std::function<void()>& work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

Result<double> run_ms(const std::vector<std::string>& words) {
    std::vector<std::string> arguments = {(program_directory() / "ktstr").string()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    Result<CommandOutput> output = Error{"not run"};
    const double time = milliseconds([&] { output = run_command({.arguments = arguments}, true); });
    if (!output) return output.error();
    if (!output->exit.clean()) return Error{"ktstr " + words.front() + " ended with " + output->exit.text()};
    return time;
}

// A run with other numbers: times and values of what was measured, each changed by up to a tenth.
void vary(json& value, std::mt19937& engine) {
    if (value.is_structured()) {
        for (auto& [name, part] : value.items())
            if (name != "latencies") vary(part, engine); // whose numbers depend on each other
    } else if (value.is_number_unsigned() && value > 1000) {
        const auto number = value.get<std::uint64_t>();
        value = number - number / 10 * (engine() % 100) / 100;
    } else if (value.is_number_float()) {
        value = value.get<double>() * (1 - static_cast<double>(engine() % 100) / 1000);
    }
}

struct Files {
    std::vector<fs::path> all; // records and what was observed
    std::uint64_t bytes = 0;
};

Result<Files> make_records(const fs::path& folder) {
    const fs::path data = KTSTR_REPORT_DATA;
    const auto record = read_file(data / "moves.ktstr.json");
    const auto observed = read_file(data / "moves.observed.json");
    if (!record || !observed) return (record ? observed : record).error();
    const json whole_record = json::parse(*record);
    const json whole_observed = json::parse(*observed);
    std::mt19937 engine(1);
    Files files;
    const auto write = [&files](const fs::path& path, const json& content) {
        const std::string text = content.dump(path.string().ends_with(".observed.json") ? -1 : 1);
        files.all.push_back(path);
        files.bytes += text.size();
        return write_file(path, text);
    };
    for (int i = 0; i < scenarios; ++i) {
        const std::string name = "scenario-" + std::to_string(i);
        json one = whole_record;
        for (const char* part : {"workers", "assertions", "monitor", "stats"}) vary(one[part], engine);
        one["test_name"] = name;
        one["passed"] = i % failed_every != 0;
        one["observed_file"] = nullptr;
        if (i % observed_every == 0) {
            json seen = whole_observed;
            for (const char* part : {"snapshots", "monitor"})
                for (auto& sample : seen[part].is_array() ? seen[part] : seen[part]["samples"]) vary(sample, engine);
            one["observed_file"] = name + ".observed.json";
            if (auto written = write(folder / (name + ".observed.json"), seen); !written) return written.error();
        }
        if (auto written = write(folder / (name + ".ktstr.json"), one); !written) return written.error();
    }
    return files;
}

std::size_t sink = 0; // what is added to it has been read

Result<double> floor_ms(const Files& files) {
    Result<void> done;
    const double time = milliseconds([&] {
        for (const auto& path : files.all) {
            const auto text = read_file(path);
            if (!text) {
                done = text.error();
                return;
            }
            sink += json::parse(*text, nullptr, false).size();
        }
    });
    if (!done) return done.error();
    return time;
}

// A busy host only adds to a time.
double least_tenth(std::vector<double> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 10];
}

Figure figure(std::string name, double value, std::string unit, std::optional<double> bound = {}) {
    return {.bench = "report", .name = std::move(name), .value = value, .unit = std::move(unit), .bound = bound};
}

Result<std::vector<Figure>> measure() {
    const auto folder = TemporaryDirectory::create("ktstr-bench-");
    if (!folder) return folder.error();
    const auto files = make_records(folder->path());
    if (!files) return files.error();
    const std::string page = (folder->path() / "page.html").string();
    const std::string record = (folder->path() / "scenario-0.ktstr.json").string();
    std::vector<double> pages, floors, ratios, traces;
    for (int round = 0; round < rounds; ++round) {
        const auto floor = floor_ms(*files);
        const auto report = run_ms({"report", folder->path().string(), "-o", page});
        const auto trace = run_ms({"trace", record, "-o", (folder->path() / "trace.json").string()});
        for (const auto* time : {&floor, &report, &trace})
            if (!*time) return time->error();
        floors.push_back(*floor);
        pages.push_back(*report);
        ratios.push_back(*report / *floor);
        traces.push_back(*trace);
    }
    if (sink == 0) return Error{"nothing was read"};
    constexpr double mib = 1 << 20U;
    return std::vector<Figure>{figure("page_1000", least_tenth(pages), "ms", 2000),
                               figure("page_1000_floor", least_tenth(floors), "ms"),
                               figure("page_1000_ratio", median(ratios), "ratio"),
                               figure("records_1000", static_cast<double>(files->bytes) / mib, "MiB"),
                               figure("page_size_1000", static_cast<double>(fs::file_size(page)) / mib, "MiB"),
                               figure("trace_1", least_tenth(traces), "ms")};
}

} // namespace

} // namespace ktstr::bench

int main() { return ktstr::bench::finish(ktstr::bench::measure()); }
