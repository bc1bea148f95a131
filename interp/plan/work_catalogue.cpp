// SPDX-License-Identifier: GPL-2.0-only
// The entries of the catalogue, by category.
#include "interp/plan/work_types.h"

namespace ktstr::plan {

namespace {

constexpr std::int64_t us = 1'000;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;
constexpr std::int64_t gib = 1024 * mib;

using Kind = WorkParameter::Kind;
using Category = WorkType::Category;
using Text = const char*;

WorkParameter integer(Kind kind, Text name, std::int64_t value, std::int64_t least, std::int64_t most, Text summary) {
    return {name, kind, value, static_cast<double>(least), static_cast<double>(most), summary, {}};
}
WorkParameter duration(Text name, std::int64_t value, std::int64_t least, std::int64_t most, Text summary) {
    return integer(Kind::duration, name, value, least, most, summary);
}
WorkParameter size(Text name, std::int64_t value, std::int64_t least, std::int64_t most, Text summary) {
    return integer(Kind::size, name, value, least, most, summary);
}
WorkParameter count(Text name, std::int64_t value, std::int64_t least, std::int64_t most, Text summary) {
    return integer(Kind::count, name, value, least, most, summary);
}
WorkParameter percent(Text name, double value, double least, double most, Text summary) {
    return {name, Kind::percent, value, least, most, summary, {}};
}
WorkParameter rate(Text name, double value, double least, double most, Text summary) {
    return {name, Kind::rate, value, least, most, summary, {}};
}
WorkParameter choice(Text name, std::vector<std::string> choices, Text summary) { // the first is the default
    return {name, Kind::choice, choices.front(), 0, 0, summary, choices};
}

WorkParameter interval(Text summary) { return duration("interval", 1 * ms, 10 * us, 10 * s, summary); }
WorkParameter work(std::int64_t value, Text summary) { return duration("work", value, 1 * us, 10 * s, summary); }

void add_cpu(std::vector<WorkType>& types) {
    const auto spin = duration("spin", 500 * us, 1 * us, 10 * s, "time spun between two yields");
    types.insert(types.end(),
                 {{"spin_wait", Category::cpu, "burns CPU without a system call", 1, "", {}},
                  {"yield_heavy", Category::cpu, "calls sched_yield after every small unit of work", 1, "", {}},
                  {"mixed", Category::cpu, "alternates spinning and sched_yield", 1, "", {spin}},
                  {"alu_hot",
                   Category::cpu,
                   "a dependent multiply-add chain of a given width",
                   1,
                   "",
                   {count("width", 4, 1, 8, "independent chains")}},
                  {"smt_sibling_spin", Category::cpu, "a pair that spins on the two threads of one core", 2, "", {}},
                  {"ipc_variance",
                   Category::cpu,
                   "alternates code of high and of low instructions per cycle",
                   1,
                   "",
                   {duration("fast", 1 * ms, 10 * us, 10 * s, "CPU time of independent arithmetic per cycle"),
                    duration("slow", 1 * ms, 10 * us, 10 * s, "CPU time of dependent cache misses per cycle"),
                    size("size", 8 * mib, 64 * kib, 256 * mib, "buffer that the misses are spread over")}}});
}

void add_sleep(std::vector<WorkType>& types) {
    types.insert(types.end(), {{"bursty",
                                Category::sleep,
                                "computes for a burst, then sleeps",
                                1,
                                "",
                                {duration("burst", 2 * ms, 10 * us, 10 * s, "time on the CPU per cycle"),
                                 duration("sleep", 2 * ms, 10 * us, 10 * s, "time asleep per cycle")}},
                               {"idle_churn",
                                Category::sleep,
                                "sleeps very briefly over and over, so that its CPU keeps entering idle",
                                1,
                                "",
                                {duration("sleep", 100 * us, 1 * us, 1 * s, "time asleep per cycle")}},
                               {"timer_latency",
                                Category::sleep,
                                "sleeps to an absolute deadline and notes how late it wakes",
                                1,
                                "",
                                {duration("interval", 1 * ms, 50 * us, 10 * s, "time between two deadlines")}}});
}

void add_wake_chains(std::vector<WorkType>& types) {
    const auto fan_out = count("fan_out", 4, 1, 1023, "workers that one wakes");
    types.insert(types.end(),
                 {{"pipe_io", Category::wake, "passes one byte back and forth through two pipes", 2, "", {}},
                  {"futex_ping_pong", Category::wake, "hands a turn back and forth on a futex", 2, "", {}},
                  {"cache_pipe",
                   Category::wake,
                   "passes a buffer through a pipe, and reads and writes all of it between",
                   2,
                   "",
                   {size("size", 64 * kib, 4 * kib, 64 * mib, "buffer that goes around"),
                    duration("burst", 50 * us, 1 * us, 1 * s, "CPU time spent in the buffer each time")}},
                  {"futex_fan_out",
                   Category::wake,
                   "one wakes all others of its group at once, and waits until all have run",
                   1,
                   "fan_out",
                   {fan_out, work(10 * us, "CPU time of each after it woke")}},
                  {"fan_out_compute",
                   Category::wake,
                   "one hands out work by futex, the others multiply matrices and report back",
                   1,
                   "fan_out",
                   {fan_out, size("size", 256 * kib, 4 * kib, 64 * mib, "matrix data per worker"),
                    duration("sleep", 1 * ms, 10 * us, 10 * s, "pause of the one between two rounds")}},
                  {"wake_chain",
                   Category::wake,
                   "a ring in which each wakes the next one",
                   0,
                   "depth",
                   {count("depth", 4, 2, 1024, "workers in the ring"),
                    choice("wake_by", {"futex", "pipe"}, "what the wake-up goes through"),
                    work(100 * us, "CPU time before the next one is woken")}},
                  {"asymmetric_waker",
                   Category::wake,
                   "one of a fast policy wakes one of a slow policy, and back",
                   2,
                   "",
                   {choice("waker", {"normal", "batch", "idle", "fifo", "rr"}, "policy of the one that wakes"),
                    choice("wakee", {"idle", "batch", "normal", "fifo", "rr"}, "policy of the one that is woken"),
                    work(100 * us, "CPU time of each after it woke")}}});
}

void add_wake_storms(std::vector<WorkType>& types) {
    types.insert(
        types.end(),
        {{"epoll_storm",
          Category::wake,
          "one writes to eventfds that all others wait for with epoll",
          1,
          "consumers",
          {count("consumers", 4, 1, 1023, "workers that wait"),
           count("events", 8, 1, 1024, "eventfds written per burst"),
           duration("interval", 1 * ms, 10 * us, 10 * s, "time between two bursts")}},
         {"thundering_herd",
          Category::wake,
          "one wakes all waiters of a single futex at an interval",
          1,
          "waiters",
          {count("waiters", 7, 1, 1023, "workers that wait"),
           duration("interval", 10 * ms, 10 * us, 10 * s, "time between two wake-ups"),
           work(10 * us, "CPU time of each after it woke")}},
         {"producer_consumer_imbalance",
          Category::wake,
          "one fills a bounded queue faster than the others empty it, and is blocked by it",
          1,
          "consumers",
          {count("consumers", 3, 1, 1023, "workers that take items"), count("depth", 64, 1, 65536, "room in the queue"),
           duration("produce", 10 * us, 1 * us, 1 * s, "CPU time per item made"),
           duration("consume", 100 * us, 1 * us, 1 * s, "CPU time per item taken")}},
         {"irq_wake",
          Category::wake,
          "sleeps until a timer's interrupt wakes it, at a high rate",
          1,
          "",
          {rate("rate", 2000, 1, 100'000, "wake-ups per second"), work(20 * us, "CPU time after each wake-up")}},
         {"net_traffic",
          Category::wake,
          "a pair that sends datagrams over the loopback device and back",
          2,
          "",
          {size("size", 1 * kib, 1, 65'507, "payload of a datagram"),
           choice("protocol", {"udp", "tcp"}, "what carries it")}}});
}

void add_cache(std::vector<WorkType>& types) {
    types.insert(types.end(), {{"cache_pressure",
                                Category::cache,
                                "strides through a buffer, one cache line at a time",
                                1,
                                "",
                                {size("size", 256 * kib, 4 * kib, 256 * mib, "buffer per worker")}},
                               {"cache_yield",
                                Category::cache,
                                "strides through a buffer and yields after each pass",
                                1,
                                "",
                                {size("size", 64 * kib, 4 * kib, 256 * mib, "buffer per worker")}}});
}

void add_io(std::vector<WorkType>& types) {
    const auto block = size("block", 4 * kib, 512, 16 * mib, "bytes per request");
    const auto span = size("size", 16 * mib, 64 * kib, 4 * gib, "extent that the requests lie in");
    types.insert(
        types.end(),
        {{"io_sync_write",
          Category::io,
          "writes blocks and has each on the disk before the next",
          1,
          "",
          {block, span}},
         {"io_rand_read", Category::io, "reads blocks at random places, past the page cache", 1, "", {block, span}},
         {"io_convoy",
          Category::io,
          "a group that queues for one lock, held during a synchronous write",
          4,
          "",
          {block, span, duration("think", 100 * us, 1 * us, 1 * s, "CPU time between two writes")}}});
}

void add_churn(std::vector<WorkType>& types) {
    const auto pool = [](Text summary) { return count("cgroups", 8, 1, 1024, summary); };
    types.insert(types.end(),
                 {{"fork_exit", Category::churn, "forks a child that exits at once, and reaps it", 1, "", {}},
                  {"nice_sweep",
                   Category::churn,
                   "walks its own nice value from low to high priority while spinning",
                   1,
                   "",
                   {interval("time at each value")}},
                  {"affinity_churn",
                   Category::churn,
                   "pins itself to one allowed CPU after another",
                   1,
                   "",
                   {interval("time on each CPU")}},
                  {"cross_affinity_churn",
                   Category::churn,
                   "a pair in which each keeps changing the other's affinity",
                   2,
                   "",
                   {interval("time between two changes")}},
                  {"policy_churn",
                   Category::churn,
                   "changes its own policy between normal, batch and idle",
                   1,
                   "",
                   {interval("time in each policy")}},
                  {"numa_migration_churn",
                   Category::churn,
                   "moves itself from NUMA node to NUMA node, and its memory after it",
                   1,
                   "",
                   {duration("interval", 10 * ms, 100 * us, 10 * s, "time on each node"),
                    size("size", 4 * mib, 4 * kib, 256 * mib, "memory that it takes along")}},
                  {"cgroup_churn",
                   Category::churn,
                   "moves itself through cgroups of its own below its cgroup",
                   1,
                   "",
                   {pool("cgroups that it moves through"), interval("time in each")},
                   true}, // cgroup.procs takes the process with all of its threads
                  {"cgroup_attach_storm",
                   Category::churn,
                   "makes cgroups, moves freshly forked children into them, and removes them",
                   1,
                   "",
                   {pool("cgroups per round"), count("children", 4, 1, 256, "children per cgroup")}}});
}

void add_memory(std::vector<WorkType>& types) {
    types.insert(types.end(), {{"page_fault_churn",
                                Category::memory,
                                "maps, touches and unmaps memory",
                                1,
                                "",
                                {size("size", 256 * kib, 4 * kib, 64 * mib, "mapping per cycle")}},
                               {"numa_working_set_sweep",
                                Category::memory,
                                "touches memory bound to one NUMA node after another",
                                1,
                                "",
                                {size("size", 4 * mib, 4 * kib, 256 * mib, "memory per node"),
                                 duration("interval", 10 * ms, 100 * us, 10 * s, "time in the memory of each node")}},
                               {"memory_hog",
                                Category::memory,
                                "allocates and touches memory until it is stopped or killed",
                                1,
                                "",
                                {size("step", 4 * mib, 4 * kib, 256 * mib, "memory per work unit")}}});
}

void add_locks(std::vector<WorkType>& types) {
    const auto hold = [](Text summary) { return duration("hold", 20 * us, 1 * us, 1 * s, summary); };
    types.insert(
        types.end(),
        {{"mutex_contention",
          Category::locks,
          "takes one lock shared by the whole group, works inside and outside of it",
          4,
          "",
          {hold("work with the lock held"), duration("think", 20 * us, 1 * us, 1 * s, "work without it")}},
         {"priority_inversion",
          Category::locks,
          "one of low priority holds the lock that one of high priority wants, while others of medium priority run",
          2,
          "contenders",
          {count("contenders", 1, 1, 256, "workers of medium priority"),
           choice("lock", {"futex", "pi"}, "a plain lock, or one with priority inheritance"),
           duration("hold", 5 * ms, 1 * us, 1 * s, "work per turn, with the lock held if it wants it"),
           duration("think", 5 * ms, 1 * us, 1 * s, "pause between two turns")}}});
}

void add_pressure(std::vector<WorkType>& types) {
    types.insert(types.end(), {{"signal_storm",
                                Category::pressure,
                                "a pair that computes and interrupts each other with signals",
                                2,
                                "",
                                {rate("rate", 5000, 1, 100'000, "signals per second of each"),
                                 work(20 * us, "CPU time between two signals")}},
                               {"preempt_storm",
                                Category::pressure,
                                "one of policy fifo wakes at a high rate and preempts all others",
                                1,
                                "victims",
                                {count("victims", 2, 1, 1023, "workers of policy normal that spin"),
                                 rate("rate", 2000, 1, 50'000, "wake-ups per second"),
                                 work(20 * us, "CPU time after each wake-up")}},
                               {"rt_starvation",
                                Category::pressure,
                                "some of policy fifo leave those of policy normal only a part of the CPU",
                                1,
                                "victims",
                                {count("victims", 1, 1, 1023, "workers of policy normal that spin"),
                                 percent("busy", 0.9, 0.01, 1, "part of each period that the one of policy fifo takes"),
                                 duration("period", 100 * ms, 1 * ms, 10 * s, "length of a period")}}});
}

void add_benchmarks(std::vector<WorkType>& types) {
    types.insert(types.end(),
                 {{"schbench",
                   Category::benchmark,
                   "message threads wake worker threads; wake-up and request latencies are measured",
                   1,
                   "worker_threads",
                   {count("worker_threads", 4, 1, 1023, "workers per message thread"),
                    size("cache_footprint", 256 * kib, 4 * kib, 256 * mib, "matrix data per request"),
                    count("operations", 5, 1, 10'000, "matrix multiplications per request"),
                    duration("sleep", 100 * us, 0, 1 * s, "think time of a worker before it computes"),
                    rate("requests", 0, 0, 10'000'000, "requests per second of the group; 0: as fast as it goes"),
                    percent("auto_rps", 0, 0, 1, "seek the rate of requests that keeps the CPUs this busy; 0: do not"),
                    percent("split", 0, 0, 1, "part of a request computed without the lock of its CPU"),
                    size("pipe", 0, 0, 1 * mib, "bytes per message of pipe mode, without requests; 0: request mode"),
                    choice("locking", {"on", "off"}, "whether a request holds its CPU's lock")}},
                  {"taobench",
                   Category::benchmark,
                   "a key-value cache under a mix of reads and writes",
                   1,
                   "clients",
                   {count("clients", 4, 1, 1023, "workers that ask, per worker that answers slow requests"),
                    count("keys", 10'000, 1, 10'000'000, "keys in the cache"),
                    size("value", 1 * kib, 8, 64 * kib, "bytes of a value"),
                    percent("reads", 0.9, 0, 1, "part of the requests that reads"),
                    percent("hits", 0.9, 0, 1, "part of the reads that the cache can answer"),
                    choice("loop", {"closed", "open"}, "whether a request waits for the answer to the one before"),
                    rate("requests", 10'000, 1, 10'000'000, "requests per second of the group in an open loop"),
                    duration("miss", 200 * us, 1 * us, 1 * s, "time of the backend to answer a miss")}}});
}

void add_compound(std::vector<WorkType>& types) {
    const std::vector<WorkPhase> phases = {{"spin", 1 * ms}, {"sleep", 1 * ms}};
    types.insert(types.end(), {{"sequence",
                                Category::compound,
                                "goes through phases of spin, sleep, yield, io and alu, over and over",
                                1,
                                "",
                                {{"phases", Kind::phases, phases, 1.0 * us, 100.0 * s, "one after the other", {}}}},
                               {"custom",
                                Category::compound,
                                "a work loop in Lua, run by the executor",
                                0,
                                "members",
                                {{"program",
                                  Kind::program,
                                  std::string("spin(1000000)\n"),
                                  1,
                                  64.0 * kib,
                                  "what one pass through the work loop does",
                                  {}},
                                 count("members", 1, 1, 1024, "workers that share futex words and pipes"),
                                 size("disk", 0, 0, 4 * gib, "part of the scratch disk for each group")}}});
}

} // namespace

const std::vector<WorkType>& work_types() {
    static const std::vector<WorkType> all = [] {
        std::vector<WorkType> types;
        for (const auto add : {add_cpu, add_sleep, add_wake_chains, add_wake_storms, add_cache, add_io, add_churn,
                               add_memory, add_locks, add_pressure, add_benchmarks, add_compound})
            add(types);
        return types;
    }();
    return all;
}

} // namespace ktstr::plan
