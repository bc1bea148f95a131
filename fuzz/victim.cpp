// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/victim.h"

#include <linux/bpf.h>

#include <array>

namespace ktstr::fuzz {

namespace {

using made::Guest;

constexpr std::uint64_t tables_at = 32U << 20U; // made::Guest puts page tables there
constexpr std::uint64_t image_at = 0x1000000;   // the kernel's own image, physically
constexpr std::uint64_t vmalloc = 0xffffc90000000000ULL;
constexpr std::size_t place_bytes = 3; // of a write: what and where

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, std::min(size, bytes.size() - std::min(at, bytes.size())));
    return value;
}

} // namespace

Victim::Victim(int levels, std::uint64_t slide) : guest_(0, slide, levels) {
    begin_ = room(0) - Guest::direct_map;
    add_types();
    add_kernel_types();
    const std::uint64_t idr = guest_.symbol("map_idr", 24);
    add_queues();
    add_task();
    add_program();
    add_maps();
    add_scheduler();
    guest_.put<std::uint64_t>(idr + 8, node(maps_));
    auto found = guest_.kernel();
    if (!found) throw std::logic_error(found.error().message);
    auto kernel = std::make_shared<observe::GuestKernel>(std::move(*found));
    facts_ = std::shared_ptr<const observe::KernelFacts>(kernel, &kernel->facts());
}

void Victim::add_types() {
    auto& t = guest_.types;
    const int xarray = t.structure("xarray", 16, {{"xa_flags", t.u64, 0}, {"xa_head", t.pointer, 8}});
    t.structure("xa_node", 576, {{"shift", t.u8, 0}, {"slots", t.array(t.pointer, 64), 40}});
    const int idr = t.structure("idr", 24, {{"idr_rt", xarray, 0}});
    t.structure("pid_namespace", 24, {{"idr", idr, 0}});
    t.structure("pid", 64, {{"tasks", t.pointer, 8}});
    const int map = t.structure("bpf_map", 96,
                                {{"map_type", t.u32, 0},
                                 {"id", t.u32, 4},
                                 {"key_size", t.u32, 8},
                                 {"value_size", t.u32, 12},
                                 {"max_entries", t.u32, 16},
                                 {"btf_key_type_id", t.u32, 20},
                                 {"btf_value_type_id", t.u32, 24},
                                 {"btf_vmlinux_value_type_id", t.u32, 28},
                                 {"btf", t.pointer, 32},
                                 {"name", t.array(t.character, 16), 40}});
    const int values = t.structure("", 8, {{"value", t.array(t.u8, 0), 0}, {"pptrs", t.array(t.pointer, 0), 0}}, true);
    t.structure("bpf_array", 136, {{"map", map, 0}, {"elem_size", t.u32, 96}, {"", values, 128}});
    const int head = t.structure("hlist_head", 8, {{"first", t.pointer, 0}});
    t.structure("bucket", 16, {{"head", head, 0}});
    t.structure("bpf_htab", 128, {{"map", map, 0}, {"buckets", t.pointer, 96}, {"n_buckets", t.u32, 104}});
    t.structure("htab_elem", 48, {{"hash", t.u32, 40}, {"key", t.array(t.u8, 0), 48}});
    t.structure("btf", 64, {{"data", t.pointer, 0}, {"data_size", t.u32, 8}, {"id", t.u32, 12}});
    t.structure("bpf_local_storage_map", 128, {{"buckets", t.pointer, 96}, {"bucket_log", t.u32, 104}});
    t.structure("bpf_local_storage_map_bucket", 16, {{"list", head, 0}});
    const int data = t.structure("bpf_local_storage_data", 16, {{"data", t.array(t.u8, 0), 16}});
    t.structure("bpf_local_storage_elem", 64,
                {{"map_node", head, 0}, {"local_storage", t.pointer, 16}, {"sdata", data, 32}});
    t.structure("bpf_local_storage", 64, {{"owner", t.pointer, 16}});
    t.structure("bpf_arena", 128, {{"kern_vm", t.pointer, 96}, {"user_vm_start", t.u64, 104}});
    t.structure("vm_struct", 32, {{"addr", t.pointer, 8}});
    t.structure("bpf_ringbuf_map", 104, {{"rb", t.pointer, 96}});
    t.structure("bpf_ringbuf", 64, {{"consumer_pos", t.u64, 0}, {"producer_pos", t.u64, 8}, {"mask", t.u64, 16}});
    t.structure("bpf_stack_map", 128, {{"n_buckets", t.u32, 96}, {"buckets", t.array(t.pointer, 0), 104}});
    t.structure("stack_map_bucket", 16, {{"nr", t.u32, 0}, {"data", t.array(t.u64, 0), 8}});
}

