// SPDX-License-Identifier: GPL-2.0-only
// Where the fields of a BPF object's data lie, by the object's own BTF.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"

struct bpf_map;
struct bpf_object;

namespace ktstr::scx {

// The initial value of the global variable `name` of `section` (".rodata", ".data", ".bss"). Before the load only.
Result<std::span<std::byte>> initial_value(bpf_object* object, const std::string& section, const std::string& name);

// The initial value of the field `name` of a struct_ops map, which is made from the struct `type`. Before the load
// only.
Result<std::span<std::byte>> initial_field(bpf_object* object, bpf_map* map, const std::string& type,
                                           const std::string& name);

// A section of a loaded object, as the BPF programs see it while they run.
class LiveSection {
  public:
    static Result<LiveSection> map(bpf_object* object, const std::string& section);
    LiveSection(LiveSection&& other) noexcept;
    LiveSection(const LiveSection&) = delete;
    LiveSection& operator=(const LiveSection&) = delete;
    LiveSection& operator=(LiveSection&&) = delete;
    ~LiveSection();

    // The bytes of the global variable `name`.
    [[nodiscard]] Result<std::span<const std::byte>> find(const std::string& name) const;

  private:
    LiveSection(bpf_object* object, std::string section, std::span<std::byte> memory)
        : object_(object), section_(std::move(section)), memory_(memory) {}

    bpf_object* object_;
    std::string section_;
    std::span<std::byte> memory_;
};

} // namespace ktstr::scx
