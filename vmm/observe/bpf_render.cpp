// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <linux/btf.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "vmm/observe/bpf_maps.h"

namespace ktstr::observe {

using nlohmann::json;

namespace {

constexpr std::size_t most_elements = 20'000'000; // of all maps: twice what 64 MiB hold of numbers of 8 bytes
constexpr std::size_t compared_bytes = 64;        // of struct sched_ext_ops: its first eight callbacks

std::string text_at(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes.first(std::min<std::size_t>(bytes.size(), 128))) {
        const char c = static_cast<char>(byte);
        if (c == '\0') break;
        text += c >= ' ' && c <= '~' ? c : '?';
    }
    return text;
}

std::span<const std::byte> value_of(const RawMap& map, const MapEntry& entry) {
    return std::span(map.bytes).subspan(entry.value, map.value_size);
}

class MapsRenderer {
  public:
    MapsRenderer(const GuestKernel& kernel, const std::vector<RawMap>& maps, ProgramTypes& types,
                 const std::optional<ActiveScheduler>& active)
        : kernel_(kernel), maps_(maps), types_(types), owners_(map_owners(kernel, maps, active)) {
        options_.all = &elements_left_;
        options_.follow = [this](std::uint64_t address, std::size_t size) { return in_arena(address, size); };
    }

    json result() {
        json maps = json::array();
        json variables = json::array();
        for (const auto& map : maps_) {
            const TypeInfo* types = map.btf != 0 ? types_.types(map.btf) : nullptr;
            const btf_type* section = types != nullptr ? types->type(map.value_type) : nullptr;
            if (map.type == BPF_MAP_TYPE_ARRAY && section != nullptr && btf_kind(section) == BTF_KIND_DATASEC)
                add_variables(map, *types, *section, variables);
            else
                maps.push_back(one(map, types));
        }
        return {{"maps", std::move(maps)}, {"variables", std::move(variables)}};
    }

  private:
    [[nodiscard]] std::span<const std::byte> key_of(const RawMap& map, const MapEntry& entry) const {
        return std::span(map.bytes).subspan(entry.key, map.key_size);
    }

    void add_variables(const RawMap& map, const TypeInfo& types, const btf_type& section, json& variables) {
        const auto found = owners_.find(map.btf);
        const Owner owner = found == owners_.end() ? Owner{} : found->second;
        const auto value = map.entries.empty() ? std::span<const std::byte>() : value_of(map, map.entries.front());
        for (std::uint32_t i = 0; i < btf_vlen(&section); ++i) {
            const btf_var_secinfo& place = btf_var_secinfos(&section)[i];
            const btf_type* variable = btf__type_by_id(types.raw(), place.type);
            if (variable == nullptr || btf_kind(variable) != BTF_KIND_VAR) continue;
            json one = {{"name", types.text(variable->name_off)}, {"scheduler", owner.name}, {"live", owner.live}};
            if (map.entries.empty())
                one["value"] = {{"@absent", map.absent}};
            else if (place.offset > value.size() || place.size > value.size() - place.offset)
                one["value"] = {{"@absent", "it lies outside of its section"}};
            else
                one["value"] = render(&types, variable->type, value.subspan(place.offset, place.size), options_);
            variables.push_back(std::move(one));
        }
    }

    json one(const RawMap& map, const TypeInfo* types) {
        json result = {{"name", map.name}, {"type", map_type_name(map.type)}, {"id", map.id}};
        if (const auto owner = owners_.find(map.btf); owner != owners_.end()) result["scheduler"] = owner->second.name;
        if (!map.absent.empty()) result[map.partly ? "note" : "absent"] = map.absent;
        if (!map.absent.empty() && !map.partly) return result;
        json entries = json::array();
        for (const auto& entry : map.entries) {
            json shown = {{"key", render(types, map.key_type, key_of(map, entry), options_)},
                          {"value", value(map, types, value_of(map, entry))}};
            if (entry.cpu != every_cpu) shown["cpu"] = entry.cpu;
            entries.push_back(std::move(shown));
        }
        result["entries"] = std::move(entries);
        return result;
    }

    json value(const RawMap& map, const TypeInfo* types, std::span<const std::byte> bytes) {
        if (map.type == BPF_MAP_TYPE_STRUCT_OPS) return render(&kernel_.types(), map.kernel_value_type, bytes);
        if (map.type == BPF_MAP_TYPE_STACK_TRACE) return frames(bytes);
        if (map.type == BPF_MAP_TYPE_RINGBUF || map.type == BPF_MAP_TYPE_USER_RINGBUF) {
            std::array<std::uint64_t, 3> counters{};
            std::memcpy(counters.data(), bytes.data(), std::min(bytes.size(), sizeof(counters)));
            return {{"consumer_pos", counters[0]}, {"producer_pos", counters[1]}, {"size", counters[2]}};
        }
        return render(types, map.value_type, bytes, options_);
    }

