// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/bpf_maps.h"

#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace ktstr::observe {

namespace {

constexpr std::size_t most_btf_bytes = 16U << 20U;
constexpr std::uint64_t arena_guard = 32768;       // GUARD_SZ / 2 of kernel/bpf/arena.c
constexpr std::uint32_t most_key_bytes = 4096;     // the kernel takes 512 at most (MAX_BPF_STACK)
constexpr std::size_t most_arena_pages = 4096;     // that are captured
constexpr std::uint32_t largest_arena = 1U << 20U; // in pages: 4 GiB (arena_map_alloc())
constexpr std::uint32_t most_bucket_bits = 16;     // of task storage: it has two buckets for a CPU
constexpr std::size_t most_buckets = 1U << 22U;

std::uint64_t rounded(std::uint64_t size) { return (size + 7) / 8 * 8; }

std::string text_from(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        const char c = static_cast<char>(byte);
        if (c == '\0') break;
        text += c >= ' ' && c <= '~' ? c : '?';
    }
    return text;
}

// Copies one map. Every walk is bounded by what the map says of itself and by the limits, whatever is in memory.
class MapCopier {
  public:
    MapCopier(const GuestKernel& kernel, const std::vector<std::uint64_t>& per_cpu_offsets, const CaptureLimits& limits,
              CaptureLimits& left, RawMap& map)
        : kernel_(kernel), memory_(kernel.memory()), per_cpu_offsets_(per_cpu_offsets), limits_(limits), left_(left),
          map_(map) {}

    Result<void> entries() {
        if (map_.key_size > most_key_bytes)
            return Error{"a key of " + std::to_string(map_.key_size) + " bytes is not read"};
        switch (map_.type) {
        case BPF_MAP_TYPE_ARRAY: return array();
        case BPF_MAP_TYPE_PERCPU_ARRAY: return percpu_array();
        case BPF_MAP_TYPE_HASH:
        case BPF_MAP_TYPE_LRU_HASH: return hash(false);
        case BPF_MAP_TYPE_PERCPU_HASH:
        case BPF_MAP_TYPE_LRU_PERCPU_HASH: return hash(true);
        case BPF_MAP_TYPE_TASK_STORAGE: return task_storage();
        case BPF_MAP_TYPE_ARENA: return arena();
        case BPF_MAP_TYPE_RINGBUF:
        case BPF_MAP_TYPE_USER_RINGBUF: return ring_buffer();
        case BPF_MAP_TYPE_STRUCT_OPS: return struct_ops();
        case BPF_MAP_TYPE_STACK_TRACE: return stack_trace();
        default: return Error{"maps of the type " + std::string(map_type_name(map_.type)) + " are not read"};
        }
    }

  private:
    Result<void> step() {
        if (left_.steps == 0)
            return Error{"the maps of this guest took " + std::to_string(limits_.steps) + " steps: no more are made"};
        left_.steps -= 1;
        return {};
    }

    // Another element of a list of at most that many, which lies at that address.
    Result<void> step_to(std::uint64_t element, std::size_t& seen, std::size_t most) {
        if (++seen > most) return Error{"a list of its elements does not end: it still goes on at " + hex(element)};
        return step();
    }

    // Where to copy an entry to; null: the limits are reached.
    std::byte* add(std::span<const std::byte> key, std::size_t value_size, int cpu) {
        const std::size_t needed = key.size() + value_size;
        if (map_.entries.size() >= limits_.entries || needed > left_.bytes) {
            map_.absent = "only the first " + std::to_string(map_.entries.size()) + " entries were captured";
            map_.partly = true;
            return nullptr;
        }
        left_.bytes -= needed;
        const std::size_t at = map_.bytes.size();
        map_.bytes.resize(at + needed);
        std::copy(key.begin(), key.end(), map_.bytes.begin() + static_cast<std::ptrdiff_t>(at));
        map_.entries.push_back({at, at + key.size(), cpu});
        return map_.bytes.data() + at + key.size();
    }

    void reserve(std::size_t entries) {
        const std::size_t size = std::max<std::size_t>(1, std::size_t{map_.key_size} + map_.value_size);
        entries = std::min({entries, limits_.entries, left_.bytes / size});
        map_.entries.reserve(entries);
        map_.bytes.reserve(entries * size);
    }