void Victim::add_kernel_types() {
    auto& t = guest_.types;
    const int links = t.array(t.pointer, 4);
    task_type_ = t.structure("task_struct", 128,
                             {{"pid", t.s32, 0}, {"pid_links", links, 16}, {"comm", t.array(t.character, 16), 64}});
    const int ops =
        t.structure("sched_ext_ops", 128, {{"enqueue", t.pointer, 0}, {"name", t.array(t.character, 32), 64}});
    ops_value_ = t.structure("bpf_struct_ops_value", 136, {{"state", t.u32, 0}, {"data", ops, 8}});
    t.structure("bpf_struct_ops_map", 256, {{"kvalue", ops_value_, 96}});
    const int events = t.structure("scx_event_stats", 16, {{"SCX_EV_SELECT_CPU_FALLBACK", t.u64, 0}});
    const int per_cpu = t.structure("scx_sched_pcpu", 32, {{"event_stats", events, 8}});
    t.structure("scx_sched", 160, {{"ops", ops, 0}, {"pcpu", t.pointer_to(per_cpu), 128}});
    t.enumeration("scx_enable_state", {{"SCX_ENABLED", 1}, {"SCX_DISABLED", 3}});
    const int info = t.structure("sched_info", 16, {{"pcount", t.u64, 0}, {"run_delay", t.u64, 8}});
    const int dsq = t.structure("scx_dispatch_q", 8, {{"nr", t.u32, 4}});
    const int part = t.structure("scx_rq", 16, {{"local_dsq", dsq, 0}, {"nr_running", t.u32, 8}});
    const int queue = t.structure("rq", 128,
                                  {{"nr_running", t.u32, 0},
                                   {"clock", t.u64, 8},
                                   {"curr", t.pointer_to(task_type_), 16},
                                   {"idle", t.pointer, 24},
                                   {"ttwu_count", t.u32, 32},
                                   {"ttwu_local", t.u32, 36},
                                   {"rq_sched_info", info, 40},
                                   {"scx", part, 64},
                                   {"sd", t.pointer, 80}});
    t.enumeration("", {{"SD_BALANCE_NEWIDLE", 1}, {"SD_SHARE_LLC", 512}});
    t.structure("sched_domain", 48,
                {{"parent", t.pointer, 0},
                 {"flags", t.s32, 8},
                 {"level", t.s32, 12},
                 {"lb_count", t.array(t.u32, 3), 16},
                 {"name", t.pointer, 32},
                 {"span", t.array(t.u64, 0), 48}});
    t.section(".data..percpu", 128, {{"runqueues", queue, 0, 128}});
}

std::uint64_t Victim::add_map(std::uint32_t type, const char* name, std::uint32_t key, std::uint32_t value,
                              std::uint32_t entries) {
    const std::uint64_t map = room(512);
    const std::array<std::uint32_t, 5> numbers = {type, static_cast<std::uint32_t>(maps_.size() + 1), key, value,
                                                  entries};
    guest_.put(map, std::span<const std::byte>(std::as_bytes(std::span(numbers))));
    guest_.put_text(map + 40, name);
    maps_.push_back(map);
    return map;
}

std::uint64_t Victim::node(const std::vector<std::uint64_t>& entries) {
    const std::uint64_t node = room(576);
    for (std::size_t i = 0; i < entries.size(); ++i) guest_.put<std::uint64_t>(node + 40 + (i + 1) * 8, entries[i]);
    return node + 2;
}

