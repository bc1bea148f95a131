// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "vmm/kernel/config.h"
#include "vmm/kernel/version.h"

using namespace ktstr;

namespace {

KernelVersion version(std::string_view text) {
    const auto parsed = KernelVersion::parse(text);
    REQUIRE(parsed);
    return *parsed;
}

} // namespace

TEST_CASE("Kernel versions are ordered by their numbers, not as text") {
    CHECK(version("6.9.1") < version("6.12.94"));
    CHECK(version("6.12.94") < version("6.12.117"));
    CHECK(version("6.19.14") < version("7.0.4"));
    CHECK(version("7.0") < version("7.0.1"));
    CHECK(version("7.1.0-rc3") < version("7.1.0"));
    CHECK(version("6.12.90+deb12-cloud-amd64") < version("6.12.90+deb12.1-cloud-amd64"));
    CHECK(version("7.0") == version("7.0.0"));
}

TEST_CASE("A version keeps its numbers, its series and its suffix apart") {
    const auto debian = version("7.0.13+deb13-cloud-amd64");
    CHECK(debian.numbers_text() == "7.0.13");
    CHECK(debian.series() == "7.0");
    CHECK(debian.suffix == "+deb13-cloud-amd64");
    CHECK(version("6.12-ktstr").numbers_text() == "6.12");
    CHECK_FALSE(KernelVersion::parse("vmlinux"));
    CHECK_FALSE(KernelVersion::parse("7"));
    CHECK_FALSE(KernelVersion::parse("7."));
    CHECK_FALSE(KernelVersion::parse("99999999999999.1"));
}

TEST_CASE("A prefix names a release only where it ends between two numbers") {
    CHECK(version_matches("7.0", "7.0.13+deb13-cloud-amd64"));
    CHECK(version_matches("7.0.13", "7.0.13+deb13-cloud-amd64"));
    CHECK(version_matches("7.0.13+deb13-cloud-amd64", "7.0.13+deb13-cloud-amd64"));
    CHECK_FALSE(version_matches("6.1", "6.12.95"));
    CHECK_FALSE(version_matches("6.12.9", "6.12.95"));
    CHECK_FALSE(version_matches("7.0.13", "7.0.1"));
    CHECK_FALSE(version_matches("", "7.0.13"));
}

TEST_CASE("An option of the fragment that did not survive is named with what it became") {
    const auto wanted =
        parse_kernel_config("# a comment\nCONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\nCONFIG_D=\"x\"\n");
    const auto actual = parse_kernel_config("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\nCONFIG_D=\"x\"\n");
    CHECK(lost_options(wanted, actual) == std::vector<std::string>{"CONFIG_B=y (is: not set)", "CONFIG_C=n (is: y)"});
    CHECK(lost_options(wanted, wanted).empty());
}

TEST_CASE("The guest kernel's fragment is in the program and asks for what schedulers need") {
    const auto fragment = parse_kernel_config(guest_kernel_fragment());
    for (const char* option :
         {"CONFIG_SCHED_CLASS_EXT", "CONFIG_DEBUG_INFO_BTF", "CONFIG_PVH", "CONFIG_VIRTIO_CONSOLE"})
        CHECK(fragment.at(option) == "y");
    CHECK(fragment.at("CONFIG_MODULES") == "n");
}
