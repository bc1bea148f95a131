// SPDX-License-Identifier: GPL-2.0-only
#include "interp/check/literal.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "interp/diagnostics/suggest.h"

namespace ktstr::check {

namespace {

struct Unit {
    std::string_view name;
    Type type;
    std::int64_t factor;
};

constexpr Unit units[] = {
    {"ns", Type::duration, 1},
    {"us", Type::duration, 1'000},
    {"ms", Type::duration, 1'000'000},
    {"s", Type::duration, 1'000'000'000},
    {"min", Type::duration, 60'000'000'000},
    {"B", Type::size, 1},
    {"KiB", Type::size, 1 << 10},
    {"MiB", Type::size, 1 << 20},
    {"GiB", Type::size, 1 << 30},
    {"TiB", Type::size, std::int64_t{1} << 40},
};

const Unit* find_unit(std::string_view name) {
    const auto* found =
        std::find_if(std::begin(units), std::end(units), [&](const Unit& unit) { return unit.name == name; });
    return found == std::end(units) ? nullptr : found;
}

std::string unit_hint(std::string_view name) {
    const std::string lower = [&] {
        std::string text(name);
        std::transform(text.begin(), text.end(), text.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
        return text;
    }();
    if (lower == "k" || lower == "kb") return "did you mean `KiB`?";
    if (lower == "m" || lower == "mb") return "did you mean `MiB` or `min`?";
    if (lower == "g" || lower == "gb") return "did you mean `GiB`?";
    if (lower == "sec" || lower == "seconds") return "did you mean `s`?";
    std::vector<std::string> names;
    for (const auto& unit : units) names.emplace_back(unit.name);
    const std::string close = suggest(name, names);
    return close.empty() ? "units of time: ns, us, ms, s, min; of size: B, KiB, MiB, GiB, TiB" : close;
}

// A decimal number as digits: whole part, fraction digits and the power of ten they are over.
struct Decimal {
    std::uint64_t whole = 0;
    std::uint64_t fraction = 0;
    std::uint64_t scale = 1; // fraction / scale
    bool has_fraction = false;
    std::size_t length = 0; // bytes read

    [[nodiscard]] double value() const {
        return static_cast<double>(whole) + static_cast<double>(fraction) / static_cast<double>(scale);
    }
};

class LiteralReader {
  public:
    LiteralReader(Span span, Diagnostics& diagnostics) : span_(span), text_(span.text()), diagnostics_(diagnostics) {}

    std::optional<Value> number() {
        if (is_topology()) return topology();
        if (text_.front() == 'v') return version();
        if (text_.substr(0, 2) == "0x") return hexadecimal();
        const auto decimal = read_decimal();
        if (!decimal) return std::nullopt;
        const std::string_view rest = text_.substr(decimal->length);
        if (rest == "%") return Value{Type::percent, 0, decimal->value() / 100};
        if (!rest.empty() && rest.front() == '/') return rate(*decimal, rest.substr(1));
        if (!rest.empty()) return with_unit(*decimal, rest);
        if (decimal->has_fraction) return Value{Type::decimal, 0, decimal->value()};
        return whole(*decimal, Unit{"", Type::count, 1});
    }

  private:
    // Digits, then n, then a digit: no unit looks like this.
    [[nodiscard]] bool is_topology() const {
        const auto n = text_.find_first_not_of("0123456789");
        return n != std::string_view::npos && n + 1 < text_.size() && text_[n] == 'n' && text_[n + 1] >= '0' &&
               text_[n + 1] <= '9';
    }

    std::optional<Value> topology() {
        auto parsed = plan::parse_topology(text_);
        if (!parsed) return fail(Code::bad_literal, parsed.error().message, parsed.error().hint);
        Value value{Type::topology};
        value.topology = *parsed;
        return value;
    }

    // v6.14 or v6.14.2
    std::optional<Value> version() {
        std::int64_t parts[3] = {0, 0, 0};
        std::size_t count = 0;
        const char* at = text_.data() + 1;
        const char* end = text_.data() + text_.size();
        for (; count < 3 && at < end; ++count) {
            const auto [next, error] = std::from_chars(at, end, parts[count]);
            if (error != std::errc() || parts[count] > 999 || (next < end && *next != '.')) break;
            at = next < end ? next + 1 : next;
        }
        if (at < end || count < 2 || text_.back() == '.')
            return fail(Code::bad_literal, "this is not a version of the kernel", how_to_write(Type::version));
        return Value{Type::version, parts[0] * 1'000'000 + parts[1] * 1'000 + parts[2]};
    }

    std::optional<Value> hexadecimal() {
        std::uint64_t number = 0;
        const auto [next, error] = std::from_chars(text_.data() + 2, text_.data() + text_.size(), number, 16);
        if (next != text_.data() + text_.size() || text_.size() < 3)
            return error == std::errc::result_out_of_range
                       ? too_large()
                       : fail(Code::bad_literal, "this is not a hexadecimal number", "it is written as in 0xff");
        if (error == std::errc::result_out_of_range) return too_large();
        return Value{Type::count, static_cast<std::int64_t>(number)}; // an address of the kernel keeps its bits
    }

    // 12, 1_000, 1.5. Too many digits are an overflow.
    std::optional<Decimal> read_decimal() {
        Decimal decimal;
        for (; decimal.length < text_.size(); ++decimal.length) {
            const char c = text_[decimal.length];
            if (c == '_') continue;
            if (c == '.' && !decimal.has_fraction) {
                decimal.has_fraction = true;
                continue;
            }
            if (c < '0' || c > '9') break;
            std::uint64_t& part = decimal.has_fraction ? decimal.fraction : decimal.whole;
            if (__builtin_mul_overflow(part, 10U, &part) ||
                __builtin_add_overflow(part, static_cast<unsigned>(c - '0'), &part) ||
                (decimal.has_fraction && __builtin_mul_overflow(decimal.scale, 10U, &decimal.scale))) {
                too_large();
                return std::nullopt;
            }
        }
        return decimal;
    }

    std::optional<Value> rate(const Decimal& decimal, std::string_view unit_name) {
        const Unit* unit = find_unit(unit_name);
        return Value{Type::rate, 0, decimal.value() * 1e9 / static_cast<double>(unit->factor)};
    }

    std::optional<Value> with_unit(const Decimal& decimal, std::string_view name) {
        const Unit* unit = find_unit(name);
        if (name.front() == '.')
            return fail(Code::bad_literal, "`" + std::string(text_.substr(0, 40)) + "` is not a number",
                        how_to_write(Type::version));
        if (unit == nullptr)
            return fail(Code::bad_literal, "`" + std::string(name.substr(0, 40)) + "` is not a unit", unit_hint(name));
        return whole(decimal, *unit);
    }

    // The number in its base unit, exactly.
    std::optional<Value> whole(const Decimal& decimal, const Unit& unit) {
        const auto factor = static_cast<std::uint64_t>(unit.factor);
        const std::uint64_t common = std::gcd(factor, decimal.scale);
        std::uint64_t fraction = 0;
        std::uint64_t total = 0;
        if (__builtin_mul_overflow(decimal.fraction, factor / common, &fraction)) return too_large();
        if (fraction % (decimal.scale / common) != 0)
            return fail(Code::bad_literal,
                        "`" + std::string(text_) + "` is not a whole number of " +
                            (unit.type == Type::size ? "bytes" : "nanoseconds"),
                        "");
        fraction /= decimal.scale / common;
        if (__builtin_mul_overflow(decimal.whole, factor, &total) || __builtin_add_overflow(total, fraction, &total) ||
            total > static_cast<std::uint64_t>(INT64_MAX))
            return too_large();
        return Value{unit.type, static_cast<std::int64_t>(total)};
    }

    std::nullopt_t too_large() { return fail(Code::overflow, "the number is too large", ""); }
    std::nullopt_t fail(Code code, std::string message, std::string hint) {
        diagnostics_.add(code, span_, std::move(message), std::move(hint));
        return std::nullopt;
    }

    Span span_;
    std::string_view text_;
    Diagnostics& diagnostics_;
};

} // namespace

std::optional<Value> literal_value(Span literal, Diagnostics& diagnostics) {
    return LiteralReader(literal, diagnostics).number();
}

std::optional<Value> cpu_list_value(Span literal, Diagnostics& diagnostics) {
    auto parsed = plan::CpuSet::parse(literal.text());
    const bool fits = parsed.ok() && !parsed->empty() && parsed->members().back() < plan::max_cpus;
    if (!fits) {
        diagnostics.add(
            Code::bad_literal, literal,
            parsed.ok() ? "CPU numbers end at " + std::to_string(plan::max_cpus - 1)
                        : "`" + std::string(literal.text().substr(0, 60)) + "` is not a set of CPUs",
            parsed.ok() ? "" : "write it as in 0-3,7, each range upwards; a subtraction has blanks around its `-`");
        return std::nullopt;
    }
    Value value{Type::cpu_set};
    value.cpus.kind = model::CpuSetSpec::Kind::exact;
    value.cpus.exact = std::move(*parsed);
    return value;
}

} // namespace ktstr::check
