// SPDX-License-Identifier: GPL-2.0-only
// The log of the BPF verifier, made short enough to be read.
#pragma once

#include <string>
#include <string_view>

namespace ktstr::report {

// The verifier walks through a loop turn by turn and writes down each: the same instructions again and again with other
// numbers. Of such a row of turns the first and the last are kept, and a line between them says how many there were
// and of which instructions they consist. Loops in loops are found from the inside out. All other lines stay as they
// are, in their order.
std::string collapse_loops(std::string_view log);

// Whether what a scheduler has written holds a log of the verifier.
bool has_verifier_log(std::string_view text);

// The verifier's last word on the program that it refused: "R0 invalid mem access 'map_value_or_null'". Empty if the
// text has no log of it.
std::string verifier_reason(std::string_view text);

// The program that libbpf says could not be loaded, of "libbpf: prog 'NAME': BPF program load failed: ..."; or empty.
std::string refused_program(std::string_view text);

} // namespace ktstr::report
