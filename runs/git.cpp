// SPDX-License-Identifier: GPL-2.0-only
#include "runs/git.h"

#include <cstddef>

#include "base/git_handles.h"

namespace ktstr::runs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t shown_digits = 7;
constexpr const char* dirty_suffix = "-dirty";

git_diff_options diff_options() {
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.flags = GIT_DIFF_IGNORE_SUBMODULES | GIT_DIFF_SKIP_BINARY_CHECK;
    options.ignore_submodules = GIT_SUBMODULE_IGNORE_ALL;
    return options;
}

// None: it cannot be told.
std::optional<bool> is_dirty(git_repository* repository, git_object* head) {
    if (git_repository_is_bare(repository) != 0) return false;
    GitObject tree;
    if (!git_make(tree, [&](git_object** out) { return git_object_peel(out, head, GIT_OBJECT_TREE); }))
        return std::nullopt;
    const auto options = diff_options();
    GitDiff diff;
    if (!git_make(diff, [&](git_diff** out) {
            return git_diff_tree_to_index(out, repository, reinterpret_cast<git_tree*>(tree.get()), nullptr, &options);
        }))
        return std::nullopt;
    if (git_diff_num_deltas(diff.get()) > 0) return true;
    if (!git_make(diff, [&](git_diff** out) { return git_diff_index_to_workdir(out, repository, nullptr, &options); }))
        return std::nullopt;
    return git_diff_num_deltas(diff.get()) > 0;
}

std::optional<std::string> commit_of(const fs::path& folder, unsigned flags) {
    const GitLibrary library;
    GitRepository repository;
    GitReference head;
    GitObject commit;
    if (!git_make(repository,
                  [&](git_repository** out) { return git_repository_open_ext(out, folder.c_str(), flags, nullptr); }) ||
        !git_make(head, [&](git_reference** out) { return git_repository_head(out, repository.get()); }) ||
        !git_make(commit, [&](git_object** out) { return git_reference_peel(out, head.get(), GIT_OBJECT_COMMIT); }))
        return std::nullopt;
    const auto dirty = is_dirty(repository.get(), commit.get());
    if (!dirty) return std::nullopt;
    return git_hex(*git_object_id(commit.get())).substr(0, shown_digits) + (*dirty ? dirty_suffix : "");
}

} // namespace

std::optional<std::string> commit_around(const fs::path& folder) { return commit_of(folder, 0); }

std::optional<std::string> commit_at(const fs::path& folder) {
    return commit_of(folder, GIT_REPOSITORY_OPEN_NO_SEARCH);
}

std::string shortened_commit(const std::string& text) {
    const auto digits = text.find_first_not_of("0123456789abcdefABCDEF");
    const std::string rest = digits == std::string::npos ? "" : text.substr(digits);
    const std::size_t count = text.size() - rest.size();
    if (count < shown_digits || count > GIT_OID_HEXSZ || (!rest.empty() && rest != dirty_suffix)) return text;
    return text.substr(0, shown_digits) + rest;
}

} // namespace ktstr::runs
