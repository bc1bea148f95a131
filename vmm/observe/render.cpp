// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/render.h"

#include <bpf/btf.h>
#include <linux/btf.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "vmm/observe/memory.h"

namespace ktstr::observe {

using nlohmann::json;

namespace {

constexpr int deepest = 32; // structs and arrays in each other
constexpr std::size_t shown_bytes = 4096;

std::uint64_t unsigned_of(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(value)));
    return value;
}

std::int64_t extended(std::uint64_t value, unsigned bits) {
    if (bits == 0 || bits >= 64) return static_cast<std::int64_t>(value);
    const std::uint64_t sign = 1ULL << (bits - 1);
    value &= (1ULL << bits) - 1;
    return static_cast<std::int64_t>((value ^ sign) - sign);
}

json raw_bytes(std::span<const std::byte> bytes) {
    std::string text;
    const auto shown = bytes.first(std::min(bytes.size(), shown_bytes));
    for (const std::byte byte : shown)
        for (const unsigned nibble : {std::to_integer<unsigned>(byte) >> 4U, std::to_integer<unsigned>(byte) & 15U})
            text += "0123456789abcdef"[nibble];
    json result = {{"@bytes", text}};
    if (shown.size() < bytes.size()) result["@absent"] = std::to_string(bytes.size() - shown.size()) + " more bytes";
    return result;
}

// A text ends at its first zero; what is not ASCII is replaced, so that the JSON is valid.
json text_of(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        const char c = static_cast<char>(byte);
        if (c == '\0') break;
        text += static_cast<unsigned char>(c) < 0x80 ? c : '?';
    }
    return text;
}

class Renderer {
  public:
    Renderer(const TypeInfo& types, const RenderOptions& options)
        : types_(types), options_(options), left_(options.elements) {}

    json value(std::uint32_t id, std::span<const std::byte> bytes, int depth, int pointers) {
        const btf_type* type = types_.type(id);
        if (type == nullptr) return raw_bytes(bytes);
        if (depth > deepest) return absent("nested too deep");
        if (!take()) return absent("too many elements");
        const std::uint64_t size = btf_kind(type) == BTF_KIND_FUNC_PROTO ? 0 : types_.size(id);
        if (size > bytes.size()) return absent("cut off");
        switch (btf_kind(type)) {
        case BTF_KIND_INT: return integer(type, bytes.first(size));
        case BTF_KIND_FLOAT: return real(bytes.first(size));
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64: return enumeration(type, bytes.first(size));
        case BTF_KIND_PTR: return pointer(type, bytes, depth, pointers);
        case BTF_KIND_ARRAY: return array(type, bytes.first(size), depth, pointers);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION: {
            json object = json::object();
            members(id, bytes.first(size), object, depth, pointers);
            return object;
        }
        default: return raw_bytes(bytes.first(size));
        }
    }

  private:
    [[nodiscard]] bool none_left() const { return left_ == 0 || (options_.all != nullptr && *options_.all == 0); }
    bool take() {
        if (none_left()) return false;
        left_ -= 1;
        if (options_.all != nullptr) *options_.all -= 1;
        return true;
    }

    static json integer(const btf_type* type, std::span<const std::byte> bytes) {
        const auto encoding = btf_int_encoding(type);
        if ((encoding & BTF_INT_BOOL) != 0) return unsigned_of(bytes) != 0;
        if (bytes.size() > sizeof(std::uint64_t)) return raw_bytes(bytes);
        if ((encoding & BTF_INT_SIGNED) != 0)
            return extended(unsigned_of(bytes), static_cast<unsigned>(bytes.size()) * 8);
        return unsigned_of(bytes);
    }

    static json real(std::span<const std::byte> bytes) {
        if (bytes.size() == sizeof(float)) {
            float number = 0;
            std::memcpy(&number, bytes.data(), sizeof(number));
            return number;
        }
        if (bytes.size() == sizeof(double)) {
            double number = 0;
            std::memcpy(&number, bytes.data(), sizeof(number));
            return number;
        }
        return raw_bytes(bytes);
    }

    [[nodiscard]] json enumeration(const btf_type* type, std::span<const std::byte> bytes) const {
        const bool is_signed = btf_kflag(type);
        const std::uint64_t raw = unsigned_of(bytes);
        const std::int64_t value = extended(raw, static_cast<unsigned>(bytes.size()) * 8);
        std::string_view name;
        for (std::uint32_t i = 0; i < btf_vlen(type) && name.empty(); ++i) {
            if (btf_is_enum64(type)) {
                if (btf_enum64_value(btf_enum64(type) + i) == raw) name = types_.text(btf_enum64(type)[i].name_off);
            } else if (static_cast<std::uint32_t>(btf_enum(type)[i].val) == static_cast<std::uint32_t>(raw)) {
                name = types_.text(btf_enum(type)[i].name_off);
            }
        }
        json result = {{"@enum", name}};
        result["@value"] = is_signed ? json(value) : json(raw);
        return result;
    }

