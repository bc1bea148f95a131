// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/stops.h"

namespace ktstr::format {

namespace {

using syntax::Kind;

// The most blanks that a column may cost: a keyword or a name that is longer than its neighbours by more than this does
// not take part.
constexpr std::uint32_t keyword_reach = 8;
constexpr std::uint32_t name_reach = 16;

// Keys of columns: neighbours share one only if their keys are equal.
enum Column : std::uint32_t { values = 1, holds = 2, equals_signs = 0x100, braces = 0x200 };

bool is_setting(Kind kind) {
    switch (kind) {
    case Kind::binary:
    case Kind::args:
    case Kind::config:
    case Kind::cgroup_parent:
    case Kind::enable:
    case Kind::disable:
    case Kind::requirement:
    case Kind::topology:
    case Kind::kernel_args:
    case Kind::output:
    case Kind::unit:
    case Kind::better:
    case Kind::files:
    case Kind::scheduler_use: return true;
    default:
        return (kind >= Kind::llcs && kind <= Kind::capture) || (kind >= Kind::scenarios && kind <= Kind::pids_max);
    }
}

bool is_definition(Kind kind) {
    return kind == Kind::let || kind == Kind::param || kind == Kind::work_declaration ||
           kind == Kind::topology_declaration || kind == Kind::sysctl || kind == Kind::scenario_declaration;
}

// Conditions and lists to walk over are too different to stand in columns.
bool has_head(Kind kind) { return kind != Kind::condition && kind != Kind::for_each && kind != Kind::repeat; }

std::uint32_t find(const std::vector<Token>& tokens, std::uint32_t begin, std::uint32_t end, Role role) {
    while (begin < end && tokens[begin].role != role) ++begin;
    return begin < end ? begin : none;
}

StopPlace equals_of(const std::vector<Token>& tokens, std::uint32_t begin, std::uint32_t end) {
    const bool is_private = tokens[begin].kind == Kind::private_declaration;
    const Kind kind = tokens[begin + (is_private ? 1 : 0)].kind;
    const std::uint32_t sign = begin + (is_private ? 3 : 2); // let x =
    if (!is_definition(kind) || sign >= end || tokens[sign].role != Role::equals) return {};
    return {sign, equals_signs + 2 * static_cast<std::uint32_t>(kind) + (is_private ? 1 : 0), name_reach};
}

StopPlaces block_stops(const std::vector<Token>& tokens, std::uint32_t begin, std::uint32_t brace) {
    const Kind kind = tokens[begin].kind;
    const StopPlace open = {brace, braces + static_cast<std::uint32_t>(kind), name_reach};
    if (kind != Kind::step) return {open, StopPlace{}};
    std::uint32_t hold = begin + 1; // for 50%
    while (hold < brace && tokens[hold].kind != Kind::hold) ++hold;
    return {StopPlace{hold, holds, name_reach}, open};
}

} // namespace

StopPlaces stops_of(const std::vector<Token>& tokens, std::uint32_t begin, std::uint32_t end, bool top) {
    const Kind kind = tokens[begin].kind;
    const std::uint32_t brace = find(tokens, begin, end, Role::open_block);
    if (brace != none) return has_head(kind) ? block_stops(tokens, begin, brace) : StopPlaces{};
    const StopPlace equals = equals_of(tokens, begin, end);
    if (top || !is_setting(kind)) return {equals, StopPlace{}};
    return {StopPlace{begin + 1, values, keyword_reach}, equals};
}

} // namespace ktstr::format
