// SPDX-License-Identifier: GPL-2.0-only
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "guest/kernel_file.h"
#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

constexpr int removal_tries = 500; // of 1 ms: what has just ended may keep its cgroup busy for a moment

// Cgroups that a worker makes below its own, and the children that it has put there. Gone when it ends, by whatever way
// but SIGKILL, after which they go with the cgroup above.
class OwnCgroups {
  public:
    explicit OwnCgroups(const Worker& worker) : worker_(worker) {
        if (worker.setting().cgroup_base.empty()) worker.refuse("has no cgroup to make others in");
    }
    ~OwnCgroups() { clear(); }
    OwnCgroups(const OwnCgroups&) = delete;
    OwnCgroups& operator=(const OwnCgroups&) = delete;

    [[nodiscard]] std::size_t count() const { return paths_.size(); }

    void add() {
        const std::string path = worker_.setting().cgroup_base + "/ktstr.own." + std::to_string(::gettid()) + "." +
                                 std::to_string(paths_.size());
        if (::mkdir(path.c_str(), 0755) != 0) {
            const int why = errno;
            clear();
            worker_.fail("mkdir() a cgroup below its own", why, "user 0, as the cgroups are root's");
        }
        paths_.push_back(path);
    }
    void enter(std::size_t index) { move("0", paths_.at(index)); }
    // A child that sleeps until it is killed, moved into the cgroup made last.
    void add_child() {
        const pid_t parent = ::getpid();
        const pid_t child = ::fork();
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (::getppid() == parent) ::pause();
            ::_exit(0);
        }
        if (child < 0) {
            const int why = errno;
            clear();
            worker_.fail("fork()", why, "a higher pids_max");
        }
        children_.push_back(child);
        move(std::to_string(child), paths_.back());
    }
    // Ends all children, leaves and removes all cgroups.
    void clear() {
        for (const pid_t child : children_) ::kill(child, SIGKILL);
        for (const pid_t child : children_)
            while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
            }
        children_.clear();
        if (!paths_.empty()) (void)write_kernel_file(worker_.setting().cgroup_home + "/cgroup.procs", "0");
        for (const auto& path : paths_)
            for (int tries = 0; ::rmdir(path.c_str()) != 0 && errno == EBUSY && tries < removal_tries; ++tries)
                ::usleep(1000);
        paths_.clear();
    }

  private:
    void move(const std::string& pid, const std::string& to) {
        const auto moved = write_kernel_file(to + "/cgroup.procs", pid);
        if (moved) return;
        clear();
        worker_.refuse(moved.error().message);
    }
    const Worker& worker_;
    std::vector<std::string> paths_;
    std::vector<pid_t> children_;
};

} // namespace

void cgroup_churn(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    const std::size_t count = worker.parameter("cgroups");
    OwnCgroups cgroups(worker);
    while (worker.running() && cgroups.count() < count) cgroups.add();
    for (std::size_t turn = 0; worker.running(); ++turn) {
        cgroups.enter(turn % count);
        worker.pass();
        worker.compute_until(monotonic_ns() + interval);
    }
}

void cgroup_attach_storm(Worker& worker) {
    const std::size_t count = worker.parameter("cgroups");
    const std::uint64_t children = worker.parameter("children");
    OwnCgroups cgroups(worker);
    while (worker.running()) {
        while (worker.running() && cgroups.count() < count) {
            cgroups.add();
            for (std::uint64_t child = 0; child < children && worker.running(); ++child) {
                cgroups.add_child();
                worker.pass();
            }
        }
        cgroups.clear();
        worker.observe();
    }
}

} // namespace ktstr::guest::work
