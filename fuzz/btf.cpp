// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/btf.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "fuzz/targets.h"
#include "vmm/observe/render.h"
#include "vmm/observe/type_info.h"

namespace ktstr::fuzz {

namespace {

constexpr std::uint32_t most_types = 200;
constexpr std::size_t most_elements = 500;

// Everything that is asked of a type.
std::string try_type(const observe::TypeInfo& types, std::uint32_t id, std::span<const std::byte> bytes) {
    (void)types.size(id);
    (void)types.type_name(id);
    (void)types.member(id, "no such member");
    for (const auto& name : types.member_names(id))
        if (!types.member(id, name)) return "a member that is listed cannot be found: " + name;
    observe::RenderOptions options;
    options.elements = most_elements;
    options.follow = [bytes](std::uint64_t, std::size_t size) {
        return size <= bytes.size() ? std::optional<observe::Bytes>(observe::Bytes(bytes.begin(), bytes.end()))
                                    : std::nullopt;
    };
    const auto rendered = observe::render(&types, id, bytes, options);
    (void)rendered.dump(); // throws on a text that is not UTF-8
    (void)observe::scalar(types, id, bytes);
    return {};
}

} // namespace

std::string try_btf(std::string_view input) {
    std::uint32_t size = 0;
    if (input.size() < sizeof(size)) return {};
    std::memcpy(&size, input.data(), sizeof(size));
    input.remove_prefix(sizeof(size));
    const auto types = observe::TypeInfo::parse(input.substr(0, size), "a program");
    if (!types) return types.error().message.empty() ? "types are refused without a reason" : "";
    const auto value = input.substr(std::min<std::size_t>(size, input.size()));
    for (const char* path : {"nr_running", "scx.nr_running", "a.b.c", ".."}) (void)types->offset("rq", path);
    (void)types->find_variable("runqueues");
    (void)types->enumerator("scx_enable_state", "SCX_DISABLED");
    for (std::uint32_t id = 0; id <= std::min(btf__type_cnt(types->raw()), most_types); ++id)
        if (auto fault = try_type(*types, id, std::as_bytes(std::span(value))); !fault.empty()) return fault;
    return {};
}

} // namespace ktstr::fuzz
