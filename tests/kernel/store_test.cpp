// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "made_kernel.h"
#include "vmm/kernel/kernel.h"
#include "vmm/kernel/make.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

bool never(const std::string&) { return false; }

// A cache of its own for one test.
struct Cache {
    TemporaryDirectory directory;
    KernelStore store;

    static Cache create() {
        auto directory = TemporaryDirectory::create("ktstr-test-");
        REQUIRE(directory);
        auto root = directory->path() / "kernels";
        return Cache{std::move(*directory), KernelStore(std::move(root))};
    }
    // Adds a kernel with this id, made up of a small vmlinux.
    void add(const std::string& id, const std::string& version, const std::string& source, bool attach) {
        auto stage = store.begin(id, never);
        REQUIRE(stage);
        made::VmlinuxOptions options;
        options.banner = "Linux version " + version + " (made@here)";
        if (attach) {
            const auto btf = made::btf(made::needed_kfuncs());
            options.sections = {{".BTF", btf.types}, {".BTF_ids", btf.ids}};
        }
        REQUIRE(write_file(stage->path() / "vmlinux", made::vmlinux(options)));
        KernelMetadata metadata;
        metadata.id = id;
        metadata.source = source;
        REQUIRE(stage_vmlinux(*stage, metadata));
        REQUIRE(store.add(std::move(*stage), std::move(metadata)));
    }
    [[nodiscard]] std::vector<std::string> ids() const {
        std::vector<std::string> all;
        for (const auto& kernel : store.list()) all.push_back(kernel.id);
        return all;
    }
    // Names under the cache's root that no user should ever see twice: stages of makers that are gone.
    [[nodiscard]] std::size_t stages() const {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(store.root()))
            if (entry.path().filename().string().starts_with(".stage-")) ++count;
        return count;
    }
};

} // namespace

TEST_CASE("A stored kernel is listed with its files, their sizes and hashes") {
    auto cache = Cache::create();
    cache.add("built-1", "6.12.95-ktstr", "built", true);
    const auto kernels = cache.store.list();
    REQUIRE(kernels.size() == 1);
    REQUIRE_FALSE(kernels[0].damage);
    const auto& metadata = *kernels[0].metadata;
    CHECK(metadata.version == "6.12.95-ktstr");
    CHECK(metadata.sched_ext.schedulers_attach());
    CHECK(metadata.files.at("vmlinux").size == fs::file_size(kernels[0].directory / "vmlinux"));
    CHECK(metadata.files.at("vmlinux").sha256.size() == 64);
    CHECK(metadata.files.contains("btf"));
    CHECK(cache.stages() == 0);
}

TEST_CASE("A kernel that is not added leaves nothing behind") {
    auto cache = Cache::create();
    {
        const auto stage = cache.store.begin("key", never);
        REQUIRE(stage);
        REQUIRE(write_file(stage->path() / "vmlinux", "half"));
        CHECK(cache.ids().empty());
        CHECK(cache.stages() == 1);
    }
    CHECK(cache.stages() == 0);
}

TEST_CASE("What a killed maker left behind is swept by the next one, and a living maker's stage is not") {
    auto cache = Cache::create();
    const auto living = cache.store.begin("living", never);
    REQUIRE(living);
    REQUIRE(make_directories(cache.store.root() / ".stage-dead-abcdef"));
    REQUIRE(make_directories(cache.store.root() / ".stage-next-abcdef"));
    const auto next = cache.store.begin("next", never);
    REQUIRE(next);
    CHECK_FALSE(fs::exists(cache.store.root() / ".stage-dead-abcdef"));
    CHECK_FALSE(fs::exists(cache.store.root() / ".stage-next-abcdef"));
    CHECK(fs::exists(living->path()));
    CHECK(fs::exists(next->path()));
}

TEST_CASE("The second maker of the same kernel is told who the first one is, and may wait or give up") {
    auto cache = Cache::create();
    const auto first = cache.store.begin("key", never);
    REQUIRE(first);
    std::string holder;
    const auto second = cache.store.begin("key", [&](const std::string& who) {
        holder = who;
        return false;
    });
    CHECK_FALSE(second);
    CHECK(holder == "pid " + std::to_string(::getpid()) + " (test_kernel)");
}

