// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observer.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "vmm/observe/scheduler_stats.h"
#include "vmm/observe/target.h"

namespace ktstr::vmm {

using nlohmann::json;

namespace {

constexpr std::size_t most_snapshots = 1000;
constexpr std::size_t most_kept_bytes = std::size_t{256} << 20U;
constexpr std::size_t most_reads = 100'000;
constexpr std::size_t most_values = 20'000'000; // of the monitor's samples together
constexpr double ran_enough = 0.25; // of the interval: less, and a runqueue's clock may stand still for the host's sake

std::string periodic_name(int number) {
    std::string digits = std::to_string(number);
    return "periodic_" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

// How long each vCPU's thread has run on the host, in ns, counted from the last question.
class VcpuTimes {
  public:
    VcpuTimes(Machine& machine, std::uint64_t interval_ns)
        : process_(machine.process().pid()), enough_ns_(ran_enough * static_cast<double>(interval_ns)),
          threads_(machine.vcpu_threads()) {
        last_.resize(threads_.size());
    }
    bool ran(int cpu) {
        const auto index = static_cast<std::size_t>(cpu);
        if (index >= threads_.size()) return true; // not known: as if it had
        std::ifstream file("/proc/" + std::to_string(process_) + "/task/" + std::to_string(threads_[index]) +
                           "/schedstat");
        std::uint64_t now = 0;
        if (!(file >> now)) return true;
        const std::uint64_t since = now - last_[index];
        last_[index] = now;
        return static_cast<double>(since) >= enough_ns_;
    }

  private:
    pid_t process_;
    double enough_ns_;
    std::vector<int> threads_;
    std::vector<std::uint64_t> last_;
};

json stats_json(const wire::HostRequest& request) {
    if (request.stats.empty()) return {{"@absent", request.stats_absent}};
    return observe::scheduler_stats(request.stats);
}

bool has_sched_ext(const plan::Plan& plan) {
    return std::any_of(plan.schedulers.begin(), plan.schedulers.end(),
                       [](const plan::Scheduler& scheduler) { return !scheduler.binary.empty(); });
}

const plan::Op* find_op(const plan::Plan& plan, const wire::HostRequest& request) {
    const std::vector<plan::Op>* list = &plan.backdrop;
    if (request.step >= 0) {
        if (static_cast<std::size_t>(request.step) >= plan.steps.size()) return nullptr;
        const auto& step = plan.steps[static_cast<std::size_t>(request.step)];
        list = request.in_loop ? &step.loop : &step.ops;
    }
    const auto index = static_cast<std::size_t>(request.op);
    return index < list->size() ? &(*list)[index] : nullptr;
}

} // namespace

std::shared_future<Observer::Facts> Observer::facts_of(const KernelFiles& files) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_future<Facts>> known;
    const std::lock_guard lock(mutex);
    auto& facts = known[files.vmlinux.string()];
    if (!facts.valid())
        facts = std::async(std::launch::async, [files] {
                    return observe::KernelFacts::load(files.vmlinux, files.system_map, files.release);
                }).share();
    return facts;
}

Observer::Observer(const plan::Plan& plan, const KernelFiles& files)
    : plan_(plan), interval_ns_(files.monitor_interval_ns), facts_(facts_of(files)) {}

Result<Observer::View> Observer::look_into(Machine& machine) {
    const Facts& facts = facts_.get();
    if (!facts) return facts.error();
    std::vector<observe::MemoryPart> parts;
    for (const auto& node : machine.memory()) parts.push_back({node.file.get(), node.bytes});
    auto memory = observe::PhysicalMemory::map(parts, true);
    if (!memory) return memory.error();
    View view;
    view.memory = std::make_unique<observe::PhysicalMemory>(std::move(*memory));
    auto kernel = observe::GuestKernel::find(*facts, *view.memory);
    if (!kernel) return kernel.error();
    view.kernel = std::make_unique<observe::GuestKernel>(std::move(*kernel));
    return view;
}

Result<void> Observer::open(Machine& machine) {
    if (!view_) view_ = look_into(machine);
    return *view_ ? Result<void>{} : Result<void>(view_->error());
}

void Observer::start_monitor(Machine& machine) {
    const auto opened = open(machine);
    programs_reason_ = opened ? "" : opened.error().message;
    if (opened && has_sched_ext(plan_))
        programs_ = std::make_unique<observe::ProgramMonitor>(*(*view_)->kernel, plan_.topology.cpus(), types_);
    look_at_programs();
    samples_.interval_ns = interval_ns_;
    if (interval_ns_ == 0) {
        samples_.reason = "it was switched off (--monitor-ms 0)";
        return;
    }
    if (!opened) {
        samples_.reason = opened.error().message;
        return;
    }
    auto times = std::make_shared<VcpuTimes>(machine, interval_ns_);
    monitor_ = std::make_unique<observe::MonitorReader>(*(*view_)->kernel, plan_.topology.cpus(),
                                                        [times](int cpu) { return times->ran(cpu); });
    samples_.names = monitor_->names();
    samples_.absent = monitor_->absent();
    domains_ = std::make_unique<observe::DomainReader>(*(*view_)->kernel, plan_.topology.cpus());
    if (!domains_->absent().empty()) samples_.absent.emplace("sched_domains", domains_->absent());
    next_sample_ = Clock::now();
}

void Observer::look_at_programs() {
    if (programs_) programs_->look();
}

void Observer::on_event(Machine& machine, const plan::StimulusEvent& event) {
    const auto now = (Clock::now().time_since_epoch() - all_stopped_).count();
    clock_offset_ns_ = std::min(clock_offset_ns_.value_or(now - event.at_ns), now - event.at_ns);
    if (event.kind == "step_start") steps_.emplace_back(event.at_ns, event.step);
    if (event.kind == "step_end") steps_.emplace_back(event.at_ns, -1);
    if (!steps_.empty()) current_step_ = steps_.back().second;
    if (event.kind == "scenario_start") {
        start_monitor(machine);
        if (has_sched_ext(plan_)) note_lost_watches(machine.start_debugger());
    }
    if (event.kind == "scheduler_attached" || (event.kind == "scenario_start" && plan_.scheduler))
        note_lost_watches(watch_scheduler(machine));
    if (event.kind == "scenario_end") {
        look_at_programs(); // also of a guest that is faster than its host: they are still there, or as seen last
        next_sample_.reset();
        // A guest that is faster than its host has powered off by now, and nothing is lost with it.
        (void)forget_scheduler(machine);
        (void)watches_.end_step(machine, -1);
    }
    if (event.kind == "step_end") note_lost_watches(watches_.end_step(machine, event.step));
}

std::optional<std::chrono::steady_clock::time_point> Observer::next_action() const {
    const auto rearm = watches_.next_rearm();
    return rearm && next_sample_ ? std::min(*rearm, *next_sample_) : rearm ? rearm : next_sample_;
}

void Observer::act(Machine& machine) {
    const auto now = Clock::now();
    if (next_sample_ && *next_sample_ <= now) sample();
    if (const auto rearm = watches_.next_rearm(); rearm && *rearm <= now) note_lost_watches(watches_.rearm(machine));
}

void Observer::debugger_told(Machine& machine) {
    while (machine.debugger() != nullptr) {
        const auto stop = machine.debugger()->next_stop(0);
        if (!stop) {
            machine.drop_debugger();
            if (watches_.any()) note_lost_watches(stop.error()); // else QEMU has ended in its own time
            return;
        }
        if (!*stop) return;
        fired(machine, **stop);
    }
}

// The machine stands still until this is done.
void Observer::fired(Machine& machine, const Debugger::Stop& stop) {
    if (stop.breakpoint) return scheduler_goes(machine);
    plan::Snapshot snapshot;
    auto done = watches_.fired(machine, stop, [&](const std::string& name, int step) {
        snapshot = {.name = name, .trigger = "watch", .at_ns = now_ns(), .step = step};
    });
    note_lost_watches(done);
    keep_stopped(machine, std::move(snapshot), "the machine stood still at a write: the scheduler could not be asked");
}

// Takes the snapshot, if it has a name, of a machine that stands still, lets the machine go on, and keeps it.
void Observer::keep_stopped(Machine& machine, plan::Snapshot snapshot, const std::string& stats_absent) {
    const auto begin = Clock::now();
    const bool wanted = !snapshot.name.empty() && snapshots_.size() < most_snapshots;
    std::optional<observe::RawSnapshot> raw;
    if (wanted) {
        auto copied = copy(machine);
        if (copied)
            raw = std::move(*copied);
        else
            snapshot.reason = copied.error().message;
    }
    note_lost_watches(machine.resume());
    const auto duration = Clock::now() - begin;
    all_stopped_ += duration;
    if (!wanted) return;
    snapshot.stopped_ms = std::chrono::duration<double, std::milli>(duration).count();
    if (raw)
        keep(std::move(snapshot), std::move(*raw), {{"@absent", stats_absent}});
    else
        snapshots_.push_back(std::move(snapshot));
}

// kernel/sched/ext.c: whatever ends a scheduler comes to scx_ops_disable_workfn(), later scx_disable_workfn(), with its
// programs and maps still there.
Result<void> Observer::watch_scheduler(Machine& machine) {
    if (exit_breakpoint_ || machine.debugger() == nullptr) return {};
    if (auto opened = open(machine); !opened) return opened;
    const auto& kernel = *(*view_)->kernel;
    const auto& symbols = kernel.facts().symbols;
    const char* name = symbols.find("scx_disable_workfn") ? "scx_disable_workfn" : "scx_ops_disable_workfn";
    const auto address = kernel.symbol(name);
    if (!address) return address.error();
    double ignored = 0;
    auto set = stopped(machine, ignored, [&] { return machine.debugger()->break_at(*address); });
    if (set) exit_breakpoint_ = *address;
    return set;
}

Result<void> Observer::forget_scheduler(Machine& machine) {
    if (!exit_breakpoint_ || machine.debugger() == nullptr) return {};
    double ignored = 0;
    return stopped(machine, ignored, [&] { return machine.debugger()->unbreak(*std::exchange(exit_breakpoint_, {})); });
}

// Whether it goes for another reason than that it was asked to: from SCX_EXIT_UNREG_BPF on by itself, from
// SCX_EXIT_ERROR on by a fault (enum scx_exit_kind).
bool Observer::scheduler_failed() const {
    const auto& kernel = *(*view_)->kernel;
    const auto asked = kernel.types().enumerator("scx_exit_kind", "SCX_EXIT_UNREG");
    std::optional<std::uint64_t> place;
    if (kernel.facts().symbols.find("scx_exit_kind")) {
        if (const auto address = kernel.symbol("scx_exit_kind")) place = *address;
    } else if (const auto root = kernel.symbol("scx_root")) {
        const auto scheduler = kernel.memory().get<std::uint64_t>(*root);
        const auto offset = kernel.offset("scx_sched", "exit_kind");
        if (scheduler && *scheduler != 0 && offset) place = *scheduler + *offset;
    }
    const auto kind = place ? kernel.memory().get<std::int32_t>(*place) : Result<std::int32_t>(0);
    return !asked || !kind || *kind != *asked;
}

void Observer::scheduler_goes(Machine& machine) {
    look_at_programs();
    (*view_)->kernel->memory().forget();
    if (exit_breakpoint_) note_lost_watches(machine.debugger()->unbreak(*std::exchange(exit_breakpoint_, {})));
    plan::Snapshot snapshot;
    if (scheduler_failed()) {
        snapshot = {.name = "scheduler_exit", .trigger = "scheduler_exit", .at_ns = now_ns(), .step = current_step_};
        // The kernel comes here again when the scheduler's process ends: what there was to be seen went the first time.
        if (!observe::active_scheduler(*(*view_)->kernel) && snapshots_.size() < most_snapshots) {
            snapshot.reason = "the kernel let go of the scheduler before this busy host watched for it";
            snapshots_.push_back(std::exchange(snapshot, {}));
        }
    }
    keep_stopped(machine, std::move(snapshot), "the scheduler was ending");
}

// A watch that got lost is no reason to end the run: what was to be seen is missing in it, and the record says why.
void Observer::note_lost_watches(const Result<void>& done) {
    if (done || snapshots_.size() >= most_snapshots) return;
    snapshots_.push_back({.name = "watch",
                          .trigger = "watch",
                          .at_ns = now_ns(),
                          .reason = "the watchpoints are lost: " + done.error().message});
}

std::int64_t Observer::now_ns() const {
    return (Clock::now().time_since_epoch() - all_stopped_).count() - clock_offset_ns_.value_or(0);
}

void Observer::sample() {
    if (!next_sample_) return;
    const std::size_t each = std::max<std::size_t>(1, monitor_->names().size());
    if (samples_.samples.size() < most_values / each) {
        plan::MonitorSample sample{now_ns(), -1, monitor_->sample()};
        look_at_programs();
        const auto counts = programs_ ? programs_->values() : std::vector<double>();
        sample.values.insert(sample.values.end(), counts.begin(), counts.end());
        samples_.samples.push_back(std::move(sample));
        domains_->look(samples_.domains, samples_.samples.back().at_ns);
    }
    // What a busy host has missed is left out.
    const auto interval = std::chrono::nanoseconds(interval_ns_);
    *next_sample_ += interval;
    if (const auto now = Clock::now(); *next_sample_ < now) *next_sample_ = now + interval;
}

template <typename Work>
auto Observer::stopped(Machine& machine, double& stopped_ms, const Work& work) -> decltype(work()) {
    const auto begin = Clock::now();
    if (auto stop = machine.stop(); !stop) return stop.error();
    auto result = work();
    const auto resumed = machine.resume();
    const auto duration = Clock::now() - begin;
    all_stopped_ += duration;
    if (const auto missed = machine.take_missed_stop(); missed && missed->watchpoint) watches_.missed(*missed);
    stopped_ms = std::chrono::duration<double, std::milli>(duration).count();
    if (!resumed) return resumed.error();
    return result;
}

Result<observe::RawSnapshot> Observer::capture_stopped(Machine& machine, double& stopped_ms) {
    return stopped(machine, stopped_ms, [&] { return copy(machine); });
}

Result<observe::RawSnapshot> Observer::copy(Machine& machine) {
    auto raw = observe::copy_snapshot(*(*view_)->kernel, plan_.topology.cpus(), types_);
    if (!raw) return raw;
    if (auto registers = machine.registers()) raw->registers = std::move(*registers);
    return raw;
}

Result<void> Observer::capture(Machine& machine, plan::Snapshot snapshot, const wire::HostRequest& request) {
    if (snapshots_.size() >= most_snapshots)
        return Error{"there are " + std::to_string(most_snapshots) + " snapshots already: no more are kept",
                     "take them less often"};
    auto done = open(machine);
    if (done) {
        auto raw = capture_stopped(machine, snapshot.stopped_ms);
        if (raw) {
            keep(std::move(snapshot), std::move(*raw), stats_json(request));
            return {};
        }
        done = raw.error();
    }
    snapshot.reason = done.error().message;
    snapshots_.push_back(std::move(snapshot));
    return done;
}

void Observer::keep(plan::Snapshot snapshot, observe::RawSnapshot raw, json stats) {
    for (const auto& map : raw.maps)
        kept_bytes_ += map.bytes.capacity() + map.entries.size() * sizeof(observe::MapEntry);
    kept_.push_back({snapshots_.size(), std::move(raw), std::make_shared<const json>(std::move(stats))});
    snapshots_.push_back(std::move(snapshot));
    if (kept_bytes_ > most_kept_bytes) render_kept();
}

void Observer::render_kept() {
    for (auto& kept : kept_) {
        json state = observe::render_snapshot(*(*view_)->kernel, kept.raw, types_);
        state["stats"] = *kept.stats;
        snapshots_[kept.snapshot].state = std::make_shared<const json>(std::move(state));
        kept.raw = {};
    }
    kept_.clear();
    kept_bytes_ = 0;
}

wire::HostReply Observer::serve(Machine& machine, const wire::HostRequest& request) {
    look_at_programs();
    auto done = request.capture >= 0 ? serve_capture(machine, request) : serve_op(machine, request);
    wire::HostReply reply;
    reply.number = request.number;
    if (done) {
        reply.detail = std::move(*done);
    } else {
        reply.error = done.error().message;
        reply.hint = done.error().hint;
    }
    return reply;
}

Result<std::string> Observer::serve_capture(Machine& machine, const wire::HostRequest& request) {
    if (static_cast<std::size_t>(request.capture) >= plan_.captures_ns.size() ||
        !captured_.insert(request.capture).second)
        return Error{"the plan has no such periodic snapshot, or it was taken already"};
    const std::string name = periodic_name(request.capture);
    auto done =
        capture(machine, {.name = name, .trigger = "periodic", .at_ns = request.at_ns, .step = request.step}, request);
    return done ? Result<std::string>(name) : Result<std::string>(done.error());
}

Result<std::string> Observer::serve_op(Machine& machine, const wire::HostRequest& request) {
    const plan::Op* op = find_op(plan_, request);
    if (op == nullptr) return Error{"the plan has no such op"};
    return std::visit(
        [&](const auto& action) -> Result<std::string> {
            if constexpr (requires { execute(machine, action, request); })
                return execute(machine, action, request);
            else
                return Error{"it is not for the host to execute"};
        },
        op->action);
}

Result<std::string> Observer::execute(Machine& machine, const plan::CaptureSnapshot& op,
                                      const wire::HostRequest& request) {
    auto done =
        capture(machine, {.name = op.name, .trigger = "op", .at_ns = request.at_ns, .step = request.step}, request);
    if (!done) return done.error();
    return op.name;
}

Result<std::string> Observer::execute(Machine& machine, const plan::WatchSnapshot& op,
                                      const wire::HostRequest& request) {
    std::optional<observe::Place> place;
    auto found = hot_or_cold(machine, false, [&]() -> Result<void> {
        auto here = find(op.target, request.tid);
        if (!here) return here.error();
        place = *here;
        return {};
    });
    if (!found) return found.error();
    if (place->bytes != 1 && place->bytes != 2 && place->bytes != 4 && place->bytes != 8)
        return Error{"a value of " + std::to_string(place->bytes) + " bytes cannot be watched",
                     "name a field of it that has 1, 2, 4 or 8 bytes"};
    if (auto added = watches_.add(machine, op, request.step, place->address, place->bytes); !added)
        return added.error();
    return op.name + ": " + std::to_string(place->bytes) + " bytes at " + observe::hex(place->address);
}

Result<observe::Place> Observer::find(const plan::KernelTarget& target, int tid) {
    const auto& kernel = *(*view_)->kernel;
    if (target.kind == plan::KernelTarget::Kind::bpf)
        return observe::find_global(kernel, plan_.topology.cpus(), types_, target.symbol);
    return observe::find_place(kernel, target, tid);
}

template <typename Work> Result<void> Observer::hot_or_cold(Machine& machine, bool cold, const Work& work) {
    if (auto opened = open(machine); !opened) return opened;
    (*view_)->kernel->memory().forget();
    double stopped_ms = 0;
    return cold ? stopped(machine, stopped_ms, work) : work();
}

Result<std::string> Observer::execute(Machine& machine, const plan::ReadKernel& op, const wire::HostRequest& request) {
    if (reads_.size() >= most_reads) return Error{"there are " + std::to_string(most_reads) + " reads already"};
    json value;
    auto done = hot_or_cold(machine, op.cold, [&]() -> Result<void> {
        const auto place = find(op.target, request.tid);
        if (!place) return place.error();
        auto read = observe::read_place(*(*view_)->kernel, *place);
        if (!read) return read.error();
        value = std::move(*read);
        return {};
    });
    if (!done) return done.error();
    const std::string text = op.name + " = " + value.dump().substr(0, 200);
    reads_.push_back({op.name, request.at_ns, request.step, std::make_shared<const json>(std::move(value))});
    return text;
}

Result<std::string> Observer::execute(Machine& machine, const plan::WriteKernel& op, const wire::HostRequest& request) {
    auto done = hot_or_cold(machine, op.cold, [&]() -> Result<void> {
        const auto place = find(op.target, request.tid);
        return place ? observe::write_place(*(*view_)->kernel, *place, op.value) : place.error();
    });
    return done ? Result<std::string>("= " + std::to_string(op.value)) : Result<std::string>(done.error());
}

Result<std::string> Observer::execute(Machine& machine, const plan::WriteBpf& op, const wire::HostRequest&) {
    auto done = hot_or_cold(machine, false, [&]() -> Result<void> {
        const auto& kernel = *(*view_)->kernel;
        const auto place = observe::find_global(kernel, plan_.topology.cpus(), types_, op.variable);
        return place ? observe::write_place(kernel, *place, op.value) : place.error();
    });
    return done ? Result<std::string>(op.variable + " = " + std::to_string(op.value))
                : Result<std::string>(done.error());
}

void Observer::finish(plan::Record& record) {
    render_kept();
    for (auto& sample : samples_.samples)
        for (const auto& [from, step] : steps_)
            if (from <= sample.at_ns) sample.step = step;
    if (programs_) {
        if (monitor_) samples_.names.insert(samples_.names.end(), programs_->names().begin(), programs_->names().end());
        record.programs = programs_->programs();
    } else {
        record.programs.reason = programs_reason_;
    }
    record.monitor = std::move(samples_);
    record.snapshots = std::move(snapshots_);
    record.watches = watches_.take();
    record.kernel_reads = std::move(reads_);
}

} // namespace ktstr::vmm
