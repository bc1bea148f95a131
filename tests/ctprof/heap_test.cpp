// SPDX-License-Identifier: GPL-2.0-only
// The heap probe on running programs. They are built by the target alloc_workers.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>

#include "base/file.h"
#include "base/process.h"
#include "ctprof/host/elf_layout.h"
#include "ctprof/walk.h"

using namespace ktstr;
using namespace ktstr::ctprof;

namespace {

const std::string workers = KTSTR_ALLOC_WORKERS;
constexpr std::uint64_t mib = 1U << 20U;

// A program that has said that it is ready.
class Worker {
  public:
    explicit Worker(const std::string& name, std::vector<std::string> arguments = {"16777216"})
        : process_(start(name, std::move(arguments))) {}
    [[nodiscard]] int pid() const { return process_.pid(); }
    void send_signal(int signal) const { process_.send_signal(signal); }

  private:
    static Process start(const std::string& name, std::vector<std::string> arguments) {
        INFO(name << " is built by the target alloc_workers");
        REQUIRE(std::filesystem::exists(workers + "/" + name));
        arguments.insert(arguments.begin(), workers + "/" + name);
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        const Fd in(ends[0]);
        Fd out(ends[1]);
        auto process = Process::start({.arguments = arguments, .stdout_fd = out.get()});
        REQUIRE(process.ok());
        out.reset();
        char byte = 0;
        REQUIRE(::read(in.get(), &byte, 1) == 1);
        return std::move(*process);
    }
    Process process_;
};

Capture capture_now(TracerLimits limits = {.stop_ns = 20'000'000'000, .total_ns = 60'000'000'000}) {
    ElfLayouts layouts;
    CaptureOptions options;
    options.layouts = &layouts;
    options.tracer = limits;
    auto capture = take_capture(options);
    REQUIRE(capture.ok());
    return std::move(*capture);
}

std::vector<Thread> threads_of(const Capture& capture, int pid) {
    std::vector<Thread> found;
    for (const auto& thread : capture.threads)
        if (thread.pid == pid) found.push_back(thread);
    return found;
}

Thread leader_of(const Capture& capture, int pid) {
    for (const auto& thread : capture.threads)
        if (thread.tid == pid) return thread;
    FAIL("no thread " << pid);
    return {};
}

std::string status_line(int pid, const std::string& key) {
    const std::string text = *read_file("/proc/" + std::to_string(pid) + "/status");
    const auto at = text.find(key + ":\t");
    return at == std::string::npos ? "" : text.substr(at + key.size() + 2, text.find('\n', at) - at - key.size() - 2);
}

// Within a time that only a hang takes.
template <typename Condition> bool comes_true(Condition condition) {
    for (int i = 0; i < 60'000; ++i) {
        if (condition()) return true;
        ::usleep(1000);
    }
    return false;
}

} // namespace

TEST_CASE("what a thread has allocated with jemalloc is read, however the program has jemalloc") {
    for (const std::string name :
         {"alloc_worker", "alloc_worker_fixed", "alloc_worker_static", "alloc_worker_shared", "alloc_worker_linked"}) {
        INFO(name);
        const Worker worker(name);
        const Thread leader = leader_of(capture_now(), worker.pid());
        CHECK(leader.heap == HeapState::read);
        CHECK(leader.count(Counter::allocated_bytes) >= 16 * mib);
        CHECK(leader.count(Counter::allocated_bytes) <= 20 * mib);
        CHECK(leader.count(Counter::deallocated_bytes) < 16 * mib);
    }
}

TEST_CASE("a library that is loaded while the program runs counts for the threads that used it, and 0 for others") {
    const Worker worker("stand_in_worker", {workers + "/libstand_in.so"});
    const auto threads = threads_of(capture_now(), worker.pid());
    REQUIRE(threads.size() == 2);
    CHECK(threads[0].heap == HeapState::read);
    CHECK(threads[0].count(Counter::allocated_bytes) == 1111);
    CHECK(threads[0].count(Counter::deallocated_bytes) == 222);
    CHECK(threads[1].heap == HeapState::read);
    CHECK(threads[1].count(Counter::allocated_bytes) == 0);
}

