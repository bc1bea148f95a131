// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/manifest.h"

#include <catch2/catch_test_macros.hpp>

#include "interp/library/location.h"
#include "interp/library/lock.h"

using namespace ktstr;
using namespace ktstr::library;

namespace {

// What is wrong with a ktl.toml; empty if nothing is.
std::string wrong(const std::string& text) {
    const auto manifest = parse_manifest(text, "ktl.toml");
    return manifest ? "" : manifest.error().message;
}

std::string added(const std::string& text, const Source& source = {"https://example.org/x", "v1", "", ""}) {
    const auto longer = with_dependency(text, "x", source);
    return longer ? *longer : longer.error().text();
}

std::string removed(const std::string& text) {
    const auto shorter = without_dependency(text, "x");
    return shorter ? *shorter : shorter.error().text();
}

} // namespace

TEST_CASE("A ktl.toml says what a library is called, what it needs, and where that comes from") {
    const auto manifest =
        parse_manifest("[library]\n"
                       "name = \"shapes\"\n"
                       "version = \"1.2\"\n"
                       "description = \"machine shapes\"\n"
                       "requires = \">=0.1, <100\"\n"
                       "main = \"all.ktl\"\n"
                       "[dependencies]\n"
                       "zoo = { path = \"../zoo\" }\n"
                       "load = { git = \"git@example.org:lab/load\", rev = \"v1\", folder = \"a/./b\" }\n",
                       "ktl.toml");
    REQUIRE(manifest);
    CHECK(manifest->name == "shapes");
    CHECK(manifest->version == "1.2");
    CHECK(manifest->description == "machine shapes");
    CHECK(manifest->main == "all.ktl");
    REQUIRE(manifest->dependency_names() == std::vector<std::string>{"load", "zoo"});
    CHECK(manifest->dependency("load")->source == Source{"git@example.org:lab/load", "v1", "a/b", ""});
    CHECK(manifest->dependency("load")->place == "ktl.toml:9:1");
    CHECK(manifest->dependency("zoo")->source == Source{"", "", "", "../zoo"});
}

TEST_CASE("An empty ktl.toml is a project without libraries") {
    CHECK(wrong("").empty());
    CHECK(wrong("# nothing yet\n").empty());
    CHECK(wrong("\xef\xbb\xbf[dependencies]\r\n").empty());
}

TEST_CASE("Every mistake in a ktl.toml is named with its line, its column and the way out") {
    CHECK(wrong("[library]\nnmae = \"a\"\n") ==
          "ktl.toml:1:1: [library] has no `name`\n"
          "ktl.toml:2:1: there is no key `nmae` in [library]; did you mean `name`?");
    CHECK(wrong("[libary]\n") == "ktl.toml:1:2: there is no key `libary` in the file; did you mean `library`?");
    CHECK(wrong("[package]\n") ==
          "ktl.toml:1:2: there is no key `package` in the file; there are library, dependencies");
    CHECK(wrong("library = 1\n") == "ktl.toml:1:11: `library` in the file must be a table, and is an integer");
    CHECK(wrong("[library]\nname = 3\n") == "ktl.toml:2:8: `name` in [library] must be a string, and is an integer");
    CHECK(wrong("[library]\nname = [\"a\"]\n") ==
          "ktl.toml:2:8: `name` in [library] must be a string, and is an array");
    CHECK(wrong("[library]\nname = \"a-b\"\n") ==
          "ktl.toml:2:8: `a-b` is not a name that can stand behind `lib.`; a letter or `_`, then letters, digits and "
          "`_`, 64 at most");
    CHECK(wrong("[library]\nname = \"../a\"\n").starts_with("ktl.toml:2:8: `../a` is not a name"));
    CHECK(wrong("[library]\nname = \"a\"\nversion = \"new\"\n") ==
          "ktl.toml:3:11: \"new\" is not a version; as in 1.2 or 1.2.3");
    CHECK(wrong("[library]\nname = \"a\"\ndescription = \"a\\u001bb\"\n") ==
          "ktl.toml:3:15: `description` in [library] has control characters");
    CHECK(wrong("[library]\nname = \"a\"\nmain = \"sub/a.ktl\"\n") ==
          "ktl.toml:3:8: \"sub/a.ktl\" is not the name of a .ktl file at the library's top");
    CHECK(wrong("[library]\nname = \"a\"\nrequires = \"~1\"\n") ==
          "ktl.toml:3:12: \"~1\" does not say which versions of ktstr; as in >=0.1 or >=0.1, <2");
    CHECK(wrong("[library]\nname = \"a\"\nrequires = \">=99.1\"\n") ==
          "ktl.toml:3:12: this needs ktstr >=99.1, and this is ktstr 0.1.0; use another ktstr, or another rev of the "
          "library");
    CHECK(wrong("[library]\nname = \"a\"\nname = \"b\"\n").starts_with("ktl.toml:3:"));
    CHECK(wrong("[library\n").starts_with("ktl.toml:1:9: "));
    CHECK(wrong("[library]\nname = \"\xff\"\n").starts_with("ktl.toml:2:"));
}

