// SPDX-License-Identifier: GPL-2.0-only
// Bytes of a known type as JSON, in the form of docs/lua.md: structs are objects, arrays arrays, character arrays
// texts; {"@enum", "@value"}, {"@pointer", "@target"}, {"@bytes"} where there is no type, {"@absent"} where there are
// no bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/observe/type_info.h"

namespace ktstr::observe {

using Bytes = std::vector<std::byte>;

struct RenderOptions {
    // The bytes at an address, if they are there to be followed to; none: the pointer is shown only.
    std::function<std::optional<Bytes>(std::uint64_t address, std::size_t size)> follow = {};
    int pointers = 2;             // followed from each other, at most
    std::size_t elements = 65536; // of arrays and structs in one value, at most: what is beyond is "@absent"
    std::size_t* all = nullptr;   // the same, for all values rendered with these options: counted down
};

// What stands where there is nothing to show.
nlohmann::json absent(const std::string& why);

// `type` 0: there is no type; 1, 2, 4 and 8 bytes are numbers then.
nlohmann::json render(const TypeInfo* types, std::uint32_t type, std::span<const std::byte> bytes,
                      const RenderOptions& options = {});

// The number that a scalar's bytes hold, sign included; none for what is no number.
std::optional<std::int64_t> scalar(const TypeInfo& types, std::uint32_t type, std::span<const std::byte> bytes);

} // namespace ktstr::observe
