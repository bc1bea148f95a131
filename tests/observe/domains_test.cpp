// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/domains.h"

#include <catch2/catch_test_macros.hpp>

#include "made_guest.h"

namespace ktstr::observe {

namespace {

// Four CPUs in two LLCs: a domain of two CPUs in one of four, as 6.12 has them; `span` false: as 7.0 does.
class Domains {
  public:
    explicit Domains(bool span = true) {
        auto& t = guest.types;
        t.enumeration("", {{"SD_BALANCE_NEWIDLE", 1}, {"SD_SHARE_LLC", 512}});
        std::vector<made::Field> fields = {{"parent", t.pointer, 0}, {"flags", t.s32, 8},
                                           {"level", t.s32, 12},     {"lb_count", t.array(t.u32, 3), 16},
                                           {"alb_count", t.u32, 28}, {"name", t.pointer, 32}};
        if (span) fields.push_back({"span", t.array(t.u64, 0), span_at});
        t.structure("sched_domain", span_at, fields);
        t.structure("rq", 64, {{"sd", t.pointer, 8}});
        const std::uint64_t offsets = guest.symbol("__per_cpu_offset", 64);
        const std::uint64_t variable = guest.symbol("runqueues", 64);
        for (std::uint64_t cpu = 0; cpu < 4; ++cpu) {
            const std::uint64_t queue = guest.allocate(64);
            guest.put<std::uint64_t>(offsets + cpu * 8, queue - variable);
            outer[cpu] = domain(0, 1, 1, 0xf, "PKG");
            inner[cpu] = domain(outer[cpu], 513, 0, cpu < 2 ? 0x3 : 0xc, "MC");
            guest.put<std::uint64_t>(queue + 8, inner[cpu]);
        }
        auto found = guest.kernel();
        REQUIRE(found.ok());
        kernel.emplace(std::move(*found));
    }
    std::uint64_t domain(std::uint64_t parent, std::int32_t flags, std::int32_t level, std::uint64_t span,
                         const char* name) {
        const std::uint64_t text = guest.allocate(16);
        guest.put_text(text, name);
        const std::uint64_t domain = guest.allocate(64);
        guest.put<std::uint64_t>(domain, parent);
        guest.put<std::int32_t>(domain + 8, flags);
        guest.put<std::int32_t>(domain + 12, level);
        guest.put<std::uint64_t>(domain + 32, text);
        guest.put<std::uint64_t>(domain + span_at, span);
        return domain;
    }
    std::vector<plan::DomainTree> look() {
        std::vector<plan::DomainTree> trees;
        DomainReader(*kernel, 4).look(trees, 5);
        return trees;
    }

    static constexpr std::uint64_t span_at = 40;
    made::Guest guest;
    std::array<std::uint64_t, 4> inner{};
    std::array<std::uint64_t, 4> outer{};
    std::optional<GuestKernel> kernel;
};

} // namespace

TEST_CASE("each CPU's scheduling domains are read from the innermost outwards, in the layouts of 6.12 and of 7.0") {
    for (const bool span : {true, false}) {
        Domains made(span);
        made.guest.put<std::uint32_t>(made.inner[2] + 20, 7);
        const auto trees = made.look();
        REQUIRE(trees.size() == 1);
        CHECK(trees[0].at_ns == 5);
        REQUIRE(trees[0].cpus.size() == 4);
        const auto& domains = trees[0].cpus[2];
        REQUIRE(domains.size() == 2);
        CHECK(domains[0].name == "MC");
        CHECK(domains[0].level == 0);
        CHECK(domains[0].flags == std::vector<std::string>{"SD_BALANCE_NEWIDLE", "SD_SHARE_LLC"});
        CHECK(domains[0].span.list() == "2-3");
        CHECK(domains[0].counters.at("lb_count") == std::vector<std::uint64_t>{0, 7, 0});
        CHECK(domains[0].counters.at("alb_count") == std::vector<std::uint64_t>{0});
        CHECK(domains[1].name == "PKG");
        CHECK(domains[1].span.list() == "0-3");
    }
}

TEST_CASE("domains are kept again only when they have changed, with the counters of the last look") {
    Domains made;
    const DomainReader reader(*made.kernel, 4);
    std::vector<plan::DomainTree> trees;
    reader.look(trees, 1);
    made.guest.put<std::uint32_t>(made.inner[0] + 28, 3);
    reader.look(trees, 2);
    REQUIRE(trees.size() == 1);
    CHECK(trees[0].until_ns == 2);
    CHECK(trees[0].cpus[0][0].counters.at("alb_count").front() == 3);
    made.guest.put<std::uint64_t>(made.inner[0], 0);
    reader.look(trees, 3);
    REQUIRE(trees.size() == 2);
    CHECK(trees[1].cpus[0].size() == 1);
    CHECK(trees[1].cpus[1].size() == 2);
}

TEST_CASE("domains that are freed while they are read, or that go round, make no tree") {
    Domains made;
    made.guest.put<std::uint64_t>(made.outer[1], made.inner[1]); // a circle
    CHECK(made.look().empty());
    made.guest.put<std::uint64_t>(made.outer[1], 0xffffc90000000000ULL); // not mapped
    CHECK(made.look().empty());
    made.guest.put<std::uint64_t>(made.outer[1], 0);
    made.guest.put<std::uint64_t>(made.inner[1] + Domains::span_at, 0xc); // without the CPU itself
    CHECK(made.look().empty());
}

TEST_CASE("a kernel without scheduling domains says what it lacks") {
    made::Guest guest;
    guest.symbol("runqueues", 64);
    const auto kernel = guest.kernel();
    REQUIRE(kernel.ok());
    CHECK(DomainReader(*kernel, 2).absent() == "the kernel has no struct rq");
}

} // namespace ktstr::observe
