// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/template.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "base/file.h"
#include "vmm/boot/tsc.h"

using namespace ktstr;
using namespace ktstr::vmm;
namespace fs = std::filesystem;

namespace {

TemplateIdentity identity(const std::string& kernel = "k") {
    return template_identity({.topology = {1, 1, 2, 1}, .memory_bytes = 512U << 20U, .accelerator = "tcg"}, kernel,
                             "i");
}

// Puts an entry there as save() does, without a machine: what open() checks does not depend on what is in the files.
void make_entry(const fs::path& root, const TemplateIdentity& of) {
    const fs::path entry = root / template_key(of);
    fs::create_directories(entry);
    std::ofstream(entry / "memory") << "m";
    std::ofstream(entry / "state") << "s";
    std::ofstream(entry / "metadata.json") << "{}";
}

} // namespace

TEST_CASE("everything that a saved machine depends on is part of its key") {
    const MachineConfig config{.topology = {1, 1, 2, 1}, .memory_bytes = 512U << 20U, .accelerator = "tcg"};
    const std::string key = template_key(template_identity(config, "kernel", "initramfs"));
    CHECK(key == template_key(template_identity(config, "kernel", "initramfs")));
    CHECK(key != template_key(template_identity(config, "another", "initramfs")));
    CHECK(key != template_key(template_identity(config, "kernel", "another")));
    MachineConfig with_disk = config;
    with_disk.disk = true;
    CHECK(key != template_key(template_identity(with_disk, "kernel", "initramfs")));
    MachineConfig other = config;
    other.topology = {1, 2, 1, 1};
    CHECK(key != template_key(template_identity(other, "kernel", "initramfs")));
    other = config;
    other.memory_bytes *= 2;
    CHECK(key != template_key(template_identity(other, "kernel", "initramfs")));
    other = config;
    other.kernel_args = {"nosmt"};
    CHECK(key != template_key(template_identity(other, "kernel", "initramfs")));
    other = config;
    other.accelerator = "kvm";
    CHECK(key != template_key(template_identity(other, "kernel", "initramfs")));
    TemplateIdentity qemu = template_identity(config, "kernel", "initramfs");
    qemu["qemu"] += "x";
    CHECK(key != template_key(qemu));
}

TEST_CASE("what is not there is none, and an entry without sound metadata is refused and removed") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const TemplateStore store(directory->path(), 1U << 30U);
    const auto none = store.open(identity());
    REQUIRE(none);
    CHECK_FALSE(none->has_value());

    make_entry(directory->path(), identity());
    const auto damaged = store.open(identity());
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().message.find("metadata.json") != std::string::npos);
    CHECK(fs::is_empty(directory->path()));
}

TEST_CASE("guest memory is copied with its holes, node after node") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const fs::path path = directory->path() / "memory";
    {
        std::ofstream file(path);
        file.seekp(8192);
        file << "first";
        file.seekp((1 << 20) + 4096);
        file << "second";
    }
    fs::resize_file(path, 2 << 20);
    Template saved;
    saved.memory = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::vector<NodeMemory> nodes;
    for (int i = 0; i < 2; ++i) {
        nodes.push_back({Fd(::memfd_create("test", MFD_CLOEXEC)), 1U << 20U});
        REQUIRE(::ftruncate(nodes.back().file.get(), 1 << 20) == 0);
    }
    REQUIRE(copy_memory(saved, nodes));
    std::string text(6, '\0');
    CHECK(::pread(nodes[0].file.get(), text.data(), 5, 8192) == 5);
    CHECK(text.substr(0, 5) == "first");
    CHECK(::pread(nodes[1].file.get(), text.data(), 6, 4096) == 6);
    CHECK(text == "second");
}

TEST_CASE("a saved memory that is too short is an error, not a signal") {
    auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const fs::path path = directory->path() / "memory";
    std::ofstream(path) << "short";
    Template saved;
    saved.memory = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::vector<NodeMemory> nodes;
    nodes.push_back({Fd(::memfd_create("test", MFD_CLOEXEC)), 1U << 20U});
    REQUIRE(::ftruncate(nodes.back().file.get(), 1 << 20) == 0);
    CHECK_FALSE(copy_memory(saved, nodes));
}

TEST_CASE("the host's TSC has a frequency that a CPU can have") {
    CHECK(host_tsc_khz() > 100'000);
    CHECK(host_tsc_khz() < 10'000'000);
    CHECK(host_tsc_khz() == host_tsc_khz());
}
