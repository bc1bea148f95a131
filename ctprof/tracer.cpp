// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/tracer.h"

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <optional>

#include "base/fd.h"
#include "base/file.h"
#include "ctprof/proc_text.h"

namespace ktstr::ctprof {

namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::uint64_t unallocated = ~std::uint64_t{0}; // glibc, elf/dl-tls.c: TLS_DTV_UNALLOCATED
constexpr std::uint64_t most_modules = 1U << 16U;

std::uint64_t now_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * ns_per_s + static_cast<std::uint64_t>(time.tv_nsec);
}

bool read_u64(int pid, std::uint64_t address, std::uint64_t& out) {
    iovec local{&out, sizeof(out)};
    iovec remote{reinterpret_cast<void*>(address), sizeof(out)};
    return ::process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(sizeof(out));
}

enum class Found { yes, untouched, no };

// glibc's dynamic thread vector (sysdeps/x86_64/nptl/tls.h, sysdeps/generic/dl-dtv.h): the second word of the thread's
// control block points to entry 0 of an array of 16-byte entries; entry -1 begins with how many there are. A thread
// that never touched the module's data has no block.
Found dynamic_block(int pid, std::uint64_t thread_pointer, std::uint64_t module, std::uint64_t& block) {
    std::uint64_t vector = 0;
    std::uint64_t entries = 0;
    if (module == 0 || module > most_modules || !read_u64(pid, thread_pointer + 8, vector) ||
        !read_u64(pid, vector - 16, entries))
        return Found::no;
    if (module > entries) return Found::untouched;
    if (!read_u64(pid, vector + 16 * module, block)) return Found::no;
    return block == unallocated || block == 0 ? Found::untouched : Found::yes;
}

// The address of the thread's tsd_tls.
Found locate_tsd(const HeapTarget& target, std::uint64_t thread_pointer, std::uint64_t& address) {
    const HeapLayout& layout = target.layout;
    const auto offset = static_cast<std::uint64_t>(layout.tls_offset);
    std::uint64_t slot = 0;
    if (layout.tls != HeapLayout::Tls::program && !read_u64(target.pid, target.load_base + layout.slot_address, slot))
        return Found::no;
    std::uint64_t block = thread_pointer + slot;
    if (layout.tls == HeapLayout::Tls::dynamic_slot)
        if (const Found found = dynamic_block(target.pid, thread_pointer, slot, block); found != Found::yes)
            return found;
    address = block + offset;
    return Found::yes;
}

HeapReading read_counters(const HeapTarget& target, std::uint64_t thread_pointer) {
    std::uint64_t tsd = 0;
    const Found found = locate_tsd(target, thread_pointer, tsd);
    if (found == Found::untouched) return {HeapState::read, 0, 0};
    if (found == Found::no) return {HeapState::unreadable};
    HeapReading reading{HeapState::read};
    std::array<iovec, 2> local = {{{&reading.allocated_bytes, 8}, {&reading.deallocated_bytes, 8}}};
    std::array<iovec, 2> remote = {{{reinterpret_cast<void*>(tsd + target.layout.allocated_offset), 8},
                                    {reinterpret_cast<void*>(tsd + target.layout.deallocated_offset), 8}}};
    if (::process_vm_readv(target.pid, local.data(), local.size(), remote.data(), remote.size(), 0) != 16)
        return {HeapState::unreadable};
    return reading;
}

std::string stat_path(const HeapTarget& target) {
    return "/proc/" + std::to_string(target.pid) + "/task/" + std::to_string(target.tid) + "/stat";
}

// The kernel refuses to trace a thread that has ended but was not waited for, with EPERM.
bool has_ended(const HeapTarget& target) {
    const auto stat = read_file(stat_path(target), 1U << 16U);
    Thread thread;
    return !stat || !parse_stat(*stat, 1, thread) || thread.state == 'Z' || thread.state == 'X';
}

// Whether the thread and its program are still the ones that were listed.
bool is_same(const HeapTarget& target) {
    const auto stat = read_file(stat_path(target), 1U << 16U);
    const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    if (!stat || parse_start_time(*stat, ticks) != target.start_time_ns) return false;
    struct stat program {};
    return ::stat(("/proc/" + std::to_string(target.pid) + "/exe").c_str(), &program) == 0 &&
           program.st_dev == target.device && program.st_ino == target.inode;
}

HeapReading read_stopped(const HeapTarget& target) {
    user_regs_struct registers{};
    iovec buffer{&registers, sizeof(registers)};
    if (::ptrace(PTRACE_GETREGSET, target.tid, NT_PRSTATUS, &buffer) != 0) return {HeapState::vanished};
    if (buffer.iov_len != sizeof(registers)) return {HeapState::unreadable}; // a 32-bit thread
    if (!is_same(target)) return {HeapState::vanished};
    return read_counters(target, registers.fs_base);
}

