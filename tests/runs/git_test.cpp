// SPDX-License-Identifier: GPL-2.0-only
#include "runs/git.h"

#include <catch2/catch_test_macros.hpp>

#include "base/file.h"
#include "made_repository.h"

using namespace ktstr;
using namespace ktstr::runs;
using ktstr::test::MadeRepository;
namespace fs = std::filesystem;

namespace {

// A repository with one commit of one file in a folder.
struct Project {
    TemporaryDirectory directory = *TemporaryDirectory::create("ktstr-git-");
    MadeRepository repository{directory.path() / "project"};
    std::string commit;

    Project() {
        repository.write("src/a.ktl", "one\n");
        repository.add("src/a.ktl");
        commit = repository.commit().substr(0, 7);
    }
    [[nodiscard]] const fs::path& top() const { return repository.folder(); }
};

} // namespace

TEST_CASE("a clean repository is seven digits of its HEAD, on a branch or detached") {
    const Project project;
    CHECK(commit_around(project.top()) == project.commit);
    CHECK(commit_at(project.top()) == project.commit);
    project.repository.detach_head();
    CHECK(commit_around(project.top()) == project.commit);
}

TEST_CASE("a folder below is of the repository around it, unless it has to be exactly there") {
    const Project project;
    fs::create_directories(project.top() / "src/deep/er");
    CHECK(commit_around(project.top() / "src/deep/er") == project.commit);
    CHECK_FALSE(commit_at(project.top() / "src"));
}

TEST_CASE("a change in the worktree, in the index alone, or of a mode makes it dirty") {
    const Project project;
    SECTION("worktree") { project.repository.write("src/a.ktl", "two\n"); }
    SECTION("removed from the worktree") { fs::remove(project.top() / "src/a.ktl"); }
    SECTION("index, with the worktree as it was") {
        project.repository.write("src/a.ktl", "two\n");
        project.repository.add("src/a.ktl");
        project.repository.write("src/a.ktl", "one\n");
    }
    SECTION("a new file in the index") {
        project.repository.write("b.ktl", "new\n");
        project.repository.add("b.ktl");
    }
    SECTION("mode") { fs::permissions(project.top() / "src/a.ktl", fs::perms::owner_exec, fs::perm_options::add); }
    CHECK(commit_around(project.top()) == project.commit + "-dirty");
    CHECK(commit_at(project.top()) == project.commit + "-dirty");
}

TEST_CASE("files that are not tracked do not make it dirty, so a run's own records do not") {
    const Project project;
    project.repository.write("ktstr-runs/6.12-0123abc/a.ktstr.json", "{}\n");
    CHECK(commit_around(project.top()) == project.commit);
}

TEST_CASE("a file that was written again with the same content does not make it dirty") {
    const Project project;
    project.repository.write("src/a.ktl", "one\n");
    CHECK(commit_around(project.top()) == project.commit);
}

TEST_CASE("what is done in a submodule does not count") {
    const Project project;
    const MadeRepository inner(project.top() / "inner");
    inner.write("file", "one\n");
    inner.add("file");
    project.repository.add_submodule("inner", inner.commit());
    const std::string with_submodule = project.repository.commit().substr(0, 7);
    CHECK(commit_around(project.top()) == with_submodule);
    inner.write("file", "two\n");
    CHECK(commit_around(project.top()) == with_submodule);
    inner.add("file");
    (void)inner.commit();
    CHECK(commit_around(project.top()) == with_submodule);
}

TEST_CASE("without a repository, a commit or a readable one there is none") {
    auto directory = TemporaryDirectory::create("ktstr-git-");
    REQUIRE(directory);
    CHECK_FALSE(commit_around(directory->path()));
    CHECK_FALSE(commit_around(directory->path() / "not there"));
    const MadeRepository unborn(directory->path() / "unborn");
    CHECK_FALSE(commit_around(unborn.folder()));
    const Project damaged;
    SECTION("HEAD names nothing") { REQUIRE(write_file(damaged.top() / ".git/HEAD", "nonsense\n")); }
    SECTION("the index is cut off") { REQUIRE(write_file(damaged.top() / ".git/index", "DIRC")); }
    SECTION("the objects are gone") { fs::remove_all(damaged.top() / ".git/objects"); }
    CHECK_FALSE(commit_around(damaged.top()));
}

TEST_CASE("looking at a repository leaves it as it is") {
    const Project project;
    project.repository.write("src/a.ktl", "two\n");
    const auto before = read_file(project.top() / ".git/index");
    CHECK(commit_around(project.top()));
    CHECK(*read_file(project.top() / ".git/index") == *before);
}

TEST_CASE("a commit that a user gives is shortened to what a record has") {
    CHECK(shortened_commit("0123456789abcdef0123456789abcdef01234567") == "0123456");
    CHECK(shortened_commit("0123456789-dirty") == "0123456-dirty");
    CHECK(shortened_commit("0123abc") == "0123abc");
    CHECK(shortened_commit("0123") == "0123");
    CHECK(shortened_commit("v1.2-rc3") == "v1.2-rc3");
    CHECK(shortened_commit("0123456789-tested") == "0123456789-tested");
}