    Result<bool> add_from(std::span<const std::byte> key, std::uint64_t address, int cpu = every_cpu) {
        std::byte* place = add(key, map_.value_size, cpu);
        if (place == nullptr) return false;
        if (auto read = memory_.read(address, {place, map_.value_size}); !read) return read.error();
        return true;
    }

    static std::array<std::byte, 4> number_key(std::uint32_t number) {
        std::array<std::byte, 4> key{};
        std::memcpy(key.data(), &number, sizeof(number));
        return key;
    }

    Result<void> array() {
        const auto value = kernel_.offset("bpf_array", "value");
        const auto size = kernel_.member<std::uint32_t>(map_.address, "bpf_array", "elem_size");
        if (!value) return value.error();
        if (!size) return size.error();
        map_.key_size = sizeof(std::uint32_t);
        reserve(map_.max_entries);
        for (std::uint32_t i = 0; i < map_.max_entries; ++i) {
            const auto added = add_from(number_key(i), map_.address + *value + std::uint64_t{i} * *size);
            if (!added) return added.error();
            if (!*added) break;
        }
        return {};
    }

    Result<void> percpu_array() {
        const auto pointers = kernel_.offset("bpf_array", "pptrs");
        if (!pointers) return pointers.error();
        map_.key_size = sizeof(std::uint32_t);
        reserve(std::size_t{map_.max_entries} * per_cpu_offsets_.size());
        for (std::uint32_t i = 0; i < map_.max_entries; ++i) {
            const auto pointer = memory_.get<std::uint64_t>(map_.address + *pointers + std::uint64_t{i} * 8);
            if (!pointer) return pointer.error();
            const auto more = every_copy(number_key(i), *pointer);
            if (!more) return more.error();
            if (!*more) break;
        }
        return {};
    }

    // The values of all CPUs behind a per-CPU pointer.
    Result<bool> every_copy(std::span<const std::byte> key, std::uint64_t pointer) {
        const Bytes kept(key.begin(), key.end());
        for (std::size_t cpu = 0; cpu < per_cpu_offsets_.size(); ++cpu) {
            const auto added = add_from(kept, pointer + per_cpu_offsets_[cpu], static_cast<int>(cpu));
            if (!added || !*added) return added;
        }
        return true;
    }

    // Buckets are lists that end with an odd pointer (include/linux/list_nulls.h). An element is a struct htab_elem,
    // its key, and from the next multiple of 8 its value, or the per-CPU pointer to it.
    Result<void> hash(bool percpu) {
        const auto buckets = kernel_.member<std::uint64_t>(map_.address, "bpf_htab", "buckets");
        const auto count = kernel_.member<std::uint32_t>(map_.address, "bpf_htab", "n_buckets");
        const auto head = kernel_.offset("bucket", "head.first");
        const auto key_at = kernel_.offset("htab_elem", "key");
        const auto bucket = kernel_.types().find_struct("bucket");
        if (!buckets) return buckets.error();
        if (!count) return count.error();
        if (!head) return head.error();
        if (!key_at) return key_at.error();
        const std::uint64_t bucket_size = bucket ? kernel_.types().size(*bucket) : 0;
        if (bucket_size == 0) return Error{"the kernel has no struct bucket"};
        // roundup_pow_of_two(max_entries), kernel/bpf/hashtab.c.
        if (*count > most_buckets || *count > std::uint64_t{2} * map_.max_entries)
            return Error{"a hash map of " + std::to_string(*count) + " buckets for " +
                         std::to_string(map_.max_entries) + " entries is not read"};
        Bytes key(map_.key_size);
        reserve(std::min<std::size_t>(map_.max_entries, *count) * (percpu ? per_cpu_offsets_.size() : 1));
        std::size_t seen = 0;
        for (std::uint32_t i = 0; i < *count; ++i) {
            const auto first = memory_.get<std::uint64_t>(*buckets + i * bucket_size + *head);
            if (!first) return first.error();
            if (auto more = step(); !more) return more;
            for (std::uint64_t element = *first; (element & 1) == 0 && element != 0;) {
                // More than there can be (and preallocated spares): a list that goes round.
                if (auto more = step_to(element, seen, std::size_t{2} * map_.max_entries + 64); !more) return more;
                if (auto read = memory_.read(element + *key_at, key); !read) return read.error();
                const std::uint64_t value = element + *key_at + rounded(map_.key_size);
                Result<bool> added = true;
                if (percpu) {
                    const auto pointer = memory_.get<std::uint64_t>(value);
                    if (!pointer) return pointer.error();
                    added = every_copy(key, *pointer);
                } else {
                    added = add_from(key, value);
                }
                if (!added) return added.error();
                if (!*added) return {};
                const auto next = memory_.get<std::uint64_t>(element); // hash_node.next comes first
                if (!next) return next.error();
                element = *next;
            }
        }
        return {};
    }