TEST_CASE("Many makers of one kernel at once end with one sound kernel and no leftovers") {
    auto cache = Cache::create();
    REQUIRE(make_directories(cache.store.root()));
    const auto image = cache.directory.path() / "vmlinux";
    REQUIRE(write_file(image, made::vmlinux()));
    constexpr int makers = 8;
    std::vector<std::thread> threads;
    std::array<int, makers> good{};
    for (int i = 0; i < makers; ++i)
        threads.emplace_back([&, i] {
            KernelStore store(cache.store.root());
            good.at(i) = import_kernel(store, image).ok() ? 1 : 0;
        });
    for (auto& thread : threads) thread.join();
    CHECK(std::count(good.begin(), good.end(), 1) == makers);
    REQUIRE(cache.ids().size() == 1);
    CHECK_FALSE(cache.store.list()[0].damage);
    CHECK(cache.stages() == 0);
}

TEST_CASE("A damaged kernel is reported, not used, and replaced when it is made again") {
    auto cache = Cache::create();
    cache.add("fetched-7", "7.0.13", "fetched", true);
    const auto vmlinux = cache.store.root() / "fetched-7/vmlinux";

    SECTION("truncated") { fs::resize_file(vmlinux, fs::file_size(vmlinux) - 1); }
    SECTION("changed") {
        auto content = read_file(vmlinux);
        REQUIRE(content);
        content->back() = static_cast<char>(content->back() ^ 1);
        REQUIRE(write_file(vmlinux, *content));
        // Even if a coarse clock gave the new file the old one's time by chance.
        fs::last_write_time(vmlinux, fs::last_write_time(vmlinux) + std::chrono::seconds(1));
    }
    SECTION("removed") { fs::remove(vmlinux); }
    SECTION("metadata cut off") { fs::resize_file(cache.store.root() / "fetched-7/metadata.json", 40); }
    SECTION("metadata gone") { fs::remove(cache.store.root() / "fetched-7/metadata.json"); }

    const auto kernels = cache.store.list();
    REQUIRE(kernels.size() == 1);
    REQUIRE(kernels[0].damage);
    CHECK(kernels[0].damage->message.find("fetched-7") != std::string::npos);
    CHECK_FALSE(cache.store.hold("fetched-7"));
    const auto resolved = resolve_kernel(cache.store, "fetched-7");
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().message.find("damaged") != std::string::npos);

    cache.add("fetched-7", "7.0.13", "fetched", true);
    CHECK(resolve_kernel(cache.store, "fetched-7").ok());
}

TEST_CASE("A kernel whose file only has another time is sound: its hash says so") {
    auto cache = Cache::create();
    cache.add("fetched-7", "7.0.13", "fetched", true);
    const auto vmlinux = cache.store.root() / "fetched-7/vmlinux";
    fs::last_write_time(vmlinux, fs::last_write_time(vmlinux) - std::chrono::hours(1));
    CHECK_FALSE(cache.store.list()[0].damage);
}

TEST_CASE("Cleaning keeps the preferred kernels and never removes one in use") {
    auto cache = Cache::create();
    cache.add("fetched-old", "6.12.1", "fetched", false);
    cache.add("fetched-new", "7.0.13", "fetched", true);
    cache.add("built-one", "6.12.95", "built", true);
    {
        const auto running = resolve_kernel(cache.store, "fetched-old");
        REQUIRE(running);
        const auto cleaned = cache.store.clean(1);
        REQUIRE(cleaned);
        CHECK(cleaned->kept == std::vector<std::string>{"built-one"});
        CHECK(cleaned->removed == std::vector<std::string>{"fetched-new"});
        CHECK(cleaned->in_use == std::vector<std::string>{"fetched-old"});
        CHECK(fs::exists(running->image));
    }
    const auto cleaned = cache.store.clean(0);
    REQUIRE(cleaned);
    CHECK(cleaned->in_use.empty());
    CHECK(cache.ids().empty());
    CHECK(cache.stages() == 0);
}

TEST_CASE("A cache directory that cannot be made is an error that names the way out") {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(write_file(directory->path() / "file", "not a directory"));
    KernelStore store(directory->path() / "file/kernels");
    const auto stage = store.begin("key", never);
    REQUIRE_FALSE(stage);
    CHECK(stage.error().hint.find("XDG_CACHE_HOME") != std::string::npos);
    CHECK(store.list().empty());
}
