// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "vmm/kernel/apt.h"
#include "vmm/kernel/apt_sources.h"

using namespace ktstr;

namespace {

constexpr const char* deb822 = "# the machine's own\n"
                               "Types: deb deb-src\n"
                               "URIs: http://archive.invalid/debian\n"
                               "# a comment inside\n"
                               "Suites: bookworm bookworm-updates\n"
                               "Components: main contrib\n"
                               "Signed-By: /usr/share/keyrings/archive.gpg\n"
                               "\n"
                               "Types: deb\n"
                               "URIs: http://security.invalid/debian-security\n"
                               "Suites:\n bookworm-security\n"
                               "Components: main\n"
                               "\n"
                               "Enabled: no\n"
                               "Types: deb\n"
                               "URIs: http://off.invalid/debian\n"
                               "Suites: bookworm\n"
                               "Components: main\n";

} // namespace

TEST_CASE("A deb822 file gives its enabled binary sources, with continuation lines and without comments") {
    const auto sources = parse_deb822_sources(deb822);
    REQUIRE(sources.size() == 2);
    CHECK(sources[0].uris == std::vector<std::string>{"http://archive.invalid/debian"});
    CHECK(sources[0].suites == std::vector<std::string>{"bookworm", "bookworm-updates"});
    CHECK(sources[0].components == std::vector<std::string>{"main", "contrib"});
    REQUIRE(sources[0].options.size() == 1);
    CHECK(sources[0].options[0].second == "/usr/share/keyrings/archive.gpg");
    CHECK(sources[1].suites == std::vector<std::string>{"bookworm-security"});
}

TEST_CASE("A source that carries its key in the file keeps it whole") {
    const auto sources =
        parse_deb822_sources("Types: deb\nURIs: http://a.invalid/\nSuites: bookworm\nComponents: main\n"
                             "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n");
    REQUIRE(sources.size() == 1);
    const auto again = parse_deb822_sources(to_deb822(sources));
    REQUIRE(again.size() == 1);
    CHECK(again[0].options == sources[0].options);
    CHECK(again[0].options.at(0).second.find("mQINBF") != std::string::npos);
}

TEST_CASE("One-line sources are read with their options; deb-src, comments and broken lines are not sources") {
    const auto sources =
        parse_list_sources("deb [arch=amd64,i386 signed-by=/k.gpg] http://a.invalid/debian bookworm main\n"
                           "# deb http://off.invalid/debian bookworm main\n"
                           "deb-src http://a.invalid/debian bookworm main\n"
                           "deb [broken http://b.invalid/debian bookworm main\n"
                           "deb http://c.invalid/debian bookworm-security main # why\n");
    REQUIRE(sources.size() == 2);
    CHECK(sources[0].uris == std::vector<std::string>{"http://a.invalid/debian"});
    CHECK(sources[0].options ==
          std::vector<std::pair<std::string, std::string>>{{"Architectures", "amd64 i386"}, {"Signed-By", "/k.gpg"}});
    CHECK(sources[1].components == std::vector<std::string>{"main"});
}

TEST_CASE("Kernel sources are the machine's own archive with other suites, and its security suite") {
    const auto derived = kernel_sources(parse_deb822_sources(deb822), "bookworm");
    REQUIRE(derived);
    REQUIRE(derived->size() == 2);
    CHECK((*derived)[0].uris == std::vector<std::string>{"http://archive.invalid/debian"});
    CHECK((*derived)[0].suites == std::vector<std::string>{"trixie-backports", "bookworm-backports"});
    CHECK((*derived)[0].components == std::vector<std::string>{"main"});
    CHECK((*derived)[0].options.at(0).second == "/usr/share/keyrings/archive.gpg");
    CHECK((*derived)[1].uris == std::vector<std::string>{"http://security.invalid/debian-security"});
    CHECK((*derived)[1].suites == std::vector<std::string>{"bookworm-security"});
}

TEST_CASE("On the release that the newer kernels are backported to, no suite is asked for twice") {
    const auto derived = kernel_sources(parse_list_sources("deb http://a.invalid/debian trixie main\n"),
                                        version_codename("A=b\nVERSION_CODENAME=\"trixie\"\n"));
    REQUIRE(derived);
    REQUIRE(derived->size() == 1);
    CHECK((*derived)[0].suites == std::vector<std::string>{"trixie-backports"});
}

TEST_CASE("A machine without its release's archive is told that fetching is for Debian") {
    const auto derived = kernel_sources(parse_list_sources("deb http://a.invalid/other noble main\n"), "bookworm");
    REQUIRE_FALSE(derived);
    CHECK(derived.error().message.find("bookworm") != std::string::npos);
    CHECK(derived.error().hint.find("--kernel") != std::string::npos);
}

TEST_CASE("Both kinds of files under an apt directory are read, and disabled names are not") {
    const auto directory = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(directory);
    REQUIRE(make_directories(directory->path() / "sources.list.d"));
    REQUIRE(write_file(directory->path() / "sources.list", "deb http://a.invalid/debian bookworm main\n"));
    REQUIRE(write_file(directory->path() / "sources.list.d/b.sources", deb822));
    REQUIRE(write_file(directory->path() / "sources.list.d/c.list.disabled", "deb http://c.invalid/ bookworm main\n"));
    CHECK(read_apt_sources(directory->path()).size() == 3);
    CHECK(read_apt_sources(directory->path() / "absent").empty());
}

TEST_CASE("Prebuilt kernels are one per release, newest first, from the package that holds the image") {
    const auto packages =
        parse_package_list("Package: linux-image-6.12.117+deb12-cloud-amd64-unsigned\nVersion: 6.12.117-1\n\n"
                           "Package: linux-image-6.12.117+deb12-cloud-amd64-dbg\nVersion: 6.12.117-1\n\n"
                           "Package: linux-image-6.12-cloud-amd64\nVersion: 6.12.117-1\n\n"
                           "Package: linux-image-7.0.13+deb13-cloud-amd64\nVersion: 7.0.13-1\n\n"
                           "Package: linux-binary-7.0.13+deb13-cloud-amd64\nVersion: 7.0.13-1\n\n"
                           "Package: linux-binary-7.0.4+deb13-cloud-amd64\nVersion: 7.0.4-1\n\n"
                           "Package: linux-binary-unsigned-7.0.4+deb13-cloud-amd64\nVersion: 7.0.4-1\n\n"
                           "Package: linux-binary-unsigned-7.3.4+deb13-cloud-amd64\nVersion: 7.3.4-1\n\n"
                           "Package: linux-binary-7.0.13+deb13-amd64\nVersion: 7.0.13-1\n");
    const auto kernels = kernel_packages(packages);
    std::vector<std::string> names;
    for (const auto& kernel : kernels) names.push_back(kernel.package.name);
    CHECK(names == std::vector<std::string>{
                       "linux-binary-unsigned-7.3.4+deb13-cloud-amd64", "linux-binary-7.0.13+deb13-cloud-amd64",
                       "linux-binary-7.0.4+deb13-cloud-amd64", "linux-image-6.12.117+deb12-cloud-amd64-unsigned"});
    CHECK(kernels.at(1).release == "7.0.13+deb13-cloud-amd64");
    CHECK(kernels.at(1).package.version == "7.0.13-1");
}
