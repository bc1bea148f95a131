// SPDX-License-Identifier: GPL-2.0-only
// `ktstr doctor`: what this host can do, and the mend for what it cannot.
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <set>
#include <sstream>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run.h"
#include "report/text.h"
#include "runs/environment.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/archive.h"
#include "vmm/boot/initramfs.h"
#include "vmm/host/requirements.h"
#include "vmm/kernel/kernel.h"
#include "vmm/kernel/store.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

struct Finding {
    enum class State {
        good,
        limited, // something works less well, or not at all that not every user needs
        missing, // scenarios cannot run
    };
    State state = State::good;
    std::string part;  // "QEMU"
    std::string found; // what there is
    std::string mend;  // what to do; empty if nothing is wrong
};

using State = Finding::State;

constexpr std::uint64_t mib = 1U << 20U;
constexpr std::uint64_t gib = 1U << 30U;
constexpr std::uint64_t least_memory = gib;         // for one guest of the default size and ktstr
constexpr std::uint64_t least_cache_room = 2 * gib; // for a kernel and some saved machines
constexpr rlim_t least_files = 256;                 // each machine takes some tens

std::string size_text(std::uint64_t bytes) {
    std::array<char, 32> text{};
    const bool large = bytes >= gib;
    std::snprintf(text.data(), text.size(), "%.1f %s",
                  static_cast<double>(bytes) / static_cast<double>(large ? gib : mib), large ? "GiB" : "MiB");
    return text.data();
}

Finding failed(const std::string& part, const Error& error, State state = State::missing) {
    return {state, part, error.message, error.hint};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Finding qemu() {
    const auto ran = run_command({.arguments = {vmm::qemu_program, "--version"}});
    if (!ran || !ran->exit.clean())
        return {State::missing, "QEMU", std::string("there is no ") + vmm::qemu_program,
                "apt-get install qemu-system-x86"};
    return {State::good, "QEMU", first_line(ran->output), ""};
}

std::vector<Finding> kernels(std::optional<Kernel>& preferred) {
    std::vector<Finding> findings;
    std::string sound;
    std::size_t count = 0;
    for (const auto& kernel : KernelStore::of_user().list()) {
        if (kernel.damage) {
            findings.push_back({State::limited, "kernel", kernel.id + " is damaged: " + kernel.damage->message,
                                "`ktstr kernel clean` removes it"});
            continue;
        }
        ++count;
        if (kernel.metadata) sound += (sound.empty() ? "" : ", ") + kernel.metadata->version;
    }
    auto found = resolve_kernel(std::nullopt);
    if (!found) {
        findings.insert(findings.begin(), failed("kernel", found.error()));
        return findings;
    }
    Finding finding{State::good, "kernels",
                    std::to_string(count) + " (" + sound + "); without --kernel: " + found->version, ""};
    if (!found->schedulers_attach) {
        finding.state = State::limited;
        finding.found += ", to which no sched_ext scheduler attaches";
        finding.mend = "`ktstr kernel build` makes one that takes them";
    }
    findings.insert(findings.begin(), std::move(finding));
    preferred = std::move(*found);
    return findings;
}

Finding accelerator(const Kernel& kernel) {
    const auto chosen = vmm::choose_accelerator(std::nullopt, kernel.image);
    if (!chosen) return failed("accelerator", chosen.error());
    if (*chosen == "kvm") return {State::good, "accelerator", "kvm", ""};
    std::string mend = "load kvm_intel or kvm_amd; in a virtual machine, have nested virtualization switched on";
    if (::access("/dev/kvm", F_OK) == 0)
        mend =
            ::access("/dev/kvm", R_OK | W_OK) == 0
                ? "/dev/kvm is there, but no kernel runs under it: look for nested virtualization in the machine below"
                : "add this user to the group of /dev/kvm: usermod -aG kvm $USER";
    return {State::limited, "accelerator", "tcg: guests are emulated, several times slower than under kvm", mend};
}

Finding executor() {
    const auto found = vmm::find_executor();
    return found ? Finding{State::good, "executor", found->string(), ""} : failed("executor", found.error());
}

// Schedulers that a .ktl file can name without a path.
Finding schedulers() {
    std::set<std::string> names;
    const char* searched = std::getenv("PATH");
    std::istringstream path(searched != nullptr ? searched : "");
    std::vector<fs::path> folders;
    if (const auto executor = vmm::find_executor()) folders.push_back(executor->parent_path());
    for (std::string folder; std::getline(path, folder, ':');) folders.emplace_back(folder);
    for (const auto& folder : folders) {
        std::error_code unreadable;
        for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
            const std::string name = entry.path().filename();
            if (name.starts_with("scx_") && ::access(entry.path().c_str(), X_OK) == 0) names.insert(name);
        }
    }
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    if (names.empty())
        return {State::limited, "schedulers", "no scx_* program beside ktstr or on PATH",
                "name one with a path in the .ktl file, or set KTSTR_SCHEDULER"};
    return {State::good, "schedulers", text, ""};
}

Finding programs(const std::string& part, const std::vector<std::string>& names, const std::string& what_for) {
    std::string there;
    std::string missing;
    std::string hint;
    for (const auto& name : names) {
        const auto found = vmm::find_payload_program(name, {});
        std::string& list = found ? there : missing;
        list += (list.empty() ? "" : ", ") + name;
        if (!found && hint.empty()) hint = found.error().hint;
    }
    if (missing.empty()) return {State::good, part, there, ""};
    return {State::limited, part, "no " + missing + (there.empty() ? "" : " (but " + there + ")") + ": " + what_for,
            hint};
}

