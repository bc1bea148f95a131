// SPDX-License-Identifier: GPL-2.0-only
// Owners for libgit2's objects, for the rooms that link it.
#pragma once

#include <git2.h>

#include <memory>
#include <string>

namespace ktstr {

// libgit2 counts its users; it is set up with the first and taken down with the last.
struct GitLibrary {
    GitLibrary() {
        git_libgit2_init();
        // It refuses repositories of other users, since git runs what their configuration names. We run nothing.
        git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    }
    GitLibrary(const GitLibrary&) = delete;
    GitLibrary& operator=(const GitLibrary&) = delete;
    ~GitLibrary() { git_libgit2_shutdown(); }
};

template <auto Free> struct GitFree {
    template <typename T> void operator()(T* object) const { Free(object); }
};

using GitRepository = std::unique_ptr<git_repository, GitFree<git_repository_free>>;
using GitRemote = std::unique_ptr<git_remote, GitFree<git_remote_free>>;
using GitReference = std::unique_ptr<git_reference, GitFree<git_reference_free>>;
using GitObject = std::unique_ptr<git_object, GitFree<git_object_free>>;
using GitTree = std::unique_ptr<git_tree, GitFree<git_tree_free>>;
using GitTreeEntry = std::unique_ptr<git_tree_entry, GitFree<git_tree_entry_free>>;
using GitBlob = std::unique_ptr<git_blob, GitFree<git_blob_free>>;
using GitIndex = std::unique_ptr<git_index, GitFree<git_index_free>>;
using GitDiff = std::unique_ptr<git_diff, GitFree<git_diff_free>>;
using GitOdb = std::unique_ptr<git_odb, GitFree<git_odb_free>>;

// Calls `make(T** out)` and owns what it made; whether it succeeded.
template <typename Owner, typename Make> bool git_make(Owner& owner, const Make& make) {
    typename Owner::pointer made = nullptr;
    const int status = make(&made);
    owner.reset(status == 0 ? made : nullptr);
    return status == 0;
}

// libgit2's own words for what went wrong last.
inline std::string git_words() {
    const git_error* error = git_error_last();
    return error != nullptr && error->message != nullptr ? error->message : "unknown reason";
}

inline std::string git_hex(const git_oid& id) {
    char text[GIT_OID_HEXSZ + 1] = {};
    git_oid_tostr(text, sizeof(text), &id);
    return text;
}

} // namespace ktstr