    [[nodiscard]] json frames(std::span<const std::byte> bytes) const {
        json list = json::array();
        for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
            std::uint64_t address = 0;
            std::memcpy(&address, bytes.data() + at, sizeof(address));
            if (address == 0) break;
            const std::string name = kernel_.describe(address);
            list.push_back(name.empty() ? hex(address) : name);
        }
        return list;
    }

    // Pointers into an arena are followed: its pages have been captured. Programs see them at the user's addresses,
    // or as the low half of these.
    [[nodiscard]] std::optional<Bytes> in_arena(std::uint64_t address, std::size_t size) const {
        for (const auto& map : maps_) {
            if (map.type != BPF_MAP_TYPE_ARENA || map.entries.empty()) continue;
            const std::uint64_t distance = address - map.arena_begin;
            const std::uint64_t offset = address >> 32U == 0 ? distance & 0xffffffffU : distance;
            const auto page = static_cast<std::uint32_t>(offset / AddressSpace::page_bytes);
            const std::size_t in_page = offset % AddressSpace::page_bytes;
            if (offset / AddressSpace::page_bytes >= map.max_entries || in_page + size > AddressSpace::page_bytes)
                continue;
            for (const auto& entry : map.entries) {
                std::uint32_t number = 0;
                std::memcpy(&number, map.bytes.data() + entry.key, sizeof(number));
                if (number != page) continue;
                const auto bytes = value_of(map, entry).subspan(in_page, size);
                return Bytes(bytes.begin(), bytes.end());
            }
        }
        return std::nullopt;
    }

    const GuestKernel& kernel_;
    const std::vector<RawMap>& maps_;
    ProgramTypes& types_;
    std::map<std::uint32_t, Owner> owners_;
    RenderOptions options_;
    std::size_t elements_left_ = most_elements;
};

} // namespace

// 6.12 keeps a copy of the ops in `scx_ops`; later `scx_root` points to a struct scx_sched that begins with them
// (kernel/sched/ext.c, kernel/sched/ext/). The state has the enumerators ..._DISABLED in both.
std::optional<ActiveScheduler> active_scheduler(const GuestKernel& kernel) {
    std::optional<std::int64_t> disabled = kernel.types().enumerator("scx_enable_state", "SCX_DISABLED");
    if (!disabled) disabled = kernel.types().enumerator("scx_ops_enable_state", "SCX_OPS_DISABLED");
    auto state_at = kernel.symbol("scx_enable_state_var");
    if (!state_at) state_at = kernel.symbol("scx_ops_enable_state_var");
    const auto name_at = kernel.offset("sched_ext_ops", "name");
    if (!disabled || !state_at || !name_at) return std::nullopt;
    const auto state = kernel.memory().get<std::int32_t>(*state_at);
    if (!state || *state == *disabled) return std::nullopt;

    std::uint64_t ops = 0;
    if (const auto root = kernel.symbol("scx_root")) {
        const auto pointer = kernel.memory().get<std::uint64_t>(*root);
        const auto inside = kernel.offset("scx_sched", "ops");
        if (!pointer || *pointer == 0 || !inside) return std::nullopt;
        ops = *pointer + *inside;
    } else if (const auto copy = kernel.symbol("scx_ops")) {
        ops = *copy;
    } else {
        return std::nullopt;
    }
    ActiveScheduler active;
    active.ops.resize(compared_bytes);
    std::array<std::byte, 128> name{};
    if (!kernel.memory().read(ops, active.ops) || !kernel.memory().read(ops + *name_at, name)) return std::nullopt;
    active.name = text_at(name);
    return active;
}

std::map<std::uint32_t, Owner> map_owners(const GuestKernel& kernel, const std::vector<RawMap>& maps,
                                          const std::optional<ActiveScheduler>& active) {
    std::map<std::uint32_t, Owner> owners;
    const auto data = kernel.offset("bpf_struct_ops_value", "data");
    const auto name = kernel.offset("sched_ext_ops", "name");
    if (!data || !name) return owners;
    for (const auto& map : maps) {
        if (map.type != BPF_MAP_TYPE_STRUCT_OPS || map.entries.empty() || map.btf == 0 ||
            *data + *name >= map.value_size)
            continue;
        const auto ops = value_of(map, map.entries.front()).subspan(*data);
        Owner owner{text_at(ops.subspan(*name))};
        owner.live = active && active->name == owner.name && ops.size() >= active->ops.size() &&
                     std::equal(active->ops.begin(), active->ops.end(), ops.begin());
        owners[map.btf] = std::move(owner);
    }
    return owners;
}

json render_maps(const GuestKernel& kernel, const std::vector<RawMap>& maps, ProgramTypes& types,
                 const std::optional<ActiveScheduler>& active) {
    return MapsRenderer(kernel, maps, types, active).result();
}

} // namespace ktstr::observe
