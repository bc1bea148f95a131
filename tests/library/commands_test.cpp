// SPDX-License-Identifier: GPL-2.0-only
// ktstr add, update, vendor and remove, as a user runs them.
#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include "playground.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

const std::map<std::string, std::string> small = {{"ktl.toml", "[library]\nname = \"small\"\n"},
                                                  {"lib.ktl", "# one\n"}};

} // namespace

TEST_CASE("`add` writes ktl.toml and ktl.lock and says what came with the library") {
    const test::Playground playground;
    playground.fixture("shapes", "v1.0");
    playground.fixture("load", "v0.3");
    const auto output = playground.done({"add", "../load@v0.3"});
    CHECK(output.find("wrote a new ktl.toml") != std::string::npos);
    const auto commit = [&](const std::string& name) {
        return playground.git(name, {"rev-parse", "HEAD"}).substr(0, 12);
    };
    CHECK(output.starts_with("added load 0.3 (v0.3 " + commit("load") +
                             "): workloads that stand for services\n"
                             "  use lib.load\n"
                             "  use lib.load.nightly\n"
                             "added shapes 1.0 (v1.0 " +
                             commit("shapes") +
                             "), needed by load: machine shapes that several projects test on\n"
                             "  use lib.shapes\n"
                             "  use lib.shapes.numa\n"));
    CHECK(playground.read("project/ktl.toml") == "[dependencies]\nload = { git = \"../load\", rev = \"v0.3\" }\n");
    CHECK(playground.leftovers().empty());
}

TEST_CASE("`add` leaves the comments and the layout of ktl.toml alone") {
    const test::Playground playground;
    playground.repository("small", small);
    playground.write("project/ktl.toml", "# Ours.\n[dependencies]   # keep sorted\n\n[library]\nname = 'us' # short\n");
    playground.done({"add", "../small", "--as", "tiny"});
    CHECK(playground.read("project/ktl.toml") == "# Ours.\n[dependencies]   # keep sorted\n"
                                                 "tiny = { git = \"../small\" }\n"
                                                 "\n[library]\nname = 'us' # short\n");
    CHECK(playground.used("tiny") == "# one\n");
}

TEST_CASE("`add` in a folder of the project takes a path from there") {
    const test::Playground playground;
    playground.repository("small", small);
    playground.write("project/ktl.toml", "");
    fs::create_directories(playground.path("project/sub/folder"));
    CHECK(playground.ktstr({"add", "../../../small"}, "project/sub/folder").exit_code == 0);
    CHECK(playground.read("project/ktl.toml") == "[dependencies]\nsmall = { git = \"../small\" }\n");
}

TEST_CASE("`add` takes a URL, a branch, a tag, a commit and a folder of a repository") {
    const test::Playground playground;
    playground.repository("many",
                          {{"README.md", "x"},
                           {"libs/a/ktl.toml", "[library]\nname = \"a\"\n[dependencies]\nb = { path = \"../b\" }\n"},
                           {"libs/a/lib.ktl", "# a\n"},
                           {"libs/b/ktl.toml", "[library]\nname = \"b\"\n"},
                           {"libs/b/lib.ktl", "# b\n"}},
                          "v1");
    const auto first = playground.git("many", {"rev-parse", "HEAD"});
    playground.write("many/libs/a/lib.ktl", "# a, newer\n");
    playground.commit("many");
    const std::string url = "file://" + playground.path("many").string();
    for (const auto& [rev, text] : std::map<std::string, std::string>{{"", "# a, newer\n"},
                                                                      {"@main", "# a, newer\n"},
                                                                      {"@v1", "# a\n"},
                                                                      {"@" + first, "# a\n"},
                                                                      {"@" + first.substr(0, 10), "# a\n"}})
        for (const auto& source : {url, std::string("../many")}) {
            INFO(source << rev);
            playground.done({"add", source + rev, "--folder", "libs/a"});
            CHECK(playground.used("a") == text);
            // `b` came along, out of the same commit, and is the library's, not the project's.
            CHECK(playground.used("b").starts_with("error: there is no library `b`"));
            CHECK(playground.read("project/ktl.lock").find("folder = \"libs/b\"") != std::string::npos);
            playground.done({"remove", "a"});
        }
}

