// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/monitor.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <string_view>

#include "interp/plan/monitor.h"

namespace ktstr::observe {

namespace {

struct RqValue {
    std::string_view name; // of monitor_values()
    std::string_view path; // in struct rq
    bool narrow;           // 32 bits
};

// Sums over all CPUs (kernel/sched/sched.h; the two of rq_sched_info with CONFIG_SCHED_INFO, the last two with
// CONFIG_SCHEDSTATS).
constexpr std::array<RqValue, 5> summed = {{{"nr_switches", "nr_switches", false},
                                            {"run_delay", "rq_sched_info.run_delay", false},
                                            {"timeslices", "rq_sched_info.pcount", false},
                                            {"wakeups", "ttwu_count", true},
                                            {"local_wakeups", "ttwu_local", true}}};

// What the values of a moment are made of.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> moments = {{{"nr_running", "nr_running"},
                                                                                   {"scx", "scx.nr_running"},
                                                                                   {"dsq", "scx.local_dsq.nr"},
                                                                                   {"clock", "clock"},
                                                                                   {"flags", "scx.flags"}}};
constexpr std::string_view of_a_cpu = "cpu[N]."; // before the names of cpu_values()

// Which of them a value needs.
std::string_view need_of(std::string_view name) {
    if (name == "scx_nr_running") return "scx";
    if (name == "local_dsq_depth") return "dsq";
    if (name == "stuck_cpus" || name == "clock") return "clock";
    if (name == "scx_flags") return "flags";
    return "nr_running";
}

std::string event_member(std::string_view name) {
    std::string member = "SCX_EV_";
    for (const char c : name) member += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return member;
}

constexpr double unreadable = std::numeric_limits<double>::quiet_NaN();

} // namespace

MonitorReader::MonitorReader(const GuestKernel& kernel, int cpus, std::function<bool(int)> ran)
    : kernel_(kernel), cpus_(cpus), ran_(std::move(ran)) {
    find_fields();
    find_events();
    for (const auto& value : plan::monitor_values()) {
        const std::string name(value.name);
        if (absent_.contains(name)) continue;
        names_.push_back(name);
    }
    add_cpu_names();
}

void MonitorReader::add_cpu_names() {
    for (const auto& value : plan::cpu_values())
        if (!absent_.contains(std::string(value.name))) cpu_fields_.emplace_back(value.name.substr(of_a_cpu.size()));
    for (std::size_t cpu = 0; cpu < queues_.size(); ++cpu)
        for (const auto& field : cpu_fields_) names_.push_back("cpu[" + std::to_string(cpu) + "]." + field);
}

void MonitorReader::find_fields() {
    for (int cpu = 0; cpu < cpus_; ++cpu) {
        const auto queue = kernel_.per_cpu("runqueues", cpu);
        if (!queue) {
            for (const auto* values : {&plan::monitor_values(), &plan::cpu_values()})
                for (const auto& value : *values) absent_.emplace(value.name, queue.error().message);
            queues_.clear();
            return;
        }
        queues_.push_back(*queue);
    }
    const auto keep = [this](std::string_view key, std::string_view path) {
        const auto offset = kernel_.offset("rq", path);
        if (offset) fields_.emplace(key, *offset);
        return offset;
    };
    std::map<std::string_view, std::string> why;
    for (const auto& [key, path] : moments)
        if (const auto found = keep(key, path); !found) why[key] = found.error().message;
    for (const char* path : {"curr", "idle"}) (void)keep(path, path);
    for (const auto& value : plan::monitor_values()) {
        if (value.counts) continue;
        if (const auto lacking = why.find(need_of(value.name)); lacking != why.end())
            absent_.emplace(value.name, lacking->second);
    }
    for (const auto& value : plan::cpu_values())
        if (const auto lacking = why.find(need_of(value.name.substr(of_a_cpu.size()))); lacking != why.end())
            absent_.emplace(value.name, lacking->second);
    for (const auto& value : summed)
        if (const auto found = keep(value.name, value.path); !found) absent_.emplace(value.name, found.error().message);
}

