// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/host/executor.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "base/socket_pair.h"

namespace ktstr::vmm {

namespace {

constexpr auto end_limit = std::chrono::seconds(20); // the executor gives its cgroups 10 s to become empty

} // namespace

std::optional<std::uint64_t> process_start_time(int pid, const std::filesystem::path& proc) {
    const auto stat = read_file(proc / std::to_string(pid) / "stat", 1U << 16U);
    if (!stat) return std::nullopt;
    // Field 2, the name, is in parentheses and may hold anything, further ones too.
    const auto name_end = stat->rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(stat->substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 22; ++field) fields >> skipped;
    std::uint64_t ticks = 0;
    if (!(fields >> ticks)) return std::nullopt;
    return ticks;
}

Result<HostNames> host_names() {
    const std::string pid = std::to_string(::getpid());
    const auto started = process_start_time(::getpid());
    if (!started) return Error{"cannot read /proc/" + pid + "/stat", "is /proc mounted?"};
    const char* base = std::getenv("TMPDIR");
    const std::string temporary = base != nullptr && *base == '/' ? base : "/tmp";
    const std::string ticks = std::to_string(*started);
    return HostNames{"/sys/fs/cgroup/ktstr-" + pid, "executor-" + ticks,
                     temporary + "/ktstr-host-" + pid + "-" + ticks};
}

Result<HostExecutor> HostExecutor::start(const std::filesystem::path& executor) {
    auto names = host_names();
    auto channel = make_socket_pair();
    auto console = make_socket_pair();
    if (!names) return names.error();
    if (!channel) return channel.error();
    if (!console) return console.error();
    auto process = Process::start({.arguments = {executor.string(), "host", std::to_string(channel->theirs.get()),
                                                 names->cgroup, names->own, names->directory},
                                   .stdout_fd = console->theirs.get(),
                                   .stderr_fd = console->theirs.get(),
                                   .inherited_fds = {channel->theirs.get()}});
    if (!process) return process.error();
    return HostExecutor(std::move(*process), std::move(channel->ours), std::move(console->ours));
}

HostExecutor::~HostExecutor() {
    if (!channel_) return; // moved from
    channel_.reset();      // its sign to end
    (void)process_.wait_for(end_limit);
}

} // namespace ktstr::vmm
