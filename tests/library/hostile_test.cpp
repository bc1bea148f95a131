// SPDX-License-Identifier: GPL-2.0-only
// Repositories made to do harm.
#include <catch2/catch_test_macros.hpp>

#include "playground.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

struct TreeEntry {
    std::string mode; // "100644", "40000", "120000", "160000"
    std::string name;
    std::string id; // 40 hexadecimal digits
};

class HostileRepository {
  public:
    HostileRepository() {
        playground_.repository("evil", {{"ktl.toml", "[library]\nname = \"evil\"\n"}, {"lib.ktl", "# evil\n"}});
        manifest_ = playground_.git("evil", {"rev-parse", "HEAD:ktl.toml"});
    }
    std::string blob(const std::string& text) {
        return playground_.git("evil", {"hash-object", "-w", "--stdin"}, text);
    }
    // A tree as git itself would not make it.
    std::string tree(const std::vector<TreeEntry>& entries) {
        std::string raw;
        for (const auto& [mode, name, id] : entries) {
            raw += mode + " " + name + '\0';
            for (std::size_t i = 0; i < id.size(); i += 2)
                raw += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
        }
        return playground_.git("evil", {"hash-object", "-t", "tree", "--literally", "-w", "--stdin"}, raw);
    }
    // Commits this tree; what `ktstr add` says to it, by path and, with the same words, by URL.
    std::string refusal(const std::string& tree) {
        commit(tree);
        const auto by_path = playground_.ktstr({"add", "../evil"});
        CHECK(by_path.exit_code == 64);
        CHECK(playground_.ktstr({"add", "file://" + playground_.path("evil").string()}).exit_code == 64);
        CHECK(fs::is_empty(playground_.project()));
        CHECK(playground_.leftovers().empty());
        return by_path.output;
    }
    void commit(const std::string& tree) {
        const auto id = playground_.git("evil", {"commit-tree", "-m", "evil", tree});
        (void)playground_.git("evil", {"update-ref", "refs/heads/main", id});
    }
    // The entry of a ktl.toml, for a tree that is otherwise a library.
    [[nodiscard]] TreeEntry manifest() const { return {"100644", "ktl.toml", manifest_}; }
    test::Playground& playground() { return playground_; }

  private:
    test::Playground playground_;
    std::string manifest_;
};

const std::string begin = "ktstr: `../evil, default branch`: ";

} // namespace

TEST_CASE("Names that would leave the library are refused") {
    HostileRepository evil;
    const auto file = evil.blob("# x\n");
    const auto below = evil.tree({{"100644", "x.ktl", file}});
    CHECK(evil.refusal(evil.tree({{"40000", "..", below}, evil.manifest()})) ==
          begin + "`..` is not a name that a file can have\n");
    CHECK(evil.refusal(evil.tree({{"100644", "../x.ktl", file}, evil.manifest()})) ==
          begin + "`../x.ktl` is not a name that a file can have\n");
    CHECK(evil.refusal(evil.tree({evil.manifest(), {"100644", "sub/x.ktl", file}})) ==
          begin + "`sub/x.ktl` is not a name that a file can have\n");
    CHECK(evil.refusal(evil.tree({{"100644", "/x.ktl", file}, evil.manifest()})) ==
          begin + "`/x.ktl` is not a name that a file can have\n");
    CHECK(evil.refusal(evil.tree({{"100644", "a\x1b[2J.ktl", file}, evil.manifest()})) ==
          begin + "`a?[2J.ktl` is not a name that a file can have\n");
    const auto hidden = evil.tree({{"40000", "..", below}});
    CHECK(evil.refusal(evil.tree({evil.manifest(), {"40000", "sub", hidden}})) ==
          begin + "`sub/..` is not a name that a file can have\n");
}

TEST_CASE("Symbolic links out of the library are refused") {
    HostileRepository evil;
    CHECK(evil.refusal(evil.tree({evil.manifest(), {"120000", "x.ktl", evil.blob("/etc/passwd")}})) ==
          begin +
              "`x.ktl` is a symbolic link out of the library, to `/etc/passwd`\n  hint: put the file itself there\n");
    CHECK(
        evil.refusal(evil.tree({evil.manifest(), {"120000", "x.ktl", evil.blob("sub/../../y.ktl")}})) ==
        begin +
            "`x.ktl` is a symbolic link out of the library, to `sub/../../y.ktl`\n  hint: put the file itself there\n");
    CHECK(evil.refusal(evil.tree({{"120000", "ktl.toml", evil.blob("../../../secret.toml")}}))
              .starts_with(begin + "`ktl.toml` is a symbolic link out of the library"));
    CHECK(evil.refusal(evil.tree({evil.manifest(), {"120000", "x.ktl", evil.blob(std::string(5000, 'a'))}})) ==
          begin + "`x.ktl` is a symbolic link to an impossible path\n");
}

