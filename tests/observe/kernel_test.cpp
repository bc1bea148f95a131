// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/kernel.h"

#include <catch2/catch_test_macros.hpp>

#include "made_guest.h"

namespace ktstr::observe {

namespace {

constexpr std::uint64_t mib = 1U << 20U;

// struct xarray { u64 flags; void *xa_head; }; struct xa_node { u8 shift; ...; void *slots[64]; }
void add_xarray_types(made::Types& types) {
    types.structure("xarray", 16, {{"xa_flags", types.u64, 0}, {"xa_head", types.pointer, 8}});
    types.structure("xa_node", 576, {{"shift", types.u8, 0}, {"slots", types.array(types.pointer, 64), 40}});
}

std::uint64_t node(made::Guest& guest, std::uint8_t shift,
                   const std::vector<std::pair<std::size_t, std::uint64_t>>& slots) {
    const std::uint64_t address = guest.allocate(576);
    guest.put<std::uint8_t>(address, shift);
    for (const auto& [index, entry] : slots) guest.put<std::uint64_t>(address + 40 + index * 8, entry);
    return address + 2;
}

} // namespace

TEST_CASE("the kernel is found with and without KASLR") {
    for (const std::uint64_t physical : {std::uint64_t{0}, 4 * mib})
        for (const std::uint64_t slide : {std::uint64_t{0}, 6 * mib, 512 * mib}) {
            made::Guest guest(physical, slide);
            const std::uint64_t answer = guest.symbol("answer");
            guest.put<std::uint32_t>(answer, 42);
            auto kernel = guest.kernel();
            REQUIRE(kernel.ok());
            CHECK(kernel->slide() == slide);
            CHECK(kernel->symbol("answer").value() == answer);
            CHECK(kernel->memory().get<std::uint32_t>(kernel->symbol("answer").value()).value() == 42);
        }
}

TEST_CASE("another kernel than the one that runs is not found") {
    made::Guest guest;
    const auto kernel = guest.kernel("6.12.1-other");
    REQUIRE_FALSE(kernel.ok());
    CHECK(kernel.error().message.find("6.12.1-other is not to be found") != std::string::npos);
}

TEST_CASE("a symbol that is missing is an error with the ones that are like it") {
    made::Guest guest;
    guest.symbol("scx_watchdog_timestamp");
    auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    const auto missing = kernel->symbol("watchdog_timestamp");
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().hint == "it has: scx_watchdog_timestamp");
}

TEST_CASE("an XArray is walked in the order of its indexes") {
    made::Guest guest;
    add_xarray_types(guest.types);
    const std::uint64_t array = guest.allocate(16);
    const std::uint64_t low = node(guest, 0, {{1, 0x1000}, {63, 0x2000}});
    const std::uint64_t high = node(guest, 0, {{0, 0x3000}});
    guest.put<std::uint64_t>(array + 8, node(guest, 6, {{0, low}, {2, high}}));
    auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    CHECK(xarray_entries(*kernel, array, 100).value() == std::vector<std::uint64_t>{0x1000, 0x2000, 0x3000});
    CHECK(xarray_entry(*kernel, array, 63).value() == 0x2000);
    CHECK(xarray_entry(*kernel, array, 128).value() == 0x3000);
    CHECK(xarray_entry(*kernel, array, 129).value() == 0);
    CHECK(xarray_entry(*kernel, array, 4096 + 1).value() == 0);
    CHECK_FALSE(xarray_entries(*kernel, array, 2).ok());

    guest.put<std::uint64_t>(array + 8, 0x5000); // one entry, at index 0, needs no node
    CHECK(xarray_entries(*kernel, array, 100).value() == std::vector<std::uint64_t>{0x5000});
    CHECK(xarray_entry(*kernel, array, 0).value() == 0x5000);
    CHECK(xarray_entry(*kernel, array, 1).value() == 0);
}

TEST_CASE("an XArray that leads back into itself ends in an error") {
    made::Guest guest;
    add_xarray_types(guest.types);
    const std::uint64_t array = guest.allocate(16);
    const std::uint64_t loop = node(guest, 6, {});
    guest.put<std::uint64_t>(loop - 2 + 40, loop);
    guest.put<std::uint64_t>(array + 8, loop);
    auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    CHECK(xarray_entries(*kernel, array, 100).error().message.find("does not end") != std::string::npos);
    CHECK_FALSE(xarray_entry(*kernel, array, 5).ok());
}

TEST_CASE("a task is found by its pid") {
    made::Guest guest;
    auto& types = guest.types;
    add_xarray_types(types);
    const int xarray = types.structure("", 16, {{"xa_flags", types.u64, 0}, {"xa_head", types.pointer, 8}});
    const int idr = types.structure("idr", 24, {{"idr_rt", xarray, 0}});
    types.structure("pid_namespace", 64, {{"idr", idr, 8}});
    types.structure("pid", 64, {{"count", types.u32, 0}, {"tasks", types.array(types.pointer, 4), 16}});
    types.structure("task_struct", 256, {{"pid_links", types.array(types.pointer, 8), 128}});
    const std::uint64_t space = guest.symbol("init_pid_ns", 64);
    const std::uint64_t task = guest.allocate(256);
    const std::uint64_t pid = guest.allocate(64);
    guest.put<std::uint64_t>(pid + 16, task + 128);
    guest.put<std::uint64_t>(space + 8 + 8, node(guest, 0, {{7, pid}}));
    auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    CHECK(kernel->task(7).value() == task);
    CHECK(kernel->task(8).error().message == "there is no task with pid 8");
}

} // namespace ktstr::observe
