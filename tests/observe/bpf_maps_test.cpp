// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/bpf_maps.h"

#include <linux/bpf.h>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "made_guest.h"

namespace ktstr::observe {

namespace {

using nlohmann::json;

constexpr std::uint64_t value_offset = 128; // of struct bpf_array
constexpr std::uint64_t key_offset = 48;    // of struct htab_elem

// The kernel's structures with the members that are read, at places of our own.
class Maps {
  public:
    explicit Maps(int cpus = 2) : cpus_(cpus) {
        auto& t = guest.types;
        const int xarray = t.structure("xarray", 16, {{"xa_flags", t.u64, 0}, {"xa_head", t.pointer, 8}});
        t.structure("xa_node", 576, {{"shift", t.u8, 0}, {"slots", t.array(t.pointer, 64), 40}});
        t.structure("idr", 24, {{"idr_rt", xarray, 0}});
        const int map = t.structure("bpf_map", 96,
                                    {{"map_type", t.u32, 0},
                                     {"id", t.u32, 4},
                                     {"key_size", t.u32, 8},
                                     {"value_size", t.u32, 12},
                                     {"max_entries", t.u32, 16},
                                     {"btf_key_type_id", t.u32, 20},
                                     {"btf_value_type_id", t.u32, 24},
                                     {"btf_vmlinux_value_type_id", t.u32, 28},
                                     {"btf", t.pointer, 32},
                                     {"name", t.array(t.character, 16), 40}});
        const int values =
            t.structure("", 8, {{"value", t.array(t.u8, 0), 0}, {"pptrs", t.array(t.pointer, 0), 0}}, true);
        t.structure("bpf_array", 136, {{"map", map, 0}, {"elem_size", t.u32, 96}, {"", values, 128}});
        const int nulls = t.structure("hlist_nulls_head", 8, {{"first", t.pointer, 0}});
        t.structure("bucket", 16, {{"head", nulls, 0}});
        t.structure("bpf_htab", 128, {{"map", map, 0}, {"buckets", t.pointer, 96}, {"n_buckets", t.u32, 104}});
        t.structure("htab_elem", 48, {{"hash", t.u32, 40}, {"key", t.array(t.u8, 0), 48}});
        t.structure("btf", 64, {{"data", t.pointer, 0}, {"data_size", t.u32, 8}, {"id", t.u32, 12}});
        idr_ = guest.symbol("map_idr", 24);
        offsets_ = guest.symbol("__per_cpu_offset", 8 * 8);
        for (int cpu = 0; cpu < cpus; ++cpu)
            guest.put<std::uint64_t>(offsets_ + static_cast<std::uint64_t>(cpu) * 8,
                                     guest.allocate(4096) - made::Guest::direct_map);
    }

    std::uint64_t add(std::uint32_t type, const std::string& name, std::uint32_t key_size, std::uint32_t value_size,
                      std::uint32_t max_entries, std::size_t room = 4096) {
        const std::uint64_t map = guest.allocate(room);
        guest.put<std::uint32_t>(map, type);
        guest.put<std::uint32_t>(map + 4, static_cast<std::uint32_t>(maps_.size() + 1));
        guest.put<std::uint32_t>(map + 8, key_size);
        guest.put<std::uint32_t>(map + 12, value_size);
        guest.put<std::uint32_t>(map + 16, max_entries);
        guest.put_text(map + 40, name);
        maps_.push_back(map);
        return map;
    }

    // `elements`: per bucket the addresses of its elements.
    void add_buckets(std::uint64_t map, const std::vector<std::vector<std::uint64_t>>& elements) {
        const std::uint64_t buckets = guest.allocate(elements.size() * 16);
        guest.put<std::uint64_t>(map + 96, buckets);
        guest.put<std::uint32_t>(map + 104, static_cast<std::uint32_t>(elements.size()));
        for (std::size_t i = 0; i < elements.size(); ++i) {
            std::uint64_t place = buckets + i * 16;
            for (const std::uint64_t element : elements[i]) {
                guest.put<std::uint64_t>(place, element);
                place = element; // its first member is the next one's address
            }
            guest.put<std::uint64_t>(place, i * 2 + 1);
        }
    }

    std::uint64_t element(std::uint32_t key, std::uint64_t value) {
        const std::uint64_t address = guest.allocate(128);
        guest.put<std::uint32_t>(address + key_offset, key);
        guest.put<std::uint64_t>(address + key_offset + 8, value);
        return address;
    }

