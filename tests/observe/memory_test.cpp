// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "made_guest.h"

namespace ktstr::observe {

TEST_CASE("memory above the hole for devices is found where q35 puts it") {
    constexpr std::uint64_t three_gib = std::uint64_t{3} << 30U;
    const Fd file(::memfd_create("large", MFD_CLOEXEC));
    REQUIRE(::ftruncate(file.get(), static_cast<off_t>(three_gib)) == 0);
    const auto memory = PhysicalMemory::map({{file.get(), three_gib}}, true);
    REQUIRE(memory.ok());
    CHECK(memory->at(0x7ffffff8, 8) != nullptr);
    CHECK(memory->at(0x7ffffff9, 8) == nullptr);
    CHECK(memory->at(0x80000000, 1) == nullptr);
    CHECK(memory->at(0xffffffff, 1) == nullptr);
    REQUIRE(memory->at(0x100000000, 1) != nullptr);
    CHECK(memory->at(0x100000000, 1) == memory->at(0x7fffffff, 1) + 1);
    CHECK(memory->at(0x13fffffff, 1) != nullptr);
    CHECK(memory->at(0x140000000, 1) == nullptr);
    CHECK(memory->at(~std::uint64_t{0}, 8) == nullptr);
}

TEST_CASE("a small machine has no memory behind its own") {
    made::Guest guest;
    CHECK(guest.memory().at(made::Guest::bytes - 8, 8) != nullptr);
    CHECK(guest.memory().at(made::Guest::bytes - 7, 8) == nullptr);
    CHECK(guest.memory().at(0x100000000, 1) == nullptr);
}

TEST_CASE("addresses are read through four and five levels, huge pages and small ones, across page borders") {
    for (const int levels : {4, 5}) {
        made::Guest guest(0, 0, levels);
        auto kernel = guest.kernel();
        REQUIRE(kernel.ok());
        const std::uint64_t there = guest.allocate(16);
        guest.put<std::uint64_t>(there, 0x1122334455667788U);
        CHECK(kernel->memory().get<std::uint64_t>(there).value() == 0x1122334455667788U);
        CHECK(kernel->memory().get<std::uint32_t>(there + 2).value() == 0x33445566U); // not aligned
        const std::uint64_t small = 0xffffc90000000000ULL;
        guest.map_page(small);
        guest.map_page(small + 4096);
        guest.put<std::uint64_t>(small + 4092, 42U);
        kernel->memory().forget();
        CHECK(kernel->memory().get<std::uint64_t>(small + 4092).value() == 42);
        CHECK(kernel->memory().mapped(small));
        CHECK_FALSE(kernel->memory().mapped(small + 8192));
    }
}

TEST_CASE("what is not mapped is an error with the address") {
    made::Guest guest;
    auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    const auto nothing = kernel->memory().get<std::uint64_t>(0xffffc90000000000ULL);
    REQUIRE_FALSE(nothing.ok());
    CHECK(nothing.error().message.find("0xffffc90000000000 is not mapped") != std::string::npos);
    CHECK_FALSE(kernel->memory().get<std::uint64_t>(0).ok());
}

TEST_CASE("a write that cannot be done in full is not begun") {
    made::Guest guest;
    auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    const std::uint64_t small = 0xffffc90000000000ULL;
    guest.map_page(small);
    const std::array<std::byte, 8> ones{std::byte{1}, std::byte{1}, std::byte{1}, std::byte{1},
                                        std::byte{1}, std::byte{1}, std::byte{1}, std::byte{1}};
    CHECK_FALSE(kernel->memory().write(small + 4092, ones).ok());
    CHECK(kernel->memory().get<std::uint32_t>(small + 4092).value() == 0);
    CHECK(kernel->memory().write(small + 4088, ones).ok());
    CHECK(kernel->memory().get<std::uint8_t>(small + 4088).value() == 1);
}

TEST_CASE("random memory is walked to an error, not to a crash") {
    made::Guest guest;
    auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    std::mt19937_64 random(11); // NOLINT(cert-msc51-cpp): the same cases every time
    auto raw = guest.raw();
    for (std::size_t at = 0; at + 8 <= (16U << 20U); at += 8) {
        const std::uint64_t word = random();
        std::memcpy(raw.data() + at, &word, sizeof(word));
    }
    for (int round = 0; round < 20000; ++round) {
        const AddressSpace space(guest.memory(), (random() % made::Guest::bytes) & ~std::uint64_t{4095}, round % 2 + 4);
        (void)space.get<std::uint64_t>(random());
    }
    SUCCEED();
}

} // namespace ktstr::observe
