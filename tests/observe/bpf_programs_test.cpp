// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/bpf_programs.h"

#include <linux/bpf.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <random>

#include "made_guest.h"
#include "vmm/observe/program_monitor.h"

namespace ktstr::observe {

namespace {

using Catch::Matchers::ContainsSubstring;

constexpr std::uint64_t aux_offset = 32; // of struct bpf_prog

// The kernel's structures with the members that are read, at places of our own.
class Programs {
  public:
    explicit Programs(bool has_verified_insns = true) {
        auto& t = guest.types;
        const int xarray = t.structure("xarray", 16, {{"xa_flags", t.u64, 0}, {"xa_head", t.pointer, 8}});
        t.structure("xa_node", 576, {{"shift", t.u8, 0}, {"slots", t.array(t.pointer, 64), 40}});
        t.structure("idr", 24, {{"idr_rt", xarray, 0}});
        ops = t.structure("sched_ext_ops", 24,
                          {{"select_cpu", t.pointer, 0}, {"enqueue", t.pointer, 8}, {"timeout_ms", t.u32, 16}});
        other_ops = t.structure("tcp_congestion_ops", 8, {{"init", t.pointer, 0}});
        const int digest = t.structure("", 32, {{"digest", t.array(t.u8, 32), 0}, {"tag", t.array(t.u8, 8), 0}}, true);
        t.structure("bpf_prog", 72,
                    {{"type", t.u32, 0},
                     {"expected_attach_type", t.u32, 4},
                     {"jited_len", t.u32, 8},
                     {"stats", t.pointer, 24},
                     {"aux", t.pointer, aux_offset},
                     {"", digest, 40}});
        std::vector<made::Field> aux = {{"id", t.u32, 0},
                                        {"attach_btf_id", t.u32, 8},
                                        {"func_info_cnt", t.u32, 12},
                                        {"load_time", t.u64, 16},
                                        {"btf", t.pointer, 24},
                                        {"func_info", t.pointer, 32},
                                        {"name", t.array(t.character, 16), 40}};
        if (has_verified_insns) aux.push_back({"verified_insns", t.u32, 4});
        t.structure("bpf_prog_aux", 56, aux);
        t.structure("bpf_prog_stats", 32, {{"cnt", t.u64, 0}, {"nsecs", t.u64, 8}, {"misses", t.u64, 16}});
        t.structure("btf", 64, {{"data", t.pointer, 0}, {"data_size", t.u32, 8}, {"id", t.u32, 12}});
        idr_ = guest.symbol("prog_idr", 24);
        stats_key = guest.symbol("bpf_stats_enabled_key", 16);
        const std::uint64_t offsets = guest.symbol("__per_cpu_offset", 16);
        for (std::uint64_t cpu = 0; cpu < 2; ++cpu) {
            per_cpu_[cpu] = guest.allocate(4096, 4096);
            guest.put<std::uint64_t>(offsets + cpu * 8, per_cpu_[cpu] - made::Guest::direct_map);
        }
        node_ = guest.allocate(576);
        guest.put<std::uint64_t>(idr_ + 8, node_ + 2);
        guest.put<std::int32_t>(stats_key, 1);
        auto found = guest.kernel();
        REQUIRE(found.ok());
        kernel.emplace(std::move(*found));
    }