TEST_CASE("`add` of something that is no library changes nothing") {
    const test::Playground playground;
    playground.repository("bare", {{"README.md", "x"}, {"sub/x.ktl", ""}});
    playground.repository("nameless", {{"ktl.toml", "[dependencies]\n"}});
    playground.repository("broken", {{"ktl.toml", "[library]\nnmae = 1\n"}});
    playground.repository("empty", {});
    playground.write("plain/x.ktl", "");
    playground.repository("small", small);
    const auto refusal = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "add");
        const auto outcome = playground.ktstr(arguments);
        CHECK(outcome.exit_code == 64);
        return outcome.output;
    };
    CHECK(refusal({"../bare"}) ==
          "ktstr: ../bare, default branch is no scenario library: it has no ktl.toml at its top\n"
          "  hint: if the library is in a folder of the repository, name it: `--folder FOLDER`, or "
          "`folder` in ktl.toml\n");
    CHECK(refusal({"../nameless"}) == "ktstr: ../nameless, default branch is no scenario library: its ktl.toml has no "
                                      "[library] section\n  hint: it needs [library] with a `name`\n");
    CHECK(refusal({"../broken"})
              .starts_with("ktstr: ../broken/ktl.toml:1:1: [library] has no `name`\n"
                           "../broken/ktl.toml:2:1: there is no key `nmae`"));
    CHECK(refusal({"../plain"}) == "ktstr: ../plain is no scenario library: it has no ktl.toml at its top\n");
    CHECK(refusal({"../plain@v1"}) == "ktstr: ../plain is no git repository, so it has no revs and no folders\n"
                                      "  hint: name the folder itself, without @ and --folder\n");
    CHECK(refusal({"../nothing"}) ==
          "ktstr: there is no folder ../nothing\n  hint: name a folder, a git repository or its URL\n");
    CHECK(refusal({"../small@v7"}) == "ktstr: the git repository " + playground.path("small").string() +
                                          " has no tag, branch or commit `v7`\n  hint: it has main\n");
    CHECK(refusal({"file://" + playground.path("gone").string()})
              .find("ktstr: cannot reach the git repository file://") != std::string::npos);
    CHECK(refusal({"../small", "--folder", "sub"}) == "ktstr: `../small, default branch, folder sub`: it has no folder "
                                                      "`sub`\n");
    CHECK(refusal({"../small", "--as", "a/b"}).starts_with("ktstr: `a/b` cannot stand behind `lib.`\n"));
    CHECK(refusal({"."}).starts_with("ktstr: a project cannot be a library of its own\n"));
    CHECK(fs::is_empty(playground.project()));
    CHECK(playground.leftovers().empty());
}

TEST_CASE("`add` of a name that is there already changes nothing") {
    const test::Playground playground;
    playground.repository("small", small, "v1");
    playground.done({"add", "../small"});
    const auto before = playground.read("project/ktl.toml") + playground.read("project/ktl.lock");
    const auto outcome = playground.ktstr({"add", "../small@v1"});
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.output ==
          "ktstr: there is a dependency `small` already, at " +
              (fs::canonical(playground.project()) / "ktl.toml").string() +
              ":2:1: ../small, default branch\n  hint: give the new one another name with `--as`; for "
              "another rev, change it there and run `ktstr update small`\n");
    CHECK(playground.read("project/ktl.toml") + playground.read("project/ktl.lock") == before);
}

TEST_CASE("`add` runs nothing of a repository and follows none of its settings") {
    const test::Playground playground;
    auto files = small;
    files[".gitattributes"] = "*.ktl filter=evil text eol=crlf\n";
    files[".gitmodules"] =
        "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c touch% " + playground.path("ran").string() + "\n";
    playground.repository("small", files);
    (void)playground.git("small", {"config", "filter.evil.smudge", "touch " + playground.path("ran").string()});
    (void)playground.git("small", {"config", "core.fsmonitor", "touch " + playground.path("ran").string()});
    for (const char* hook : {"post-checkout", "post-update", "pre-receive", "reference-transaction"}) {
        const std::string name = std::string("small/.git/hooks/") + hook;
        playground.write(name, "#!/bin/sh\ntouch " + playground.path("ran").string() + "\n");
        fs::permissions(playground.path(name), fs::perms(0755));
    }
    playground.done({"add", "../small"});
    CHECK(playground.used("small") == "# one\n");
    playground.done({"remove", "small"});
    playground.done({"add", "file://" + playground.path("small").string()});
    CHECK(playground.used("small") == "# one\n");
    CHECK_FALSE(fs::exists(playground.path("ran")));
}

TEST_CASE("`update` takes what a branch is now, and shows from what to what") {
    const test::Playground playground;
    playground.repository("small", small);
    playground.repository("other", {{"ktl.toml", "[library]\nname = \"other\"\n"}, {"lib.ktl", "# one\n"}});
    playground.done({"add", "../small@main"});
    playground.done({"add", "../other@main"});
    CHECK(playground.done({"update"}) == "nothing to update: 2 libraries\n");
    const auto old = playground.git("small", {"rev-parse", "HEAD"});
    playground.write("small/lib.ktl", "# two\n");
    playground.write("other/lib.ktl", "# two\n");
    const auto now = playground.commit("small");
    playground.commit("other");
    CHECK(playground.used("small") == "# one\n");
    CHECK(playground.done({"update", "small"}) ==
          "updated small: main " + old.substr(0, 12) + " -> main " + now.substr(0, 12) + "\n");
    CHECK(playground.used("small") == "# two\n");
    CHECK(playground.used("other") == "# one\n");
    playground.done({"update"});
    CHECK(playground.used("other") == "# two\n");
}