void Victim::add_queues() {
    const std::uint64_t offsets = guest_.symbol("__per_cpu_offset", 64);
    const std::uint64_t variable = guest_.symbol("runqueues", 128);
    guest_.symbol("kernel_cpustat", 128);
    const std::uint64_t name = room(16);
    guest_.put_text(name, "MC");
    for (std::uint64_t cpu = 0; cpu < cpus; ++cpu) {
        const std::uint64_t queue = room(128);
        const std::uint64_t domain = room(64);
        guest_.put<std::uint64_t>(queue + 80, domain);
        guest_.put<std::uint64_t>(domain + 32, name);
        guest_.put<std::uint64_t>(domain + 48, 3);
        guest_.put<std::uint64_t>(offsets + cpu * 8, queue - variable);
        guest_.put<std::uint32_t>(queue, 3);
    }
}

void Victim::add_task() {
    const std::uint64_t space = guest_.symbol("init_pid_ns", 24);
    const std::uint64_t task = room(128);
    guest_.put<std::int32_t>(task, pid);
    guest_.put_text(task + 64, "hot");
    const std::uint64_t number = room(64);
    guest_.put<std::uint64_t>(number + 8, task + 16);
    guest_.put<std::uint64_t>(space + 8, node(std::vector<std::uint64_t>(pid, number)));
}

// A program's types: a global counter, and a struct with a pointer to itself.
void Victim::add_program() {
    made::Types program;
    const int pair = program.structure(
        "pair", 24, {{"a", program.u64, 0}, {"b", program.u32, 8, 3, 2}, {"next", program.pointer_to(10), 16}});
    section_ = static_cast<std::uint32_t>(
        program.section(".bss", 32, {{"nr_queued", program.u64, 0, 8}, {"pair", pair, 8, 24}}));
    const std::string raw = program.bytes();
    const std::uint64_t data = room(raw.size());
    guest_.put(data, std::as_bytes(std::span(raw)));
    program_btf_ = room(64);
    guest_.put<std::uint64_t>(program_btf_, data);
    guest_.put<std::uint32_t>(program_btf_ + 8, static_cast<std::uint32_t>(raw.size()));
    guest_.put<std::uint32_t>(program_btf_ + 12, 5);
}

void Victim::add_maps() {
    const std::uint64_t globals = add_map(BPF_MAP_TYPE_ARRAY, "scx_made.bss", 4, 32, 1);
    guest_.put<std::uint32_t>(globals + 24, section_);
    guest_.put<std::uint64_t>(globals + 32, program_btf_);
    guest_.put<std::uint32_t>(globals + 96, 32);
    const std::uint64_t percpu = add_map(BPF_MAP_TYPE_PERCPU_ARRAY, "percpu", 4, 8, 2);
    for (std::uint64_t i = 0; i < 2; ++i)
        guest_.put<std::uint64_t>(percpu + 128 + i * 8, guest_.symbol("a" + std::to_string(i)));
    add_hash(BPF_MAP_TYPE_HASH, false);
    add_hash(BPF_MAP_TYPE_LRU_PERCPU_HASH, true);
    add_task_storage();
    add_arena();
    add_stacks_and_rings();
}

void Victim::add_hash(std::uint32_t type, bool percpu) {
    const std::uint64_t map = add_map(type, percpu ? "percpu_hash" : "hash", 4, 8, 16);
    const std::uint64_t buckets = room(4 * 16);
    guest_.put<std::uint64_t>(map + 96, buckets);
    guest_.put<std::uint32_t>(map + 104, 4);
    for (std::uint64_t i = 0; i < 4; ++i) {
        const std::uint64_t element = room(96);
        guest_.put<std::uint64_t>(buckets + i * 16, element);
        guest_.put<std::uint64_t>(element, i * 2 + 1);
        guest_.put<std::uint32_t>(element + 48, static_cast<std::uint32_t>(i));
        if (percpu) guest_.put<std::uint64_t>(element + 56, guest_.symbol("h" + std::to_string(i)));
    }
}

void Victim::add_task_storage() {
    const std::uint64_t map = add_map(BPF_MAP_TYPE_TASK_STORAGE, "task_storage", 4, 8, 0);
    const std::uint64_t buckets = room(2 * 16);
    const std::uint64_t element = room(64);
    const std::uint64_t storage = room(64);
    guest_.put<std::uint64_t>(map + 96, buckets);
    guest_.put<std::uint32_t>(map + 104, 1);
    guest_.put<std::uint64_t>(buckets, element);
    guest_.put<std::uint64_t>(element + 16, storage);
    guest_.put<std::uint64_t>(storage + 16, room(128));
}

