// SPDX-License-Identifier: GPL-2.0-only
#include "runs/directory.h"

#include <catch2/catch_test_macros.hpp>

#include "made_records.h"
#include "runs/names.h"
#include "runs/session.h"

using namespace ktstr;
using namespace ktstr::runs;
using namespace ktstr::test;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

void put(const fs::path& path, const std::string& content = "a user's\n") {
    fs::create_directories(path.parent_path());
    REQUIRE(write_file(path, content));
}

} // namespace

TEST_CASE("a record is written with all that belongs to it, into the run's directory or a seed's folder") {
    const auto root = fast_directory();
    RunDirectory runs(root.path() / "deep" / "er", "6.12-0123abc", "now");
    const auto written = runs.write("", made_record("a", 1));
    REQUIRE(written);
    CHECK(*written == root.path() / "deep/er/6.12-0123abc/a-0123456789abcdef.ktstr.json");
    REQUIRE(runs.write("seed-7", made_record("a", 2)));
    CHECK(version_in(runs.path(), "a") == 1);
    CHECK(version_in(runs.path() / "seed-7", "a") == 2);
    CHECK(names_in(runs.path()) ==
          Names{".ktstr_run_epoch", "a-0123456789abcdef.ktstr.json", "a-0123456789abcdef.plan.json", "seed-7"});
    CHECK(names_in(root.path() / "deep/er") == Names{".locks", "6.12-0123abc"});
    CHECK(names_in(root.path() / "deep/er/.locks") == Names{"6.12-0123abc.lock"});
    CHECK(read_file(runs.path() / session_file).value() == "now");
}

TEST_CASE("the first write of a session clears what an earlier one has left, and only that") {
    const auto root = fast_directory();
    const auto folder = root.path() / "run";
    RunDirectory earlier(root.path(), "run", "earlier");
    for (const auto* name : {"a", "b"}) REQUIRE(earlier.write("", made_record(name, 1)));
    REQUIRE(earlier.write("seed-1", made_record("a", 1)));
    put(folder / "a-0123456789abcdef.observed.json.zst");
    put(folder / "a-0123456789abcdef.before.ctprof.zst");
    for (const auto* kept :
         {"report.html", "notes.plan.json", "notes.txt", "mine/a-0123456789abcdef.ktstr.json", "seed-1/notes.txt",
          "seed-1/seed-2/a-0123456789abcdef.ktstr.json", "folder-0123456789abcdef.plan.json/x"})
        put(folder / kept);
    put(root.path() / "elsewhere" / "a-0123456789abcdef.ktstr.json");
    fs::create_directory_symlink(root.path() / "elsewhere", folder / "seed-3");
    REQUIRE(RunDirectory(root.path(), "other", "earlier").write("", made_record("a", 1)));

    RunDirectory later(root.path(), "run", "later");
    REQUIRE(later.write("", made_record("c", 2)));
    CHECK(names_in(folder) == Names{".ktstr_run_epoch", "c-0123456789abcdef.ktstr.json", "c-0123456789abcdef.plan.json",
                                    "folder-0123456789abcdef.plan.json", "mine", "notes.plan.json", "notes.txt",
                                    "report.html", "seed-1", "seed-3"});
    CHECK(names_in(folder / "mine").size() == 1);
    CHECK(names_in(folder / "seed-1") == Names{"notes.txt", "seed-2"});
    CHECK(names_in(folder / "seed-1/seed-2").size() == 1);
    CHECK(names_in(root.path() / "elsewhere").size() == 1);
    CHECK(version_in(root.path() / "other", "a") == 1);
}

TEST_CASE("a session that is cut off by another's end keeps what it writes later") {
    const auto root = fast_directory();
    RunDirectory first(root.path(), "run", "first");
    REQUIRE(first.write("", made_record("a", 1)));
    RunDirectory second(root.path(), "run", "second");
    REQUIRE(second.write("", made_record("b", 1)));
    REQUIRE(first.write("", made_record("c", 1))); // begun before: it does not clear what the second has written
    REQUIRE(second.write("", made_record("d", 1)));
    for (const auto* name : {"b", "c", "d"}) CHECK(version_in(first.path(), name) == 1);
}