TEST_CASE("what has no heap bytes counts as 0, with the reason") {
    const Worker stripped("alloc_worker_stripped");
    auto sleeper = Process::start({.arguments = {"sleep", "1000"}});
    REQUIRE(sleeper.ok());
    const auto capture = capture_now();
    CHECK(leader_of(capture, stripped.pid()).heap == HeapState::no_debug_information);
    CHECK(leader_of(capture, stripped.pid()).count(Counter::allocated_bytes) == 0);
    CHECK(leader_of(capture, sleeper->pid()).heap == HeapState::no_jemalloc);
    CHECK(capture.report.heap.at(static_cast<std::size_t>(HeapState::no_debug_information)) >= 1);
    std::uint64_t counted = 0;
    for (const auto count : capture.report.heap) counted += count;
    CHECK(counted == capture.threads.size());
}

TEST_CASE("a program that starts and ends threads without pause is captured, with its leader") {
    const Worker worker("alloc_worker", {"1048576", "churn"});
    for (int i = 0; i < 10; ++i) {
        const Thread leader = leader_of(capture_now(), worker.pid());
        CHECK(leader.heap == HeapState::read);
        CHECK(leader.count(Counter::allocated_bytes) >= mib);
    }
}

TEST_CASE("a thread that was stopped by a signal is read, and is stopped still; one that was not goes on") {
    const Worker stopped("alloc_worker");
    const Worker running("alloc_worker", {"1048576", "churn"});
    stopped.send_signal(SIGSTOP);
    REQUIRE(comes_true([&] { return status_line(stopped.pid(), "State").starts_with("T"); }));
    const auto capture = capture_now();
    CHECK(leader_of(capture, stopped.pid()).count(Counter::allocated_bytes) >= 16 * mib);
    CHECK(status_line(stopped.pid(), "State").starts_with("T"));
    CHECK(status_line(stopped.pid(), "TracerPid") == "0");
    CHECK(status_line(running.pid(), "TracerPid") == "0");
    CHECK_FALSE(status_line(running.pid(), "State").starts_with("t"));
}

TEST_CASE("with no time at all nothing is read, and nothing stays traced") {
    const Worker worker("alloc_worker");
    const Thread leader = leader_of(capture_now({.stop_ns = 0, .total_ns = 0}), worker.pid());
    CHECK(leader.heap == HeapState::not_stopped);
    CHECK(status_line(worker.pid(), "TracerPid") == "0");
}

TEST_CASE("ktstr that is killed in the middle of its captures leaves no thread stopped or traced") {
    const Worker worker("alloc_worker", {"1048576", "churn"});
    for (int i = 0; i < 20; ++i) {
        auto ktstr = Process::start(
            {.arguments = {"sh", "-c", "while :; do \"$0\" ctprof capture --json; done", KTSTR_PROGRAM}});
        REQUIRE(ktstr.ok());
        ::usleep(static_cast<useconds_t>(20'000 + 7'000 * i)); // somewhere in it; whatever the place, this must hold
        ::kill(-ktstr->pid(), SIGKILL);
        ktstr->wait();
        // Its child that traced is killed by the kernel as a consequence, not at the same moment.
        const auto is_free = [&worker] {
            for (const auto& task :
                 std::filesystem::directory_iterator("/proc/" + std::to_string(worker.pid()) + "/task")) {
                const auto status = read_file(task.path() / "status");
                if (status && status->find("TracerPid:\t0\n") == std::string::npos) return false;
            }
            return true;
        };
        REQUIRE(comes_true(is_free));
    }
    const std::string before = status_line(worker.pid(), "voluntary_ctxt_switches");
    CHECK(comes_true([&] { return status_line(worker.pid(), "voluntary_ctxt_switches") != before; })); // it goes on
}
