// SPDX-License-Identifier: GPL-2.0-only
// What the fuzzers try. Each takes any bytes and returns what was found wrong in this program, or nothing: a wrong
// input is none of its faults. Crashes, hangs and memory without bounds show by themselves.
#pragma once

#include <string>
#include <string_view>

namespace ktstr::fuzz {

// A .ktl text, compiled: each message must point into the text, and each plan must survive being written and read.
std::string try_ktl(std::string_view input);

// A value of -P, which meets parameters of several types.
std::string try_expression(std::string_view input);

// A plan file: what can be read must survive being written and read again.
std::string try_plan(std::string_view input);

// Writes into the memory of a small guest, in the form of fuzz/victim.h: whatever is looked at there must be read or be
// an error, within the limits that were given.
std::string try_memory(std::string_view input);

// BTF, and behind it the bytes of a value: its size in the first four bytes.
std::string try_btf(std::string_view input);

// By its first byte the payload of a frame of that type, or (0) a stream of frames.
std::string try_frames(std::string_view input);

// An answer over a scheduler's stats socket.
std::string try_stats(std::string_view input);

// By its first byte the text of a System.map, the .rodata of a kernel, or a kernel's file.
std::string try_symbols(std::string_view input);

// The content of an observed file, compressed or not, and the trace of a record with it.
std::string try_observed(std::string_view input);

// What a language model has answered.
std::string try_answer(std::string_view input);

} // namespace ktstr::fuzz
