// SPDX-License-Identifier: GPL-2.0-only
// After schbench (Chris Mason): member 0 is the message thread, all others are worker threads. Where it differs is in
// docs/work-types.md.
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>

#include "guest/work/bench.h"
#include "guest/work/loops.h"
#include "guest/work/matrices.h"

namespace ktstr::guest {

namespace {

constexpr double first_rate = 10; // of a search for the right one
constexpr std::uint32_t most_pending = 128;

struct alignas(64) CpuLock {
    FutexWord held{0};
};

// What all groups share: a lock per CPU, then a page of messages per worker in pipe mode.
CpuLock* cpu_locks(const Worker& worker) { return static_cast<CpuLock*>(worker.setting().shared); }

// The lock of the CPU that the worker runs on, spun for like the original does: a holder that was moved or preempted
// costs those who come after it. Null if told to stop.
CpuLock* lock_this_cpu(Worker& worker) {
    while (worker.running()) {
        const int cpu = current_cpu();
        CpuLock& lock = cpu_locks(worker)[cpu % plan::max_cpus];
        while (lock.held.exchange(1, std::memory_order_acquire) != 0) {
            if (!worker.running()) return nullptr;
            worker.observe();
            __builtin_ia32_pause();
        }
        if (current_cpu() == cpu) return &lock;
        lock.held.store(0, std::memory_order_release);
    }
    return nullptr;
}

void unlock_cpu(CpuLock* lock) {
    if (lock != nullptr) lock->held.store(0, std::memory_order_release);
}

class Requests {
  public:
    explicit Requests(Worker& worker)
        : worker_(worker), matrices_(worker, worker.parameter("cache_footprint")), sleep_ns_(worker.parameter("sleep")),
          operations_(worker.parameter("operations")),
          locked_(worker.choice("locking") == "off"
                      ? 0
                      : static_cast<std::uint64_t>(
                            std::ceil(static_cast<double>(operations_) * (1 - worker.value<double>("split"))))) {}
    // One request: a pause, and the operations. Not counted if cut short.
    void serve() {
        const std::uint64_t start = monotonic_ns();
        if (sleep_ns_ > 0) worker_.sleep_for(sleep_ns_);
        if (!operate(operations_ - locked_)) return;
        if (locked_ > 0) {
            CpuLock* lock = lock_this_cpu(worker_);
            const bool done = lock != nullptr && operate(locked_);
            unlock_cpu(lock);
            if (!done) return;
        }
        if (!worker_.running()) return;
        worker_.note_request(monotonic_ns() - start);
        worker_.pass();
    }

  private:
    bool operate(std::uint64_t times) {
        for (; times > 0; --times)
            if (!matrices_.multiply(worker_)) return false;
        return worker_.running();
    }
    Worker& worker_;
    Matrices matrices_;
    std::uint64_t sleep_ns_;
    std::uint64_t operations_;
    std::uint64_t locked_; // of them, with the lock of the CPU
};

// Tells the message thread that it has nothing to do, and waits for the call.
bool call_and_wait(Worker& worker) {
    WorkerSlot& own = worker.own_slot();
    own.called_ns.store(monotonic_ns());
    enlist(worker);
    post(worker.slot_of(0).call);
    if (!wait_for_post(worker, own.call)) return false;
    worker.note_own_wake(monotonic_ns() - own.called_ns.load());
    return true;
}

// Calls everybody who waits, again and again; with the time at which it began to, so that a message thread that is
// preempted for one that it woke shows in the latencies of the rest.
void answer(Worker& worker) {
    while (worker.running()) {
        std::uint64_t called = 0;
        const std::uint64_t now = monotonic_ns();
        take_list(worker, [&](int member) {
            worker.slot_of(member).called_ns.store(now);
            post(worker.slot_of(member).call);
            ++called;
        });
        if (called > 0) worker.pass(called);
        if (!wait_for_post(worker, worker.own_slot().call)) return;
    }
}

char* message_of(const Worker& worker, int member, std::size_t bytes) {
    const auto group_start = static_cast<std::size_t>(worker.setting().first);
    return reinterpret_cast<char*>(cpu_locks(worker) + plan::max_cpus) +
           (group_start + static_cast<std::size_t>(member)) * bytes;
}

void answer_messages(Worker& worker, std::size_t bytes) {
    while (worker.running()) {
        std::uint64_t called = 0;
        take_list(worker, [&](int member) {
            std::memset(message_of(worker, member, bytes), 1, bytes);
            worker.slot_of(member).called_ns.store(monotonic_ns());
            post(worker.slot_of(member).call);
            ++called;
        });
        if (called > 0) worker.pass(called);
        if (!wait_for_post(worker, worker.own_slot().call)) return;
    }
}

void send_messages(Worker& worker, std::size_t bytes) {
    while (worker.running()) {
        std::memset(message_of(worker, worker.member(), bytes), 2, bytes);
        if (!call_and_wait(worker)) return;
        worker.pass();
    }
}

// Part of the time since the last call that the machine's CPUs were not idle.
class BusyTime {
  public:
    double since_last() {
        std::ifstream file("/proc/stat");
        std::string cpu;
        file >> cpu;
        double total = 0;
        double idle = 0;
        double value = 0;
        for (int column = 1; file >> value; ++column) {
            total += value;
            if (column == 4) idle = value;
        }
        const double elapsed = total - total_;
        const double busy = elapsed > 0 ? 1 - (idle - idle_) / elapsed : 0;
        total_ = total;
        idle_ = idle;
        return busy;
    }

