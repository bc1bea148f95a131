// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "made_kernel.h"
#include "vmm/kernel/sched_ext.h"

using namespace ktstr;

namespace {

constexpr std::uint32_t kf_implicit_args = 1U << 16U;

SchedExtFacts judge(const std::vector<made::Kfunc>& kfuncs, bool sched_ext = true) {
    const auto made = made::btf(kfuncs, sched_ext);
    auto facts = sched_ext_facts(made.types, made.ids, "made");
    REQUIRE(facts);
    return *facts;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace

TEST_CASE("Schedulers attach to a kernel with sched_ext and every needed kfunc") {
    const auto facts = judge(made::needed_kfuncs());
    CHECK(facts.schedulers_attach());
    CHECK(facts.callable.size() == made::needed_kfuncs().size());
    CHECK(facts.broken.empty());
}

TEST_CASE("Kfuncs without decl tags are callable: kernels built with an older pahole have none") {
    auto kfuncs = made::needed_kfuncs();
    for (auto& kfunc : kfuncs) kfunc.tagged = false;
    CHECK(judge(kfuncs).schedulers_attach());
}

TEST_CASE("The names that kfuncs had in 6.12 serve as well") {
    auto kfuncs = made::needed_kfuncs();
    for (auto& kfunc : kfuncs) {
        if (kfunc.name == "scx_bpf_dsq_insert") kfunc.name = "scx_bpf_dispatch";
        if (kfunc.name == "scx_bpf_dsq_insert_vtime") kfunc.name = "scx_bpf_dispatch_vtime";
        if (kfunc.name == "scx_bpf_dsq_move_to_local") kfunc.name = "scx_bpf_consume";
    }
    CHECK(judge(kfuncs).schedulers_attach());
}

TEST_CASE("A kfunc whose build left the implicit argument in place is broken") {
    auto kfuncs = made::needed_kfuncs();
    kfuncs[0] = {"scx_bpf_create_dsq", {"dsq_id", "node", "aux"}, false, true, kf_implicit_args};
    const auto facts = judge(kfuncs);
    CHECK(facts.present);
    CHECK_FALSE(facts.schedulers_attach());
    CHECK(facts.broken == std::vector<std::string>{"scx_bpf_create_dsq"});
    CHECK(facts.missing == std::vector<std::string>{"scx_bpf_create_dsq"});
}

TEST_CASE("A kfunc with an implicit argument is callable if its _impl is there, which itself is not listed") {
    auto kfuncs = made::needed_kfuncs();
    kfuncs[0].flags = kf_implicit_args;
    CHECK(has(judge(kfuncs).broken, "scx_bpf_create_dsq"));
    kfuncs.push_back({"scx_bpf_create_dsq_impl", {"dsq_id", "node", "aux"}, false, false});
    const auto facts = judge(kfuncs);
    CHECK(facts.schedulers_attach());
    CHECK(has(facts.callable, "scx_bpf_create_dsq"));
    CHECK_FALSE(has(facts.callable, "scx_bpf_create_dsq_impl"));
}

TEST_CASE("A function that only looks like a kfunc is not one: it is not registered") {
    auto kfuncs = made::needed_kfuncs();
    kfuncs.push_back({"scx_bpf_helper_of_the_kernel", {}, false, false});
    const auto facts = judge(kfuncs);
    CHECK_FALSE(has(facts.callable, "scx_bpf_helper_of_the_kernel"));
    CHECK_FALSE(has(facts.broken, "scx_bpf_helper_of_the_kernel"));
}

TEST_CASE("A kernel without sched_ext, or without BTF, is told apart from a broken one") {
    const auto plain = judge({}, false);
    CHECK_FALSE(plain.present);
    CHECK(plain.missing.empty());

    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(write_file(directory->path() / "vmlinux", made::vmlinux()));
    const auto facts = sched_ext_facts(directory->path() / "vmlinux");
    REQUIRE(facts);
    CHECK_FALSE(facts->present);
}

TEST_CASE("Damaged BTF is an error, not a verdict") {
    auto made = made::btf(made::needed_kfuncs());
    made.types.resize(made.types.size() / 2);
    CHECK_FALSE(sched_ext_facts(made.types, made.ids, "made"));
    CHECK_FALSE(sched_ext_facts("not BTF at all, but long enough", {}, "made"));
}
