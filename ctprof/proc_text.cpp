// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/proc_text.h"

#include <charconv>

namespace ktstr::ctprof {

namespace {

constexpr std::uint64_t pf_kthread = 0x00200000; // include/linux/sched.h

// Words between blanks, one after the other.
class Words {
  public:
    explicit Words(std::string_view text) : text_(text) {}
    std::string_view next() {
        const auto begin = text_.find_first_not_of(" \t\n");
        if (begin == std::string_view::npos) return {};
        text_.remove_prefix(begin);
        const auto word = text_.substr(0, text_.find_first_of(" \t\n"));
        text_.remove_prefix(word.size());
        return word;
    }
    [[nodiscard]] std::string_view rest() const { return text_; }

  private:
    std::string_view text_;
};

// Cuts the first line off `text`.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

template <typename Integer> bool read_integer(std::string_view word, Integer& out, int base = 10) {
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), out, base);
    return code == std::errc() && end == word.data() + word.size() && !word.empty();
}

bool next_count(Words& words, std::optional<std::uint64_t>& out) {
    std::uint64_t value = 0;
    if (!read_integer(words.next(), value)) return false;
    out = value;
    return true;
}

std::string policy_name(unsigned number) {
    constexpr std::array<std::string_view, 8> names = {"normal", "fifo", "rr", "batch", "", "idle", "deadline", "ext"};
    if (number < names.size() && !names.at(number).empty()) return std::string(names.at(number));
    return std::to_string(number);
}

std::uint64_t ticks_to_ns(std::uint64_t ticks, std::uint64_t per_second) {
    constexpr std::uint64_t ns_per_s = 1'000'000'000;
    return ticks / per_second * ns_per_s + ticks % per_second * ns_per_s / per_second;
}

// Field `number` of /proc/PID/stat, counted from 1 as in proc(5); from 3 on, after the name.
class StatFields {
  public:
    explicit StatFields(std::string_view text) {
        const auto open = text.find('(');
        const auto close = text.rfind(')');
        if (open == std::string_view::npos || close == std::string_view::npos || close < open) return;
        name_ = text.substr(open + 1, close - open - 1);
        Words words(text.substr(close + 1));
        for (auto word = words.next(); !word.empty(); word = words.next()) fields_.push_back(word);
    }
    [[nodiscard]] std::string_view name() const { return name_; }
    [[nodiscard]] std::string_view text(std::size_t number) const {
        return number >= 3 && number - 3 < fields_.size() ? fields_[number - 3] : std::string_view();
    }
    template <typename Integer> bool read(std::size_t number, Integer& out) const {
        return read_integer(text(number), out);
    }

  private:
    std::string_view name_;
    std::vector<std::string_view> fields_;
};

} // namespace

std::optional<std::uint64_t> parse_start_time(std::string_view text, std::uint64_t ticks_per_second) {
    std::uint64_t ticks = 0;
    if (!StatFields(text).read(22, ticks)) return std::nullopt;
    return ticks_to_ns(ticks, ticks_per_second);
}

bool parse_stat(std::string_view text, std::uint64_t ticks_per_second, Thread& thread) {
    const StatFields fields(text);
    std::uint64_t flags = 0;
    std::uint64_t minor = 0;
    std::uint64_t major = 0;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    std::uint64_t start = 0;
    unsigned policy = 0;
    const bool read = fields.read(4, thread.ppid) && fields.read(9, flags) && fields.read(10, minor) &&
                      fields.read(12, major) && fields.read(14, user) && fields.read(15, system) &&
                      fields.read(18, thread.priority) && fields.read(19, thread.nice) && fields.read(22, start) &&
                      fields.read(39, thread.cpu) && fields.read(40, thread.rt_priority) && fields.read(41, policy);
    if (!read || fields.text(3).size() != 1) return false;
    thread.thread = fields.name();
    thread.state = fields.text(3).front();
    thread.kernel_thread = (flags & pf_kthread) != 0;
    thread.start_time_ns = ticks_to_ns(start, ticks_per_second);
    thread.policy = policy_name(policy);
    thread[Counter::minor_faults] = minor;
    thread[Counter::major_faults] = major;
    thread[Counter::user_ns] = ticks_to_ns(user, ticks_per_second);
    thread[Counter::system_ns] = ticks_to_ns(system, ticks_per_second);
    return true;
}

bool parse_status(std::string_view text, Thread& thread) {
    bool ids = false;
    while (!text.empty()) {
        const auto line = take_line(text); // the kernel escapes newlines in the name here
        Words words(line);
        const auto key = words.next();
        if (key == "Uid:")
            ids = read_integer(words.next(), thread.uid);
        else if (key == "Gid:")
            ids = read_integer(words.next(), thread.gid) && ids;
        else if (key == "Cpus_allowed_list:")
            thread.cpus_allowed = words.next();
        else if (key == "voluntary_ctxt_switches:")
            next_count(words, thread[Counter::voluntary_switches]);
        else if (key == "nonvoluntary_ctxt_switches:")
            next_count(words, thread[Counter::involuntary_switches]);
    }
    return ids;
}

bool parse_schedstat(std::string_view text, Thread& thread) {
    Words words(text);
    return next_count(words, thread[Counter::run_time_ns]) && next_count(words, thread[Counter::run_delay_ns]) &&
           next_count(words, thread[Counter::timeslices]);
}