Finding memory() {
    const auto text = read_file("/proc/meminfo", 65536);
    std::istringstream lines(text ? *text : "");
    std::uint64_t available = 0;
    for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view wanted = "MemAvailable:"; // in KiB
        if (line.starts_with(wanted)) available = std::strtoull(line.c_str() + wanted.size(), nullptr, 10) * 1024;
    }
    Finding finding{State::good, "memory", size_text(available) + " available", ""};
    if (available < least_memory) {
        finding.state = State::limited;
        finding.mend = "a guest takes 512 MiB and more: free some, or give scenarios less with `memory`";
    }
    return finding;
}

Finding cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    const int count = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    Finding finding{State::good, "CPUs",
                    std::to_string(count) + "; machines at a time: " + std::to_string(default_jobs()), ""};
    if (count < 2) {
        finding.state = State::limited;
        finding.mend = "with one CPU guests and ktstr take time from each other: expect wide spreads";
    }
    return finding;
}

Finding room(const std::string& part, const fs::path& wanted) {
    fs::path folder = fs::absolute(wanted);
    std::error_code missing;
    while (!fs::exists(folder, missing) && folder.has_parent_path() && folder != folder.parent_path())
        folder = folder.parent_path();
    if (::access(folder.c_str(), W_OK) != 0)
        return {State::missing, part, wanted.string() + " cannot be written", "make it writable for this user"};
    struct statvfs facts {};
    if (::statvfs(folder.c_str(), &facts) != 0) return {State::limited, part, wanted.string(), ""};
    const std::uint64_t free = static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
    Finding finding{State::good, part, wanted.string() + ", " + size_text(free) + " free", ""};
    if (free < least_cache_room) {
        finding.state = State::limited;
        finding.mend = "make room: kernels take hundreds of MiB, saved machines up to KTSTR_TEMPLATE_LIMIT MiB";
    }
    return finding;
}

Finding open_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    Finding finding{State::good, "open files", "limit " + std::to_string(limit.rlim_cur), ""};
    if (limit.rlim_cur < least_files) {
        finding.state = State::limited;
        finding.mend = "raise it: ulimit -n 1024";
    }
    return finding;
}

Finding host_runs() {
    const auto lacks = vmm::host_lacks(::geteuid(), vmm::host_kernel_release());
    if (lacks.empty()) return {State::good, "run --host", "kernel " + vmm::host_kernel_release(), ""};
    Finding finding{State::limited, "run --host", "", ""};
    for (const auto& lack : lacks) {
        finding.found += (finding.found.empty() ? "" : "; ") + lack.message;
        finding.mend += (finding.mend.empty() ? "" : "; ") + lack.hint;
    }
    return finding;
}

std::vector<Finding> examine_host() {
    std::vector<Finding> findings = {qemu()};
    std::optional<Kernel> preferred;
    for (auto& finding : kernels(preferred)) findings.push_back(std::move(finding));
    if (findings.front().state == State::good && preferred) findings.push_back(accelerator(*preferred));
    findings.push_back(executor());
    findings.push_back(schedulers());
    findings.push_back(cpus());
    findings.push_back(memory());
    findings.push_back(room("cache", cache_directory()));
    findings.push_back(room("records", runs::Environment::read().root()));
    findings.push_back(open_files());
    findings.push_back(programs("shell", {"busybox"}, "`ktstr shell` needs it"));
    findings.push_back(
        programs("payloads", {"stress-ng", "fio", "hackbench", "cyclictest", "rt-app"}, "scenarios that run it"));
    findings.push_back(host_runs());
    return findings;
}

std::string_view word_of(State state) {
    if (state == State::good) return "ok";
    return state == State::limited ? "limited" : "missing";
}

int show(bool as_json) {
    const auto findings = examine_host();
    const bool usable =
        std::none_of(findings.begin(), findings.end(), [](const Finding& one) { return one.state == State::missing; });
    if (as_json) {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& one : findings)
            list.push_back(
                {{"state", word_of(one.state)}, {"part", one.part}, {"found", one.found}, {"mend", one.mend}});
        std::cout << list.dump(1) << "\n";
        return usable ? exit_pass : exit_host;
    }
    const report::Style style{report::wants_color(STDOUT_FILENO)};
    for (const auto& one : findings) {
        const auto paint = one.state == State::good      ? &report::Style::green
                           : one.state == State::limited ? &report::Style::yellow
                                                         : &report::Style::red;
        std::string word(word_of(one.state));
        word.resize(std::max<std::size_t>(word.size(), 8), ' ');
        std::string part = one.part;
        part.resize(std::max<std::size_t>(part.size(), 12), ' ');
        std::cout << (style.*paint)(word) << part << report::printable_line(one.found) << "\n";
        if (!one.mend.empty()) std::cout << std::string(20, ' ') << "-> " << report::printable_line(one.mend) << "\n";
    }
    std::cout << (usable ? "\nscenarios can run here\n" : "\nscenarios cannot run here yet\n");
    return usable ? exit_pass : exit_host;
}

} // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
    auto as_json = std::make_shared<bool>(false);
    auto* command = app.add_subcommand("doctor", "what this host can do for ktstr, and the mend for what it cannot");
    command->add_flag("--json", *as_json, "as JSON");
    command->callback([as_json, &exit_code] { exit_code = show(*as_json); });
}

} // namespace ktstr::cli
