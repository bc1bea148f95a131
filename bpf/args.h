// SPDX-License-Identifier: GPL-2.0-only
// The command line of scx_ktstr.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ktstr::scx {

enum class Fault { none, stall, crash, slow, unfair, verify, loop, overrun, exit, hang, exit_late };

struct Options {
    bool help = false;
    std::uint64_t slice_us = 5000; // 10..1000000
    Fault fault = Fault::none;
    std::uint64_t fault_after_ms = 1000; // 0..3600000, counted from the attach
    std::uint64_t spin_ns = 0;           // burnt in each call of enqueue and dispatch, 0..10000000
    std::string stats_socket = "/var/run/scx/root/stats";
    std::uint64_t fill = 0; // entries of each of the maps that are there to be looked at, 0..100000; 0: there are none
    std::string config;     // the file that further options were read from
    std::uint64_t exit_dump_len = 16384; // bytes that the kernel may use for its dump, 1024..16777216
    std::uint64_t timeout_ms = 0; // the kernel's watchdog, 1..30000; 0 = 2000 with the stall fault, else the kernel's
};

// Refuses an unknown option or fault, a missing value, one that is no number or out of its range, and a word that is
// no option.
Result<Options> parse_arguments(int count, char* const* arguments);

std::string help_text();

} // namespace ktstr::scx
