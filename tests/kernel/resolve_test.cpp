// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "made_kernel.h"
#include "tests/runs/made_repository.h"
#include "vmm/kernel/kernel.h"
#include "vmm/kernel/make.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

class Fixture {
  public:
    Fixture() : directory_(make_directory()), store(directory_.path() / "cache") {}

    // Writes a vmlinux of this release outside the cache and returns its path.
    fs::path image(const std::string& release, bool attach = true, bool pvh = true) {
        made::VmlinuxOptions options;
        options.banner = "Linux version " + release + " (made@here)";
        options.pvh = pvh;
        if (attach) {
            const auto btf = made::btf(made::needed_kfuncs());
            options.sections = {{".BTF", btf.types}, {".BTF_ids", btf.ids}};
        }
        return file("vmlinux-" + release, made::vmlinux(options));
    }
    fs::path file(const std::string& name, const std::string& content) {
        const auto path = directory_.path() / name;
        REQUIRE(make_directories(path.parent_path()));
        REQUIRE(write_file(path, content));
        return path;
    }
    // Adds it to the cache as if it had been built or fetched.
    void add(const std::string& source, const std::string& release, bool attach = true) {
        auto stage = store.begin("key", [](const std::string&) { return false; });
        REQUIRE(stage);
        fs::copy_file(image(release, attach), stage->path() / "vmlinux");
        KernelMetadata metadata;
        metadata.id = source + "-" + release;
        metadata.source = source;
        REQUIRE(stage_vmlinux(*stage, metadata));
        REQUIRE(store.add(std::move(*stage), std::move(metadata)));
    }
    std::string resolved_id(const std::optional<std::string>& spec) {
        const auto kernel = resolve_kernel(store, spec);
        return kernel ? kernel->id : "error: " + kernel.error().text();
    }
    Error error_of(const std::optional<std::string>& spec) {
        const auto kernel = resolve_kernel(store, spec);
        REQUIRE_FALSE(kernel);
        CHECK_FALSE(kernel.error().hint.empty());
        return kernel.error();
    }
    [[nodiscard]] const fs::path& path() const { return directory_.path(); }

  private:
    static TemporaryDirectory make_directory() {
        auto directory = TemporaryDirectory::create("ktstr-test-");
        REQUIRE(directory);
        return std::move(*directory);
    }
    TemporaryDirectory directory_;

