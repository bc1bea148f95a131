// SPDX-License-Identifier: GPL-2.0-only
#include "report/verifier_log.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/lines.h"

namespace ktstr::report {

namespace {

constexpr std::size_t longest_turn = 400; // items; a loop with a longer body stays as it is
constexpr int most_passes = 4;            // loops in loops
constexpr std::size_t fewest_turns = 3;   // first, last, and something to leave out
constexpr std::size_t fewest_left_out = 2;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "12" of "12: (85) call ..." and of "12: R0=...": what the line is about. Empty: no instruction.
std::string_view instruction_of(std::string_view line) {
    std::size_t end = 0;
    while (end < line.size() && is_digit(line[end])) ++end;
    return end > 0 && line.substr(end).starts_with(": ") ? line.substr(0, end) : std::string_view();
}

std::string without_numbers(std::string_view line) {
    std::string shape;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (!is_digit(line[i])) {
            shape += line[i];
            continue;
        }
        while (i + 1 < line.size() &&
               (std::isxdigit(static_cast<unsigned char>(line[i + 1])) != 0 || line[i + 1] == 'x'))
            ++i;
        shape += '#';
    }
    return shape;
}

// Where the registers behind an instruction begin: "...  ; R1=7", or "... goto pc+5 23: R0=..." at a jump.
std::size_t registers_at(std::string_view line, std::size_t from) {
    std::size_t end = std::min(line.find(" ; ", from), line.size());
    for (const std::string_view mark : {": R", ": frame"})
        if (const auto at = line.find(mark, from); at != std::string_view::npos && is_digit(line[at - 1]))
            end = std::min(end, at);
    while (end > from && line[end - 1] == ' ') --end;
    return end;
}

// What two lines have in common if they say the same of two turns of a loop (kernel/bpf/verifier.c,
// print_verifier_state and print_bpf_insn): an instruction without the registers behind it, the place of a state
// without the state, a line of the source as it is, anything else without its numbers.
std::string shape_of(std::string_view line) {
    const auto number = instruction_of(line);
    if (!number.empty()) {
        const auto rest = line.substr(number.size() + 2);
        if (!rest.starts_with('(')) return std::string(number) + ": state";
        return std::string(line.substr(0, registers_at(line, number.size() + 2)));
    }
    if (line.starts_with("from ")) return std::string(line.substr(0, line.find(": ")));
    if (line.starts_with(";")) return std::string(line);
    return without_numbers(line);
}

// A line, or the turns of a loop.
struct Item {
    std::uint64_t shape = 0;
    std::string_view line = {};
    struct Loop;
    std::shared_ptr<const Loop> loop = nullptr;
};

struct Item::Loop {
    std::vector<Item> first;
    std::vector<Item> last;
    std::size_t turns = 0;
};

// Hashes of all beginnings of a list, so that two parts of it are compared in one step.
class Parts {
  public:
    explicit Parts(const std::vector<Item>& items) : sums_(items.size() + 1), powers_(items.size() + 1, 1) {
        for (std::size_t i = 0; i < items.size(); ++i) {
            sums_[i + 1] = sums_[i] * base + mixed(items[i].shape);
            powers_[i + 1] = powers_[i] * base;
        }
    }
    [[nodiscard]] bool equal(std::size_t a, std::size_t b, std::size_t length) const {
        return hash(a, length) == hash(b, length);
    }

  private:
    static constexpr std::uint64_t base = 0x9E3779B97F4A7C15ULL;
    static std::uint64_t mixed(std::uint64_t value) { // the finalizer of SplitMix64
        value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
        return value ^ (value >> 31U);
    }
    [[nodiscard]] std::uint64_t hash(std::size_t from, std::size_t length) const {
        return sums_[from + length] - sums_[from] * powers_[length];
    }
    std::vector<std::uint64_t> sums_;
    std::vector<std::uint64_t> powers_;
};

struct Turns {
    std::size_t length = 0; // of one, in items
    std::size_t count = 0;
};

// The loop with the shortest turn that begins at this item; none: count is 0.
Turns turns_at(const std::vector<Item>& items, const Parts& parts, std::size_t at) {
    const std::size_t left = items.size() - at;
    for (std::size_t length = 1; length <= longest_turn && length * fewest_turns <= left; ++length) {
        if (items[at].shape != items[at + length].shape) continue;
        if (!parts.equal(at, at + length, length * (fewest_turns - 1))) continue;
        std::size_t count = fewest_turns;
        while ((count + 1) * length <= left && parts.equal(at, at + count * length, length)) ++count;
        if ((count - 2) * length >= fewest_left_out) return {length, count};
    }
    return {};
}

// Shapes as numbers, the same for the same.
class Shapes {
  public:
    std::uint64_t of_line(std::string_view line) { return number(shape_of(line)); }
    // A loop is known by its turn, however many of them there are.
    std::uint64_t of_loop(const std::vector<Item>& turn) {
        std::string text = "loop";
        for (const auto& item : turn) text += " " + std::to_string(item.shape);
        return number(std::move(text));
    }

