// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/elf_strip.h"

#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "base/process.h"

using namespace ktstr;

TEST_CASE("a program without its debug information is smaller and runs as before") {
    const std::string whole = read_file("/proc/self/exe").value();
    const std::string small = vmm::without_debug(whole);
    CHECK(small.size() < whole.size());
    const auto directory = TemporaryDirectory::create("ktstr-test-").value();
    const auto copy = directory.path() / "copy";
    REQUIRE(write_file(copy, small, 0755));
    const auto listed = run_command({.arguments = {copy.string(), "--list-tests"}});
    REQUIRE(listed);
    CHECK(listed->exit.clean());
    CHECK(listed->output.find("runs as before") != std::string::npos);
    CHECK(vmm::without_debug(small) == small);
}

TEST_CASE("what is no program, or is cut off, stays as it is") {
    CHECK(vmm::without_debug("#!/bin/sh\n") == "#!/bin/sh\n");
    const std::string cut = read_file("/proc/self/exe").value().substr(0, 5000);
    CHECK(vmm::without_debug(cut) == cut);
    const std::string header = cut.substr(0, 64);
    CHECK(vmm::without_debug(header) == header);
}
