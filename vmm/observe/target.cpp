// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/target.h"

#include <bpf/btf.h>
#include <linux/bpf.h>
#include <linux/btf.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace ktstr::observe {

namespace {

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// A component of a path: ".name" or "[3]".
struct Component {
    std::string_view name; // empty: an index
    std::uint64_t index = 0;
};

Result<Component> next_component(std::string_view& rest) {
    Component component;
    if (rest.starts_with('[')) {
        const auto end = rest.find(']');
        const auto parsed = std::from_chars(rest.data() + 1, rest.data() + std::min(end, rest.size()), component.index);
        if (end == std::string_view::npos || parsed.ec != std::errc{} || parsed.ptr != rest.data() + end)
            return Error{"'" + std::string(rest) + "' is no index"};
        rest.remove_prefix(end + 1);
    } else {
        component.name = rest.substr(0, rest.find_first_of(".["));
        if (component.name.empty()) return Error{"a name is missing at '" + std::string(rest) + "'"};
        rest.remove_prefix(component.name.size());
    }
    if (rest.starts_with('.')) rest.remove_prefix(1);
    return component;
}

// A pointer's target in place of the pointer.
Result<Place> through_pointer(const GuestKernel& kernel, Place place, const std::string& done) {
    const btf_type* type = place.types->type(place.type);
    if (type == nullptr || btf_kind(type) != BTF_KIND_PTR) return place;
    const auto address = kernel.memory().get<std::uint64_t>(place.address);
    if (!address) return address.error();
    if (*address == 0) return Error{"'" + done + "' is a null pointer"};
    return Place{*address, place.types->size(type->type), place.types, type->type};
}

Result<Place> step_into(const Place& place, const Component& component, const std::string& done) {
    const btf_type* type = place.types->type(place.type);
    const std::string what = done.empty() ? "it" : "'" + done + "'";
    if (component.name.empty()) {
        if (type == nullptr || btf_kind(type) != BTF_KIND_ARRAY)
            return Error{what + " is no array: it is a " + place.types->type_name(place.type)};
        const auto* shape = btf_array(type);
        const std::uint64_t size = place.types->size(shape->type);
        if (component.index >= shape->nelems)
            return Error{what + " has " + std::to_string(shape->nelems) + " elements, no [" +
                         std::to_string(component.index) + "]"};
        return Place{place.address + component.index * size, size, place.types, shape->type};
    }
    const auto member = place.types->member(place.type, component.name);
    if (!member) {
        const auto names = place.types->member_names(place.type);
        return Error{
            "component '" + std::string(component.name) + "' not found" +
            (done.empty() ? "" : " after '" + done + "'") +
            (names.empty() ? ": it is a " + place.types->type_name(place.type) : " (members: " + listed(names) + ")")};
    }
    if (member->bits == 0)
        return Place{place.address + member->bit_offset / 8, place.types->size(member->type), place.types,
                     member->type};
    const auto shift = static_cast<unsigned>(member->bit_offset % 8);
    if (shift + member->bits > 64)
        return Error{"'" + std::string(component.name) + "' is a bit field of " + std::to_string(member->bits) +
                     " bits, which is not read"};
    return Place{place.address + member->bit_offset / 8,
                 (shift + member->bits + 7) / 8,
                 place.types,
                 member->type,
                 shift,
                 member->bits};
}

} // namespace

Result<Place> follow(const GuestKernel& kernel, const Place& from, std::string_view path) {
    Place place = from;
    std::string done;
    std::string_view rest = path;
    while (!rest.empty()) {
        auto component = next_component(rest);
        if (!component) return component.error();
        auto target = through_pointer(kernel, place, done);
        if (!target) return target.error();
        auto next = step_into(*target, *component, done);
        if (!next) return next.error();
        place = *next;
        if (component->name.empty())
            done += "[" + std::to_string(component->index) + "]";
        else
            done += (done.empty() ? "" : ".") + std::string(component->name);
    }
    return place;
}

Result<Place> find_place(const GuestKernel& kernel, const plan::KernelTarget& target, int task_pid) {
    using Kind = plan::KernelTarget::Kind;
    const TypeInfo& types = kernel.types();
    if (target.kind == Kind::address)
        return Place{target.address + target.offset, static_cast<std::uint64_t>(target.bytes)};
    if (target.kind == Kind::task) {
        const auto task = kernel.task(task_pid);
        if (!task) return task.error();
        const auto type = types.find_struct("task_struct");
        if (!type) return Error{"the kernel has no struct task_struct"};
        return follow(kernel, {*task, types.size(*type), &types, *type}, target.field);
    }
    const auto address =
        target.kind == Kind::per_cpu ? kernel.per_cpu(target.symbol, target.cpu) : kernel.symbol(target.symbol);
    if (!address) return address.error();
    if (target.field.empty()) return Place{*address + target.offset, static_cast<std::uint64_t>(target.bytes)};
    // Debian's pahole records per-CPU variables only; of others the type is not known.
    const auto type = types.find_variable(target.symbol);
    if (!type)
        return Error{"the type of '" + target.symbol + "' is not in the kernel's BTF, so '" + target.field +
                         "' cannot be found in it",
                     "read it without a field, with an offset and a size"};
    return follow(kernel, {*address, types.size(*type), &types, *type}, target.field);
}