TEST_CASE("Every mistake in a dependency is named with its line, its column and the way out") {
    const std::string head = "[dependencies]\n";
    CHECK(wrong(head + "a = \"https://example.org/a\"\n") == "ktl.toml:2:5: the dependency `a` must be a table, as in "
                                                             "a = { git = \"https://example.org/a\", rev = \"v1\" }");
    CHECK(wrong(head + "a = {}\n") ==
          "ktl.toml:2:5: the dependency `a` has neither `git` nor `path`; it comes from one of them");
    CHECK(wrong(head + "a = { git = \"x\", path = \"y\" }\n") ==
          "ktl.toml:2:5: the dependency `a` has both `git` and `path`; it comes from one of them");
    CHECK(wrong(head + "a = { git = \"x\", tag = \"v1\" }\n") ==
          "ktl.toml:2:18: there is no key `tag` in the dependency `a`; there are git, rev, folder, path");
    CHECK(wrong(head + "a = { git = \"x\", rve = \"v1\" }\n") ==
          "ktl.toml:2:18: there is no key `rve` in the dependency `a`; did you mean `rev`?");
    CHECK(wrong(head + "a = { path = \"x\", rev = \"v1\" }\n") ==
          "ktl.toml:2:25: `rev` goes with `git`, not with `path`");
    CHECK(wrong(head + "a = { git = \"x\", rev = 1 }\n") ==
          "ktl.toml:2:24: `rev` in the dependency `a` must be a string, and is an integer");
    CHECK(wrong(head + "a = { git = \"x\", rev = \"a..b\" }\n") ==
          "ktl.toml:2:24: no tag, branch or commit can be called \"a..b\"; give a tag (v1.2), a branch (main) or a "
          "commit (its hexadecimal digits)");
    CHECK(wrong(head + "a = { git = \"x\", folder = \"../b\" }\n") ==
          "ktl.toml:2:27: \"../b\" is not a folder of the repository; give a path from the repository's top, without "
          "`..`");
    CHECK(wrong(head + "a = { git = \"ftp://example.org/a\" }\n") ==
          "ktl.toml:2:13: ktstr cannot fetch by `ftp`, as `ftp://example.org/a` asks; use an https, http, ssh or file "
          "URL, or a path");
    CHECK(wrong(head + "a = { git = \"htps://example.org/a\" }\n") ==
          "ktl.toml:2:13: ktstr cannot fetch by `htps`, as `htps://example.org/a` asks; did you mean `https`?");
    CHECK(wrong(head + "a = { git = \"https:///\" }\n") ==
          "ktl.toml:2:13: `https:///` is not a whole URL; as in https://host/path");
    CHECK(wrong(head + "a = { git = \"ext::sh -c date\" }\n") ==
          "ktl.toml:2:13: `ext::sh -c date` would have git start a helper program, which ktstr never does; use an "
          "https, http, ssh or file URL, or a path");
    CHECK(wrong(head + "\"../a\" = { git = \"x\" }\n").starts_with("ktl.toml:2:1: `../a` is not a name"));
    CHECK(wrong(head + "\"a/b\" = { git = \"x\" }\n").starts_with("ktl.toml:2:1: `a/b` is not a name"));
    CHECK(wrong(head + "a = { path = \"\" }\n") == "ktl.toml:2:14: a path is empty");
}

