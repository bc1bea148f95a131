// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/capture.h"

namespace ktstr::ctprof {

namespace {

// In the order of HeapState.
constexpr std::array<std::string_view, heap_states> heap_names = {
    "read",       "kernel_thread", "no_jemalloc", "no_debug_information", "unknown_tls", "vanished",
    "permission", "not_stopped",   "unreadable"};

} // namespace

std::optional<Counter> counter_from_string(std::string_view name) {
    for (const auto& info : counters)
        if (info.name == name) return info.counter;
    return std::nullopt;
}

std::string_view to_string(HeapState state) { return heap_names.at(static_cast<std::size_t>(state)); }

std::optional<HeapState> heap_state_from_string(std::string_view name) {
    for (std::size_t i = 0; i < heap_names.size(); ++i)
        if (heap_names.at(i) == name) return static_cast<HeapState>(i);
    return std::nullopt;
}

} // namespace ktstr::ctprof
