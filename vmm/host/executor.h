// SPDX-License-Identifier: GPL-2.0-only
// An executor on the host itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "vmm/place.h"

namespace ktstr::vmm {

// What a run on the host makes, all of it named after the ktstr that it belongs to: its pid, and its start time (in
// clock ticks since the boot, field 22 of /proc/PID/stat), by which another program with that pid is told from it.
struct HostNames {
    std::string cgroup;    // /sys/fs/cgroup/ktstr-<pid>
    std::string own;       // below it, of the executor itself: executor-<start time>
    std::string directory; // $TMPDIR/ktstr-host-<pid>-<start time>
};
Result<HostNames> host_names();

// The start time of a process; none if there is no such process.
std::optional<std::uint64_t> process_start_time(int pid, const std::filesystem::path& proc = "/proc");

// The executor ends with this object, and takes away all that it has made. It does so too when ktstr is killed.
class HostExecutor : public Place {
  public:
    static Result<HostExecutor> start(const std::filesystem::path& executor);
    HostExecutor(HostExecutor&&) = default;
    HostExecutor& operator=(HostExecutor&&) = delete;
    ~HostExecutor() override;

    [[nodiscard]] Process& process() override { return process_; }
    [[nodiscard]] int channel() const override { return channel_.get(); }
    [[nodiscard]] int console() const override { return console_.get(); }
    [[nodiscard]] std::string messages() const override { return {}; } // on the console, with all else

  private:
    HostExecutor(Process process, Fd channel, Fd console)
        : process_(std::move(process)), channel_(std::move(channel)), console_(std::move(console)) {}
    Process process_;
    Fd channel_;
    Fd console_;
};

} // namespace ktstr::vmm
