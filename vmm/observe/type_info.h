// SPDX-License-Identifier: GPL-2.0-only
// Types by BTF (Documentation/bpf/btf.rst): of the kernel, of one of its modules, or of a BPF program. Parsed and
// checked by libbpf.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"

struct btf;
struct btf_type;

namespace ktstr::observe {

class TypeInfo {
  public:
    // `bytes` is raw BTF. `base`: what split BTF (a module's) builds on; it must outlive the result. `name` is for
    // messages.
    static Result<TypeInfo> parse(std::string_view bytes, const std::string& name, const TypeInfo* base = nullptr);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const btf* raw() const { return btf_.get(); }
    // The type without typedefs and qualifiers; null for void and ids that are none.
    [[nodiscard]] const btf_type* type(std::uint32_t id) const;
    [[nodiscard]] std::uint32_t resolve(std::uint32_t id) const; // the id of the same
    [[nodiscard]] std::string_view text(std::uint32_t offset) const;
    // "struct rq", "u64"; "void" for 0.
    [[nodiscard]] std::string type_name(std::uint32_t id) const;
    [[nodiscard]] std::uint64_t size(std::uint32_t id) const; // in bytes; 0: none
    // A struct or union of that name.
    [[nodiscard]] std::optional<std::uint32_t> find_struct(std::string_view name) const;
    // A variable (of a data section) of that name: its type.
    [[nodiscard]] std::optional<std::uint32_t> find_variable(std::string_view name) const;
    // The number of an enumerator, whatever its enum.
    [[nodiscard]] std::optional<std::int64_t> enumerator(std::string_view enum_name, std::string_view name) const;

    // All of the first enum that has an enumerator of that name: for enums without a name of their own.
    [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> enumerators_beside(std::string_view name) const;

    struct Member {
        std::uint32_t type = 0;
        std::uint64_t bit_offset = 0;
        std::uint32_t bits = 0; // of a bit field; 0: it is none
    };
    // A member by name, in anonymous structs and unions too; none if it has none.
    [[nodiscard]] std::optional<Member> member(std::uint32_t type, std::string_view name) const;
    [[nodiscard]] std::vector<std::string> member_names(std::uint32_t type) const;
    // Bytes from the begin of the struct to the member "a.b.c", no pointer in between.
    [[nodiscard]] Result<std::uint64_t> offset(std::string_view struct_name, std::string_view path) const;

  private:
    struct Free {
        void operator()(btf* object) const;
    };
    TypeInfo(std::unique_ptr<btf, Free> object, std::string name);
    void add_member_names(std::uint32_t type, int depth, std::vector<std::string>& names,
                          std::unordered_set<std::uint32_t>& seen) const;
    std::unique_ptr<btf, Free> btf_;
    std::string name_;
    std::unordered_map<std::string_view, std::uint32_t> structs_; // and unions; the first of a name
    std::unordered_map<std::string_view, std::uint32_t> enums_;
    std::unordered_map<std::string_view, std::uint32_t> variables_;
};

} // namespace ktstr::observe
