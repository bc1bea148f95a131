// SPDX-License-Identifier: GPL-2.0-only
// `use lib.NAME` in a project: which file it is, and what is said when there is none.
#include "interp/library/resolve.h"

#include <catch2/catch_test_macros.hpp>

#include "playground.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

// A project that uses both fixtures: `load`, and with it `shapes`.
struct Project : test::Playground {
    Project() {
        fixture("shapes", "v1.0");
        fixture("load", "v0.3");
        done({"add", "../load@v0.3"});
        done({"add", "../shapes@v1.0"});
    }
    // The one cached file of that name.
    [[nodiscard]] fs::path cached(const std::string& name) const {
        for (const auto& entry : fs::recursive_directory_iterator(cache()))
            if (entry.path().filename() == name) return entry.path();
        FAIL("not in the cache: " << name);
        return {};
    }
};

std::string fixture_text(const std::string& name) {
    auto text = read_file(fs::path(KTSTR_FIXTURES) / name);
    REQUIRE(text);
    return *text;
}

std::string text_of(const Error& error) { return error.message + " | " + error.hint; }

} // namespace

TEST_CASE("A library is used by its name, its modules by theirs") {
    const Project project;
    CHECK(project.used("shapes") == fixture_text("shapes/lib.ktl"));
    CHECK(project.used("shapes", "numa") == fixture_text("shapes/numa.ktl"));
    CHECK(project.used("load") == fixture_text("load/services.ktl"));
    CHECK(project.used("load", "nightly") == fixture_text("load/nightly.ktl"));
}

TEST_CASE("A module of a library uses what the library's own ktl.toml names, and nothing else of the project") {
    const Project project;
    library::Resolver resolver(project.project());
    const auto load = resolver.module(project.project() / "a.ktl", "load", "");
    REQUIRE(load);
    const auto shapes = resolver.module(*load, "shapes", "numa");
    REQUIRE(shapes);
    CHECK(*read_file(*shapes) == fixture_text("shapes/numa.ktl"));
    const auto back = resolver.module(*shapes, "load", "");
    REQUIRE_FALSE(back);
    CHECK(text_of(back.error()) == "the library `shapes` has no dependency `load` in its ktl.toml | it has none");
}

TEST_CASE("Once fetched, a library needs no repository") {
    const Project project;
    fs::remove_all(project.path("shapes"));
    fs::remove_all(project.path("load"));
    CHECK(project.used("shapes") == fixture_text("shapes/lib.ktl"));
    CHECK(project.ktstr({"update", "--locked"}).exit_code == 0);
    CHECK(project.ktstr({"vendor"}).exit_code == 0);
    CHECK(project.ktstr({"remove", "load"}).exit_code == 0);
    CHECK(project.used("shapes") == fixture_text("shapes/lib.ktl"));
}

TEST_CASE("A vendored library needs neither repository nor cache") {
    const Project project;
    project.done({"vendor"});
    fs::remove_all(project.path("shapes"));
    fs::remove_all(project.path("load"));
    fs::remove_all(project.cache());
    CHECK(project.used("load", "nightly") == fixture_text("load/nightly.ktl"));
    CHECK(project.ktstr({"update", "--locked"}).exit_code == 0);
}

TEST_CASE("A library that is nowhere on this machine is fetched again exactly as it is locked") {
    const Project project;
    fs::remove_all(project.cache());
    CHECK(project.used("shapes") == "error: the library `shapes` is not on this machine | run `ktstr update --locked`, "
                                    "which fetches what ktl.lock names");
    project.write("shapes/lib.ktl", "# newer\n");
    project.commit("shapes", "v1.0"); // somebody moves the tag
    const auto lock = project.read("project/ktl.lock");
    project.done({"update", "--locked"});
    CHECK(project.used("shapes") == fixture_text("shapes/lib.ktl"));
    CHECK(project.read("project/ktl.lock") == lock);
}

