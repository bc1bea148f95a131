// SPDX-License-Identifier: GPL-2.0-only
#include "guest/scratch_disk.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "base/file.h"
#include "interp/plan/disk.h"
#include "tests/guest/running.h"

namespace fs = std::filesystem;
using namespace ktstr;

namespace {

// Two block devices, as far as directories and files can play them.
struct FakeDevices {
    TemporaryDirectory directory = std::move(TemporaryDirectory::create("ktstr-devices-").value());
    explicit FakeDevices(const std::string& second_serial) {
        for (const auto& [name, serial] :
             {std::pair<std::string, std::string>{"vda", "another"}, {"vdb", second_serial}}) {
            fs::create_directories(directory.path() / "sys" / name);
            fs::create_directories(directory.path() / "dev");
            REQUIRE(write_file(directory.path() / "sys" / name / "serial", serial).ok());
            REQUIRE(write_file(directory.path() / "dev" / name, std::string(name == "vdb" ? 8192 : 512, '\0')).ok());
        }
    }
    [[nodiscard]] Result<guest::ScratchDisk> open() const {
        return guest::open_scratch_disk((directory.path() / "sys").c_str(), (directory.path() / "dev").c_str());
    }
};

} // namespace

TEST_CASE("the scratch disk is found by its serial number, whatever its name") {
    const FakeDevices devices(plan::disk_serial);
    const auto disk = devices.open();
    REQUIRE(disk.ok());
    CHECK(disk->file);
    CHECK(disk->bytes == 8192);
}

TEST_CASE("a machine without a scratch disk is no error until somebody needs it") {
    const FakeDevices devices("yet another");
    const auto disk = devices.open();
    REQUIRE(disk.ok());
    CHECK(!disk->file);
    CHECK(guest::open_scratch_disk("/nowhere").ok());
}

TEST_CASE("a plan needs the disk for block I/O and for sequences with it, and for nothing else") {
    const auto needs = [](const plan::Work& work, bool in_loop = false) {
        plan::Plan plan;
        plan.steps.resize(1);
        (in_loop ? plan.steps[0].loop : plan.steps[0].ops).push_back({plan::Spawn{"", work}, {}});
        return plan::needs_disk(plan);
    };
    for (const auto& type : plan::work_types())
        CHECK(needs(test::work_of(type.name)) == (type.category == plan::WorkType::Category::io));
    const std::vector<plan::WorkPhase> phases = {{"spin", 1000}, {"io", 1000}};
    CHECK(needs(test::work_of("sequence", 1, {{"phases", phases}})));
    CHECK(needs(test::work_of("io_rand_read"), true));
    CHECK(plan::disk_bytes_of_group(test::work_of("io_convoy")) == 16 << 20);
    CHECK(plan::disk_bytes_of_group(test::work_of("sequence", 1, {{"phases", phases}})) == plan::sequence_extent);
}
