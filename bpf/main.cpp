// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>

#include "bpf/args.h"
#include "bpf/loader.h"
#include "bpf/stats.h"
#include "bpf/text.h"

namespace {

using namespace ktstr;

constexpr int exit_done = 0;
constexpr int exit_failed = 1;
constexpr int exit_fault = 3;
constexpr int exit_usage = 64; // EX_USAGE of sysexits.h

// How often to look whether the kernel has ended the scheduler. The wakeup itself has a use: on an idle machine it
// gives the stall and crash faults a task to act on.
constexpr int look_interval_ms = 100;

int fail(const Error& error, int code) {
    std::cerr << "scx_ktstr: " << error.message << "\n";
    if (!error.hint.empty()) std::cerr << "scx_ktstr: " << error.hint << "\n";
    return code;
}

// SIGINT and SIGTERM as a descriptor that becomes readable.
Result<Fd> stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return errno_error("block", "the signals", errno);
    Fd fd(signalfd(-1, &signals, SFD_CLOEXEC));
    if (!fd) return errno_error("open", "a signalfd", errno);
    return fd;
}

// Serves statistics until a signal, the end of the scheduler, or the time of the exit-late fault.
void serve_until_end(const scx::Scheduler& scheduler, scx::StatsServer& server, const Fd& signals,
                     const scx::Options& options) {
    const auto leave_at = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.fault_after_ms);
    std::array<pollfd, 2> watched = {{{signals.get(), POLLIN, 0}, {server.fd(), POLLIN, 0}}};
    while (!scheduler.disabled()) {
        if (options.fault == scx::Fault::exit_late && std::chrono::steady_clock::now() >= leave_at) return;
        if (poll(watched.data(), watched.size(), look_interval_ms) <= 0) continue;
        if (watched[0].revents != 0) return;
        if (watched[1].revents != 0) server.serve();
    }
}

// The path of this process's cgroup.
std::string own_cgroup() {
    std::ifstream file("/proc/self/cgroup");
    std::string line;
    std::getline(file, line);
    return line.substr(line.rfind(':') + 1); // npos + 1 is 0
}

int run(const scx::Options& options) {
    const Result<Fd> signals = stop_signals();
    if (!signals) return fail(signals.error(), exit_failed);
    scx::log_libbpf();
    Result<scx::Scheduler> scheduler = scx::Scheduler::load(options);
    if (!scheduler) return fail(scheduler.error(), exit_failed);

    scx::StatsSource source{scx::stats_fields(), [&](const scx::StatsField& field) { return scheduler->read(field); }};
    Result<scx::StatsServer> server = scx::StatsServer::listen(options.stats_socket, std::move(source));
    if (!server) return fail(server.error(), exit_failed);

    if (const Result<void> attached = scheduler->attach(); !attached) {
        if (scheduler->disabled()) std::cerr << scx::exit_text(scheduler->exit_info());
        return fail(attached.error(), exit_failed);
    }
    std::cout << "scx_ktstr: attached, slice " << options.slice_us << " us, in cgroup " << own_cgroup() << std::endl;
    serve_until_end(*scheduler, *server, *signals, options);
    scheduler->detach();
    std::cerr << scx::exit_text(scheduler->exit_info());
    return scx::ejected(scheduler->exit_info()) ? exit_failed : exit_done;
}

} // namespace

int main(int count, char** arguments) {
    const Result<scx::Options> options = scx::parse_arguments(count, arguments);
    if (!options) return fail(options.error(), exit_usage);
    if (options->help) {
        std::cout << scx::help_text();
        return exit_done;
    }
    if (options->fault == scx::Fault::exit) return fail(Error{"fault exit: leaving before the attach"}, exit_fault);
    if (options->fault == scx::Fault::hang) {
        std::cerr << "scx_ktstr: fault hang: not going to attach\n";
        while (true) pause();
    }
    return run(*options);
}
