// SPDX-License-Identifier: GPL-2.0-only
#include "guest/host_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <vector>

#include "base/process.h"
#include "guest/clock.h"
#include "guest/executor.h"
#include "guest/kernel_file.h"
#include "guest/system.h"

namespace ktstr::guest {

namespace fs = std::filesystem;

namespace {

constexpr int internal_error = 70;
constexpr std::uint64_t removal_limit_ns = 10 * ns_per_s;

int complain(const Error& error) {
    std::fprintf(stderr, "ktstr-executor: %s\n", error.text().c_str());
    return internal_error;
}

// Controllers that the cgroup above the run's does not hand down, and that were told to for its time.
class BorrowedControllers {
  public:
    explicit BorrowedControllers(const std::string& parent) : file_(parent + "/cgroup.subtree_control") {
        const auto available = words(parent + "/cgroup.controllers");
        const auto before = words(file_);
        for (const char* controller : {"cpuset", "cpu", "io", "memory", "pids"})
            if (contains(available, controller) && !contains(before, controller) &&
                write_kernel_file(file_, std::string("+") + controller))
                borrowed_.emplace_back(controller);
    }
    BorrowedControllers(const BorrowedControllers&) = delete;
    BorrowedControllers& operator=(const BorrowedControllers&) = delete;
    // Another run that has begun meanwhile keeps them: the kernel refuses then (EBUSY), and that is right.
    ~BorrowedControllers() {
        for (const auto& controller : borrowed_) (void)write_kernel_file(file_, "-" + controller);
    }

  private:
    static std::vector<std::string> words(const std::string& path) {
        const auto content = read_kernel_file(path);
        std::istringstream text(content ? *content : "");
        std::vector<std::string> found;
        for (std::string word; text >> word;) found.push_back(word);
        return found;
    }
    static bool contains(const std::vector<std::string>& list, const std::string& word) {
        for (const auto& one : list)
            if (one == word) return true;
        return false;
    }
    std::string file_;
    std::vector<std::string> borrowed_;
};

// Directories that go away with this object, with the processes of the cgroup.
class MadePlace {
  public:
    explicit MadePlace(const HostPlace& place) : place_(place) {}
    MadePlace(const MadePlace&) = delete;
    MadePlace& operator=(const MadePlace&) = delete;
    ~MadePlace() {
        if (const auto removed = remove(); !removed) complain(removed.error());
    }

    Result<void> make() {
        if (::mkdir(place_.cgroup.c_str(), 0755) != 0) return errno_error("create the cgroup", place_.cgroup, errno);
        has_cgroup_ = true;
        const std::string own = place_.cgroup + "/" + place_.own;
        if (::mkdir(own.c_str(), 0755) != 0) return errno_error("create the cgroup", own, errno);
        if (::mkdir(place_.directory.c_str(), 0755) != 0)
            return errno_error("create the directory", place_.directory, errno);
        has_directory_ = true;
        return {};
    }

    Result<void> remove() {
        if (has_directory_) {
            std::error_code ignored;
            fs::remove_all(place_.directory, ignored);
        }
        has_directory_ = false;
        if (!has_cgroup_) return {};
        has_cgroup_ = false;
        const std::uint64_t deadline = monotonic_ns() + removal_limit_ns;
        while (true) {
            if (auto killed = write_kernel_file(place_.cgroup + "/cgroup.kill", "1"); !killed) return killed;
            while (::waitpid(-1, nullptr, WNOHANG) > 0) {
            }
            if (remove_cgroups()) return {};
            if (monotonic_ns() >= deadline) return errno_error("remove the cgroup", place_.cgroup, EBUSY);
            ::poll(nullptr, 0, 2);
        }
    }

  private:
    // A process that was just killed keeps its cgroup busy for a moment.
    [[nodiscard]] bool remove_cgroups() const {
        std::vector<std::string> directories = {place_.cgroup};
        std::error_code code;
        for (fs::recursive_directory_iterator entry(place_.cgroup, code), end; !code && entry != end;
             entry.increment(code))
            if (entry->is_directory(code)) directories.push_back(entry->path().string());
        bool gone = true;
        std::reverse(directories.begin(), directories.end()); // what is below comes first
        for (const auto& directory : directories) gone = (::rmdir(directory.c_str()) == 0 || errno == ENOENT) && gone;
        return gone;
    }

    const HostPlace& place_;
    bool has_cgroup_ = false;
    bool has_directory_ = false;
};

// The executor, between fork and its end.
[[noreturn]] void be_executor(Fd channel, const HostPlace& place, pid_t keeper) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != keeper) ::_exit(internal_error);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
    install_crash_handler();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1); // what workers leave behind is reaped here, as by PID 1
    Port port(std::move(channel));
    auto joined = write_kernel_file(place.cgroup + "/" + place.own + "/cgroup.procs", "0");
    auto cgroups = joined ? make_ready_on_host(place) : Result<CgroupTree>(joined.error());
    if (cgroups)
        run_executor({std::move(port), std::move(*cgroups), place.directory});
    else
        report_unready(std::move(port), cgroups.error());
    ::_exit(0);
}

// Until the executor has ended, or nobody is left at the other end of the channel.
void wait_for_end(pid_t executor, int channel) {
    const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, executor, 0)));
    std::array<pollfd, 2> entries = {{{ended.get(), POLLIN, 0}, {channel, POLLRDHUP, 0}}};
    while (::poll(entries.data(), entries.size(), -1) < 0 && errno == EINTR) {
    }
}

} // namespace

int run_on_host(Fd channel, const HostPlace& place) {
    // The end of ktstr is seen in the channel: being killed with it would leave everything behind.
    ::prctl(PR_SET_PDEATHSIG, 0);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
    ::umask(022);
    if (::fcntl(channel.get(), F_SETFL, O_NONBLOCK) != 0 || ::fcntl(channel.get(), F_SETFD, FD_CLOEXEC) != 0)
        return complain(errno_error("set up", "the channel", errno));
    const BorrowedControllers borrowed(fs::path(place.cgroup).parent_path().string());
    MadePlace made(place);
    if (auto done = made.make(); !done) {
        report_unready(Port(std::move(channel)), done.error());
        return internal_error;
    }
    const pid_t keeper = ::getpid();
    const pid_t executor = ::fork();
    if (executor < 0) return complain(errno_error("start", "the executor", errno));
    if (executor == 0) be_executor(std::move(channel), place, keeper);
    wait_for_end(executor, channel.get());
    int status = 0;
    if (::waitpid(executor, &status, WNOHANG) == executor && WIFSIGNALED(status)) {
        ProcessExit exit;
        exit.signal = WTERMSIG(status);
        complain({"ended by " + exit.text()});
    }
    const auto removed = made.remove();
    return removed ? 0 : complain(removed.error());
}

} // namespace ktstr::guest