    // The key is the pid of the task that owns the value.
    Result<void> task_storage() {
        constexpr const char* element_type = "bpf_local_storage_elem";
        const auto buckets = kernel_.member<std::uint64_t>(map_.address, "bpf_local_storage_map", "buckets");
        const auto log = kernel_.member<std::uint32_t>(map_.address, "bpf_local_storage_map", "bucket_log");
        const auto bucket = kernel_.types().find_struct("bpf_local_storage_map_bucket");
        const auto head = kernel_.offset("bpf_local_storage_map_bucket", "list.first");
        const auto node = kernel_.offset(element_type, "map_node");
        const auto storage = kernel_.offset(element_type, "local_storage");
        const auto data = kernel_.offset(element_type, "sdata.data");
        const auto owner = kernel_.offset("bpf_local_storage", "owner");
        const auto pid = kernel_.offset("task_struct", "pid");
        if (!buckets) return buckets.error();
        if (!log) return log.error();
        for (const auto* part : {&head, &node, &storage, &data, &owner, &pid})
            if (!*part) return part->error();
        if (!bucket) return Error{"the kernel has no struct bpf_local_storage_map_bucket"};
        if (*log > most_bucket_bits)
            return Error{"task storage of 2^" + std::to_string(*log) + " buckets is not read, at " + hex(map_.address)};
        const std::uint64_t bucket_size = kernel_.types().size(*bucket);
        map_.key_size = sizeof(std::uint32_t);
        map_.key_type = 0;
        std::size_t seen = 0;
        for (std::uint64_t i = 0; i < (1ULL << *log); ++i) {
            const auto first = memory_.get<std::uint64_t>(*buckets + i * bucket_size + *head);
            if (!first) return first.error();
            if (auto more = step(); !more) return more;
            for (std::uint64_t at = *first; at != 0;) {
                if (auto more = step_to(at, seen, limits_.entries * 2); !more) return more;
                const std::uint64_t element = at - *node;
                const auto of = memory_.get<std::uint64_t>(element + *storage);
                if (!of) return of.error();
                // A storage that is being freed has no owner any more.
                const auto task = memory_.get<std::uint64_t>(*of + *owner);
                if (task && *task != 0) {
                    const auto number = memory_.get<std::uint32_t>(*task + *pid);
                    if (!number) return number.error();
                    const auto added = add_from(number_key(*number), element + *data);
                    if (!added) return added.error();
                    if (!*added) return {};
                }
                const auto next = memory_.get<std::uint64_t>(at);
                if (!next) return next.error();
                at = *next;
            }
        }
        return {};
    }

    // Allocated pages only: the key is the page's number in the arena.
    Result<void> arena() {
        const auto area = kernel_.member<std::uint64_t>(map_.address, "bpf_arena", "kern_vm");
        const auto begin = kernel_.member<std::uint64_t>(map_.address, "bpf_arena", "user_vm_start");
        if (!area) return area.error();
        if (!begin) return begin.error();
        const auto address = kernel_.member<std::uint64_t>(*area, "vm_struct", "addr");
        if (!address) return address.error();
        map_.key_size = sizeof(std::uint32_t);
        map_.value_size = AddressSpace::page_bytes;
        map_.arena_begin = *begin;
        if (map_.max_entries > largest_arena)
            return Error{"an arena of " + std::to_string(map_.max_entries) + " pages is not read, at " +
                         hex(map_.address)};
        std::size_t found = 0;
        for (std::uint32_t page = 0; page < map_.max_entries; ++page) {
            const std::uint64_t offset = std::uint64_t{page} * AddressSpace::page_bytes;
            // The kernel's mapping is indexed by the low half of the user's address.
            const std::uint64_t low = (*begin + offset) & 0xffffffffU;
            const std::uint64_t at = *address + arena_guard + low;
            if (auto more = step(); !more) return more;
            if (!memory_.mapped(at)) continue;
            if (++found > most_arena_pages) {
                map_.absent = "only the first " + std::to_string(most_arena_pages) + " pages were captured";
                map_.partly = true;
                return {};
            }
            const auto added = add_from(number_key(page), at);
            if (!added) return added.error();
            if (!*added) return {};
        }
        return {};
    }