    struct Added {
        std::uint64_t program = 0;
        std::uint64_t aux = 0;
        std::uint64_t stats = 0; // per-CPU pointer
    };
    // The callback's program, unless `target` is another struct. Its id is the number of those before, plus 1.
    Added add(const std::string& name, std::uint32_t member, int target, std::uint64_t btf = 0,
              std::uint32_t type = BPF_PROG_TYPE_STRUCT_OPS) {
        const auto number = static_cast<std::uint32_t>(++count_);
        Added added{guest.allocate(72), guest.allocate(64), made::Guest::direct_map + number * 64};
        guest.put<std::uint32_t>(added.program, type);
        guest.put<std::uint32_t>(added.program + 4, member);
        guest.put<std::uint32_t>(added.program + 8, 100 * number);
        guest.put<std::uint64_t>(added.program + 24, added.stats);
        guest.put<std::uint64_t>(added.program + aux_offset, added.aux);
        guest.put<std::uint64_t>(added.program + 40, 0xefcdab8967452301ULL);
        guest.put<std::uint32_t>(added.aux, number);
        guest.put<std::uint32_t>(added.aux + 4, 1000 * number);
        guest.put<std::uint32_t>(added.aux + 8, static_cast<std::uint32_t>(target));
        guest.put<std::uint64_t>(added.aux + 16, 5'000'000'000ULL);
        guest.put<std::uint64_t>(added.aux + 24, btf);
        guest.put_text(added.aux + 40, name.substr(0, 15));
        guest.put<std::uint64_t>(node_ + 40 + std::uint64_t{number} * 8, added.program);
        return added;
    }
    void remove(std::uint32_t id) { guest.put<std::uint64_t>(node_ + 40 + std::uint64_t{id} * 8, 0); }
    void count(const Added& added, std::size_t cpu, std::uint64_t runs, std::uint64_t ns) {
        const std::uint64_t place = added.stats + (per_cpu_[cpu] - made::Guest::direct_map);
        guest.put<std::uint64_t>(place, runs);
        guest.put<std::uint64_t>(place + 8, ns);
    }
    // A struct btf of these types.
    std::uint64_t btf(const made::Types& program, std::uint32_t id) {
        const std::string raw = program.bytes();
        const std::uint64_t data = guest.allocate(raw.size());
        guest.put(data, std::as_bytes(std::span(raw)));
        const std::uint64_t place = guest.allocate(64);
        guest.put<std::uint64_t>(place, data);
        guest.put<std::uint32_t>(place + 8, static_cast<std::uint32_t>(raw.size()));
        guest.put<std::uint32_t>(place + 12, id);
        return place;
    }
    std::vector<plan::BpfProgram> read() {
        const auto reader = ProgramReader::find(*kernel, 2);
        REQUIRE(reader.ok());
        const auto raw = reader->read(types);
        REQUIRE(raw.ok());
        return named_programs(*raw, types, {});
    }
    std::string failure() {
        kernel->memory().forget();
        const auto reader = ProgramReader::find(*kernel, 2);
        REQUIRE(reader.ok());
        const auto raw = reader->read(types);
        REQUIRE_FALSE(raw.ok());
        return raw.error().message;
    }

    made::Guest guest;
    ProgramTypes types;
    std::optional<GuestKernel> kernel;
    int ops = 0;
    int other_ops = 0;
    std::uint64_t stats_key = 0;
    std::uint64_t node() const { return node_; }

  private:
    std::uint64_t idr_ = 0;
    std::uint64_t node_ = 0;
    int count_ = 0;
    std::array<std::uint64_t, 2> per_cpu_{};
};

} // namespace

TEST_CASE("a scheduler's program is read with its callback, its sizes and the counts of all CPUs") {
    Programs made;
    const auto added = made.add("my_enqueue", 1, made.ops);
    made.count(added, 0, 10, 1000);
    made.count(added, 1, 5, 250);
    const auto programs = made.read();
    REQUIRE(programs.size() == 1);
    const auto& program = programs[0];
    CHECK(program.name == "my_enqueue");
    CHECK(program.callback == "enqueue");
    CHECK(program.type == "struct_ops");
    CHECK(program.id == 1);
    CHECK(program.tag == "0123456789abcdef");
    CHECK(program.verified_insns == 1000);
    CHECK(program.jited_bytes == 100);
    CHECK(program.loaded_at_ns == 5'000'000'000ULL);
    CHECK(program.run_count == 15);
    CHECK(program.run_time_ns == 1250);
    CHECK(program.misses == 0);
}

TEST_CASE("a name that the kernel has cut short is whole again by the program's own types") {
    Programs made;
    made::Types program;
    const int function = program.function("my_scheduler_select_cpu");
    const auto added = made.add("my_scheduler_select_cpu", 0, made.ops, made.btf(program, 7));
    CHECK(made.read()[0].name == "my_scheduler_se");
    const std::uint64_t info = made.guest.allocate(16);
    made.guest.put<std::uint32_t>(info + 4, static_cast<std::uint32_t>(function));
    made.guest.put<std::uint64_t>(added.aux + 32, info);
    made.guest.put<std::uint32_t>(added.aux + 12, 1);
    CHECK(made.read()[0].name == "my_scheduler_select_cpu");
}

TEST_CASE("what belongs to no scheduler is left out, and what shares a scheduler's types is not") {
    Programs made;
    made::Types program;
    const std::uint64_t mine = made.btf(program, 7);
    made.add("congestion", 0, made.other_ops);
    made.add("filter", 0, 0, made.btf(program, 8), BPF_PROG_TYPE_TRACING);
    made.add("enqueue", 1, made.ops, mine);
    made.add("tracer", 0, 0, mine, BPF_PROG_TYPE_TRACING);
    const auto programs = made.read();
    REQUIRE(programs.size() == 2);
    CHECK(programs[0].name == "enqueue");
    CHECK(programs[1].name == "tracer");
    CHECK(programs[1].type == "tracing");
    CHECK(programs[1].callback.empty());
}

TEST_CASE("a kernel without the verifier's count says so by name, and the rest is read") {
    Programs made(false);
    made.add("my_enqueue", 1, made.ops);
    CHECK_FALSE(made.read()[0].verified_insns.has_value());
    CHECK(made.read()[0].jited_bytes == 100);
    ProgramMonitor monitor(*made.kernel, 2, made.types);
    monitor.look();
    CHECK(monitor.programs().absent.at("verified_insns") ==
          "struct bpf_prog_aux of this kernel has no member verified_insns");
}

TEST_CASE("runs that the kernel does not count are not counted as zero") {
    Programs made;
    made.guest.put<std::int32_t>(made.stats_key, 0);
    made.add("my_enqueue", 1, made.ops);
    ProgramMonitor monitor(*made.kernel, 2, made.types);
    monitor.look();
    CHECK(monitor.names().empty());
    const auto programs = monitor.programs();
    CHECK_FALSE(programs.list[0].run_count.has_value());
    CHECK(programs.absent.at("run_count").starts_with("not counted: kernel.bpf_stats_enabled is 0"));
}

TEST_CASE("the calls of a callback add up over schedulers that come and go") {
    Programs made;
    const auto first = made.add("first_enqueue", 1, made.ops);
    made.count(first, 0, 100, 5000);
    ProgramMonitor monitor(*made.kernel, 2, made.types);
    monitor.look();
    CHECK(monitor.names() == std::vector<std::string>{"program.enqueue.run_count", "program.enqueue.run_time_ns"});
    CHECK(monitor.values() == std::vector<double>{100, 5000});
    made.remove(1);
    const auto second = made.add("second_enqueue", 1, made.ops);
    made.count(second, 1, 7, 70);
    made.add("second_select", 0, made.ops);
    monitor.look();
    CHECK(monitor.names().size() == 4);
    CHECK(monitor.values() == std::vector<double>{107, 5070, 0, 0});
    const auto programs = monitor.programs();
    REQUIRE(programs.list.size() == 3);
    CHECK(programs.list[0].name == "first_enqueue");
    CHECK(programs.list[0].run_count == 100);
}

TEST_CASE("a program whose memory is gone is an error with the addresses, and what was seen before stays") {
    Programs made;
    const auto added = made.add("my_enqueue", 1, made.ops);
    ProgramMonitor monitor(*made.kernel, 2, made.types);
    monitor.look();
    made.guest.put<std::uint64_t>(added.program + aux_offset, 0xffffc90000000000ULL);
    CHECK_THAT(made.failure(), ContainsSubstring("the BPF program at " + hex(added.program)));
    CHECK_THAT(made.failure(), ContainsSubstring("0xffffc9000000"));
    monitor.look();
    CHECK(monitor.programs().list.size() == 1);
}

TEST_CASE("a list of programs that leads back into itself is an error") {
    Programs made;
    made.guest.put<std::uint64_t>(made.node() + 40, made.node() + 2);
    CHECK_THAT(made.failure(), ContainsSubstring("does not end"));
}

TEST_CASE("a program of a type or a callback that does not exist is no callback") {
    Programs made;
    made.add("beyond", 3, made.ops);
    made.add("nowhere", 0, 1'000'000);
    made.add("future", 0, made.ops, 0, 77);
    CHECK(made.read().empty());
}

TEST_CASE("programs in random memory are read or refused, in bounded work") {
    Programs made;
    std::vector<Programs::Added> all;
    for (std::uint32_t i = 0; i < 8; ++i) all.push_back(made.add("random", i % 3, made.ops));
    std::mt19937_64 random(6); // NOLINT(cert-msc51-cpp): the same cases every time
    for (int round = 0; round < 300; ++round) {
        for (const auto& added : all) {
            made.guest.put<std::uint32_t>(added.program + random() % 72 / 4 * 4, static_cast<std::uint32_t>(random()));
            made.guest.put<std::uint32_t>(added.aux + random() % 56 / 4 * 4, static_cast<std::uint32_t>(random() % 64));
        }
        made.kernel->memory().forget();
        ProgramMonitor monitor(*made.kernel, 2, made.types);
        monitor.look();
        CHECK(monitor.programs().list.size() <= all.size());
    }
}

} // namespace ktstr::observe
