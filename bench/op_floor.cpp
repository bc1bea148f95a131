// SPDX-License-Identifier: GPL-2.0-only
// The floor of the bench `ops`: what the kernel alone takes for what the ops do, by bare writes to the files of a
// cgroup of its own. A payload of the measured scenario: it runs in the same guest. Prints medians in ns as one JSON
// object.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr int rounds = 40;
constexpr int tasks = 100;
const std::string top = "/sys/fs/cgroup/ktstr-floor";

long long now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void fail(const std::string& what) {
    std::perror(what.c_str());
    std::exit(1);
}

void put(const std::string& path, const std::string& value) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, value.data(), value.size()) < 0) fail(path);
    ::close(fd);
}

// A busy host only adds to a time: of many, the one that a tenth is below.
template <typename Act> long long least_of(Act act, int step = 1) {
    std::vector<long long> times;
    for (int round = 0; round < rounds; ++round) {
        const long long start = now_ns();
        act(round);
        if (round % step == 0) times.push_back(now_ns() - start);
    }
    std::sort(times.begin(), times.end());
    return times.at(times.size() / 10);
}

// Writes, and waits for the kernel to say that all have come to rest, or go on.
void freeze(const std::string& cgroup, bool on) {
    put(cgroup + "/cgroup.freeze", on ? "1" : "0");
    const std::string wanted = on ? "frozen 1" : "frozen 0";
    const int fd = ::open((cgroup + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(cgroup);
    while (true) {
        std::array<char, 256> text{};
        if (::pread(fd, text.data(), text.size() - 1, 0) < 0) fail(cgroup);
        if (std::string(text.data()).find(wanted) != std::string::npos) break;
        pollfd entry{fd, POLLPRI, 0};
        ::poll(&entry, 1, 1000);
    }
    ::close(fd);
}

} // namespace

int main() {
    const std::string one = top + "/one";
    const std::string two = top + "/two";
    for (const auto* directory : {&top, &one, &two})
        if (::mkdir(directory->c_str(), 0755) != 0) fail(*directory);
    sched_param parameter{}; // as the executor: what it moves must not keep it from its work
    parameter.sched_priority = 99;
    if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameter) != 0) fail("sched_setscheduler");
    put(top + "/cgroup.subtree_control", "+cpuset");
    for (const auto* cgroup : {&one, &two}) put(*cgroup + "/cpuset.mems", "0");
    std::vector<pid_t> pids;
    for (int i = 0; i < tasks; ++i) {
        const pid_t pid = ::fork();
        if (pid == 0)
            while (true) ::usleep(10'000);
        pids.push_back(pid);
        put(one + "/cgroup.procs", std::to_string(pid));
    }
    const long long cpuset = least_of([&](int round) { put(one + "/cpuset.cpus", round % 2 == 0 ? "0-1" : "0-3"); });
    const long long move = least_of([&](int round) {
        for (const pid_t pid : pids) put((round % 2 == 0 ? two : one) + "/cgroup.procs", std::to_string(pid));
    });
    const long long frozen = least_of([&](int round) { freeze(one, round % 2 == 0); }, 2);
    freeze(one, false);
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
    for (const pid_t pid : pids) ::waitpid(pid, nullptr, 0);
    for (const auto* directory : {&one, &two, &top}) ::rmdir(directory->c_str());
    std::printf("{\"set_cpuset_ns\": %lld, \"move_all_tasks_ns\": %lld, \"freeze_ns\": %lld}\n", cpuset, move, frozen);
    return 0;
}
