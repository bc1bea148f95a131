// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/render.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "made_guest.h"

namespace ktstr::observe {

namespace {

using nlohmann::json;

template <typename Value> Bytes bytes_of(const Value& value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    return {raw.begin(), raw.end()};
}

} // namespace

TEST_CASE("scalars, texts, enums and pointers are what docs/lua.md says") {
    made::Types made;
    const int state = made.enumeration("state", {{"DISABLED", 0}, {"ENABLED", 2}});
    const int text = made.array(made.character, 8);
    const int to_u32 = made.pointer_to(made.u32);
    const auto types = made.parsed();
    const auto shown = [&types](int type, const Bytes& bytes) {
        return render(&types, static_cast<std::uint32_t>(type), bytes);
    };
    CHECK(shown(made.u64, bytes_of(~std::uint64_t{0})) == json(18446744073709551615ULL));
    CHECK(shown(made.s32, bytes_of(std::int32_t{-5})) == json(-5));
    CHECK(shown(made.boolean, bytes_of(std::uint8_t{1})) == json(true));
    CHECK(shown(state, bytes_of(std::uint32_t{2})) == json({{"@enum", "ENABLED"}, {"@value", 2}}));
    CHECK(shown(state, bytes_of(std::uint32_t{7})) == json({{"@enum", ""}, {"@value", 7}}));
    CHECK(shown(text, bytes_of(std::array<char, 8>{'r', 'o', 'o', 't', 0, 'x', 0, 0})) == json("root"));
    CHECK(shown(text, bytes_of(std::array<char, 8>{'\xff', 'a', 0})) == json("?a"));
    CHECK(shown(to_u32, bytes_of(std::uint64_t{0xffff888003a41000})) == json({{"@pointer", "0xffff888003a41000"}}));
    CHECK(shown(made.u64, bytes_of(std::uint32_t{1})) == json({{"@absent", "cut off"}}));
}

TEST_CASE("a struct has its members, those of anonymous ones inside it, and bit fields") {
    made::Types made;
    const int inner = made.structure("", 8, {{"a", made.u32, 0}, {"b", made.u32, 0}}, true);
    const int whole = made.structure("whole", 24,
                                     {{"id", made.u32, 0},
                                      {"low", made.u32, 4, 3, 0},
                                      {"high", made.s32, 4, 5, 3},
                                      {"", inner, 8},
                                      {"list", made.array(made.u16, 2), 16}});
    const auto types = made.parsed();
    Bytes bytes(24);
    const std::array<std::uint32_t, 4> words = {9, 0b10110'101, 77, 0};
    std::memcpy(bytes.data(), words.data(), sizeof(words));
    const std::array<std::uint16_t, 2> list = {1, 2};
    std::memcpy(bytes.data() + 16, list.data(), sizeof(list));
    CHECK(render(&types, static_cast<std::uint32_t>(whole), bytes) ==
          json({{"id", 9}, {"low", 5}, {"high", -10}, {"a", 77}, {"b", 77}, {"list", {1, 2}}}));
}

TEST_CASE("pointers are followed as far as asked, and no further") {
    made::Types made;
    const int forward = made.pointer_to(made.u32);
    const int node = made.structure("node", 16, {{"id", made.u32, 0}, {"next", forward, 8}});
    const auto types = made.parsed();
    RenderOptions options;
    options.follow = [](std::uint64_t address, std::size_t size) -> std::optional<Bytes> {
        if (address != 0x1000 || size != 4) return std::nullopt;
        return bytes_of(std::uint32_t{5});
    };
    Bytes bytes(16);
    const std::uint64_t there = 0x1000;
    std::memcpy(bytes.data() + 8, &there, sizeof(there));
    CHECK(render(&types, static_cast<std::uint32_t>(node), bytes, options)["next"] ==
          json({{"@pointer", "0x1000"}, {"@target", 5}}));
    options.pointers = 0;
    CHECK(render(&types, static_cast<std::uint32_t>(node), bytes, options)["next"] == json({{"@pointer", "0x1000"}}));
}

TEST_CASE("bytes without a type are a number, or bytes") {
    CHECK(render(nullptr, 0, bytes_of(std::uint16_t{513})) == json(513));
    CHECK(render(nullptr, 0, Bytes{std::byte{0xab}, std::byte{1}, std::byte{2}}) == json({{"@bytes", "ab0102"}}));
}

TEST_CASE("a value of very many elements is cut off, and says so") {
    made::Types made;
    const int list = made.array(made.u8, 1000);
    const auto types = made.parsed();
    const json shown = render(&types, static_cast<std::uint32_t>(list), Bytes(1000), {.elements = 10});
    CHECK(shown.size() < 20);
}

TEST_CASE("types that have each other many times over are looked through once, and shown in part") {
    made::Types made;
    int inner = made.structure("", 8, {{"value", made.u64, 0}});
    for (int level = 0; level < 20; ++level) inner = made.structure("", 8, std::vector<made::Field>(8, {"", inner, 0}));
    const auto types = made.parsed();
    const auto id = static_cast<std::uint32_t>(inner);
    CHECK_FALSE(types.member(id, "missing"));
    CHECK(types.member(id, "value"));
    CHECK(types.member_names(id) == std::vector<std::string>{"value"});
    CHECK(render(&types, id, bytes_of(std::uint64_t{5}), {.elements = 1000}).contains("value"));
}

TEST_CASE("all values that are rendered together have one limit") {
    made::Types made;
    const int list = made.array(made.u32, 4);
    const auto types = made.parsed();
    std::size_t left = 7;
    const RenderOptions options{.all = &left};
    const Bytes bytes(16);
    CHECK(render(&types, static_cast<std::uint32_t>(list), bytes, options) == json({0, 0, 0, 0}));
    CHECK(render(&types, static_cast<std::uint32_t>(list), bytes, options) == json(std::vector<int>{0}));
    CHECK(render(&types, static_cast<std::uint32_t>(list), bytes, options) == json({{"@absent", "too many elements"}}));
}

TEST_CASE("BTF with names that no kernel gives is refused") {
    made::Types made;
    made.structure("plain", 8, {{"a", made.u64, 0}});
    std::string bytes = made.bytes();
    bytes[bytes.find("plain")] = '\x80';
    CHECK(TypeInfo::parse(bytes, "odd").error().message == "the BTF of odd is damaged: its names cannot be read");
}

TEST_CASE("damaged BTF is refused or read, and never crashes") {
    made::Types made;
    const int inner = made.structure("inner", 8, {{"a", made.u32, 0}, {"b", made.s32, 4}});
    made.structure("outer", 40, {{"list", made.array(inner, 4), 0}, {"next", made.pointer_to(inner), 32}});
    made.enumeration("state", {{"A", 0}, {"B", 1}});
    const std::string good = made.bytes();
    std::mt19937 random(3); // NOLINT(cert-msc51-cpp): the same cases every time
    const Bytes bytes(64);
    for (int round = 0; round < 3000; ++round) {
        std::string damaged = good;
        for (std::size_t i = 0; i < 1 + random() % 3; ++i)
            damaged[random() % damaged.size()] = static_cast<char>(random());
        if (random() % 8 == 0) damaged.resize(random() % damaged.size());
        const auto types = TypeInfo::parse(damaged, "damaged");
        if (!types) continue;
        for (std::uint32_t id = 0; id < 20; ++id) {
            (void)render(&*types, id, bytes).dump(-1, ' ', false, json::error_handler_t::replace);
            (void)types->member(id, "b");
            (void)types->member_names(id);
        }
    }
    SUCCEED();
}

} // namespace ktstr::observe