namespace {

struct SchedKey {
    std::string_view key;
    Counter counter;
};

constexpr std::array sched_keys = {SchedKey{"se.nr_migrations", Counter::migrations},
                                   SchedKey{"nr_forced_migrations", Counter::forced_migrations},
                                   SchedKey{"wait_sum", Counter::wait_ns},
                                   SchedKey{"wait_count", Counter::wait_count},
                                   SchedKey{"sum_sleep_runtime", Counter::sleep_ns},
                                   SchedKey{"sum_block_runtime", Counter::block_ns},
                                   SchedKey{"iowait_sum", Counter::iowait_ns},
                                   SchedKey{"iowait_count", Counter::iowait_count},
                                   SchedKey{"nr_wakeups", Counter::wakeups},
                                   SchedKey{"nr_wakeups_sync", Counter::wakeups_sync},
                                   SchedKey{"nr_wakeups_migrate", Counter::wakeups_migrate},
                                   SchedKey{"nr_wakeups_local", Counter::wakeups_local},
                                   SchedKey{"nr_wakeups_remote", Counter::wakeups_remote}};

// A count as it is; a time, which is printed as ms with six digits behind the point ("%Ld.%06ld"), in ns.
std::optional<std::uint64_t> sched_value(std::string_view word) {
    const auto point = word.find('.');
    std::uint64_t whole = 0;
    if (!read_integer(word.substr(0, point), whole)) return std::nullopt; // negative ones too: clocks that disagree
    if (point == std::string_view::npos) return whole;
    std::uint64_t part = 0;
    const auto digits = word.substr(point + 1);
    if (digits.size() != 6 || !read_integer(digits, part) || whole > UINT64_MAX / 1'000'000 - 1) return std::nullopt;
    return whole * 1'000'000 + part;
}

// The names of older kernels begin with the structure's: se.statistics.wait_sum, se.statistics->wait_sum.
std::string_view without_structure(std::string_view key) {
    for (const std::string_view prefix : {"se.statistics.", "se.statistics->", "stats->"})
        if (key.starts_with(prefix)) return key.substr(prefix.size());
    return key;
}

} // namespace

bool parse_sched(std::string_view text, Thread& thread) {
    // The first line has the thread's name, which could look like anything, even like more lines; a rule of dashes
    // ends it, longer than any name.
    constexpr std::size_t longest_name = 64;
    bool begun = false;
    while (!text.empty()) {
        const auto line = take_line(text);
        if (!begun) {
            begun = line.size() >= longest_name && line.find_first_not_of('-') == std::string_view::npos;
            continue;
        }
        Words words(line);
        const auto key = without_structure(words.next());
        if (words.next() != ":") continue;
        for (const auto& known : sched_keys)
            if (known.key == key) {
                const auto value = sched_value(words.next());
                if (value) thread[known.counter] = value;
            }
    }
    return begun;
}

bool parse_io(std::string_view text, Thread& thread) {
    static constexpr std::array keys = {SchedKey{"rchar:", Counter::read_chars},
                                        SchedKey{"wchar:", Counter::write_chars},
                                        SchedKey{"syscr:", Counter::read_calls},
                                        SchedKey{"syscw:", Counter::write_calls},
                                        SchedKey{"read_bytes:", Counter::read_bytes},
                                        SchedKey{"write_bytes:", Counter::write_bytes},
                                        SchedKey{"cancelled_write_bytes:", Counter::cancelled_write_bytes}};
    bool any = false;
    while (!text.empty()) {
        Words words(take_line(text));
        const auto key = words.next();
        for (const auto& known : keys)
            if (known.key == key) any = next_count(words, thread[known.counter]) || any;
    }
    return any;
}

std::optional<std::string> parse_cgroup(std::string_view text) {
    while (!text.empty()) {
        auto line = take_line(text);
        if (!line.starts_with("0::")) continue;
        line.remove_prefix(3);
        constexpr std::string_view deleted = " (deleted)";
        if (line.ends_with(deleted)) line.remove_suffix(deleted.size());
        return std::string(line);
    }
    return std::nullopt;
}

std::vector<Mapping> parse_maps(std::string_view text) {
    std::vector<Mapping> mappings;
    while (!text.empty()) {
        Words words(take_line(text));
        const auto range = words.next();
        const auto permissions = words.next();
        Mapping mapping;
        std::uint32_t major = 0;
        std::uint32_t minor = 0;
        const bool has_offset = read_integer(words.next(), mapping.offset, 16);
        const auto device = words.next();
        const auto colon = device.find(':');
        if (colon == std::string_view::npos || permissions.size() < 4 || !has_offset ||
            !read_integer(range.substr(0, range.find('-')), mapping.start, 16) ||
            !read_integer(device.substr(0, colon), major, 16) || !read_integer(device.substr(colon + 1), minor, 16) ||
            !read_integer(words.next(), mapping.inode) || mapping.inode == 0)
            continue;
        mapping.device = (std::uint64_t{major} << 32U) | minor;
        mapping.executable = permissions[2] == 'x';
        mapping.map_file = range;
        const auto path = words.rest();
        if (const auto slash = path.find('/'); slash != std::string_view::npos) mapping.path = path.substr(slash);
        mappings.push_back(std::move(mapping));
    }
    return mappings;
}

void add_values(std::string_view text, const std::string& prefix, std::map<std::string, std::uint64_t>& values) {
    while (!text.empty()) {
        Words words(take_line(text));
        const auto first = words.next();
        const auto second = words.next();
        std::uint64_t value = 0;
        if (second.empty() ? read_integer(first, value) : read_integer(second, value))
            values[second.empty() ? prefix : prefix + "." + std::string(first)] = value;
    }
}

} // namespace ktstr::ctprof