Result<Place> find_global(const GuestKernel& kernel, int cpus, ProgramTypes& types, std::string_view path) {
    // Of the maps only what describes them is needed, not their entries.
    const auto maps = copy_maps(kernel, cpus, types, {.entries = 1});
    if (!maps) return maps.error();
    const auto active = active_scheduler(kernel);
    if (!active) return Error{"no sched_ext scheduler is attached"};
    const auto owners = map_owners(kernel, *maps, active);
    const auto value = kernel.offset("bpf_array", "value");
    if (!value) return value.error();
    std::vector<std::string> names;
    for (const auto& map : *maps) {
        const auto owner = owners.find(map.btf);
        if (owner == owners.end() || !owner->second.live || map.type != BPF_MAP_TYPE_ARRAY) continue;
        const TypeInfo* program = types.types(map.btf);
        const btf_type* section = program == nullptr ? nullptr : program->type(map.value_type);
        if (section == nullptr || btf_kind(section) != BTF_KIND_DATASEC) continue;
        const bool constant = program->text(section->name_off) == ".rodata";
        for (std::uint32_t i = 0; i < btf_vlen(section); ++i) {
            const btf_var_secinfo& place = btf_var_secinfos(section)[i];
            const btf_type* variable = btf__type_by_id(program->raw(), place.type);
            if (variable == nullptr || btf_kind(variable) != BTF_KIND_VAR) continue;
            const std::string_view name = program->text(variable->name_off);
            const bool begins = path.starts_with(name) &&
                                (path.size() == name.size() || path[name.size()] == '.' || path[name.size()] == '[');
            if (!begins) {
                if (!constant && names.size() < 40) names.emplace_back(name);
                continue;
            }
            if (constant)
                return Error{"'" + std::string(name) + "' of the scheduler '" + active->name +
                             "' is a constant (.rodata): it cannot change after the load"};
            std::string_view rest = path.substr(name.size());
            if (rest.starts_with('.')) rest.remove_prefix(1);
            return follow(kernel, {map.address + *value + place.offset, place.size, program, variable->type}, rest);
        }
    }
    return Error{"the scheduler '" + active->name + "' has no global '" + std::string(path) + "'",
                 names.empty() ? "" : "it has: " + listed(names)};
}

Result<nlohmann::json> read_place(const GuestKernel& kernel, const Place& place) {
    if (place.bytes == 0 || place.bytes > (1U << 20U))
        return Error{"a value of " + std::to_string(place.bytes) + " bytes is not read"};
    Bytes bytes(place.bytes);
    if (auto read = kernel.memory().read(place.address, bytes); !read) return read.error();
    if (place.bits == 0) return render(place.types, place.type, bytes);
    std::uint64_t raw = 0;
    std::memcpy(&raw, bytes.data(), std::min(bytes.size(), sizeof(raw)));
    raw >>= place.bit_shift;
    return nlohmann::json(place.bits >= 64 ? raw : raw & ((1ULL << place.bits) - 1));
}

Result<void> write_place(const GuestKernel& kernel, const Place& place, std::int64_t value) {
    const std::uint64_t size = place.bytes;
    const unsigned bits = place.bits != 0 ? place.bits : static_cast<unsigned>(size) * 8;
    if (size != 1 && size != 2 && size != 4 && size != 8 && place.bits == 0)
        return Error{"a value of " + std::to_string(size) + " bytes cannot be written: only numbers can"};
    if (place.types != nullptr) {
        const btf_type* type = place.types->type(place.type);
        const auto kind = type == nullptr ? 0U : btf_kind(type);
        if (kind != BTF_KIND_INT && kind != BTF_KIND_ENUM && kind != BTF_KIND_ENUM64)
            return Error{"it is a " + place.types->type_name(place.type) + ": only numbers can be written"};
    }
    if (bits < 64 && (value >= (1LL << bits) || value < -(1LL << (bits - 1))))
        return Error{std::to_string(value) + " does not fit in " + std::to_string(bits) + " bits"};
    auto raw = static_cast<std::uint64_t>(value);
    if (place.bits != 0) {
        Bytes old(size);
        if (auto read = kernel.memory().read(place.address, old); !read) return read;
        std::uint64_t around = 0;
        std::memcpy(&around, old.data(), std::min<std::size_t>(size, 8));
        const std::uint64_t mask = ((1ULL << place.bits) - 1) << place.bit_shift;
        raw = (around & ~mask) | ((raw << place.bit_shift) & mask);
    }
    return kernel.memory().write(place.address,
                                 std::as_bytes(std::span(&raw, 1)).first(std::min<std::size_t>(size, 8)));
}

} // namespace ktstr::observe
