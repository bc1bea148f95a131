// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/loader.h"

#include <bpf/libbpf.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <string_view>

#include "bpf/fill.h"
#include "bpf/object.h"
#include "bpf/text.h"

namespace ktstr::scx {
namespace {

constexpr const char* ops_map = "ktstr_ops";
// The verifier's log of the loop fault is about 9 MB; of one too long for the buffer the kernel keeps the end.
constexpr std::size_t verifier_log_size = 16U << 20U;

ktstr_fault bpf_fault(Fault fault) {
    switch (fault) {
    case Fault::stall: return KTSTR_FAULT_STALL;
    case Fault::crash: return KTSTR_FAULT_CRASH;
    case Fault::slow: return KTSTR_FAULT_SLOW;
    case Fault::unfair: return KTSTR_FAULT_UNFAIR;
    case Fault::verify: return KTSTR_FAULT_VERIFY;
    case Fault::loop: return KTSTR_FAULT_LOOP;
    case Fault::overrun: return KTSTR_FAULT_OVERRUN;
    case Fault::none:
    case Fault::exit:
    case Fault::hang:
    case Fault::exit_late: break;
    }
    return KTSTR_FAULT_NONE;
}

template <typename T> Result<void> assign(const Result<std::span<std::byte>>& place, T value) {
    if (!place) return place.error();
    if (place->size() != sizeof(T)) return Error{"a field of the BPF object has another size than the loader's"};
    std::memcpy(place->data(), &value, sizeof(T));
    return {};
}

int print_libbpf(enum libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG) return 0;
    return std::vfprintf(stderr, format, arguments);
}

Error load_error(int errno_value, std::string_view verifier_log) {
    if (verifier_log.empty()) {
        Error error{"cannot load the BPF scheduler: " + std::string(std::strerror(errno_value))};
        if (errno_value == EPERM) error.hint = "run it as root";
        return error;
    }
    return Error{"the BPF verifier refused the scheduler: " + verifier_reason(verifier_log) + "\nverifier log:\n" +
                 ends_of(verifier_log, 4096, 28672)};
}

} // namespace

const std::vector<StatsField>& stats_fields() {
    static const std::vector<StatsField> fields = {
        {"nr_enqueued", "calls of ops.enqueue: tasks that did not go straight to an idle CPU"},
        {"nr_dispatched", "tasks that a CPU took from the shared dispatch queue"},
        {"nr_local", "wakeups sent straight to an idle CPU"},
        {"nr_migrations", "times a task ran on another CPU than the time before"},
        {"nr_runs", "times a task was put on a CPU"},
        {"nr_expired", "times a task left its CPU still runnable: slice over or preempted"},
        {"nr_stalled", "tasks that the stall fault lost"},
        {"nr_queued", "gauge: tasks in the shared dispatch queue"},
        {"nr_running", "gauge: tasks on a CPU", true},
        {"busy", "gauge: share of the CPUs that run one of its tasks", true, "nr_running", ::get_nprocs()},
        {"nr_tasks", "gauge: tasks known to the scheduler", true},
        {"vtime_now", "virtual time of the task that got furthest, in ns at weight 100"},
    };
    return fields;
}

void log_libbpf() { libbpf_set_print(print_libbpf); }

void Scheduler::CloseObject::operator()(bpf_object* object) const { bpf_object__close(object); }
void Scheduler::DestroyLink::operator()(bpf_link* link) const { bpf_link__destroy(link); }

Result<void> Scheduler::configure(bpf_object* object, const Options& options) {
    const auto set = [&](const char* section, const char* name, auto value) {
        return assign(initial_value(object, section, name), value);
    };
    if (auto done = set(".rodata", "fault", __u32{bpf_fault(options.fault)}); !done) return done;
    if (auto done = set(".rodata", "fault_after_ns", __u64{options.fault_after_ms * 1'000'000}); !done) return done;
    if (auto done = set(".rodata", "spin_ns", __u64{options.spin_ns}); !done) return done;
    if (auto done = set(".data", "slice_ns", __u64{options.slice_us * 1000}); !done) return done;
    bpf_map* ops = bpf_object__find_map_by_name(object, ops_map);
    if (auto sized = size_fill_maps(object, static_cast<__u32>(options.fill)); !sized) return sized;
    const auto set_ops = [&](const char* name, std::uint64_t value) {
        return assign(initial_field(object, ops, "sched_ext_ops", name), static_cast<__u32>(value));
    };
    if (auto done = set_ops("exit_dump_len", options.exit_dump_len); !done) return done;
    return set_ops("timeout_ms", options.timeout_ms);
}

Result<Scheduler> Scheduler::load(const Options& options) {
    if (access("/sys/kernel/sched_ext", F_OK) != 0)
        return Error{"this kernel has no sched_ext",
                     "boot one that is built with CONFIG_SCHED_CLASS_EXT, and mount sysfs"};

    // Not cleared: only the pages that the kernel writes are ever there.
    const auto verifier_log = std::make_unique_for_overwrite<char[]>(verifier_log_size);
    verifier_log[0] = '\0';
    bpf_object_open_opts open_options{};
    open_options.sz = sizeof(open_options);
    open_options.object_name = "scx_ktstr";
    open_options.kernel_log_buf = verifier_log.get();
    open_options.kernel_log_size = verifier_log_size;
    Object object(bpf_object__open_mem(object_bytes().data(), object_bytes().size(), &open_options));
    if (!object) return Error{"cannot open the embedded BPF object: " + std::string(std::strerror(errno))};

    if (const Result<void> configured = configure(object.get(), options); !configured) return configured.error();
    if (const int error = bpf_object__load(object.get()); error != 0) return load_error(-error, verifier_log.get());
    if (auto filled = fill_maps(object.get(), static_cast<__u32>(options.fill)); !filled) return filled.error();
    Result<LiveSection> globals = LiveSection::map(object.get(), ".bss");
    if (!globals) return globals.error();
    return Scheduler(std::move(object), std::move(*globals));
}

Result<void> Scheduler::attach() {
    link_.reset(bpf_map__attach_struct_ops(bpf_object__find_map_by_name(object_.get(), ops_map)));
    if (!link_) {
        Error error{"cannot attach the BPF scheduler: " + std::string(std::strerror(errno))};
        if (errno == EBUSY) error.hint = "another sched_ext scheduler is attached; stop it first";
        return error;
    }
    if (disabled()) return Error{"the kernel let go of the scheduler while it attached"};
    return {};
}

void Scheduler::detach() { link_.reset(); }

const ktstr_exit_info& Scheduler::exit_info() const {
    static const ktstr_exit_info none{};
    const Result<std::span<const std::byte>> place = globals_.find("exit_info");
    return place ? *reinterpret_cast<const ktstr_exit_info*>(place->data()) : none;
}

bool Scheduler::disabled() const {
    // The BPF program writes `kind` after all else.
    return __atomic_load_n(&exit_info().kind, __ATOMIC_ACQUIRE) != 0;
}

std::int64_t Scheduler::read(const StatsField& field) const {
    const Result<std::span<const std::byte>> place = globals_.find(field.global.empty() ? field.name : field.global);
    std::int64_t value = 0;
    if (place && place->size() == sizeof(value)) std::memcpy(&value, place->data(), sizeof(value));
    return value;
}

} // namespace ktstr::scx