TEST_CASE("processes of one session spare each other's records") {
    const auto root = fast_directory();
    REQUIRE(RunDirectory(root.path(), "run", "ours").write("", made_record("a", 1)));
    REQUIRE(RunDirectory(root.path(), "run", "ours").write("", made_record("b", 1)));
    CHECK(version_in(root.path() / "run", "a") == 1);
    CHECK(version_in(root.path() / "run", "b") == 1);
}

TEST_CASE("a directory of the user's is never cleared or locked") {
    const auto root = fast_directory();
    const auto folder = root.path() / "mine";
    put(folder / "old-0123456789abcdef.ktstr.json");
    put(folder / (std::string(stage_prefix) + "1-0"));
    RunDirectory runs(folder);
    REQUIRE(runs.write("", made_record("a", 1)));
    CHECK(names_in(root.path()) == Names{"mine"});
    CHECK(names_in(folder) == Names{std::string(stage_prefix) + "1-0", "a-0123456789abcdef.ktstr.json",
                                    "a-0123456789abcdef.plan.json", "old-0123456789abcdef.ktstr.json"});
}

TEST_CASE("what an older record had beside it does not outlive the record") {
    const auto root = fast_directory();
    RunDirectory runs(root.path());
    const std::string stem = "a-0123456789abcdef";
    const std::string other = "b-0123456789abcdef.x.ctprof.zst";
    put(root.path() / other);
    REQUIRE(runs.write("", {{stem + ".observed.json.zst", "o"},
                            {stem + ".x.ctprof.zst", "x"},
                            {stem + ".y.ctprof.zst", "y"},
                            {stem + ".ktstr.json", R"({"ctprof": [{"file": "a-0123456789abcdef.x.ctprof.zst"},
                              {"file": "a-0123456789abcdef.y.ctprof.zst"}, {"file": "b-0123456789abcdef.x.ctprof.zst"},
                              {"file": "../../a-0123456789abcdef.x.ctprof.zst"}, {"file": 7}, 7]})"}}));
    REQUIRE(runs.write("", {{stem + ".y.ctprof.zst", "new"}, {stem + ".ktstr.json", "not JSON"}}));
    CHECK(names_in(root.path()) == Names{stem + ".ktstr.json", stem + ".y.ctprof.zst", other});
    CHECK(read_file(root.path() / (stem + ".y.ctprof.zst")).value() == "new");
    REQUIRE(runs.write("", {{stem + ".ktstr.json", "{}"}})); // what a damaged record had is not known
    CHECK(names_in(root.path()) == Names{stem + ".ktstr.json", stem + ".y.ctprof.zst", other});
}

TEST_CASE("no name leaves the directory") {
    const auto root = fast_directory();
    RunDirectory runs(root.path(), "run", "s");
    for (const std::string& name : {std::string("../a.ktstr.json"), std::string("a/b.ktstr.json"),
                                    std::string(".ktstr.json"), std::string(), std::string("..")}) {
        CAPTURE(name);
        CHECK_FALSE(runs.write("", {{name, "x"}}));
        CHECK_FALSE(runs.write("", {{name, "x"}, {"a.ktstr.json", "x"}}));
    }
    CHECK_FALSE(runs.write("", {{std::string("a\0.ktstr.json", 13), "x"}}));
    CHECK_FALSE(runs.write("", {}));
    for (const auto* folder : {"..", "seed-1/..", "/tmp", "other"})
        CHECK_FALSE(runs.write(folder, made_record("a", 1)));
    CHECK(names_in(root.path()).empty());
}

TEST_CASE("tokens of sessions differ") { CHECK(new_session() != new_session()); }