TEST_CASE("A changed file in the cache is noticed and never used") {
    const Project project;
    const auto file = project.cached("numa.ktl");
    const std::string expected = "error: the files of the library `shapes` in " + file.parent_path().string() +
                                 " are not what ktl.lock was made from: their hash has changed | run `ktstr update "
                                 "--locked`, which fetches them anew";
    SECTION("another text") {
        REQUIRE(write_file(file, "# tampered\n"));
        CHECK(project.used("shapes") == expected);
    }
    SECTION("a file more") {
        REQUIRE(write_file(file.parent_path() / "more.ktl", ""));
        CHECK(project.used("shapes") == expected);
    }
    SECTION("a file less") {
        fs::remove(file);
        CHECK(project.used("shapes") == expected);
    }
    SECTION("a link in place of a file") {
        fs::remove(file);
        fs::create_symlink("/etc/passwd", file);
        CHECK(project.used("shapes") == expected);
    }
    project.done({"update", "--locked"});
    CHECK(project.used("shapes", "numa") == fixture_text("shapes/numa.ktl"));
    CHECK(project.leftovers().empty());
}

TEST_CASE("A changed vendored file is never used: the cache is, if it has the right one") {
    const Project project;
    project.done({"vendor"});
    project.write("project/vendor/shapes/lib.ktl", "# tampered\n");
    CHECK(project.used("shapes") == fixture_text("shapes/lib.ktl"));
    fs::remove_all(project.cache());
    CHECK(project.used("shapes") == "error: the files of the library `shapes` in " +
                                        (fs::canonical(project.project()) / "vendor/shapes").string() +
                                        " are not those that ktl.lock names: their hash is another | run `ktstr "
                                        "vendor`, which writes them anew, or bring back the old ones");
    project.done({"vendor"});
    CHECK(project.read("project/vendor/shapes/lib.ktl") == fixture_text("shapes/lib.ktl"));
    CHECK(project.used("shapes") == fixture_text("shapes/lib.ktl"));
}

TEST_CASE("A cache that cannot be written is good enough to use") {
    const Project project;
    for (const auto& entry : fs::recursive_directory_iterator(project.path("cache")))
        fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
    CHECK(project.used("shapes") == fixture_text("shapes/lib.ktl"));
    for (const auto& entry : fs::recursive_directory_iterator(project.path("cache")))
        fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0755) : fs::perms(0644));
}

TEST_CASE("What cannot be used is said with the way out") {
    const Project project;
    const std::string toml = (fs::canonical(project.project()) / "ktl.toml").string();
    CHECK(project.used("shape") ==
          "error: there is no library `shape`: " + toml + " has no dependency of that name | did you mean `shapes`?");
    CHECK(project.used("benchmarks") == "error: there is no library `benchmarks`: " + toml +
                                            " has no dependency of that name | add it: `ktstr add URL-OR-PATH --as "
                                            "benchmarks`");
    CHECK(project.used("shapes", "nmua") == "error: the library `shapes` has no module `nmua` | did you mean `numa`?");
    CHECK(project.used("shapes", "weather") == "error: the library `shapes` has no module `weather` | there are numa");
    CHECK(project.used("shapes", "lib") ==
          "error: `lib` is the main file of the library `shapes` | write `use lib.shapes`");

    library::Resolver nowhere(project.path("load/x.ktl").parent_path().parent_path() / "x.ktl");
    const auto none = nowhere.module("x.ktl", "shapes", "");
    REQUIRE_FALSE(none);
    CHECK(text_of(none.error()) == "there is no library `shapes`: no folder above x.ktl has a ktl.toml | `ktstr add "
                                   "URL-OR-PATH --as shapes` writes one");
}

TEST_CASE("A library without a main file says which modules it has") {
    test::Playground playground;
    playground.repository("parts", {{"ktl.toml", "[library]\nname = \"parts\"\n"}, {"a.ktl", ""}, {"b.ktl", ""}});
    playground.done({"add", "../parts"});
    CHECK(playground.used("parts") ==
          "error: the library `parts` has no main file lib.ktl | name one of its modules, as "
          "in `use lib.parts.a`");
}