TEST_CASE("A folder that is a symbolic link is not gone into") {
    HostileRepository evil;
    fs::create_directories(evil.playground().path("secret"));
    evil.playground().write("secret/x.ktl", "# secret\n");
    evil.commit(evil.tree({evil.manifest(), {"120000", "sub", evil.blob("../secret")}}));
    evil.playground().done({"add", "../evil"});
    for (const auto& [name, text] : test::files_of(evil.playground().cache())) CHECK(text != "# secret\n");
}

TEST_CASE("A submodule is left out and never fetched") {
    HostileRepository evil;
    const auto modules = evil.blob("[submodule \"sub\"]\n\tpath = sub\n\turl = https://example.invalid/sub\n");
    evil.commit(evil.tree({{"100644", ".gitmodules", modules},
                           evil.manifest(),
                           {"100644", "lib.ktl", evil.blob("# lib\n")},
                           {"160000", "sub", std::string(40, '1')},
                           {"160000", "x.ktl", std::string(40, '2')}}));
    evil.playground().done({"add", "../evil"});
    CHECK(evil.playground().used("evil") == "# lib\n");
    CHECK(evil.playground().used("evil", "x").starts_with("error: the library `evil` has no module `x`"));
}

TEST_CASE("A huge file is refused before it is read, unless nobody wants it") {
    HostileRepository evil;
    const auto huge = evil.blob(std::string(9U << 20U, '#'));
    CHECK(evil.refusal(evil.tree({evil.manifest(), {"100644", "x.ktl", huge}})) ==
          begin + "`x.ktl` has 9437184 bytes; a file can have 8388608\n");
    evil.commit(evil.tree({evil.manifest(), {"100644", "x.bin", huge}}));
    evil.playground().done({"add", "../evil"});
}

TEST_CASE("Too much in too many files is refused") {
    HostileRepository evil;
    const auto large = evil.blob(std::string(8U << 20U, '#'));
    std::vector<TreeEntry> entries = {evil.manifest()};
    for (int i = 0; i < 9; ++i) entries.push_back({"100644", "x" + std::to_string(i) + ".ktl", large});
    CHECK(evil.refusal(evil.tree(entries)) == begin + "its files have more than 67108864 bytes in total\n");
}

TEST_CASE("Ten thousand files are refused; ten thousand that are no scenarios are not") {
    HostileRepository evil;
    const auto file = evil.blob("# x\n");
    const auto entries = [&](const std::string& suffix) {
        std::vector<TreeEntry> all = {evil.manifest()};
        for (int i = 10000; i < 20000; ++i) all.push_back({"100644", "x" + std::to_string(i) + suffix, file});
        return all;
    };
    CHECK(evil.refusal(evil.tree(entries(".ktl"))) == begin + "it has more than 4096 files\n");
    evil.commit(evil.tree(entries(".txt")));
    evil.playground().done({"add", "../evil"});
}

TEST_CASE("A tree that unfolds without end is refused") {
    HostileRepository evil;
    auto below = evil.tree({{"100644", "x.txt", evil.blob("x")}});
    for (int depth = 0; depth < 8; ++depth) {
        std::vector<TreeEntry> ten;
        for (int i = 0; i < 10; ++i) ten.push_back({"40000", "d" + std::to_string(i), below});
        below = evil.tree(ten);
    }
    CHECK(evil.refusal(evil.tree({{"40000", "bomb", below}, evil.manifest()})) ==
          begin +
              "there are more than 100000 files and folders in it\n  hint: give scenario libraries a repository, or "
              "a folder, of their own\n");
}

TEST_CASE("Folders nested too deep are refused") {
    HostileRepository evil;
    auto below = evil.tree({{"100644", "x.ktl", evil.blob("x")}});
    for (int depth = 0; depth < 40; ++depth) below = evil.tree({{"40000", "d", below}});
    CHECK(evil.refusal(evil.tree({{"40000", "d", below}, evil.manifest()}))
              .starts_with(begin + "folders are nested deeper than 16 levels, at `d/d/d"));
}

TEST_CASE("A repository with missing objects is refused") {
    HostileRepository evil;
    CHECK(evil.refusal(evil.tree({evil.manifest(), {"100644", "x.ktl", std::string(40, '3')}}))
              .starts_with(begin + "cannot read `x.ktl`: "));
}
