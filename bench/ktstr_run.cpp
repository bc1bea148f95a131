// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ktstr_run.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "base/process.h"

namespace ktstr::bench {

namespace fs = std::filesystem;

namespace {

constexpr auto sampling_interval = std::chrono::milliseconds(10);
constexpr auto longest_run = std::chrono::minutes(5);

// RssAnon + RssFile of proc_pid_status(5); 0 once the process is gone.
std::uint64_t private_bytes(pid_t pid) {
    const auto status = read_file("/proc/" + std::to_string(pid) + "/status", 1U << 16U);
    if (!status) return 0;
    std::istringstream lines(*status);
    std::uint64_t kib = 0;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("RssAnon:") || line.starts_with("RssFile:")) kib += std::stoull(line.substr(8));
    return kib << 10U;
}

Result<nlohmann::json> only_sidecar(const fs::path& directory) {
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        if (!entry.path().string().ends_with(".ktstr.json")) continue;
        const auto text = read_file(entry.path());
        if (!text) return text.error();
        auto json = nlohmann::json::parse(*text, nullptr, false);
        if (json.is_discarded()) return Error{entry.path().string() + " is not JSON"};
        return json;
    }
    return Error{"ktstr run left no sidecar in " + directory.string()};
}

} // namespace

double KtstrRun::phase_ms(const std::string& phase) const {
    for (const auto& entry : sidecar.at("phases"))
        if (entry.at("phase") == phase) return entry.at("host_ms").get<double>();
    return 0;
}

Result<Bench> Bench::create(const std::string& source, const std::string& kernel) {
    auto directory = TemporaryDirectory::create("ktstr-bench-");
    if (!directory) return directory.error();
    Bench bench(std::move(*directory), kernel);
    if (auto written = write_file(bench.scenario_file(), source); !written) return written.error();
    return bench;
}

Result<plan::Plan> Bench::plan() const {
    const auto output =
        run_command({.arguments = {(program_directory() / "ktstr").string(), "plan", scenario_file().string()}});
    if (!output) return output.error();
    if (!output->exit.clean()) return Error{"ktstr plan: " + output->exit.text()};
    const auto json = nlohmann::json::parse(output->output, nullptr, false);
    return plan::plan_from_json(json.is_array() && json.size() == 1 ? json.front() : json);
}

Result<KtstrRun> Bench::run(bool watch_memory, const std::vector<std::string>& options) const {
    auto out = TemporaryDirectory::create_in(directory_.path(), "out-");
    if (!out) return out.error();
    KtstrRun run;
    const auto started = std::chrono::steady_clock::now();
    std::vector<std::string> arguments = {(program_directory() / "ktstr").string(),
                                          "run",
                                          scenario_file().string(),
                                          "--kernel",
                                          kernel_,
                                          "--out",
                                          out->path().string(),
                                          "--format",
                                          "json",
                                          "--jobs",
                                          "1"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    if (!templates_) arguments.emplace_back("--cold");
    auto process = Process::start({.arguments = std::move(arguments), .stderr_fd = 2});
    if (!process) return process.error();
    std::optional<ProcessExit> exit;
    while (watch_memory && !exit && std::chrono::steady_clock::now() - started < longest_run) {
        run.peak_private_bytes = std::max(run.peak_private_bytes, private_bytes(process->pid()));
        exit = process->wait_for(sampling_interval);
    }
    if (!exit) exit = process->wait_for(longest_run);
    run.wall_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
    if (!exit) return Error{"ktstr run did not end within five minutes"};
    if (!exit->clean()) return Error{"ktstr run: " + exit->text()};
    auto sidecar = only_sidecar(out->path());
    if (!sidecar) return sidecar.error();
    run.sidecar = std::move(*sidecar);
    return run;
}

fs::path program_directory() { return fs::read_symlink("/proc/self/exe").parent_path(); }

} // namespace ktstr::bench