TEST_CASE("A ktl.toml that was changed by hand is not used with an old lock") {
    const Project project;
    project.write("project/ktl.toml", "[dependencies]\n"
                                      "load = { git = \"../load\", rev = \"v0.3\" }\n"
                                      "shapes = { git = \"../shapes\", rev = \"main\" }\n"
                                      "more = { path = \"../more\" }\n");
    const std::string toml = (fs::canonical(project.project()) / "ktl.toml").string();
    CHECK(project.used("shapes") == "error: " + toml +
                                        ":3:1: `shapes` should come from ../shapes, rev main, and ktl.lock has it from "
                                        "../shapes, rev v1.0 | run `ktstr update shapes`");
    CHECK(project.used("more") ==
          "error: the library `more` is not locked: ktl.lock does not have it yet | run `ktstr update`");
    CHECK_FALSE(project.used("load").starts_with("error"));
}

TEST_CASE("A lock that was changed by hand does not bring in other content") {
    const Project project;
    auto lock = project.read("project/ktl.lock");
    const auto at = lock.rfind("sha256 = \"") + 10;
    lock[at] = lock[at] == 'a' ? 'b' : 'a';
    project.write("project/ktl.lock", lock);
    CHECK(project.used("shapes").starts_with("error: the library `shapes` is not on this machine"));
    const auto outcome = project.ktstr({"update", "--locked"});
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.output.find("does not have the hash that ktl.lock has: one of them was changed") !=
          std::string::npos);
    CHECK(project.read("project/ktl.lock") == lock);

    project.write("project/ktl.lock", "version = 1\n[[library]\n");
    CHECK(project.used("shapes").starts_with("error: " + (fs::canonical(project.project()) / "ktl.lock").string() +
                                             ":2:"));
}

TEST_CASE("A library at a path is used as it is now") {
    test::Playground playground;
    playground.write("near/ktl.toml", "[library]\nname = \"near\"\n");
    playground.write("near/lib.ktl", "# one\n");
    playground.done({"add", "../near"});
    CHECK(playground.used("near") == "# one\n");
    playground.write("near/lib.ktl", "# two\n");
    CHECK(playground.used("near") == "# two\n");

    SECTION("its vendored copy is used where the path is missing") {
        playground.done({"vendor"});
        fs::remove_all(playground.path("near"));
        CHECK(playground.used("near") == "# two\n");
        playground.write("project/vendor/near/lib.ktl", "# tampered\n");
        CHECK(playground.used("near").starts_with("error: there is no library at "));
    }
}

TEST_CASE("The files of a library have the same names in a plan wherever they lie") {
    const Project project;
    const auto name = [&](const fs::path& file, library::Resolver& resolver) {
        return resolver.file_name(file).value_or("none");
    };
    library::Resolver cached(project.project());
    const auto in_cache = cached.module(project.project() / "a.ktl", "shapes", "numa");
    REQUIRE(in_cache);
    CHECK(name(*in_cache, cached) == "lib/shapes/numa.ktl");
    CHECK(name(project.project() / "a.ktl", cached) == "none");

    project.done({"vendor"});
    library::Resolver vendored(project.project());
    const auto in_vendor = vendored.module(project.project() / "a.ktl", "shapes", "numa");
    REQUIRE(in_vendor);
    CHECK(*in_vendor != *in_cache);
    CHECK(name(*in_vendor, vendored) == "lib/shapes/numa.ktl");

    library::Resolver fresh(project.project());
    const auto back = fresh.file_of("lib/shapes/numa.ktl");
    REQUIRE(back);
    CHECK(*back == *in_vendor);
    CHECK_FALSE(fresh.file_of("lib/shapes/../../ktl.toml"));
    CHECK_FALSE(fresh.file_of("lib/other/a.ktl"));
    CHECK_FALSE(fresh.file_of("a.ktl"));
}

TEST_CASE("A file of a library cannot reach out of the library by a path") {
    const Project project;
    library::Resolver resolver(project.project());
    const auto load = resolver.module(project.project() / "a.ktl", "load", "");
    REQUIRE(load);
    CHECK(resolver.check_path(*load, load->parent_path() / "nightly.ktl"));
    const auto out = resolver.check_path(*load, load->parent_path() / "../../../../secret.ktl");
    REQUIRE_FALSE(out);
    CHECK(out.error().message.starts_with("a file of the library `load` uses "));
    CHECK(resolver.check_path(project.project() / "a.ktl", project.path("secret.ktl")));
}