void Victim::add_arena() {
    const std::uint64_t map = add_map(BPF_MAP_TYPE_ARENA, "arena", 0, 0, 4);
    const std::uint64_t area = room(32);
    guest_.put<std::uint64_t>(map + 96, area);
    guest_.put<std::uint64_t>(map + 104, 0x100000000ULL);
    guest_.put<std::uint64_t>(area + 8, vmalloc);
    for (std::uint64_t page = 0; page < 2; ++page) guest_.map_page(vmalloc + 32768 + page * 4096);
}

void Victim::add_stacks_and_rings() {
    const std::uint64_t stacks = add_map(BPF_MAP_TYPE_STACK_TRACE, "stacks", 4, 32, 2);
    const std::uint64_t bucket = room(64);
    guest_.put<std::uint32_t>(stacks + 96, 2);
    guest_.put<std::uint64_t>(stacks + 104, bucket);
    guest_.put<std::uint32_t>(bucket, 2);
    guest_.put<std::uint64_t>(bucket + 8, guest_.symbol("do_idle"));
    const std::uint64_t ring = add_map(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, 4096);
    guest_.put<std::uint64_t>(ring + 96, room(64));
}

void Victim::add_scheduler() {
    const std::uint64_t map = add_map(BPF_MAP_TYPE_STRUCT_OPS, "ops", 4, 136, 1);
    guest_.put<std::uint32_t>(map + 28, static_cast<std::uint32_t>(ops_value_));
    guest_.put<std::uint64_t>(map + 32, program_btf_);
    guest_.put_text(map + 96 + 8 + 64, "made");
    const std::uint64_t scheduler = room(160);
    guest_.put_text(scheduler + 64, "made");
    guest_.put<std::uint64_t>(scheduler + 128, guest_.symbol("events", 32));
    guest_.put<std::uint64_t>(guest_.symbol("scx_root"), scheduler);
    guest_.put<std::int32_t>(guest_.symbol("scx_enable_state_var"), 1);
}

void Victim::put_back() {
    for (auto last = written_.rbegin(); last != written_.rend(); ++last)
        std::memcpy(guest_.raw().data() + last->physical, &last->before, sizeof(last->before));
    written_.clear();
}

void Victim::put(std::uint64_t physical, const void* bytes, std::size_t size) {
    Written written{physical, 0};
    std::byte* place = guest_.raw().data() + physical;
    std::memcpy(&written.before, place, sizeof(written.before));
    written_.push_back(written);
    std::memcpy(place, bytes, size);
}

void Victim::write(std::string_view input) {
    put_back();
    while (input.size() > place_bytes) {
        const auto what = static_cast<unsigned char>(input[0]);
        const std::uint64_t offset = little(input, 1, 2);
        const std::array<std::uint64_t, 4> places = {begin_, begin_, tables_at, image_at};
        const std::uint64_t place = places.at(what % 4) + offset;
        // Values that lead somewhere: without them a walk ends at its first step.
        const std::uint64_t short_value = little(input, 3, 2);
        const std::uint64_t long_value = little(input, 3, 8);
        const std::uint64_t object = Guest::direct_map + begin_ + short_value;
        const std::array<std::pair<std::uint64_t, std::size_t>, 8> values = {{{long_value, 8},
                                                                              {object, 8},
                                                                              {object | 2U, 8},
                                                                              {short_value, 4},
                                                                              {little(input, 3, 4), 4},
                                                                              {object | 1U, 8},
                                                                              {(short_value << 12U) | (what >> 5U), 8},
                                                                              {short_value, 1}}};
        const auto kind = static_cast<std::size_t>(what / 4 % 8);
        const auto& [value, size] = values.at(kind);
        put(place, &value, size);
        input.remove_prefix(std::min(input.size(), place_bytes + (kind == 0 ? 8 : kind == 4 ? 4 : 2)));
    }
}

} // namespace ktstr::fuzz