    std::vector<RawMap> copy(const CaptureLimits& limits = {}) {
        const std::uint64_t node = guest.allocate(576);
        for (std::size_t i = 0; i < maps_.size(); ++i) guest.put<std::uint64_t>(node + 40 + (i + 1) * 8, maps_[i]);
        guest.put<std::uint64_t>(idr_ + 8, node + 2);
        auto found = guest.kernel();
        REQUIRE(found.ok());
        kernel.emplace(std::move(*found));
        auto maps = copy_maps(*kernel, cpus_, types, limits);
        REQUIRE(maps.ok());
        return std::move(*maps);
    }
    json shown(const std::vector<RawMap>& maps) { return render_maps(*kernel, maps, types, std::nullopt)["maps"]; }

    made::Guest guest;
    ProgramTypes types;
    std::optional<GuestKernel> kernel;

  private:
    int cpus_;
    std::uint64_t idr_ = 0;
    std::uint64_t offsets_ = 0;
    std::vector<std::uint64_t> maps_;
};

} // namespace

TEST_CASE("an array's values are read, by its own element size") {
    Maps made;
    const std::uint64_t map = made.add(BPF_MAP_TYPE_ARRAY, "counters", 4, 4, 3);
    made.guest.put<std::uint32_t>(map + 96, 8); // elements are 8 bytes apart
    for (std::uint32_t i = 0; i < 3; ++i) made.guest.put<std::uint32_t>(map + value_offset + i * 8, 10 + i);
    const json shown = made.shown(made.copy());
    REQUIRE(shown.size() == 1);
    CHECK(shown[0]["name"] == "counters");
    CHECK(shown[0]["type"] == "array");
    CHECK(shown[0]["entries"] ==
          json({{{"key", 0}, {"value", 10}}, {{"key", 1}, {"value", 11}}, {{"key", 2}, {"value", 12}}}));
}

TEST_CASE("a per-CPU array has a value for each CPU") {
    Maps made;
    const std::uint64_t map = made.add(BPF_MAP_TYPE_PERCPU_ARRAY, "per_cpu", 4, 8, 1);
    const auto prepared = made.copy();                          // makes the kernel, for its offsets
    const std::uint64_t pointer = made::Guest::direct_map + 64; // + the offset of a CPU is in that CPU's page
    made.guest.put<std::uint64_t>(map + value_offset, pointer);
    for (int cpu = 0; cpu < 2; ++cpu)
        made.guest.put<std::uint64_t>(pointer + made.kernel->per_cpu_offset(cpu).value(),
                                      static_cast<std::uint64_t>(cpu) + 7);
    const json shown = made.shown(made.copy());
    CHECK(shown[0]["entries"] ==
          json({{{"key", 0}, {"cpu", 0}, {"value", 7}}, {{"key", 0}, {"cpu", 1}, {"value", 8}}}));
}

TEST_CASE("a hash map's buckets are walked to their ends") {
    Maps made;
    const std::uint64_t map = made.add(BPF_MAP_TYPE_HASH, "tasks", 4, 8, 16);
    made.add_buckets(map, {{made.element(1, 100), made.element(2, 200)}, {}, {made.element(3, 300)}});
    const json shown = made.shown(made.copy());
    CHECK(shown[0]["entries"] ==
          json({{{"key", 1}, {"value", 100}}, {{"key", 2}, {"value", 200}}, {{"key", 3}, {"value", 300}}}));
}

TEST_CASE("a bucket that leads back into itself makes its map absent, and no other") {
    Maps made;
    const std::uint64_t bad = made.add(BPF_MAP_TYPE_HASH, "bad", 4, 8, 16);
    const std::uint64_t element = made.element(1, 100);
    made.add_buckets(bad, {{element}});
    made.guest.put<std::uint64_t>(element, element);
    const std::uint64_t good = made.add(BPF_MAP_TYPE_HASH, "good", 4, 8, 16);
    made.add_buckets(good, {{made.element(2, 200)}});
    const json shown = made.shown(made.copy());
    CHECK(shown[0]["absent"] == "a list of its elements does not end: it still goes on at " + hex(element));
    CHECK(shown[1]["entries"].size() == 1);
}

TEST_CASE("a hash map that claims more buckets than it can have is absent") {
    Maps made;
    const std::uint64_t map = made.add(BPF_MAP_TYPE_HASH, "odd", 4, 8, 16);
    made.add_buckets(map, {{}});
    made.guest.put<std::uint32_t>(map + 104, 33);
    CHECK(made.shown(made.copy())[0]["absent"] == "a hash map of 33 buckets for 16 entries is not read");
}

TEST_CASE("a guest whose maps take too many steps is left alone, and what was read before stays") {
    Maps made;
    const std::uint64_t good = made.add(BPF_MAP_TYPE_HASH, "good", 4, 8, 16);
    made.add_buckets(good, {{made.element(2, 200)}});
    const std::uint64_t wide = made.add(BPF_MAP_TYPE_HASH, "wide", 4, 8, 4096);
    made.add_buckets(wide, std::vector<std::vector<std::uint64_t>>(4096));
    const json shown = made.shown(made.copy({.steps = 1000}));
    CHECK(shown[0]["entries"].size() == 1);
    CHECK(shown[1]["absent"] == "the maps of this guest took 1000 steps: no more are made");
}

TEST_CASE("a map whose memory is gone says at which address") {
    Maps made;
    const std::uint64_t map = made.add(BPF_MAP_TYPE_HASH, "freed", 4, 8, 16);
    made.add_buckets(map, {{}});
    made.guest.put<std::uint64_t>(map + 96, 0xffffc90000000000ULL);
    const json shown = made.shown(made.copy());
    CHECK(shown[0]["absent"].get<std::string>().find("0xffffc90000000000 is not mapped") != std::string::npos);
}

TEST_CASE("a map of a type that is not read is named all the same") {
    Maps made;
    made.add(BPF_MAP_TYPE_LPM_TRIE, "routes", 8, 8, 4);
    made.add(99, "future", 8, 8, 4);
    const json shown = made.shown(made.copy());
    CHECK(shown[0]["absent"] == "maps of the type lpm_trie are not read");
    CHECK(shown[1]["name"] == "future");
}

TEST_CASE("more entries than the limit are left out, and said to be") {
    Maps made;
    const std::uint64_t map = made.add(BPF_MAP_TYPE_ARRAY, "large", 4, 8, 100);
    made.guest.put<std::uint32_t>(map + 96, 8);
    const json shown = made.shown(made.copy({.entries = 10}));
    CHECK(shown[0]["entries"].size() == 10);
    CHECK(shown[0]["note"] == "only the first 10 entries were captured");
}

TEST_CASE("the globals of a program are its variables, typed by its own BTF") {
    Maps made;
    made::Types program;
    const int section =
        program.section(".bss", 16, {{"nr_queued", program.u64, 0, 8}, {"armed", program.boolean, 8, 1}});
    const std::string raw = program.bytes();
    const std::uint64_t data = made.guest.allocate(raw.size());
    made.guest.put(data, std::as_bytes(std::span(raw)));
    const std::uint64_t btf = made.guest.allocate(64);
    made.guest.put<std::uint64_t>(btf, data);
    made.guest.put<std::uint32_t>(btf + 8, static_cast<std::uint32_t>(raw.size()));
    made.guest.put<std::uint32_t>(btf + 12, 5);
    const std::uint64_t map = made.add(BPF_MAP_TYPE_ARRAY, "scx_made.bss", 4, 16, 1);
    made.guest.put<std::uint32_t>(map + 96, 16);
    made.guest.put<std::uint32_t>(map + 24, static_cast<std::uint32_t>(section));
    made.guest.put<std::uint64_t>(map + 32, btf);
    made.guest.put<std::uint64_t>(map + value_offset, 42);
    made.guest.put<std::uint8_t>(map + value_offset + 8, 1);
    const auto maps = made.copy();
    const json shown = render_maps(*made.kernel, maps, made.types, std::nullopt);
    CHECK(shown["maps"].empty());
    REQUIRE(shown["variables"].size() == 2);
    CHECK(shown["variables"][0]["name"] == "nr_queued");
    CHECK(shown["variables"][0]["value"] == 42);
    CHECK(shown["variables"][0]["live"] == false);
    CHECK(shown["variables"][1]["value"] == true);
}

TEST_CASE("maps in random memory are copied or absent, in bounded work") {
    Maps made;
    std::vector<std::uint64_t> addresses;
    for (const std::uint32_t type : {BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH,
                                     BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_LRU_HASH})
        addresses.push_back(made.add(type, "random", 4, 8, 64));
    std::mt19937_64 random(5); // NOLINT(cert-msc51-cpp): the same cases every time
    for (int round = 0; round < 200; ++round) {
        for (const std::uint64_t address : addresses)
            for (int i = 0; i < 6; ++i)
                made.guest.put<std::uint32_t>(address + 8 + random() % 240 / 4 * 4,
                                              random() % 2 == 0 ? static_cast<std::uint32_t>(random())
                                                                : static_cast<std::uint32_t>(random() % 64));
        const auto maps = made.copy({.entries = 1000, .bytes = 1U << 20U});
        CHECK(maps.size() == addresses.size());
        (void)made.shown(maps);
    }
}

} // namespace ktstr::observe
