// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/type_info.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ktstr::observe {

namespace {

constexpr int most_layers = 32;        // of typedefs and qualifiers, of anonymous structs in each other
constexpr std::size_t most_names = 40; // in a message

bool is_layer(const btf_type* type) {
    switch (btf_kind(type)) {
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_CONST:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG: return true;
    default: return false;
    }
}

// The kernel takes no other names from a program, and a compiler gives its own none: what has them is damaged.
bool has_plain_names(std::string_view bytes) {
    btf_header header{};
    if (bytes.size() < sizeof(header)) return false;
    std::memcpy(&header, bytes.data(), sizeof(header));
    const std::uint64_t begin = std::uint64_t{header.hdr_len} + header.str_off;
    if (header.magic != BTF_MAGIC || begin > bytes.size()) return false;
    const auto names = bytes.substr(begin, header.str_len);
    return std::all_of(names.begin(), names.end(), [](char c) { return c == '\0' || (c >= ' ' && c <= '~'); });
}

} // namespace

TypeInfo::TypeInfo(std::unique_ptr<btf, Free> object, std::string name)
    : btf_(std::move(object)), name_(std::move(name)) {
    const std::uint32_t count = btf__type_cnt(btf_.get());
    for (std::uint32_t id = 1; id < count; ++id) {
        const btf_type* type = btf__type_by_id(btf_.get(), id);
        const std::string_view own = text(type->name_off);
        if (own.empty()) continue;
        switch (btf_kind(type)) {
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION: structs_.emplace(own, id); break;
        case BTF_KIND_ENUM: enums_.emplace(own, id); break;
        case BTF_KIND_VAR: variables_.emplace(own, id); break;
        default: break;
        }
    }
}

void TypeInfo::Free::operator()(btf* object) const { btf__free(object); }

Result<TypeInfo> TypeInfo::parse(std::string_view bytes, const std::string& name, const TypeInfo* base) {
    if (bytes.size() > (256U << 20U)) return Error{"the BTF of " + name + " is too large"};
    if (!has_plain_names(bytes)) return Error{"the BTF of " + name + " is damaged: its names cannot be read"};
    const auto size = static_cast<std::uint32_t>(bytes.size());
    libbpf_set_print(nullptr); // what it has against the bytes is told in one line below
    std::unique_ptr<btf, Free> object(base == nullptr ? btf__new(bytes.data(), size)
                                                      : btf__new_split(bytes.data(), size, base->btf_.get()));
    if (!object) return Error{"the BTF of " + name + " cannot be read: " + std::strerror(errno)};
    return TypeInfo(std::move(object), name);
}

std::uint32_t TypeInfo::resolve(std::uint32_t id) const {
    for (int layer = 0; layer < most_layers; ++layer) {
        const btf_type* type = btf__type_by_id(btf_.get(), id);
        if (type == nullptr || !is_layer(type)) return type == nullptr ? 0 : id;
        id = type->type;
    }
    return 0;
}

const btf_type* TypeInfo::type(std::uint32_t id) const {
    const std::uint32_t resolved = resolve(id);
    return resolved == 0 ? nullptr : btf__type_by_id(btf_.get(), resolved);
}