TEST_CASE("All mistakes of a ktl.toml are said in one go, in the order of their lines") {
    CHECK(wrong("[dependencies]\na = 1\nb = 2\n[library]\nname = 3\n") ==
          "ktl.toml:2:5: the dependency `a` must be a table, as in a = { git = \"https://example.org/a\", rev = \"v1\" "
          "}\n"
          "ktl.toml:3:5: the dependency `b` must be a table, as in b = { git = \"https://example.org/b\", rev = \"v1\" "
          "}\n"
          "ktl.toml:5:8: `name` in [library] must be a string, and is an integer");
}

TEST_CASE("A dependency is added without a change to anything else in the file") {
    const std::string line = "x = { git = \"https://example.org/x\", rev = \"v1\" }\n";
    CHECK(added("") == "[dependencies]\n" + line);
    CHECK(added("# ours") == "# ours\n\n[dependencies]\n" + line);
    CHECK(added("[dependencies]\n# none\n[library]\nname = \"a\"\n") ==
          "[dependencies]\n" + line + "# none\n[library]\nname = \"a\"\n");
    CHECK(added("[dependencies] # all\na = { path = \"a\" } # old\n\n# end\n") ==
          "[dependencies] # all\na = { path = \"a\" } # old\n" + line + "\n# end\n");
    CHECK(added("[dependencies.a]\npath = \"a\" # old\n[library]\nname = \"a\"\n") ==
          "[dependencies.a]\npath = \"a\" # old\n[library]\nname = \"a\"\n\n[dependencies]\n" + line);
    CHECK(added("[dependencies]\r\na.path = \"a\"\r\n") ==
          "[dependencies]\r\nx = { git = \"https://example.org/x\", rev = \"v1\" }\r\na.path = \"a\"\r\n");
    CHECK(added("", {"a \"b\" \\c", "", "sub", ""}) ==
          "[dependencies]\nx = { git = \"a \\\"b\\\" \\\\c\", folder = \"sub\" }\n");
}

TEST_CASE("A file in which no dependency can be added is left to its owner, who is told the line") {
    CHECK(added("dependencies = { a = { path = \"a\" } }\n") ==
          "ktl.toml is written in a way that `x` cannot be added to (add to its dependencies yourself: x = { git = "
          "\"https://example.org/x\", rev = \"v1\" })");
}

TEST_CASE("A dependency is removed without a change to anything else in the file") {
    CHECK(removed("[dependencies]\nx = { path = \"x\" }\n") == "[dependencies]\n");
    CHECK(removed("[dependencies]\na = { path = \"a\" } # a\nx = { path = \"x\" } # x\n# end") ==
          "[dependencies]\na = { path = \"a\" } # a\n# end");
    CHECK(removed("[dependencies.x]\npath = \"x\"\n# of a\n[dependencies.a]\npath = \"a\"\n") ==
          "# of a\n[dependencies.a]\npath = \"a\"\n");
    CHECK(removed("[dependencies.x]\npath = \"x\"\n\n[library]\nname = \"a\"\n") == "[library]\nname = \"a\"\n");
    CHECK(
        removed("dependencies = { a = { path = \"a\" }, x = { path = \"x\" } }\n") ==
        "ktl.toml is written in a way that `x` cannot be removed from (remove it from its dependencies yourself, then "
        "run `ktstr update`)");
}

