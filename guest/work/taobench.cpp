// SPDX-License-Identifier: GPL-2.0-only
// A key-value cache like that of TaoBench (DCPerf): member 0 answers what the cache cannot, all others are clients.
#include <algorithm>
#include <cstring>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "guest/work/bench.h"
#include "guest/work/loops.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t shards = 64; // each with a lock
constexpr std::uint64_t requests_per_pass = 8;
constexpr std::uint64_t short_request_ns = 100'000;

struct alignas(64) Shard {
    FutexWord lock{0};
    CallStamp called;
};

std::size_t size_of(const plan::Work& work, const char* name) {
    return static_cast<std::size_t>(std::get<std::int64_t>(work.parameters.at(name)));
}

// All groups share one: the locks, then the values.
class Cache {
  public:
    explicit Cache(const Worker& worker)
        : shards_(static_cast<Shard*>(worker.setting().shared)), values_(reinterpret_cast<char*>(shards_ + shards)),
          keys_(worker.parameter("keys")), bytes_(worker.parameter("value")), copy_(bytes_) {}
    [[nodiscard]] std::uint64_t keys() const { return keys_; }
    // False if told to stop while waiting for a lock.
    bool read(Worker& worker, std::uint64_t key) {
        return locked(worker, key, [&] { std::memcpy(copy_.data(), values_ + key * bytes_, bytes_); });
    }
    bool write(Worker& worker, std::uint64_t key) {
        copy_.front() = static_cast<char>(key);
        return locked(worker, key, [&] { std::memcpy(values_ + key * bytes_, copy_.data(), bytes_); });
    }

  private:
    template <typename Call> bool locked(Worker& worker, std::uint64_t key, Call call) {
        Shard& shard = shards_[key % shards];
        if (!lock(worker, shard.lock, shard.called)) return false;
        call();
        unlock(shard.lock, shard.called);
        return true;
    }
    Shard* shards_;
    char* values_;
    std::uint64_t keys_;
    std::size_t bytes_;
    std::vector<char> copy_;
};

// Answers each question `miss` after it was asked, however many there are: most of that time passes elsewhere.
void answer_misses(Worker& worker) {
    struct Question {
        std::uint64_t due_ns;
        int member;
        bool operator>(const Question& other) const { return due_ns > other.due_ns; }
    };
    const std::uint64_t miss = worker.parameter("miss");
    std::priority_queue<Question, std::vector<Question>, std::greater<>> questions;
    FutexWord& call = worker.own_slot().call;
    while (worker.running()) {
        if (questions.empty()) {
            if (!wait_for_post(worker, call)) return;
        } else if (call.exchange(0) == 0) {
            worker.wait_until(call, 0, questions.top().due_ns);
        }
        take_list(worker, [&](int member) {
            questions.push({worker.slot_of(member).called_ns.load() + miss, member});
        });
        while (!questions.empty() && questions.top().due_ns <= monotonic_ns()) {
            post(worker.slot_of(questions.top().member).call);
            questions.pop();
            worker.pass();
        }
    }
}

class Client {
  public:
    explicit Client(Worker& worker)
        : worker_(worker), cache_(worker), random_(static_cast<std::uint64_t>(worker.own_slot().pid)),
          reads_(worker.value<double>("reads")), hits_(worker.value<double>("hits")), miss_(worker.parameter("miss")) {}
    // A read or a write. False if told to stop before it was done.
    bool request() {
        const std::uint64_t key = random_() % cache_.keys();
        if (!draw(reads_)) return cache_.write(worker_, key);
        if (draw(hits_)) return cache_.read(worker_, key);
        return ask(miss_) && cache_.write(worker_, key);
    }
    // As soon as the last one is done. Short ones are passed together: a pass is not for nothing.
    void run_closed() {
        std::uint64_t start = monotonic_ns();
        std::uint64_t done = 0;
        while (worker_.running() && request()) {
            const std::uint64_t end = monotonic_ns();
            worker_.note_request(end - start);
            if (++done == requests_per_pass || end - start >= short_request_ns) worker_.pass(std::exchange(done, 0));
            start = end;
        }
        if (done > 0) worker_.pass(done);
    }
    // At times that do not depend on how long requests take; each counts from the time that it was due, so that those
    // which had to wait for a slow one say so.
    void run_open(std::uint64_t period_ns) {
        std::uint64_t due = monotonic_ns() + random_() % period_ns;
        while (worker_.running()) {
            while (worker_.running() && monotonic_ns() < due) worker_.sleep_until(due);
            if (!request()) return;
            worker_.note_request(monotonic_ns() - due);
            worker_.pass();
            due += period_ns;
        }
    }

  private:
    bool draw(double part) { return std::uniform_real_distribution<>(0, 1)(random_) < part; }
    bool ask(std::uint64_t miss_ns) {
        WorkerSlot& own = worker_.own_slot();
        own.called_ns.store(monotonic_ns());
        enlist(worker_);
        post(worker_.slot_of(0).call);
        if (!wait_for_post(worker_, own.call)) return false;
        const std::uint64_t waited = monotonic_ns() - own.called_ns.load();
        worker_.note_own_wake(waited - std::min(waited, miss_ns)); // later than the backend's time
        return true;
    }
    Worker& worker_;
    Cache cache_;
    std::mt19937_64 random_;
    double reads_;
    double hits_;
    std::uint64_t miss_;
};

} // namespace

std::size_t taobench_shared_bytes(const plan::Work& work) {
    return shards * sizeof(Shard) + size_of(work, "keys") * size_of(work, "value");
}

namespace work {

void taobench(Worker& worker) {
    worker.measure_wakes_itself();
    if (worker.member() == 0) return answer_misses(worker);
    Client client(worker);
    if (worker.choice("loop") == "closed") return client.run_closed();
    client.run_open(worker.period_of_rate("requests") * worker.others());
}

} // namespace work

} // namespace ktstr::guest
