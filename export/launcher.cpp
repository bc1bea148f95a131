// SPDX-License-Identifier: GPL-2.0-only
// The program at the head of an exported file. It needs nothing of the machine but its kernel: static, and what it
// starts comes with its libraries.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "export/bundle.h"
#include "export/checks.h"
#include "export/private_root.h"
#include "guest/cpio.h"
#include "interp/plan/plan_file.h"
#include "vmm/host/requirements.h"
#include "wire/message.h"

namespace {

using namespace ktstr;
namespace fs = std::filesystem;

// As in cli/exit_code.h.
constexpr int exit_pass = 0;
constexpr int exit_usage = 64;
constexpr int exit_host = 70;

constexpr const char* help_text =
    R"(Runs a ktstr scenario on this machine, under the scheduler that it has or the scenario's own.

  %s [--out DIR] [--format FORMAT]   check the machine, run, report
  %s --check                         only check the machine
  %s --list                          list the files that are in here
  %s --extract DIR                   unpack them into a new directory

  --out DIR        where the record goes (default: ktstr-runs)
  --format FORMAT  pretty (default), json, junit or ktap

A run needs root. All files are unpacked into memory that only the run sees: nothing but the record stays.
Exit codes: 0 pass or skip, 1 the scenario failed, 2 it could not be judged, 64 this machine lacks something, or wrong
use, 70 the machine could not do its part, or this file is damaged, 130 interrupted.
)";

struct Options {
    enum class Action { run, check, list, extract, help };
    Action action = Action::run;
    std::string directory; // to extract into
    std::string out = "ktstr-runs";
    std::string format = "pretty";
};

int complain(const Error& error, int code) {
    std::fprintf(stderr, "ktstr: %s\n", error.text().c_str());
    return code;
}

Result<Options> parse(const std::vector<std::string>& words) {
    Options options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        std::string* value = word == "--out"       ? &options.out
                             : word == "--format"  ? &options.format
                             : word == "--extract" ? &options.directory
                                                   : nullptr;
        if (value != nullptr) {
            if (i + 1 == words.size() || words[i + 1].empty()) return Error{word + " needs a value", "see --help"};
            *value = words[++i];
        }
        if (word == "--extract")
            options.action = Options::Action::extract;
        else if (word == "--check")
            options.action = Options::Action::check;
        else if (word == "--list")
            options.action = Options::Action::list;
        else if (word == "--help" || word == "-h")
            options.action = Options::Action::help;
        else if (value == nullptr)
            return Error{"there is no option '" + word + "'", "see --help"};
    }
    return options;
}

Result<void> unpack_into(const bundle::Bundle& bundle, const std::string& directory) {
    guest::CpioUnpacker unpacker(directory);
    auto unpacked =
        bundle::unpack(bundle.archive, [&unpacker](std::string_view bytes) { return unpacker.feed(bytes); });
    return unpacked ? unpacker.finish() : unpacked;
}

int list(const bundle::Bundle& bundle) {
    const auto entries = bundle::list(bundle.archive);
    if (!entries) return complain(entries.error(), exit_host);
    for (const auto& entry : *entries)
        std::printf("%s%04o %10llu %s\n", S_ISLNK(entry.mode) ? "l" : "-", entry.mode & 07777U,
                    static_cast<unsigned long long>(entry.bytes), entry.path.c_str());
    return exit_pass;
}

int extract(const bundle::Bundle& bundle, const std::string& directory) {
    if (::mkdir(directory.c_str(), 0755) != 0)
        return complain(errno_error("create the directory", directory, errno), exit_usage);
    if (auto unpacked = unpack_into(bundle, directory); !unpacked) return complain(unpacked.error(), exit_host);
    if (auto written = write_file(fs::path(directory) / "plan.json", bundle.plan); !written)
        return complain(written.error(), exit_host);
    return exit_pass;
}