TEST_CASE("The rev of a source stands behind its last @, which is not that of a user") {
    const auto split = [](const std::string& text) {
        const auto [source, rev] = split_rev(text);
        return source + " | " + rev.value_or("-");
    };
    CHECK(split("https://example.org/a@v1") == "https://example.org/a | v1");
    CHECK(split("https://me@example.org/a") == "https://me@example.org/a | -");
    CHECK(split("ssh://git@example.org/a@feature/x") == "ssh://git@example.org/a | feature/x");
    CHECK(split("git@example.org:a/b") == "git@example.org:a/b | -");
    CHECK(split("git@example.org:a/b@v1") == "git@example.org:a/b | v1");
    CHECK(split("../a@main") == "../a | main");
    CHECK(split("../a") == "../a | -");
}

TEST_CASE("A relative location in a library's ktl.toml is relative to where the library is") {
    CHECK(relative_to("", "../b") == "../b");
    CHECK(relative_to("../a", "../b") == "../b");
    CHECK(relative_to("/srv/a", "./b/../c") == "/srv/a/c");
    CHECK(relative_to("https://example.org/lab/a", "../b") == "https://example.org/lab/b");
    CHECK(relative_to("https://example.org/a", "../../../b") == "https://example.org/b");
    CHECK(relative_to("git@example.org:lab/a", "../b") == "git@example.org:lab/b");
    CHECK(relative_to("https://example.org/a", "ssh://example.com/b") == "ssh://example.com/b");
}

TEST_CASE("A lock has the same bytes for the same libraries, and is read back as it was") {
    const std::string sha(64, 'a');
    const std::string commit(40, 'b');
    const Lock lock{
        {{"b", {"https://example.org/b", "v1", "sub", ""}, commit, sha}, {"a", {"", "", "", "../a"}, "", sha}}};
    const Lock other{{lock.libraries[1], lock.libraries[0]}};
    CHECK(lock_text(lock) == lock_text(other));
    const auto read = parse_lock(lock_text(lock), "ktl.lock");
    REQUIRE(read);
    CHECK(read->libraries == other.libraries);
    CHECK(lock_text(*read) == lock_text(lock));
}

TEST_CASE("Every mistake in a ktl.lock is named with its line, its column and the way out") {
    const auto wrong_lock = [](const std::string& text) {
        const auto lock = parse_lock(text, "ktl.lock");
        REQUIRE_FALSE(lock);
        CHECK(lock.error().hint.find("ktstr update") != std::string::npos);
        return lock.error().message;
    };
    const std::string sha = "sha256 = \"" + std::string(64, 'a') + "\"\n";
    const std::string head = "version = 1\n[[library]]\n";
    CHECK(wrong_lock("") == "ktl.lock:1:1: the file has no `version`");
    CHECK(wrong_lock("version = 2\n") == "ktl.lock has the format 2, and this ktstr knows only 1");
    CHECK(wrong_lock("version = \"1\"\n") ==
          "ktl.lock:1:11: `version` in the file must be an integer, and is a string");
    CHECK(wrong_lock("version = 1\nlibrary = 3\n") ==
          "ktl.lock:2:11: `library` in the file must be an array, and is an integer");
    CHECK(wrong_lock(head + "name = \"../a\"\npath = \"a\"\n" + sha) ==
          "ktl.lock:3:8: \"../a\" is not the name of a library");
    CHECK(wrong_lock(head + "name = \"a\"\npath = \"a\"\nsha256 = \"123\"\n") ==
          "ktl.lock:5:10: \"123\" is not 64 hexadecimal digits");
    CHECK(wrong_lock(head + "name = \"a\"\ngit = \"a\"\n" + sha) == "ktl.lock:2:1: [[library]] has no `commit`");
    CHECK(wrong_lock(head + "name = \"a\"\npath = \"a\"\n" + sha + "[[library]]\nname = \"a\"\npath = \"b\"\n" + sha) ==
          "ktl.lock:6:1: there are two libraries `a`");
    CHECK(wrong_lock("<<<<<<< HEAD\nversion = 1\n").starts_with("ktl.lock:1:1: "));
}
