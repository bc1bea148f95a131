// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <memory>
#include <set>

#include "base/fd.h"
#include "ctprof/heap_probe.h"
#include "ctprof/proc_text.h"

namespace ktstr::ctprof {

namespace {

constexpr std::size_t most_bytes = 1U << 20U; // of a file of /proc or a cgroup

std::uint64_t read_clock(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

// The numbers among the names of a directory, in ascending order; false if it cannot be opened.
bool list_numbers(const std::string& path, std::vector<int>& out) {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory) return false;
    out.clear();
    while (const dirent* entry = ::readdir(directory.get())) {
        const std::string_view name(entry->d_name);
        int number = 0;
        const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (code == std::errc() && end == name.data() + name.size() && number > 0) out.push_back(number);
    }
    std::sort(out.begin(), out.end());
    return true;
}

bool is_gone(int errno_value) { return errno_value == ENOENT || errno_value == ESRCH; }

// 0, or the errno.
int read_whole(const std::string& path, std::string& out) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW));
    if (!file) return errno;
    out.clear();
    while (out.size() < most_bytes) {
        const std::size_t size = out.size();
        out.resize(size + 16384);
        const ssize_t count = ::read(file.get(), out.data() + size, 16384);
        const int problem = errno;
        out.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count < 0 && problem == EINTR) continue;
        if (count < 0) return problem;
        if (count == 0) return 0;
    }
    return 0;
}

class Walker {
  public:
    explicit Walker(const CaptureOptions& options) : options_(options) {}

    Result<Capture> walk() {
        const std::uint64_t begin = read_clock(CLOCK_MONOTONIC);
        capture_.wall_clock_ns = read_clock(CLOCK_REALTIME);
        capture_.boot_time_ns = read_clock(CLOCK_BOOTTIME);
        utsname names{};
        if (::uname(&names) == 0) {
            capture_.kernel_release = names.release;
            capture_.host_name = names.nodename;
        }
        std::vector<int> pids;
        if (!list_numbers(options_.proc, pids)) return errno_error("list the processes in", options_.proc, errno);
        for (const int pid : pids) walk_process(pid);
        walk_cgroups();
        const std::uint64_t walked = read_clock(CLOCK_MONOTONIC);
        capture_.report.walk_ns = walked - begin;
        probe_heaps(options_, capture_);
        capture_.report.probe_ns = read_clock(CLOCK_MONOTONIC) - walked;
        for (const auto& thread : capture_.threads) ++capture_.report.heap.at(static_cast<std::size_t>(thread.heap));
        return std::move(capture_);
    }

  private:
    void walk_process(int pid) {
        const std::string path = options_.proc + "/" + std::to_string(pid);
        std::vector<int> tids;
        if (!list_numbers(path + "/task", tids) && !is_gone(errno)) {
            ++capture_.report.absent["task"]; // of all of its threads: it is another user's, and /proc hides them
            return;
        }
        if (tids.empty()) {
            ++capture_.report.vanished;
            return;
        }
        std::string process;
        if (read_whole(path + "/comm", process) == 0 && process.ends_with('\n')) process.pop_back();
        const std::size_t before = capture_.threads.size();
        for (const int tid : tids) {
            if (capture_.threads.size() >= options_.most_threads) {
                ++capture_.report.left_out;
                continue;
            }
            Thread thread;
            thread.pid = pid;
            thread.tid = tid;
            thread.process = process;
            if (read_thread(path + "/task/" + std::to_string(tid) + "/", thread))
                capture_.threads.push_back(std::move(thread));
            else
                ++capture_.report.vanished;
        }
        if (capture_.threads.size() > before) ++capture_.report.processes;
    }

    // False if the thread has ended.
    bool read_thread(const std::string& directory, Thread& thread) {
        if (read_whole(directory + "stat", text_) != 0 || !parse_stat(text_, ticks_per_second_, thread)) return false;
        missing_.clear();
        read_part(directory, "status", [&](std::string_view text) { return parse_status(text, thread); });
        read_part(directory, "schedstat", [&](std::string_view text) { return parse_schedstat(text, thread); });
        read_part(directory, "sched", [&](std::string_view text) { return parse_sched(text, thread); });
        read_part(directory, "io", [&](std::string_view text) { return parse_io(text, thread); });
        read_part(directory, "cgroup", [&](std::string_view text) {
            thread.cgroup = parse_cgroup(text).value_or("");
            return true;
        });
        // A file that is not there may be one that this kernel does not have, or the end of the thread.
        if (!missing_.empty() && ::access(directory.c_str(), F_OK) != 0 && is_gone(errno)) return false;
        for (const auto& name : missing_) ++capture_.report.absent[name];
        if (!thread.cgroup.empty()) cgroups_.insert(thread.cgroup);
        return true;
    }

    template <typename Parse> void read_part(const std::string& directory, const char* name, Parse parse) {
        if (read_whole(directory + name, text_) != 0 || !parse(std::string_view(text_))) missing_.emplace_back(name);
    }

    void walk_cgroups() {
        if (::access((options_.cgroups + "/cgroup.controllers").c_str(), F_OK) != 0) return;
        for (const auto& path : cgroups_) {
            if (path.find("/..") != std::string::npos) continue; // above this cgroup namespace
            Cgroup cgroup{path, {}};
            for (const char* file :
                 {"cpu.stat", "memory.current", "memory.peak", "memory.swap.current", "memory.events", "pids.current"})
                if (read_whole(options_.cgroups + path + "/" + file, text_) == 0)
                    add_values(text_, file, cgroup.values);
            if (!cgroup.values.empty()) capture_.cgroups.push_back(std::move(cgroup));
        }
    }

    const CaptureOptions& options_;
    const std::uint64_t ticks_per_second_ = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    Capture capture_;
    std::string text_;
    std::vector<std::string> missing_;
    std::set<std::string> cgroups_;
};

} // namespace

Result<Capture> take_capture(const CaptureOptions& options) { return Walker(options).walk(); }

} // namespace ktstr::ctprof
