// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/fill.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace ktstr::scx {

namespace {

// struct fill_value of scx_ktstr.bpf.c.
struct Value {
    std::uint64_t total;
    std::int32_t delta;
    std::uint32_t state;
    std::array<char, 16> name;
    std::uint32_t bits; // first : 3, second : 5
    std::array<std::uint32_t, 3> list;
};

constexpr std::array<const char*, 11> filled = {"fill_hash_2", "fill_hash_3",    "fill_hash_4",  "fill_hash_5",
                                                "fill_array",  "fill_percpu",    "fill_hash",    "fill_keyed",
                                                "fill_lru",    "fill_pcpu_hash", "fill_lru_pcpu"};
constexpr std::array<const char*, 4> others = {"fill_ring", "fill_stacks", "fill_queue", "fill_arena"};
constexpr std::size_t arena_words = 2 * 4096 / sizeof(std::uint64_t);

Value value_of(__u32 entry, int cpu) {
    Value value{};
    value.total = std::uint64_t{entry} * 1000 + static_cast<unsigned>(cpu);
    value.delta = -static_cast<std::int32_t>(entry);
    value.state = entry % 3;
    std::snprintf(value.name.data(), value.name.size(), "entry %u", entry);
    value.bits = entry % 8 | entry % 32 << 3U;
    value.list = {entry, entry + 1, entry + 2};
    return value;
}

bool is_percpu(const bpf_map* map) {
    const auto type = bpf_map__type(map);
    return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
           type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

Result<void> fill(const bpf_map* map, __u32 entries, int cpus) {
    std::vector<Value> values(is_percpu(map) ? static_cast<std::size_t>(cpus) : 1);
    for (__u32 entry = 0; entry < entries; ++entry) {
        for (std::size_t cpu = 0; cpu < values.size(); ++cpu) values[cpu] = value_of(entry, static_cast<int>(cpu));
        const std::array<__u32, 2> long_key = {entry / 10, entry};
        const void* key = bpf_map__key_size(map) == sizeof(entry) ? static_cast<const void*>(&entry) : &long_key;
        if (bpf_map_update_elem(bpf_map__fd(map), key, values.data(), BPF_ANY) != 0)
            return errno_error("fill", bpf_map__name(map), errno);
    }
    return {};
}

} // namespace

Result<void> size_fill_maps(bpf_object* object, __u32 entries) {
    for (const char* name : filled) {
        bpf_map* map = bpf_object__find_map_by_name(object, name);
        if (map == nullptr) return Error{std::string("the BPF object has no map ") + name};
        if (entries == 0)
            bpf_map__set_autocreate(map, false);
        else
            bpf_map__set_max_entries(map, entries);
    }
    for (const char* name : others)
        if (entries == 0) bpf_map__set_autocreate(bpf_object__find_map_by_name(object, name), false);
    return {};
}

Result<void> fill_maps(bpf_object* object, __u32 entries) {
    if (entries == 0) return {};
    const int cpus = libbpf_num_possible_cpus();
    for (const char* name : filled)
        if (auto done = fill(bpf_object__find_map_by_name(object, name), entries, cpus); !done) return done;
    const std::uint64_t queued = 7;
    bpf_map_update_elem(bpf_map__fd(bpf_object__find_map_by_name(object, "fill_queue")), nullptr, &queued, BPF_ANY);
    std::size_t size = 0;
    auto* words =
        static_cast<std::uint64_t*>(bpf_map__initial_value(bpf_object__find_map_by_name(object, "fill_arena"), &size));
    if (words == nullptr) return Error{"the arena of the BPF object is not mapped"};
    for (std::size_t i = 0; i < arena_words; ++i) words[i] = i;
    return {};
}

} // namespace ktstr::scx