TEST_CASE("`update` of a name that is not there suggests one") {
    const test::Playground playground;
    playground.repository("small", small);
    playground.done({"add", "../small"});
    const auto outcome = playground.ktstr({"update", "smal"});
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.output == "ktstr: there is no dependency `smal`\n  hint: did you mean `small`?\n");
}

TEST_CASE("`update` takes up what was written into ktl.toml by hand") {
    const test::Playground playground;
    playground.repository("small", small);
    playground.write("project/ktl.toml", "[dependencies]\nsmall = { git = \"../small\" }\n");
    CHECK(playground.ktstr({"update", "--locked"}).output ==
          "ktstr: ktl.lock does not have `small` as ktl.toml wants it: ../small, default branch\n  hint: run `ktstr "
          "update`\n");
    playground.done({"update"});
    CHECK(playground.used("small") == "# one\n");
    playground.write("project/ktl.toml", "");
    CHECK(playground.done({"update"}).starts_with("removed small ("));
    CHECK(playground.read("project/ktl.lock").find("[[library]]") == std::string::npos);
}

TEST_CASE("`vendor` makes a checkout complete, and says when it has fallen behind") {
    const test::Playground playground;
    playground.repository("small", small);
    playground.done({"add", "../small@main"});
    CHECK(playground.done({"vendor"}) == "vendor/small: 2 files\n");
    CHECK(test::files_of(playground.path("project/vendor")) ==
          std::map<std::string, std::string>{{"small/ktl.toml", "[library]\nname = \"small\"\n"},
                                             {"small/lib.ktl", "# one\n"}});
    playground.write("small/lib.ktl", "# two\n");
    playground.commit("small");
    CHECK(playground.done({"update"}).find("note: vendor/ does not have what ktl.lock names: run `ktstr vendor`\n") !=
          std::string::npos);
    CHECK(playground.used("small") == "# two\n");
    playground.done({"vendor"});
    CHECK(playground.read("project/vendor/small/lib.ktl") == "# two\n");
    CHECK(playground.leftovers().empty());
    CHECK(playground.done({"remove", "small"}).find("note: vendor/small is no longer used and can be removed\n") !=
          std::string::npos);
}

TEST_CASE("`remove` takes a library out of ktl.toml and all that only it needed out of ktl.lock") {
    const test::Playground playground;
    playground.fixture("shapes", "v1.0");
    playground.fixture("load", "v0.3");
    playground.done({"add", "../load"});
    CHECK(playground.done({"remove", "load"}).find("removed shapes (v1.0 ") != std::string::npos);
    CHECK(playground.read("project/ktl.toml") == "[dependencies]\n");
    const auto outcome = playground.ktstr({"remove", "load"});
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.output == "ktstr: there is no dependency `load`\n  hint: there are none\n");
}

TEST_CASE("Commands about libraries need a project") {
    const test::Playground playground;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"update"}, {"vendor"}, {"remove", "x"}, {"update", "x"}}) {
        const auto outcome = playground.ktstr(arguments);
        CHECK(outcome.exit_code == 64);
        CHECK(outcome.output.starts_with("ktstr: there is no ktl.toml in "));
    }
}

TEST_CASE("`--format json` prints one object with all that was done") {
    const test::Playground playground;
    playground.repository("small", small, "v1");
    const auto object = nlohmann::json::parse(playground.done({"add", "../small@v1", "--format", "json"}));
    REQUIRE(object.at("libraries").size() == 1);
    const auto& library = object.at("libraries").at(0);
    CHECK(library.at("name") == "small");
    CHECK(library.at("change") == "added");
    CHECK(library.at("main") == true);
    CHECK(library.at("before").is_null());
    CHECK(library.at("after").at("commit") == playground.git("small", {"rev-parse", "HEAD"}));
    CHECK(library.at("after").at("rev") == "v1");
    CHECK(library.at("needed_by") == nlohmann::json({"ktl.toml"}));
    const auto vendored = nlohmann::json::parse(playground.done({"vendor", "--format", "json"}));
    CHECK(vendored.at("vendored") == nlohmann::json({"small"}));
    CHECK(vendored.at("libraries").at(0).at("change") == "unchanged");
}

TEST_CASE("A project that cannot be written is left as it was, and that is the host's failure") {
    const test::Playground playground;
    playground.repository("small", small);
    playground.write("project/ktl.toml", "");
    playground.write("not-a-folder", "");
    auto options = playground.ktstr_process({"add", "../small"});
    options.environment[0].second = playground.path("not-a-folder").string();
    const auto result = run_command(options, true);
    REQUIRE(result);
    CHECK(result->exit.exit_code == 70);
    CHECK(result->output.find("hint: set XDG_CACHE_HOME to a directory that you can write to") != std::string::npos);
    CHECK(playground.read("project/ktl.toml").empty());
}