    // Its counters, as three numbers: consumer, producer and size in bytes.
    Result<void> ring_buffer() {
        const auto ring = kernel_.member<std::uint64_t>(map_.address, "bpf_ringbuf_map", "rb");
        if (!ring) return ring.error();
        const auto consumer = kernel_.member<std::uint64_t>(*ring, "bpf_ringbuf", "consumer_pos");
        const auto producer = kernel_.member<std::uint64_t>(*ring, "bpf_ringbuf", "producer_pos");
        const auto mask = kernel_.member<std::uint64_t>(*ring, "bpf_ringbuf", "mask");
        for (const auto* part : {&consumer, &producer, &mask})
            if (!*part) return part->error();
        const std::array<std::uint64_t, 3> counters = {*consumer, *producer, *mask + 1};
        map_.key_size = sizeof(std::uint32_t);
        map_.value_size = sizeof(counters);
        if (std::byte* place = add(number_key(0), sizeof(counters), every_cpu); place != nullptr)
            std::memcpy(place, counters.data(), sizeof(counters));
        return {};
    }

    Result<void> struct_ops() {
        const auto value = kernel_.offset("bpf_struct_ops_map", "kvalue");
        if (!value) return value.error();
        map_.key_size = sizeof(std::uint32_t);
        const std::uint64_t size = kernel_.types().size(map_.kernel_value_type);
        if (size == 0 || size > AddressSpace::page_bytes * 16) return Error{"the kernel has no type for its value"};
        map_.value_size = static_cast<std::uint32_t>(size);
        if (auto added = add_from(number_key(0), map_.address + *value); !added) return added.error();
        return {};
    }

    // The value of a stack is its addresses, zeros behind its end.
    Result<void> stack_trace() {
        const auto count = kernel_.member<std::uint32_t>(map_.address, "bpf_stack_map", "n_buckets");
        const auto buckets = kernel_.offset("bpf_stack_map", "buckets");
        const auto number = kernel_.offset("stack_map_bucket", "nr");
        const auto data = kernel_.offset("stack_map_bucket", "data");
        if (!count) return count.error();
        for (const auto* part : {&buckets, &number, &data})
            if (!*part) return part->error();
        map_.key_size = sizeof(std::uint32_t);
        for (std::uint32_t i = 0; i < std::min<std::uint32_t>(*count, most_buckets); ++i) {
            const auto bucket = memory_.get<std::uint64_t>(map_.address + *buckets + std::uint64_t{i} * 8);
            if (!bucket) return bucket.error();
            if (auto more = step(); !more) return more;
            if (*bucket == 0) continue;
            const auto frames = memory_.get<std::uint32_t>(*bucket + *number);
            if (!frames) return frames.error();
            std::byte* place = add(number_key(i), map_.value_size, every_cpu);
            if (place == nullptr) return {};
            const std::size_t size = std::min<std::size_t>(map_.value_size, std::size_t{*frames} * 8);
            if (auto read = memory_.read(*bucket + *data, {place, size}); !read) return read.error();
        }
        return {};
    }

    const GuestKernel& kernel_;
    const AddressSpace& memory_;
    const std::vector<std::uint64_t>& per_cpu_offsets_;
    const CaptureLimits& limits_;
    CaptureLimits& left_; // of all maps: bytes and steps
    RawMap& map_;
};

Result<RawMap> describe_map(const GuestKernel& kernel, ProgramTypes& types, std::uint64_t address) {
    const auto type = kernel.types().find_struct("bpf_map");
    if (!type) return Error{"the kernel has no struct bpf_map: it is built without BPF"};
    RawMap map;
    map.address = address;
    std::uint64_t btf = 0;
    const auto number = [&](const char* member, auto& out) -> Result<void> {
        const auto value = kernel.member<std::remove_reference_t<decltype(out)>>(address, "bpf_map", member);
        if (!value) return value.error();
        out = *value;
        return {};
    };
    for (const auto& read : {number("map_type", map.type), number("id", map.id), number("key_size", map.key_size),
                             number("value_size", map.value_size), number("max_entries", map.max_entries),
                             number("btf_key_type_id", map.key_type), number("btf_value_type_id", map.value_type),
                             number("btf_vmlinux_value_type_id", map.kernel_value_type), number("btf", btf)})
        if (!read) return read.error();
    const auto name = kernel.offset("bpf_map", "name");
    if (!name) return name.error();
    std::array<std::byte, BPF_OBJ_NAME_LEN> text{};
    if (auto read = kernel.memory().read(address + *name, text); !read) return read.error();
    map.name = text_from(text);
    map.btf = types.copy(kernel, btf);
    return map;
}

} // namespace

