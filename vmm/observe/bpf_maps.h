// SPDX-License-Identifier: GPL-2.0-only
// The BPF maps of a guest, in two parts: copying out of its memory, while the vCPUs stand still, and making sense of
// the copy afterwards.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "vmm/observe/kernel.h"
#include "vmm/observe/render.h"

namespace ktstr::observe {

constexpr int every_cpu = -1;

struct MapEntry {
    std::size_t key = 0;   // where key and value begin in RawMap::bytes
    std::size_t value = 0; // their sizes are those of the map
    int cpu = every_cpu;
};

struct RawMap {
    std::uint64_t address = 0; // of its struct bpf_map
    std::uint32_t id = 0;
    std::uint32_t type = 0; // enum bpf_map_type
    std::string name;
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    std::uint32_t max_entries = 0;
    std::uint32_t key_type = 0;          // in the BTF of its program; 0: none
    std::uint32_t value_type = 0;        // the same
    std::uint32_t kernel_value_type = 0; // struct_ops: in the kernel's BTF
    std::uint64_t arena_begin = 0;       // arena: the address of its first page for programs
    std::uint32_t btf = 0;               // id of its BTF, which maps of one program share; 0: none
    std::vector<MapEntry> entries;
    Bytes bytes;
    std::string absent;  // why there are no entries, or no more than these
    bool partly = false; // there are some all the same
};

struct CaptureLimits {
    std::size_t maps = 4096;
    std::size_t entries = 100'000;  // of one map
    std::size_t bytes = 64U << 20U; // of all maps
    std::size_t steps = 50'000'000; // buckets, elements and pages that are looked at in all, some seconds at most
};

// Types of BPF programs that have been seen, by the id of their BTF. Serves all captures of a run.
class ProgramTypes {
  public:
    // Copies what is new, with the vCPUs stopped; parses later, in types(). The id of the struct btf at that address;
    // 0: it has none that could be read.
    std::uint32_t copy(const GuestKernel& kernel, std::uint64_t address);
    // Null: it could not be read.
    const TypeInfo* types(std::uint32_t btf);

  private:
    struct Known {
        std::string raw;
        std::unique_ptr<TypeInfo> types = {};
        bool unreadable = false;
    };
    std::map<std::uint32_t, Known> known_; // by id: the kernel gives each once
    std::size_t bytes_left_ = 64U << 20U;  // for all that is copied
};

// kernel/bpf/syscall.c: all maps are in `map_idr`. Layouts: struct bpf_array, bpf_htab (kernel/bpf/hashtab.c),
// bpf_local_storage_map, bpf_arena, bpf_ringbuf_map, bpf_struct_ops_map, bpf_stack_map.
Result<std::vector<RawMap>> copy_maps(const GuestKernel& kernel, int cpus, ProgramTypes& types,
                                      const CaptureLimits& limits);

std::string_view map_type_name(std::uint32_t type); // "percpu_hash"; "type 99"

// Whose ops the kernel runs right now: by sched_ext's own state. None: no scheduler is attached.
struct ActiveScheduler {
    std::string name; // struct sched_ext_ops::name
    Bytes ops;        // its first pointers, which tell it from another of the same name
};
std::optional<ActiveScheduler> active_scheduler(const GuestKernel& kernel);

// The programs of a scheduler share one BTF; its struct_ops map tells its name.
struct Owner {
    std::string name;  // struct sched_ext_ops::name
    bool live = false; // it is the active one
};
std::map<std::uint32_t, Owner> map_owners(const GuestKernel& kernel, const std::vector<RawMap>& maps,
                                          const std::optional<ActiveScheduler>& active); // by RawMap::btf

// {"maps": [...], "variables": [...]} of docs/lua.md.
nlohmann::json render_maps(const GuestKernel& kernel, const std::vector<RawMap>& maps, ProgramTypes& types,
                           const std::optional<ActiveScheduler>& active);

} // namespace ktstr::observe