  public:
    KernelStore store;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("Without a cached kernel, the error names both commands that get one") {
    Fixture fixture;
    const auto error = fixture.error_of(std::nullopt);
    CHECK(contains(error.hint, "ktstr kernel build"));
    CHECK(contains(error.hint, "ktstr kernel fetch"));
}

TEST_CASE("The default kernel is a built one on which schedulers attach, then a fetched one, then any") {
    Fixture fixture;
    fixture.add("fetched", "6.12.117", false);
    CHECK(fixture.resolved_id(std::nullopt) == "fetched-6.12.117");
    fixture.add("fetched", "6.19.14");
    fixture.add("fetched", "7.0.13");
    CHECK(fixture.resolved_id(std::nullopt) == "fetched-7.0.13");
    fixture.add("built", "6.12.95");
    CHECK(fixture.resolved_id(std::nullopt) == "built-6.12.95");
    fixture.add("built", "6.12.100", false);
    CHECK(fixture.resolved_id(std::nullopt) == "built-6.12.95");
}

TEST_CASE("A version, a prefix or an id names a cached kernel; a prefix prefers one on which schedulers attach") {
    Fixture fixture;
    fixture.add("fetched", "6.12.117", false);
    fixture.add("built", "6.12.95");
    fixture.add("fetched", "7.0.13");
    CHECK(fixture.resolved_id("7.0") == "fetched-7.0.13");
    CHECK(fixture.resolved_id("6.12") == "built-6.12.95");
    CHECK(fixture.resolved_id("6.12.117") == "fetched-6.12.117");
    CHECK(fixture.resolved_id("built-6.12.95") == "built-6.12.95");
    const auto error = fixture.error_of("6.19");
    CHECK(contains(error.message, "7.0.13"));
    CHECK(contains(error.hint, "ktstr kernel fetch 6.19"));
}

TEST_CASE("A resolved kernel says what boots, how fast, and whether schedulers attach") {
    Fixture fixture;
    fixture.add("built", "6.12.95");
    const auto kernel = resolve_kernel(fixture.store, std::nullopt);
    REQUIRE(kernel);
    CHECK(kernel->image == fixture.store.root() / "built-6.12.95/vmlinux");
    CHECK(kernel->boots_fast);
    CHECK(kernel->schedulers_attach);
    CHECK(kernel->sha256.size() == 64);
    CHECK(kernel->lock != nullptr);
}

TEST_CASE("A path to a vmlinux is imported once, whatever it is called") {
    Fixture fixture;
    const auto image = fixture.image("7.1.0");
    const auto first = resolve_kernel(fixture.store, image.string());
    REQUIRE(first);
    CHECK(first->source == "local");
    CHECK(first->version == "7.1.0");
    const auto again = resolve_kernel(fixture.store, fixture.file("other-name", *read_file(image)).string());
    REQUIRE(again);
    CHECK(again->id == first->id);
}

TEST_CASE("A path to a bzImage boots the vmlinux inside it, or itself where that has no PVH entry") {
    Fixture fixture;
    auto bzimage = [&](bool pvh) {
        const auto vmlinux = *read_file(fixture.image(pvh ? "7.1.1" : "7.1.2", true, pvh));
        return fixture.file(pvh ? "pvh" : "plain",
                            made::bzimage(made::compressed(vmlinux, "zstd"), vmlinux.size(), pvh ? "7.1.1" : "7.1.2"));
    };
    const auto fast = resolve_kernel(fixture.store, bzimage(true).string());
    REQUIRE(fast);
    CHECK(fast->image.filename() == "vmlinux");
    CHECK(fast->schedulers_attach);
    const auto plain = resolve_kernel(fixture.store, bzimage(false).string());
    REQUIRE(plain);
    CHECK(plain->image.filename() == "bzImage");
    CHECK(plain->vmlinux.filename() == "vmlinux");
    const auto error = fixture.error_of(fixture.image("7.1.3", true, false).string());
    CHECK(contains(error.message, "PVH"));
}

TEST_CASE("A kernel build tree boots what was built in it, and an unbuilt tree says so") {
    Fixture fixture;
    const auto vmlinux = *read_file(fixture.image("7.2.0"));
    fixture.file("tree/Kconfig", "mainmenu \"Linux\"\n");
    CHECK(contains(fixture.error_of((fixture.path() / "tree").string()).message, "has not been built"));
    fixture.file("tree/vmlinux", vmlinux);
    const auto kernel = resolve_kernel(fixture.store, (fixture.path() / "tree").string());
    REQUIRE(kernel);
    CHECK(kernel->version == "7.2.0");
    REQUIRE(make_directories(fixture.path() / "empty"));
    CHECK(contains(fixture.error_of((fixture.path() / "empty").string()).message, "not a kernel build tree"));
}

TEST_CASE("A kernel out of a source tree with git history keeps the commit that the tree had when it was first given") {
    Fixture fixture;
    const auto content = read_file(fixture.image("6.15.0"));
    REQUIRE(content);
    const auto tree = fixture.path() / "linux";
    const test::MadeRepository repository(tree);
    for (const auto* file : {"Kconfig", "arch/Kconfig", "arch/x86/Kconfig"}) {
        repository.write(file, "menu\n");
        repository.add(file);
    }
    const std::string commit = repository.commit().substr(0, 7);
    SECTION("beside the sources") {
        fixture.file("linux/vmlinux", *content);
        CHECK(resolve_kernel(fixture.store, tree.string())->source_commit == commit);
        repository.write("Kconfig", "changed since\n");
        CHECK(resolve_kernel(fixture.store, tree.string())->source_commit == commit);
    }
    SECTION("where make leaves images") {
        const auto image = fixture.file("linux/arch/x86/boot/vmlinux", *content);
        repository.write("Kconfig", "changed\n");
        CHECK(resolve_kernel(fixture.store, image.string())->source_commit == commit + "-dirty");
    }
    SECTION("in a folder of its own, make O=") {
        fixture.file("objects/vmlinux", *content);
        fs::create_directory_symlink(tree, fixture.path() / "objects/source");
        CHECK(resolve_kernel(fixture.store, (fixture.path() / "objects").string())->source_commit == commit);
    }
    SECTION("elsewhere") {
        fixture.file("objects/vmlinux", *content);
        CHECK_FALSE(resolve_kernel(fixture.store, (fixture.path() / "objects").string())->source_commit);
    }
}

TEST_CASE("A path that leads to no kernel is an error that says what is there, and the cache stays as it was") {
    Fixture fixture;
    CHECK(contains(fixture.error_of((fixture.path() / "absent").string()).message, "there is no kernel at"));
    const auto script = fixture.file("script", "#!/bin/sh\nexit 0\n");
    CHECK(contains(fixture.error_of(script.string()).message, "a text file"));
    CHECK(fixture.store.list().empty());
}

TEST_CASE("Building from what is no source tree, or one that was built in place, is refused with the way out") {
    Fixture fixture;
    StopSignals stop;
    auto build = [&](const fs::path& source) {
        const auto made = build_kernel(fixture.store, {std::nullopt, source}, stop, [](const KernelProgress&) {});
        REQUIRE_FALSE(made);
        return made.error();
    };
    CHECK(contains(build(fixture.path() / "absent").message, "no source tree"));
    fixture.file("tree/Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 95\n");
    CHECK(contains(build(fixture.path() / "tree").message, "not a Linux source tree"));
    fixture.file("tree/Kconfig", "mainmenu \"Linux\"\n");
    fixture.file("tree/.config", "CONFIG_SMP=y\n");
    const auto error = build(fixture.path() / "tree");
    CHECK(contains(error.message, "built in place"));
    CHECK(contains(error.hint, "mrproper"));
    CHECK(contains(error.hint, "--kernel"));
    const auto version = build_kernel(fixture.store, {"six", std::nullopt}, stop, [](const KernelProgress&) {});
    REQUIRE_FALSE(version);
    CHECK(contains(version.error().message, "not a kernel version"));
}