  private:
    std::uint64_t number(std::string shape) {
        return known_.try_emplace(std::move(shape), known_.size()).first->second;
    }
    std::unordered_map<std::string, std::uint64_t> known_;
};

// One pass; whether there was a loop.
bool collapse(std::vector<Item>& items, Shapes& shapes) {
    const Parts parts(items);
    std::vector<Item> out;
    bool found = false;
    for (std::size_t at = 0; at < items.size();) {
        const Turns turns = turns_at(items, parts, at);
        if (turns.count == 0) {
            out.push_back(std::move(items[at++]));
            continue;
        }
        const auto turn = [&](std::size_t number) {
            const auto begin = items.begin() + static_cast<std::ptrdiff_t>(at + number * turns.length);
            return std::vector<Item>(begin, begin + static_cast<std::ptrdiff_t>(turns.length));
        };
        auto loop = std::make_shared<Item::Loop>(Item::Loop{turn(0), turn(turns.count - 1), turns.count});
        const std::uint64_t shape = shapes.of_loop(loop->first);
        out.push_back({.shape = shape, .loop = std::move(loop)});
        at += turns.length * turns.count;
        found = true;
    }
    items = std::move(out);
    return found;
}

// The lowest and the highest instruction of a turn.
struct Range {
    std::uint64_t low = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t high = 0;
    void add(const std::vector<Item>& items) {
        for (const auto& item : items) {
            if (item.loop) add(item.loop->first);
            const auto number = instruction_of(item.line);
            if (number.empty() || number.size() > 9) continue;
            low = std::min<std::uint64_t>(low, std::stoul(std::string(number)));
            high = std::max<std::uint64_t>(high, std::stoul(std::string(number)));
        }
    }
};

void write(const std::vector<Item>& items, std::string& out);

void write(const Item::Loop& loop, std::string& out) {
    write(loop.first, out);
    Range range;
    range.add(loop.first);
    const std::size_t left_out = loop.turns - 2;
    out += "    [" + std::to_string(left_out) + (left_out == 1 ? " more turn" : " more turns") + " of the same loop";
    if (range.low <= range.high)
        out += ", instructions " + std::to_string(range.low) + " to " + std::to_string(range.high);
    out += "; the last of " + std::to_string(loop.turns) + ":]\n";
    write(loop.last, out);
}

void write(const std::vector<Item>& items, std::string& out) {
    for (const auto& item : items) {
        if (item.loop)
            write(*item.loop, out);
        else
            out.append(item.line).append("\n");
    }
}

} // namespace

std::string collapse_loops(std::string_view log) {
    Shapes shapes;
    std::vector<Item> items;
    for (const auto line : lines_of(log)) items.push_back({.shape = shapes.of_line(line), .line = line});
    for (int pass = 0; pass < most_passes && collapse(items, shapes); ++pass) {
    }
    std::string text;
    write(items, text);
    return text;
}

// It ends with "processed 12 insns (limit 1000000) max_states_per_insn 0 ...", also where it refuses.
bool has_verifier_log(std::string_view text) {
    for (const auto line : lines_of(text))
        if (line.starts_with("processed ") && line.find(" insns (limit ") != std::string_view::npos) return true;
    return false;
}

std::string verifier_reason(std::string_view text) {
    std::string_view reason;
    for (const auto line : lines_of(text)) {
        if (line.starts_with("processed ") && line.find(" insns (limit ") != std::string_view::npos)
            return std::string(reason);
        const bool is_mark = line.starts_with("libbpf: ");
        if (!line.empty() && !is_mark) reason = line;
    }
    return {};
}

std::string refused_program(std::string_view text) {
    constexpr std::string_view before = "libbpf: prog '";
    for (const auto line : lines_of(text)) {
        if (!line.starts_with(before) || line.find("BPF program load failed") == std::string_view::npos) continue;
        const auto rest = line.substr(before.size());
        return std::string(rest.substr(0, std::min(rest.find('\''), rest.size())));
    }
    return {};
}

} // namespace ktstr::report