// Whether the machine can run the plan; says all that it lacks.
bool check(const plan::Plan& plan, bool aloud) {
    const std::string release = vmm::host_kernel_release();
    const auto lacks = bundle::lacks(plan, ::geteuid(), release);
    for (const auto& lack : lacks) complain(lack, exit_usage);
    const std::string active = vmm::active_scheduler();
    if (lacks.empty() && aloud)
        std::printf("this machine can run \"%s\": %s of it, kernel %s, %s\n", plan.scenario.c_str(),
                    plan.topology.label().c_str(), release.c_str(),
                    plan.scheduler   ? ("scheduler " + *plan.scheduler + " of the scenario").c_str()
                    : active.empty() ? "the kernel's own scheduler"
                                     : ("under the scheduler " + active).c_str());
    return lacks.empty();
}

// Of the environment, what says how to report and what a record says of where it comes from.
std::vector<std::string> environment() {
    std::vector<std::string> kept = {std::string("LD_LIBRARY_PATH=") + wire::library_directory,
                                     std::string("PATH=") + wire::program_directory, "HOME=/", "TMPDIR=/tmp"};
    for (const char* name : {"TERM", "NO_COLOR", "CI", "LANG", "LC_ALL", "KTSTR_CI", "KTSTR_RUN_EPOCH", "KTSTR_KERNEL_COMMIT",
                             "KTSTR_PROJECT_COMMIT"})
        if (const char* value = std::getenv(name)) kept.push_back(std::string(name) + "=" + value);
    return kept;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (auto& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

// Returns only if it cannot.
Result<void> become_run(const bundle::Bundle& bundle, const Options& options, const std::string& own_path) {
    const fs::path out = fs::absolute(options.out).lexically_normal();
    if (auto made = make_directories(out); !made) return made;
    const std::string plan_path = std::string(wire::work_directory) + "/plan.json";
    auto entered = bundle::enter_private_root(out, [&](const std::string& root) -> Result<void> {
        if (auto unpacked = unpack_into(bundle, root); !unpacked) return unpacked;
        if (auto made = make_directories(root + wire::work_directory); !made) return made;
        return write_file(root + plan_path, bundle.plan);
    });
    if (!entered) return entered;
    std::vector<std::string> words = {std::string(wire::program_directory) + "/ktstr",
                                      "run",
                                      "--host",
                                      plan_path,
                                      "--out",
                                      out.string(),
                                      "--format",
                                      options.format,
                                      "--rerun",
                                      own_path};
    auto variables = environment();
    ::execve(words.front().c_str(), pointers(words).data(), pointers(variables).data());
    return errno_error("start", words.front(), errno);
}

int run(const std::vector<std::string>& words, const std::string& own_path) {
    const auto options = parse(words);
    if (!options) return complain(options.error(), exit_usage);
    if (options->action == Options::Action::help) {
        const char* name = own_path.c_str();
        std::printf(help_text, name, name, name, name);
        return exit_pass;
    }
    const auto content = read_file("/proc/self/exe", 4ULL << 30U);
    if (!content) return complain(content.error(), exit_host);
    const auto bundle = bundle::open(*content);
    if (!bundle) return complain(bundle.error(), exit_host);
    if (options->action == Options::Action::list) return list(*bundle);
    if (options->action == Options::Action::extract) return extract(*bundle, options->directory);
    const auto plans = plan::plans_from_text(bundle->plan);
    if (!plans) return complain(plans.error(), exit_host);
    const bool only_check = options->action == Options::Action::check;
    if (!check(plans->front(), only_check)) return exit_usage;
    if (only_check) return exit_pass;
    const auto started = become_run(*bundle, *options, own_path);
    return complain(started.error(), exit_host);
}

} // namespace

int main(int argc, char** argv) {
    return run(std::vector<std::string>(argv + 1, argv + argc), argc > 0 ? argv[0] : "ktstr-launcher");
}