void MonitorReader::find_events() {
    for (const auto& value : plan::monitor_values()) {
        const bool is_sum =
            std::any_of(summed.begin(), summed.end(), [&value](const RqValue& one) { return one.name == value.name; });
        if (!value.counts || is_sum) continue;
        const auto offset = kernel_.offset("scx_event_stats", event_member(value.name));
        if (offset)
            event_offsets_.emplace(value.name, *offset);
        else
            absent_.emplace(value.name, offset.error().message);
    }
    if (!event_offsets_.empty()) find_event_place();
}

// Per CPU: in 6.15 a per-CPU variable, then behind a pointer in struct scx_sched, then in its struct scx_sched_pcpu.
void MonitorReader::find_event_place() {
    if (kernel_.facts().symbols.find("event_stats_cpu")) {
        events_ = Events::variable;
        return;
    }
    const auto root = kernel_.facts().symbols.find("scx_root") ? kernel_.symbol("scx_root") : Error{""};
    if (!root) return;
    root_ = *root;
    if (const auto pointer = kernel_.offset("scx_sched", "event_stats_cpu")) {
        events_ = Events::pointer;
        events_pointer_ = *pointer;
    } else if (const auto pcpu = kernel_.offset("scx_sched", "pcpu")) {
        const auto inside = kernel_.offset("scx_sched_pcpu", "event_stats");
        if (!inside) return;
        events_ = Events::pointer;
        events_pointer_ = *pcpu;
        events_inside_ = *inside;
    }
}

std::optional<std::uint64_t> MonitorReader::events_of(int cpu) const {
    if (events_ == Events::variable) {
        const auto variable = kernel_.per_cpu("event_stats_cpu", cpu);
        return variable ? std::optional(*variable) : std::nullopt;
    }
    if (events_ == Events::none) return std::nullopt;
    const auto scheduler = kernel_.memory().get<std::uint64_t>(root_);
    if (!scheduler || *scheduler == 0) return std::nullopt; // none is attached
    const auto pointer = kernel_.memory().get<std::uint64_t>(*scheduler + events_pointer_);
    const auto offset = kernel_.per_cpu_offset(cpu);
    return pointer && offset ? std::optional(*pointer + *offset + events_inside_) : std::nullopt;
}

bool MonitorReader::read_queues() {
    std::swap(before_, now_);
    now_.assign(queues_.size(), {});
    const AddressSpace& memory = kernel_.memory();
    const auto number = [&](std::uint64_t queue, const char* field, auto narrow) -> std::optional<std::uint64_t> {
        const auto offset = fields_.find(field);
        if (offset == fields_.end()) return 0;
        const auto value = memory.get<decltype(narrow)>(queue + offset->second);
        return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
    };
    for (std::size_t cpu = 0; cpu < queues_.size(); ++cpu) {
        const std::uint64_t queue = queues_[cpu];
        const auto running = number(queue, "nr_running", std::uint32_t{});
        const auto scx = number(queue, "scx", std::uint32_t{});
        const auto dsq = number(queue, "dsq", std::uint32_t{});
        const auto clock = number(queue, "clock", std::uint64_t{});
        const auto flags = number(queue, "flags", std::uint32_t{});
        const auto current = number(queue, "curr", std::uint64_t{});
        const auto idle = number(queue, "idle", std::uint64_t{});
        if (!running || !scx || !dsq || !clock || !flags || !current || !idle) return false;
        now_[cpu] = {*running, *scx, *dsq, *clock, *flags, *current == *idle};
    }
    return true;
}

