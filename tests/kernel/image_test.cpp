// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/file.h"
#include "made_kernel.h"
#include "vmm/kernel/image.h"

using namespace ktstr;

namespace {

// What inspect_image() says of a file with this content.
Result<ImageFacts> inspect(const std::string& content) {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(write_file(directory->path() / "image", content));
    return inspect_image(directory->path() / "image");
}

std::string error_of(const std::string& content) {
    const auto facts = inspect(content);
    REQUIRE_FALSE(facts);
    CHECK_FALSE(facts.error().hint.empty());
    return facts.error().message;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("The vmlinux comes out of a bzImage of every compression that libarchive can write") {
    const std::string filter = GENERATE("gzip", "bzip2", "lzma", "xz", "zstd");
    INFO(filter);
    const auto vmlinux = made::vmlinux();
    auto packed = made::compressed(vmlinux, filter);
    if (filter == "gzip") packed.resize(packed.size() - 4); // its own trailer is the size that bzimage() appends
    const auto extracted = extract_vmlinux(made::bzimage(packed, vmlinux.size()), "made");
    REQUIRE(extracted);
    CHECK(*extracted == vmlinux);
}

TEST_CASE("The vmlinux comes out of a bzImage with the legacy lz4 frame of kernel builds") {
    const auto vmlinux = made::vmlinux();
    const auto extracted = extract_vmlinux(made::bzimage(made::lz4_legacy(vmlinux), vmlinux.size()), "made");
    REQUIRE(extracted);
    CHECK(*extracted == vmlinux);
}

TEST_CASE("A damaged packed kernel is an error that names the image") {
    const auto vmlinux = made::vmlinux();
    const auto packed = made::compressed(vmlinux, "zstd");
    auto flipped = packed;
    for (std::size_t i = 8; i < flipped.size(); ++i) flipped[i] = static_cast<char>(flipped[i] ^ 0x55);
    for (const auto& payload : {packed.substr(0, packed.size() / 2), flipped, std::string("no magic at all here")}) {
        const auto extracted = extract_vmlinux(made::bzimage(payload, vmlinux.size()), "the-image");
        REQUIRE_FALSE(extracted);
        CHECK(contains(extracted.error().message, "the-image"));
    }
}

TEST_CASE("A bzImage that claims to hold more than any kernel is refused before it is unpacked") {
    const auto packed = made::compressed(made::vmlinux(), "zstd");
    const auto extracted = extract_vmlinux(made::bzimage(packed, 0xfffffff0U), "made");
    REQUIRE_FALSE(extracted);
    CHECK(contains(extracted.error().message, "claims"));
}

TEST_CASE("A bzImage cut off anywhere is an error") {
    const auto vmlinux = made::vmlinux();
    const auto whole = made::bzimage(made::compressed(vmlinux, "zstd"), vmlinux.size());
    for (std::size_t size = 0; size + 20 < whole.size(); size += 7)
        REQUIRE_FALSE(extract_vmlinux(std::string_view(whole).substr(0, size), "made"));
    CHECK(contains(error_of(whole.substr(0, whole.size() - 100)), "truncated"));
}

TEST_CASE("What unpacks to something else than ELF is not a kernel") {
    const std::string text(500, 'x');
    const auto extracted = extract_vmlinux(made::bzimage(made::compressed(text, "xz"), text.size()), "made");
    REQUIRE_FALSE(extracted);
    CHECK(contains(extracted.error().message, "not an ELF"));
}

TEST_CASE("A vmlinux is told by its banner and its PVH note") {
    const auto facts = inspect(made::vmlinux());
    REQUIRE(facts);
    CHECK(facts->kind == ImageKind::vmlinux);
    CHECK(facts->release == "7.0.13-made");
    CHECK(facts->pvh);
    made::VmlinuxOptions options;
    options.pvh = false;
    const auto without = inspect(made::vmlinux(options));
    REQUIRE(without);
    CHECK_FALSE(without->pvh);
}

TEST_CASE("A bzImage is told by its setup header, which names the release") {
    const auto vmlinux = made::vmlinux();
    const auto facts = inspect(made::bzimage(made::compressed(vmlinux, "xz"), vmlinux.size(), "6.19.14+deb13"));
    REQUIRE(facts);
    CHECK(facts->kind == ImageKind::bzimage);
    CHECK(facts->release == "6.19.14+deb13");
}

TEST_CASE("What is not a kernel for this machine is called what it is") {
    CHECK(contains(error_of("#!/bin/sh\necho hello\n"), "a text file"));
    CHECK(contains(error_of(""), "empty"));
    CHECK(contains(error_of(std::string(4096, '\x01')), "neither ELF nor bzImage"));
    std::string arm(4096, '\0');
    arm.replace(0x38, 4, "ARM\x64");
    CHECK(contains(error_of(arm), "arm64"));
    made::VmlinuxOptions options;
    options.machine = 183; // EM_AARCH64
    CHECK(contains(error_of(made::vmlinux(options)), "arm64"));
    options.machine = 62;
    options.banner = "just a program";
    CHECK(contains(error_of(made::vmlinux(options)), "not a Linux kernel"));
    auto i386 = made::bzimage(made::compressed(made::vmlinux(), "xz"), 1000);
    i386[0x236] = 0;
    CHECK(contains(error_of(i386), "i386"));
    const auto whole = made::vmlinux();
    CHECK(contains(error_of(whole.substr(0, whole.size() - 200)), "truncated"));
}

TEST_CASE("A path without a file, and a directory, are told apart from a bad kernel") {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    const auto absent = inspect_image(directory->path() / "absent");
    REQUIRE_FALSE(absent);
    CHECK(contains(absent.error().message, "there is no kernel at"));
    CHECK_FALSE(inspect_image(directory->path()));
}