std::string_view TypeInfo::text(std::uint32_t offset) const {
    const char* text = btf__str_by_offset(btf_.get(), offset);
    return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string TypeInfo::type_name(std::uint32_t id) const {
    const btf_type* own = btf__type_by_id(btf_.get(), id);
    if (own == nullptr || id == 0) return "void";
    if (btf_kind(own) == BTF_KIND_TYPEDEF) return std::string(text(own->name_off));
    const btf_type* type = this->type(id);
    if (type == nullptr) return "void";
    const std::string name(text(type->name_off));
    switch (btf_kind(type)) {
    case BTF_KIND_STRUCT: return name.empty() ? "struct" : "struct " + name;
    case BTF_KIND_UNION: return name.empty() ? "union" : "union " + name;
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64: return name.empty() ? "enum" : "enum " + name;
    case BTF_KIND_PTR: return "pointer";
    case BTF_KIND_ARRAY: return "array";
    default: return name;
    }
}

std::uint64_t TypeInfo::size(std::uint32_t id) const {
    const auto bytes = btf__resolve_size(btf_.get(), id);
    return bytes < 0 ? 0 : static_cast<std::uint64_t>(bytes);
}

namespace {

std::optional<std::uint32_t> find_in(const std::unordered_map<std::string_view, std::uint32_t>& names,
                                     std::string_view name) {
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

} // namespace

std::optional<std::uint32_t> TypeInfo::find_struct(std::string_view name) const { return find_in(structs_, name); }

std::optional<std::uint32_t> TypeInfo::find_variable(std::string_view name) const {
    const auto id = find_in(variables_, name);
    return id ? std::optional(btf__type_by_id(btf_.get(), *id)->type) : std::nullopt;
}

std::optional<std::int64_t> TypeInfo::enumerator(std::string_view enum_name, std::string_view name) const {
    const auto id = find_in(enums_, enum_name);
    if (!id) return std::nullopt;
    const btf_type* type = btf__type_by_id(btf_.get(), *id);
    for (std::uint32_t i = 0; i < btf_vlen(type); ++i)
        if (text(btf_enum(type)[i].name_off) == name) return btf_enum(type)[i].val;
    return std::nullopt;
}

std::vector<std::pair<std::string, std::int64_t>> TypeInfo::enumerators_beside(std::string_view name) const {
    std::vector<std::pair<std::string, std::int64_t>> found;
    for (std::uint32_t id = 1; id < btf__type_cnt(btf_.get()); ++id) {
        const btf_type* type = btf__type_by_id(btf_.get(), id);
        if (btf_kind(type) != BTF_KIND_ENUM) continue;
        bool here = false;
        for (std::uint32_t i = 0; i < btf_vlen(type) && !here; ++i) here = text(btf_enum(type)[i].name_off) == name;
        if (!here) continue;
        for (std::uint32_t i = 0; i < btf_vlen(type); ++i)
            found.emplace_back(text(btf_enum(type)[i].name_off), btf_enum(type)[i].val);
        break;
    }
    return found;
}

std::optional<TypeInfo::Member> TypeInfo::member(std::uint32_t id, std::string_view name) const {
    struct Pending {
        std::uint32_t type;
        std::uint64_t bit_offset;
        int depth;
    };
    std::vector<Pending> pending{{id, 0, 0}};
    std::unordered_set<std::uint32_t> seen; // types can be in each other, and in themselves
    while (!pending.empty()) {
        const Pending here = pending.back();
        pending.pop_back();
        const btf_type* type = this->type(here.type);
        if (type == nullptr || !btf_is_composite(type) || here.depth > most_layers) continue;
        if (!seen.insert(resolve(here.type)).second) continue;
        for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
            const btf_member& member = btf_members(type)[i];
            const std::uint64_t offset = here.bit_offset + btf_member_bit_offset(type, i);
            if (member.name_off == 0)
                pending.push_back({member.type, offset, here.depth + 1});
            else if (text(member.name_off) == name)
                return Member{member.type, offset, btf_member_bitfield_size(type, i)};
        }
    }
    return std::nullopt;
}

std::vector<std::string> TypeInfo::member_names(std::uint32_t id) const {
    std::vector<std::string> names;
    std::unordered_set<std::uint32_t> seen;
    add_member_names(id, 0, names, seen);
    return names;
}

void TypeInfo::add_member_names(std::uint32_t id, int depth, std::vector<std::string>& names,
                                std::unordered_set<std::uint32_t>& seen) const {
    const btf_type* type = this->type(id);
    if (type == nullptr || !btf_is_composite(type) || depth > most_layers || !seen.insert(resolve(id)).second) return;
    for (std::uint32_t i = 0; i < btf_vlen(type) && names.size() < most_names; ++i) {
        const btf_member& member = btf_members(type)[i];
        if (member.name_off != 0)
            names.emplace_back(text(member.name_off));
        else
            add_member_names(member.type, depth + 1, names, seen);
    }
}

Result<std::uint64_t> TypeInfo::offset(std::string_view struct_name, std::string_view path) const {
    const auto found = find_struct(struct_name);
    if (!found) return Error{"the kernel has no struct " + std::string(struct_name)};
    std::uint32_t type = *found;
    std::uint64_t bits = 0;
    std::string_view rest = path;
    while (!rest.empty()) {
        const auto dot = std::min(rest.find('.'), rest.size());
        const auto member = this->member(type, rest.substr(0, dot));
        if (!member)
            return Error{"struct " + std::string(struct_name) + " of this kernel has no member " + std::string(path)};
        bits += member->bit_offset;
        type = member->type;
        rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    return bits / 8;
}

} // namespace ktstr::observe
