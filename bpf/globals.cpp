// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/globals.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <cerrno>

namespace ktstr::scx {
namespace {

struct Place {
    std::size_t offset;
    std::size_t size;
};

Result<Place> place_of(bpf_object* object, const std::string& section, const std::string& name) {
    const btf* types = bpf_object__btf(object);
    const int id = btf__find_by_name_kind(types, section.c_str(), BTF_KIND_DATASEC);
    if (id < 0) return Error{"the BPF object has no section " + section};
    const btf_type* datasec = btf__type_by_id(types, static_cast<__u32>(id));
    for (int i = 0; i < btf_vlen(datasec); i++) {
        const btf_var_secinfo& variable = btf_var_secinfos(datasec)[i];
        const btf_type* type = btf__type_by_id(types, variable.type);
        if (name == btf__name_by_offset(types, type->name_off)) return Place{variable.offset, variable.size};
    }
    return Error{"the BPF object has no global '" + name + "' in " + section};
}

template <typename Byte>
Result<std::span<Byte>> cut(std::span<Byte> memory, const Place& place, const std::string& name) {
    if (place.offset + place.size > memory.size()) return Error{"the BPF object has no memory for '" + name + "'"};
    return memory.subspan(place.offset, place.size);
}

std::span<std::byte> initial_memory(const bpf_map* map) {
    std::size_t size = 0;
    void* data = map == nullptr ? nullptr : bpf_map__initial_value(map, &size);
    return data == nullptr ? std::span<std::byte>() : std::span<std::byte>(static_cast<std::byte*>(data), size);
}

} // namespace

Result<std::span<std::byte>> initial_value(bpf_object* object, const std::string& section, const std::string& name) {
    const Result<Place> place = place_of(object, section, name);
    if (!place) return place.error();
    return cut(initial_memory(bpf_object__find_map_by_name(object, section.c_str())), *place, name);
}

Result<std::span<std::byte>> initial_field(bpf_object* object, bpf_map* map, const std::string& type,
                                           const std::string& name) {
    const btf* types = bpf_object__btf(object);
    const int id = btf__find_by_name_kind(types, type.c_str(), BTF_KIND_STRUCT);
    if (id < 0) return Error{"the BPF object has no struct " + type};
    const btf_type* record = btf__type_by_id(types, static_cast<__u32>(id));
    for (__u32 i = 0; i < btf_vlen(record); i++) {
        const btf_member& member = btf_members(record)[i];
        if (name != btf__name_by_offset(types, member.name_off)) continue;
        const auto size = static_cast<std::size_t>(btf__resolve_size(types, member.type));
        return cut(initial_memory(map), Place{btf_member_bit_offset(record, i) / 8, size}, name);
    }
    return Error{"the struct " + type + " of the BPF object has no field '" + name + "'"};
}

Result<LiveSection> LiveSection::map(bpf_object* object, const std::string& section) {
    const bpf_map* map = bpf_object__find_map_by_name(object, section.c_str());
    if (map == nullptr) return Error{"the BPF object has no section " + section};
    const std::size_t size = bpf_map__value_size(map);
    void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
    if (memory == MAP_FAILED) return errno_error("map the BPF section", section, errno);
    return LiveSection(object, section, {static_cast<std::byte*>(memory), size});
}

LiveSection::LiveSection(LiveSection&& other) noexcept
    : object_(other.object_), section_(std::move(other.section_)), memory_(std::exchange(other.memory_, {})) {}

LiveSection::~LiveSection() {
    if (!memory_.empty()) munmap(memory_.data(), memory_.size());
}

Result<std::span<const std::byte>> LiveSection::find(const std::string& name) const {
    const Result<Place> place = place_of(object_, section_, name);
    if (!place) return place.error();
    return cut(std::span<const std::byte>(memory_), *place, name);
}

} // namespace ktstr::scx
