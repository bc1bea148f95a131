// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/target.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "made_guest.h"

namespace ktstr::observe {

namespace {

using nlohmann::json;
using Kind = plan::KernelTarget::Kind;

struct Made {
    Made() {
        auto& t = guest.types;
        const int task = t.structure("task_struct", 64, {{"pid", t.s32, 0}, {"comm", t.array(t.character, 16), 8}});
        const int scx =
            t.structure("scx_rq", 16, {{"nr_running", t.u32, 0}, {"flag", t.u32, 4, 1, 0}, {"mode", t.u32, 4, 3, 1}});
        const int queue = t.structure("rq", 64,
                                      {{"scx", scx, 0},
                                       {"curr", t.pointer_to(task), 16},
                                       {"loads", t.array(t.u16, 4), 24},
                                       {"idle", t.pointer_to(task), 32}});
        t.section(".data..percpu", 64, {{"runqueues", queue, 0, 64}});
        offsets = guest.symbol("__per_cpu_offset", 64);
        runqueues = guest.symbol("runqueues", 64);
        plain = guest.symbol("plain", 16);
        const std::uint64_t copy = guest.allocate(64);
        guest.put<std::uint64_t>(offsets + 8, copy - runqueues);
        const std::uint64_t current = guest.allocate(64);
        guest.put_text(current + 8, "worker");
        guest.put<std::uint32_t>(copy, 3);
        guest.put<std::uint32_t>(copy + 4, 0b1010U);
        guest.put<std::uint64_t>(copy + 16, current);
        guest.put<std::uint16_t>(copy + 24 + 6, 99);
        auto found = guest.kernel();
        REQUIRE(found.ok());
        kernel.emplace(std::move(*found));
    }
    [[nodiscard]] static plan::KernelTarget per_cpu(const std::string& field) {
        plan::KernelTarget target;
        target.kind = Kind::per_cpu;
        target.symbol = "runqueues";
        target.cpu = 1;
        target.field = field;
        return target;
    }
    json read(const plan::KernelTarget& target) {
        const auto place = find_place(*kernel, target, 0);
        if (!place) return "error: " + place.error().message;
        const auto value = read_place(*kernel, *place);
        return value ? *value : json("error: " + value.error().message);
    }
    made::Guest guest;
    std::uint64_t offsets = 0;
    std::uint64_t runqueues = 0;
    std::uint64_t plain = 0;
    std::optional<GuestKernel> kernel;
};

} // namespace

TEST_CASE("a path leads through members, elements, bit fields and pointers") {
    Made made;
    CHECK(made.read(Made::per_cpu("scx.nr_running")) == 3);
    CHECK(made.read(Made::per_cpu("curr.comm")) == "worker");
    CHECK(made.read(Made::per_cpu("loads[3]")) == 99);
    CHECK(made.read(Made::per_cpu("scx.mode")) == 5);
    CHECK(made.read(Made::per_cpu("scx"))["nr_running"] == 3);
}

TEST_CASE("a path that leads nowhere says how far it came and what there is") {
    Made made;
    CHECK(made.read(Made::per_cpu("scx.nr")) ==
          "error: component 'nr' not found after 'scx' (members: nr_running, flag, mode)");
    CHECK(made.read(Made::per_cpu("idle.comm")) == "error: 'idle' is a null pointer");
    CHECK(made.read(Made::per_cpu("loads[4]")) == "error: 'loads' has 4 elements, no [4]");
    CHECK(made.read(Made::per_cpu("scx[0]")) == "error: 'scx' is no array: it is a struct scx_rq");
    CHECK(made.read(Made::per_cpu("loads.x")).get<std::string>().find("'x' not found after 'loads'") !=
          std::string::npos);
}

TEST_CASE("a symbol without a type is read by its size, at an offset") {
    Made made;
    made.guest.put<std::uint64_t>(made.plain, 0x1122334455667788U);
    plan::KernelTarget target;
    target.symbol = "plain";
    CHECK(made.read(target) == 0x1122334455667788U);
    target.bytes = 2;
    target.offset = 4;
    CHECK(made.read(target) == 0x3344);
    target.field = "x";
    CHECK(made.read(target).get<std::string>().find("the type of 'plain' is not in the kernel's BTF") !=
          std::string::npos);
}

TEST_CASE("numbers are written, into bit fields too, and nothing else is") {
    Made made;
    const auto write = [&](const std::string& field, std::int64_t value) -> std::string {
        const auto place = find_place(*made.kernel, Made::per_cpu(field), 0);
        REQUIRE(place.ok());
        const auto done = write_place(*made.kernel, *place, value);
        return done ? "" : done.error().message;
    };
    CHECK(write("scx.nr_running", 17).empty());
    CHECK(made.read(Made::per_cpu("scx.nr_running")) == 17);
    CHECK(write("scx.mode", 2).empty());
    CHECK(made.read(Made::per_cpu("scx.mode")) == 2);
    CHECK(made.read(Made::per_cpu("scx.flag")) == 0);
    CHECK(write("scx.mode", 8) == "8 does not fit in 3 bits");
    CHECK(write("loads[0]", 65536) == "65536 does not fit in 16 bits");
    CHECK(write("loads[0]", -1).empty());
    CHECK(write("curr", 0).find("only numbers can be written") != std::string::npos);
    CHECK(write("scx", 0).find("cannot be written") != std::string::npos);
}

} // namespace ktstr::observe
