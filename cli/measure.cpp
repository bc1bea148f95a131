// SPDX-License-Identifier: GPL-2.0-only
#include "cli/measure.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "base/file.h"
#include "base/process.h"
#include "cli/exit_code.h"
#include "runs/provenance.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{30}; // for a run that was asked to end
constexpr std::uint64_t most_said = 1U << 20U;

// To the child's end, or until ktstr is asked to end: then the child is, too.
ProcessExit wait_for(Process& child, const vmm::Cancellation& cancellation) {
    std::array<pollfd, 2> waited = {{{child.pidfd(), POLLIN, 0}, {cancellation.fd(), POLLIN, 0}}};
    while (::poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) {
    }
    if ((waited[1].revents & POLLIN) == 0) return child.wait();
    ::kill(-child.pid(), SIGTERM); // its session is its own
    if (auto exit = child.wait_for(patience)) return *exit;
    ::kill(-child.pid(), SIGKILL);
    return child.wait();
}

struct ChildRun {
    int exit_code = -1;
    std::string said;
    double seconds = 0;
};

Result<ChildRun> run_once(const MeasuredSide& side, const fs::path& out, const vmm::Cancellation& cancellation) {
    const Fd said(::memfd_create("ktstr-run", MFD_CLOEXEC));
    ProcessOptions options{.arguments = {"/proc/self/exe", "run"}};
    options.arguments.insert(options.arguments.end(), side.words.begin(), side.words.end());
    for (const std::string& word : {std::string("--out"), out.string()}) options.arguments.push_back(word);
    options.environment = side.environment;
    options.directory = side.directory.string();
    options.stderr_fd = said.get();
    const auto started = Clock::now();
    auto child = Process::start(options);
    if (!child) return child.error();
    const ProcessExit exit = wait_for(*child, cancellation);
    ChildRun run{exit.exit_code, "", std::chrono::duration<double>(Clock::now() - started).count()};
    if (auto text = read_file("/proc/self/fd/" + std::to_string(said.get()), most_said)) run.said = std::move(*text);
    return run;
}

Result<fs::path> make_directory(const fs::path& root) {
    const std::string name = "perf-delta-" + runs::utc_stamp();
    std::error_code code;
    const fs::path whole = fs::absolute(root, code);
    if (auto made = make_directories(whole); !made) return made.error();
    for (int i = 1;; ++i) { // two may begin in one second
        const fs::path directory = whole / (i == 1 ? name : name + "-" + std::to_string(i));
        if (fs::create_directory(directory, code)) return directory;
        if (code) return errno_error("create", directory.string(), code.value());
    }
}

Error cannot_run(const MeasuredSide& side, const ChildRun& run) {
    return {"a run of the side " + side.label + " ended with exit code " + std::to_string(run.exit_code) + ":\n" +
            run.said};
}

class Measurer {
  public:
    Measurer(Measurements& measurements, std::size_t runs, const vmm::Cancellation& cancellation)
        : measurements_(measurements), runs_(runs), cancellation_(cancellation) {}

    Result<void> warm_up(const MeasuredSide& side) {
        auto scratch = TemporaryDirectory::create("ktstr-warm-up-");
        if (!scratch) return scratch.error();
        auto run = run_once(side, scratch->path(), cancellation_);
        if (!run) return run.error();
        return checked(side, *run);
    }

    Result<void> take(const MeasuredSide& side, std::size_t number) {
        const fs::path out = measurements_.directory / (side.name + "-" + std::to_string(number));
        if (auto made = make_directories(out); !made) return made;
        auto run = run_once(side, out, cancellation_);
        if (!run) return run.error();
        (side.name == "a" ? measurements_.a : measurements_.b).push_back(out);
        std::fprintf(stderr, "perf-delta: run %zu of %zu: %s, %.1f s, exit code %d\n", ++taken_, 2 * runs_,
                     side.label.c_str(), run->seconds, run->exit_code);
        return checked(side, *run);
    }

  private:
    Result<void> checked(const MeasuredSide& side, const ChildRun& run) {
        measurements_.interrupted = cancellation_.cancelled();
        if (measurements_.interrupted) return {};
        if (run.exit_code == exit_usage) return cannot_run(side, run);
        const bool judged =
            run.exit_code == exit_pass || run.exit_code == exit_fail || run.exit_code == exit_inconclusive;
        if (!judged && measurements_.host_failures++ == 0)
            std::fprintf(stderr, "%s", cannot_run(side, run).message.c_str());
        return {};
    }

    Measurements& measurements_;
    const std::size_t runs_;
    const vmm::Cancellation& cancellation_;
    std::size_t taken_ = 0;
};

} // namespace

Result<Measurements> measure(const MeasuredSide& a, const MeasuredSide& b, std::size_t runs, const fs::path& root,
                             const vmm::Cancellation& cancellation) {
    auto directory = make_directory(root);
    if (!directory) return directory.error();
    Measurements measurements{.directory = std::move(*directory)};
    Measurer measurer(measurements, runs, cancellation);
    for (const auto* side : {&a, &b}) {
        if (measurements.interrupted) break;
        if (auto done = measurer.warm_up(*side); !done) return done.error();
    }
    for (std::size_t i = 1; i <= runs; ++i) {
        const bool a_first = i % 2 == 1;
        for (const auto* side : {a_first ? &a : &b, a_first ? &b : &a}) {
            if (measurements.interrupted) return measurements;
            if (auto done = measurer.take(*side, i); !done) return done.error();
        }
    }
    return measurements;
}

Result<void> run_shell(const std::string& command, const fs::path& directory, const vmm::Cancellation& cancellation) {
    auto child = Process::start({.arguments = {"/bin/sh", "-c", command},
                                 .directory = directory.string(),
                                 .stdout_fd = STDERR_FILENO,
                                 .stderr_fd = STDERR_FILENO});
    if (!child) return child.error();
    const ProcessExit exit = wait_for(*child, cancellation);
    if (cancellation.cancelled()) return Error{"interrupted"};
    if (!exit.clean())
        return Error{"the build command '" + command + "' ended with " + exit.text(), "see what it said"};
    return {};
}

} // namespace ktstr::cli