std::uint32_t ProgramTypes::copy(const GuestKernel& kernel, std::uint64_t address) {
    if (address == 0) return 0;
    const auto id = kernel.member<std::uint32_t>(address, "btf", "id");
    if (!id) return 0;
    const auto [place, is_new] = known_.try_emplace(*id);
    if (!is_new) return *id;
    Known& fresh = place->second;
    const auto data = kernel.member<std::uint64_t>(address, "btf", "data");
    const auto size = kernel.member<std::uint32_t>(address, "btf", "data_size");
    fresh.unreadable = !data || !size || *size > std::min(most_btf_bytes, bytes_left_);
    if (fresh.unreadable) return *id;
    bytes_left_ -= *size;
    fresh.raw.resize(*size);
    fresh.unreadable = !kernel.memory().read(*data, std::as_writable_bytes(std::span(fresh.raw)));
    return *id;
}

const TypeInfo* ProgramTypes::types(std::uint32_t btf) {
    const auto found = known_.find(btf);
    if (found == known_.end() || found->second.unreadable) return nullptr;
    Known& known = found->second;
    if (known.types == nullptr) {
        auto parsed = TypeInfo::parse(known.raw, "the BPF program with BTF " + std::to_string(btf));
        known.unreadable = !parsed;
        if (parsed) known.types = std::make_unique<TypeInfo>(std::move(*parsed));
    }
    return known.types.get();
}

Result<std::vector<RawMap>> copy_maps(const GuestKernel& kernel, int cpus, ProgramTypes& types,
                                      const CaptureLimits& limits) {
    const auto idr = kernel.symbol("map_idr");
    const auto tree = kernel.offset("idr", "idr_rt");
    if (!idr) return idr.error();
    if (!tree) return tree.error();
    const auto addresses = xarray_entries(kernel, *idr + *tree, limits.maps);
    if (!addresses) return addresses.error();
    std::vector<std::uint64_t> per_cpu_offsets;
    for (int cpu = 0; cpu < cpus; ++cpu) {
        const auto offset = kernel.per_cpu_offset(cpu);
        if (!offset) return offset.error();
        per_cpu_offsets.push_back(*offset);
    }
    std::vector<RawMap> maps;
    CaptureLimits left = limits;
    for (const std::uint64_t address : *addresses) {
        auto map = describe_map(kernel, types, address);
        if (!map) return map.error();
        if (auto copied = MapCopier(kernel, per_cpu_offsets, limits, left, *map).entries(); !copied) {
            map->absent = copied.error().message;
            left.bytes += map->bytes.size();
            map->entries = {};
            map->bytes = {};
        }
        map->bytes.shrink_to_fit(); // of a map that is much emptier than it could be
        map->entries.shrink_to_fit();
        maps.push_back(std::move(*map));
    }
    return maps;
}

std::string_view map_type_name(std::uint32_t type) {
    static constexpr std::array<std::string_view, 34> names = {"unspec",
                                                               "hash",
                                                               "array",
                                                               "prog_array",
                                                               "perf_event_array",
                                                               "percpu_hash",
                                                               "percpu_array",
                                                               "stack_trace",
                                                               "cgroup_array",
                                                               "lru_hash",
                                                               "lru_percpu_hash",
                                                               "lpm_trie",
                                                               "array_of_maps",
                                                               "hash_of_maps",
                                                               "devmap",
                                                               "sockmap",
                                                               "cpumap",
                                                               "xskmap",
                                                               "sockhash",
                                                               "cgroup_storage",
                                                               "reuseport_sockarray",
                                                               "percpu_cgroup_storage",
                                                               "queue",
                                                               "stack",
                                                               "sk_storage",
                                                               "devmap_hash",
                                                               "struct_ops",
                                                               "ringbuf",
                                                               "inode_storage",
                                                               "task_storage",
                                                               "bloom_filter",
                                                               "user_ringbuf",
                                                               "cgrp_storage",
                                                               "arena"};
    return type < names.size() ? names.at(type) : "a type of its own";
}

} // namespace ktstr::observe