// A CPU counts as stuck if it was busy then and now, the host let it run, and its clock did not move.
double MonitorReader::stuck_cpus() {
    double stuck = 0;
    for (std::size_t cpu = 0; cpu < now_.size(); ++cpu) {
        const bool ran = !ran_ || ran_(static_cast<int>(cpu)); // asked each time: it counts from its last answer
        if (before_.size() != now_.size()) continue;
        if (ran && !now_[cpu].idle && !before_[cpu].idle && now_[cpu].clock == before_[cpu].clock) stuck += 1;
    }
    return stuck;
}

double MonitorReader::RunQueue::value(std::string_view name) const {
    if (name == "nr_running") return static_cast<double>(nr_running);
    if (name == "scx_nr_running") return static_cast<double>(scx_nr_running);
    if (name == "local_dsq_depth") return static_cast<double>(local_dsq);
    if (name == "clock") return static_cast<double>(clock);
    if (name == "scx_flags") return static_cast<double>(scx_flags);
    return unreadable;
}

std::optional<double> MonitorReader::queue_value(std::string_view name) const {
    std::uint64_t most = 0;
    std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t all = 0;
    std::uint64_t scx = 0;
    std::uint64_t dsq = 0;
    for (const auto& queue : now_) {
        most = std::max(most, queue.nr_running);
        fewest = std::min(fewest, queue.nr_running);
        all += queue.nr_running;
        scx += queue.scx_nr_running;
        dsq = std::max(dsq, queue.local_dsq);
    }
    if (name == "imbalance") return static_cast<double>(most) / static_cast<double>(std::max<std::uint64_t>(1, fewest));
    if (name == "load") return static_cast<double>(all) / static_cast<double>(now_.size());
    if (name == "nr_running") return static_cast<double>(all);
    if (name == "max_nr_running") return static_cast<double>(most);
    if (name == "scx_nr_running") return static_cast<double>(scx);
    if (name == "local_dsq_depth") return static_cast<double>(dsq);
    return std::nullopt;
}

double MonitorReader::sum_of(std::uint64_t offset, bool narrow) const {
    double sum = 0;
    for (const std::uint64_t queue : queues_) {
        const auto wide = narrow ? Result<std::uint64_t>(0) : kernel_.memory().get<std::uint64_t>(queue + offset);
        const auto small = narrow ? kernel_.memory().get<std::uint32_t>(queue + offset) : Result<std::uint32_t>(0);
        if (!wide || !small) return unreadable;
        sum += static_cast<double>(*wide + *small);
    }
    return sum;
}

double MonitorReader::sum_of_events(std::uint64_t offset) const {
    double sum = 0;
    for (int cpu = 0; cpu < cpus_; ++cpu) {
        const auto events = events_of(cpu);
        if (!events) return unreadable;
        const auto value = kernel_.memory().get<std::int64_t>(*events + offset);
        if (!value) return unreadable;
        sum += static_cast<double>(*value);
    }
    return sum;
}

std::vector<double> MonitorReader::sample() {
    kernel_.memory().forget();
    std::vector<double> values;
    const bool readable = read_queues();
    const double stuck = readable ? stuck_cpus() : unreadable;
    const std::size_t of_cpus = queues_.size() * cpu_fields_.size();
    for (std::size_t i = 0; i + of_cpus < names_.size(); ++i) {
        const auto& name = names_[i];
        const auto* const sum =
            std::find_if(summed.begin(), summed.end(), [&name](const RqValue& one) { return one.name == name; });
        if (sum != summed.end())
            values.push_back(sum_of(fields_.at(name), sum->narrow));
        else if (const auto event = event_offsets_.find(name); event != event_offsets_.end())
            values.push_back(sum_of_events(event->second));
        else if (name == "stuck_cpus")
            values.push_back(stuck);
        else
            values.push_back(readable ? queue_value(name).value_or(unreadable) : unreadable);
    }
    for (const auto& queue : now_)
        for (const auto& field : cpu_fields_) values.push_back(readable ? queue.value(field) : unreadable);
    return values;
}

} // namespace ktstr::observe