// In the child. Waits for threads to stop; SIGCHLD is blocked there, and what the kernel tells a tracer with.
class Tracer {
  public:
    explicit Tracer(const TracerLimits& limits) : limits_(limits), deadline_ns_(now_ns() + limits.total_ns) {}

    HeapReading read(const HeapTarget& target) {
        if (now_ns() >= deadline_ns_) return {HeapState::not_stopped};
        if (::ptrace(PTRACE_SEIZE, target.tid, 0, 0) != 0)
            return {errno == ESRCH || has_ended(target) ? HeapState::vanished : HeapState::permission};
        if (::ptrace(PTRACE_INTERRUPT, target.tid, 0, 0) != 0) return {HeapState::vanished};
        const auto status = wait_for_stop(target.tid);
        if (!status) return {HeapState::not_stopped};
        if (!WIFSTOPPED(*status)) return {HeapState::vanished};
        const HeapReading reading = read_stopped(target);
        let_go(target.tid, *status);
        return reading;
    }

  private:
    // A signal that was about to be delivered is handed on; stops of ptrace's own deliver none.
    static void let_go(int tid, int status) {
        const bool event = (static_cast<unsigned>(status) >> 16U) != 0;
        ::ptrace(PTRACE_DETACH, tid, 0, event ? 0L : static_cast<long>(WSTOPSIG(status)));
    }

    // The status of thread `tid`; none if the time is up. Others that stop late are let go of.
    std::optional<int> wait_for_stop(int tid) {
        const std::uint64_t limit = std::min(now_ns() + limits_.stop_ns, deadline_ns_);
        while (true) {
            int status = 0;
            const pid_t one = ::waitpid(-1, &status, __WALL | WNOHANG);
            if (one == tid) return status;
            if (one > 0) {
                if (WIFSTOPPED(status)) let_go(one, status);
                continue;
            }
            if (one < 0 && errno != EINTR) return 0; // nothing is traced any more: it has ended
            const std::uint64_t now = now_ns();
            if (now >= limit) return std::nullopt;
            wait_for_signal(limit - now);
        }
    }

    static void wait_for_signal(std::uint64_t longest_ns) {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGCHLD);
        const timespec time{static_cast<time_t>(longest_ns / ns_per_s), static_cast<long>(longest_ns % ns_per_s)};
        ::sigtimedwait(&signals, nullptr, &time);
    }

    TracerLimits limits_;
    std::uint64_t deadline_ns_;
};

[[noreturn]] void be_child(pid_t parent, int out, const std::vector<HeapTarget>& targets, const TracerLimits& limits,
                           const std::function<void()>& in_child) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGCHLD, SIG_DFL);
    in_child();
    Tracer tracer(limits);
    for (const auto& target : targets) {
        const HeapReading reading = tracer.read(target);
        if (!write_all(out, {reinterpret_cast<const char*>(&reading), sizeof(reading)}, "a pipe")) break;
    }
    ::_exit(0);
}

// What comes through the pipe before it is closed, or too much time is over.
std::string read_all(int fd, std::uint64_t limit_ns) {
    const std::uint64_t deadline = now_ns() + limit_ns;
    std::string bytes;
    std::array<char, 4096> chunk{};
    while (true) {
        const std::uint64_t now = now_ns();
        pollfd entry{fd, POLLIN, 0};
        const int ready = now >= deadline ? 0 : ::poll(&entry, 1, static_cast<int>((deadline - now) / 1'000'000 + 1));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return bytes;
        const ssize_t count = ::read(fd, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return bytes;
        bytes.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

} // namespace

std::vector<HeapReading> read_heaps(const std::vector<HeapTarget>& targets, const TracerLimits& limits,
                                    const std::function<void()>& in_child) {
    std::vector<HeapReading> readings(targets.size(), HeapReading{HeapState::not_stopped});
    if (targets.empty()) return readings;
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return readings;
    const Fd in(ends[0]);
    Fd out(ends[1]);
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) be_child(self, out.get(), targets, limits, in_child);
    out.reset();
    if (child < 0) return readings;
    const std::string bytes = read_all(in.get(), limits.total_ns + 2 * limits.stop_ns + ns_per_s);
    ::kill(child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    for (std::size_t i = 0; i < readings.size() && (i + 1) * sizeof(HeapReading) <= bytes.size(); ++i)
        std::copy_n(bytes.data() + i * sizeof(HeapReading), sizeof(HeapReading), reinterpret_cast<char*>(&readings[i]));
    return readings;
}

} // namespace ktstr::ctprof