  private:
    double total_ = 0;
    double idle_ = 0;
};

// Deals out each second's requests at its start, to one worker after another.
void deal_requests(Worker& worker, double rate, double auto_rps) {
    constexpr std::uint64_t full_ns = 100'000; // how long to leave a worker alone that has too many
    BusyTime busy;
    busy.since_last();
    int turn = 0;
    std::uint64_t second = monotonic_ns();
    while (worker.running()) {
        for (std::uint64_t request = 0; request < static_cast<std::uint64_t>(rate) && worker.running(); ++request) {
            WorkerSlot& slot = worker.slot_of(1 + turn++ % (worker.group_size() - 1));
            if (slot.notice.load() >= most_pending) {
                worker.sleep_for(full_ns);
                continue;
            }
            slot.called_ns.store(monotonic_ns());
            slot.notice.fetch_add(1);
            post(slot.call);
            worker.pass();
        }
        second += ns_per_s;
        while (worker.running() && monotonic_ns() < second) worker.sleep_until(second);
        if (auto_rps > 0) rate = next_rate(rate, busy.since_last(), auto_rps);
    }
}

void serve_dealt_requests(Worker& worker) {
    Requests requests(worker);
    WorkerSlot& own = worker.own_slot();
    while (worker.running()) {
        std::uint32_t pending = own.notice.exchange(0);
        if (pending == 0) {
            if (!wait_for_post(worker, own.call)) return;
            worker.note_own_wake(monotonic_ns() - own.called_ns.load());
            continue;
        }
        for (; pending > 0 && worker.running(); --pending) requests.serve();
    }
}

} // namespace

std::size_t schbench_shared_bytes(const plan::Work& work) {
    const auto message = static_cast<std::size_t>(std::get<std::int64_t>(work.parameters.at("pipe")));
    return plan::max_cpus * sizeof(CpuLock) + static_cast<std::size_t>(work.workers) * message;
}

double next_rate(double rate, double busy, double target) {
    const double wanted = target / std::max(busy, 0.001);
    const double distance = std::abs(wanted - 1);
    const double damped = distance < 0.2 ? 1 + (wanted - 1) / 8 : distance < 0.5 ? 1 + (wanted - 1) / 4 : wanted;
    return std::clamp(std::ceil(rate * std::clamp(damped, 0.3, 3.0)), 1.0, 10'000'000.0);
}

namespace work {

void schbench(Worker& worker) {
    worker.measure_wakes_itself();
    const bool is_message_thread = worker.member() == 0;
    if (const std::size_t bytes = worker.parameter("pipe"); bytes > 0)
        return is_message_thread ? answer_messages(worker, bytes) : send_messages(worker, bytes);
    const double auto_rps = worker.value<double>("auto_rps");
    double rate = worker.value<double>("requests");
    if (auto_rps > 0 && rate == 0) rate = first_rate;
    if (rate > 0) return is_message_thread ? deal_requests(worker, rate, auto_rps) : serve_dealt_requests(worker);
    if (is_message_thread) return answer(worker);
    Requests requests(worker);
    while (worker.running() && call_and_wait(worker)) requests.serve();
}

} // namespace work

} // namespace ktstr::guest
