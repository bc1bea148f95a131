// SPDX-License-Identifier: GPL-2.0-only
#include "made_repository.h"

#include <catch2/catch_test_macros.hpp>

#include "base/file.h"

namespace ktstr::test {

namespace fs = std::filesystem;

namespace {

using GitSignature = std::unique_ptr<git_signature, GitFree<git_signature_free>>;

GitIndex index_of(git_repository* repository) {
    GitIndex index;
    REQUIRE(git_make(index, [&](git_index** out) { return git_repository_index(out, repository); }));
    REQUIRE(git_index_read(index.get(), 1) == 0);
    return index;
}

} // namespace

MadeRepository::MadeRepository(const fs::path& folder) : folder_(folder) {
    REQUIRE(git_make(repository_, [&](git_repository** out) { return git_repository_init(out, folder.c_str(), 0); }));
}

void MadeRepository::write(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    REQUIRE(write_file(folder_ / file, text));
}

void MadeRepository::add(const std::string& file) const {
    const auto index = index_of(repository_.get());
    REQUIRE(git_index_add_bypath(index.get(), file.c_str()) == 0);
    REQUIRE(git_index_write(index.get()) == 0);
}

std::string MadeRepository::commit() const {
    const auto index = index_of(repository_.get());
    git_oid tree_id;
    git_oid commit_id;
    REQUIRE(git_index_write_tree(&tree_id, index.get()) == 0);
    GitTree tree;
    REQUIRE(git_make(tree, [&](git_tree** out) { return git_tree_lookup(out, repository_.get(), &tree_id); }));
    GitSignature author;
    REQUIRE(
        git_make(author, [](git_signature** out) { return git_signature_new(out, "Tester", "t@example.org", 1, 0); }));
    GitReference head;
    GitObject parent;
    const bool born =
        git_make(head, [&](git_reference** out) { return git_repository_head(out, repository_.get()); }) &&
        git_make(parent, [&](git_object** out) { return git_reference_peel(out, head.get(), GIT_OBJECT_COMMIT); });
    const auto* first = reinterpret_cast<const git_commit*>(parent.get());
    REQUIRE(git_commit_create(&commit_id, repository_.get(), "HEAD", author.get(), author.get(), nullptr, "change",
                              tree.get(), born ? 1 : 0, born ? &first : nullptr) == 0);
    return git_hex(commit_id);
}

void MadeRepository::add_submodule(const std::string& name, const std::string& commit) const {
    write(".gitmodules", "[submodule \"" + name + "\"]\n\tpath = " + name + "\n\turl = ../" + name + "\n");
    add(".gitmodules");
    const auto index = index_of(repository_.get());
    git_index_entry entry{};
    entry.mode = GIT_FILEMODE_COMMIT;
    entry.path = name.c_str();
    REQUIRE(git_oid_fromstr(&entry.id, commit.c_str()) == 0);
    REQUIRE(git_index_add(index.get(), &entry) == 0);
    REQUIRE(git_index_write(index.get()) == 0);
}

void MadeRepository::detach_head() const { REQUIRE(git_repository_detach_head(repository_.get()) == 0); }

} // namespace ktstr::test
