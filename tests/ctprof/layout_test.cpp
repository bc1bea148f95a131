// SPDX-License-Identifier: GPL-2.0-only
// What elfutils finds in images of all kinds. They are built by the target alloc_workers.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file.h"
#include "ctprof/host/elf_layout.h"

using namespace ktstr;
using namespace ktstr::ctprof;

namespace {

const std::string workers = KTSTR_ALLOC_WORKERS;

HeapFinding find_in(const std::string& name) {
    INFO(name << " is built by the target alloc_workers");
    REQUIRE(std::filesystem::exists(workers + "/" + name));
    return find_heap_layout(workers + "/" + name);
}

} // namespace

TEST_CASE("jemalloc's counters are found in programs of every kind, and in a library") {
    const auto program = find_in("alloc_worker");
    CHECK(program.state == HeapState::read);
    CHECK(program.layout.tls == HeapLayout::Tls::program);
    CHECK(program.layout.tls_offset < 0);
    CHECK(program.layout.allocated_offset != program.layout.deallocated_offset);
    CHECK(program.layout.load_address == 0);
    const auto fixed = find_in("alloc_worker_fixed");
    CHECK(fixed.state == HeapState::read);
    CHECK(fixed.layout.load_address > 0);
    CHECK(find_in("alloc_worker_static").state == HeapState::read);
    CHECK(find_in("libjemalloc_here.so").layout.tls == HeapLayout::Tls::static_slot);
    CHECK(find_in("libjemalloc_here.so").state == HeapState::read);
    CHECK(find_in("alloc_worker_shared").state == HeapState::no_jemalloc); // it is in the library
    CHECK(find_in("libstand_in.so").layout.tls == HeapLayout::Tls::dynamic_slot);
    CHECK(find_in("libstand_in.so").layout.allocated_offset == 1240);
    CHECK(find_in("libstand_in.so").layout.deallocated_offset == 1256);
}

TEST_CASE("without debug information the reason says so, and a debug file of its own is as good") {
    CHECK(find_in("alloc_worker_stripped").state == HeapState::no_debug_information);
    const auto linked = find_in("alloc_worker_linked");
    CHECK(linked.state == HeapState::read);
    CHECK(linked.layout == find_in("alloc_worker").layout);
}

TEST_CASE("a debug file whose checksum is not the one of the link is not used") {
    const auto directory = TemporaryDirectory::create("ktstr-debug-").value();
    std::filesystem::copy(workers + "/alloc_worker_linked", directory.path());
    std::string debug = *read_file(workers + "/alloc_worker_linked.debug");
    const auto finding = [&] { return find_heap_layout((directory.path() / "alloc_worker_linked").string()).state; };
    CHECK(finding() == HeapState::no_jemalloc); // and no symbols that would say that it has jemalloc
    REQUIRE(write_file(directory.path() / "alloc_worker_linked.debug", debug).ok());
    CHECK(finding() == HeapState::read);
    debug.back() = static_cast<char>(debug.back() + 1);
    REQUIRE(write_file(directory.path() / "alloc_worker_linked.debug", debug).ok());
    CHECK(finding() == HeapState::no_jemalloc);
}

TEST_CASE("files that are no image, or damaged ones, have no jemalloc or an image's reason, and nothing worse") {
    CHECK(find_heap_layout("/nonexistent").state == HeapState::no_jemalloc);
    CHECK(find_heap_layout("/dev/null").state == HeapState::no_jemalloc);
    CHECK(find_heap_layout(std::filesystem::temp_directory_path()).state == HeapState::no_jemalloc);
    const auto directory = TemporaryDirectory::create("ktstr-elf-").value();
    const std::string whole = *read_file(workers + "/libstand_in.so");
    const std::string file = directory.path() / "damaged";
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
        std::string bytes = whole;
        for (int change = 0; change < 20; ++change)
            bytes[random() % (change % 2 == 0 ? 1000 : bytes.size())] = static_cast<char>(random());
        if (i % 3 == 0) bytes.resize(random() % bytes.size());
        REQUIRE(write_file(file, bytes).ok());
        (void)find_heap_layout(file);
        (void)read_build_id(file);
    }
}

TEST_CASE("a table of layouts is the same on the other side, and finds images by their build id") {
    const auto known = known_images({{workers + "/alloc_worker", "/ktstr/bin/alloc_worker"},
                                     {workers + "/stand_in_worker", "/ktstr/bin/stand_in_worker"},
                                     {workers + "/alloc_worker_stripped", "/other"}});
    REQUIRE(known.size() == 2); // one has no jemalloc
    const auto read = known_image_from_json(to_json(known[0]), "images[0]");
    REQUIRE(read.ok());
    CHECK(read->build_id == known[0].build_id);
    CHECK(read->finding == known[0].finding);
    KnownLayouts layouts({*read});
    CHECK(layouts.find({workers + "/alloc_worker", "/anywhere"}).state == HeapState::read);
    CHECK(layouts.find({workers + "/stand_in_worker", "/ktstr/bin/alloc_worker"}).state == HeapState::no_jemalloc);
    KnownImage stripped = *read; // a copy without debug information has the same build id
    stripped.finding = {HeapState::no_debug_information};
    KnownLayouts twice({stripped, *read, stripped});
    CHECK(twice.find({workers + "/alloc_worker", "/anywhere"}).state == HeapState::read);
    KnownLayouts by_path({{"", "/its/path", known[0].finding}});
    CHECK(by_path.find({"/dev/null", "/its/path"}).state == HeapState::read);
}

TEST_CASE("a table that says what no image can say is refused by the field") {
    auto json = to_json(known_images({{workers + "/alloc_worker", "/a"}}).at(0));
    json["allocated_offset"] = 1U << 30U;
    CHECK_FALSE(known_image_from_json(json, "images[0]").ok());
    json.erase("tls");
    const auto read = known_image_from_json(json, "images[0]");
    REQUIRE_FALSE(read.ok());
    CHECK_THAT(read.error().message, Catch::Matchers::ContainsSubstring("images[0].tls"));
}