    json pointer(const btf_type* type, std::span<const std::byte> bytes, int depth, int pointers) {
        if (bytes.size() < sizeof(std::uint64_t)) return absent("cut off");
        const std::uint64_t address = unsigned_of(bytes.first(sizeof(address)));
        json result = {{"@pointer", hex(address)}};
        if (address == 0 || pointers == 0 || !options_.follow) return result;
        const btf_type* target = types_.type(type->type);
        if (target == nullptr || btf_kind(target) == BTF_KIND_FUNC_PROTO) return result;
        const std::uint64_t size = types_.size(type->type);
        if (size == 0) return result;
        if (const auto there = options_.follow(address, size))
            result["@target"] = value(type->type, *there, depth + 1, pointers - 1);
        return result;
    }

    json array(const btf_type* type, std::span<const std::byte> bytes, int depth, int pointers) {
        const auto* shape = btf_array(type);
        const btf_type* element = types_.type(shape->type);
        const std::uint64_t size = types_.size(shape->type);
        if (element == nullptr || size == 0) return json::array();
        if (btf_kind(element) == BTF_KIND_INT && size == 1 && types_.type_name(shape->type) == "char")
            return text_of(bytes);
        json list = json::array();
        for (std::uint64_t at = 0; at + size <= bytes.size(); at += size) {
            list.push_back(value(shape->type, bytes.subspan(at, size), depth + 1, pointers));
            if (none_left()) break;
        }
        return list;
    }

    void members(std::uint32_t id, std::span<const std::byte> bytes, json& object, int depth, int pointers) {
        const btf_type* type = types_.type(id);
        if (depth > deepest) return;
        for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
            const btf_member& member = btf_members(type)[i];
            const std::uint64_t offset = btf_member_bit_offset(type, i);
            if (offset / 8 > bytes.size()) continue;
            const auto rest = bytes.subspan(offset / 8);
            const btf_type* inner = types_.type(member.type);
            if (member.name_off == 0) {
                if (inner == nullptr || !btf_is_composite(inner) || !take()) continue;
                const std::uint64_t size = std::min<std::uint64_t>(types_.size(member.type), rest.size());
                members(member.type, rest.first(size), object, depth + 1, pointers);
                continue;
            }
            const unsigned bits = btf_member_bitfield_size(type, i);
            object[std::string(types_.text(member.name_off))] =
                bits != 0 ? bit_field(inner, rest, offset % 8, bits) : value(member.type, rest, depth + 1, pointers);
        }
    }

    [[nodiscard]] json bit_field(const btf_type* type, std::span<const std::byte> bytes, std::uint64_t shift,
                                 unsigned bits) const {
        if (type == nullptr || bits > 64 || (shift + bits + 7) / 8 > std::min<std::size_t>(bytes.size(), 8))
            return absent("a bit field that is not in its struct");
        std::uint64_t raw = unsigned_of(bytes.first((shift + bits + 7) / 8)) >> shift;
        if (bits < 64) raw &= (1ULL << bits) - 1;
        if (btf_kind(type) == BTF_KIND_ENUM)
            return enumeration(type, std::as_bytes(std::span(&raw, 1)).first(sizeof(std::uint32_t)));
        if (btf_kind(type) == BTF_KIND_INT && (btf_int_encoding(type) & BTF_INT_BOOL) != 0) return raw != 0;
        if (btf_kind(type) == BTF_KIND_INT && (btf_int_encoding(type) & BTF_INT_SIGNED) != 0)
            return extended(raw, bits);
        return raw;
    }

    const TypeInfo& types_;
    const RenderOptions& options_;
    std::size_t left_;
};

} // namespace

json absent(const std::string& why) { return {{"@absent", why}}; }

json render(const TypeInfo* types, std::uint32_t type, std::span<const std::byte> bytes, const RenderOptions& options) {
    if (types != nullptr && type != 0) return Renderer(*types, options).value(type, bytes, 0, options.pointers);
    const std::size_t size = bytes.size();
    return size == 1 || size == 2 || size == 4 || size == 8 ? json(unsigned_of(bytes)) : raw_bytes(bytes);
}

std::optional<std::int64_t> scalar(const TypeInfo& types, std::uint32_t type, std::span<const std::byte> bytes) {
    const json value = render(&types, type, bytes);
    if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (value.is_object() && value.contains("@value")) return value["@value"].get<std::int64_t>();
    return std::nullopt;
}

} // namespace ktstr::observe
