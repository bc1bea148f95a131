// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/git_tree.h"

namespace ktstr::library {

namespace {

constexpr std::uint64_t max_link_bytes = 4096;

class TreeReader {
  public:
    TreeReader(git_repository* repository, git_odb* objects) : repository_(repository), objects_(objects) {}

    Result<void> walk(const git_tree* tree, const std::string& folder, std::size_t depth) {
        if (depth > max_folder_depth)
            return Error{"folders are nested deeper than " + std::to_string(max_folder_depth) + " levels, at `" +
                         folder + "`"};
        const std::size_t count = git_tree_entrycount(tree);
        for (std::size_t i = 0; i < count; ++i)
            if (auto taken = take(git_tree_entry_byindex(tree, i), folder, depth); !taken) return taken;
        return {};
    }

    Result<Content> finish() { return builder_.finish(); }

  private:
    Result<void> take(const git_tree_entry* entry, const std::string& folder, std::size_t depth) {
        const std::string name = git_tree_entry_name(entry);
        if (auto looked = builder_.look_at(folder, name); !looked) return looked;
        const git_oid& id = *git_tree_entry_id(entry);
        const std::string path = join(folder, name);
        switch (git_tree_entry_filemode(entry)) {
        case GIT_FILEMODE_TREE: return ContentBuilder::enters(folder, name) ? enter(id, path, depth) : Result<void>();
        case GIT_FILEMODE_LINK:
        case GIT_FILEMODE_BLOB:
        case GIT_FILEMODE_BLOB_EXECUTABLE:
            if (!ContentBuilder::takes(folder, name)) return {};
            return take_blob(id, path, git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK);
        default: return {}; // a submodule
        }
    }

    Result<void> enter(const git_oid& id, const std::string& path, std::size_t depth) {
        GitTree tree;
        if (!git_make(tree, [&](git_tree** out) { return git_tree_lookup(out, repository_, &id); }))
            return Error{"cannot read the folder `" + path + "`: " + git_words()};
        if (git_tree_entry_byname(tree.get(), std::string(manifest_name).c_str()) != nullptr) return {};
        return walk(tree.get(), path, depth + 1);
    }

    Result<void> take_blob(const git_oid& id, const std::string& path, bool link) {
        std::size_t bytes = 0;
        git_object_t type = GIT_OBJECT_INVALID;
        if (git_odb_read_header(&bytes, &type, objects_, &id) != 0)
            return Error{"cannot read `" + path + "`: " + git_words()};
        if (link && bytes > max_link_bytes) return Error{"`" + path + "` is a symbolic link to an impossible path"};
        if (!link)
            if (auto expected = builder_.expect_file(path, bytes); !expected) return expected;
        GitBlob blob;
        if (!git_make(blob, [&](git_blob** out) { return git_blob_lookup(out, repository_, &id); }))
            return Error{"cannot read `" + path + "`: " + git_words()};
        std::string text(static_cast<const char*>(git_blob_rawcontent(blob.get())), bytes);
        if (link)
            builder_.add_link(path, std::move(text));
        else
            builder_.add_file(path, std::move(text));
        return {};
    }

    git_repository* repository_;
    git_odb* objects_;
    ContentBuilder builder_;
};

} // namespace

Result<Content> read_tree(git_repository* repository, const git_tree* top, const std::string& folder) {
    GitOdb objects;
    if (!git_make(objects, [&](git_odb** out) { return git_repository_odb(out, repository); }))
        return Error{"cannot read the repository's objects: " + git_words()};
    TreeReader reader(repository, objects.get());
    GitTree below;
    if (!folder.empty()) {
        GitTreeEntry entry;
        if (!git_make(entry, [&](git_tree_entry** out) { return git_tree_entry_bypath(out, top, folder.c_str()); }) ||
            !git_make(below,
                      [&](git_tree** out) { return git_tree_lookup(out, repository, git_tree_entry_id(entry.get())); }))
            return Error{"it has no folder `" + folder + "`"};
        top = below.get();
    }
    if (auto walked = reader.walk(top, "", 0); !walked) return walked.error();
    return reader.finish();
}

} // namespace ktstr::library
