// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/git.h"

#include <algorithm>

#include "interp/diagnostics/suggest.h"
#include "base/git_handles.h"
#include "interp/library/git_tree.h"
#include "interp/library/location.h"

namespace ktstr::library {

namespace fs = std::filesystem;

namespace {

constexpr const char* wanted_reference = "refs/ktstr/wanted";
constexpr std::size_t shortest_commit = 7;

// What libgit2's callbacks tell and are told.
struct Conversation {
    const KeepGoing* keep_going = nullptr;
    bool stopped = false;
    bool too_large = false;
    bool agent_asked = false;
    bool needs_credentials = false;
};

extern "C" int on_progress(const git_indexer_progress* progress, void* payload) {
    auto& conversation = *static_cast<Conversation*>(payload);
    conversation.too_large = progress->received_bytes > max_download_bytes;
    conversation.stopped = *conversation.keep_going && !(*conversation.keep_going)(progress->received_bytes);
    return conversation.too_large || conversation.stopped ? GIT_EUSER : 0;
}

// Only what needs no asking: the user's name for ssh and the keys of the ssh agent.
extern "C" int on_credentials(git_credential** out, const char*, const char* user, unsigned allowed, void* payload) {
    auto& conversation = *static_cast<Conversation*>(payload);
    const char* name = user != nullptr ? user : "git";
    if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) return git_credential_username_new(out, name);
    if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !conversation.agent_asked) {
        conversation.agent_asked = true;
        return git_credential_ssh_key_from_agent(out, name);
    }
    conversation.needs_credentials = true;
    return GIT_EAUTH;
}

// The names under which a repository can have `rev`, the first one preferred.
std::vector<std::string> reference_names(const std::string& rev) {
    if (rev.empty()) return {"HEAD"};
    return {"refs/tags/" + rev, "refs/heads/" + rev};
}

bool looks_like_commit(const std::string& rev) {
    return rev.size() >= shortest_commit && rev.size() <= GIT_OID_HEXSZ &&
           rev.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Error no_such_rev(const GitRequest& request, const std::vector<std::string>& references) {
    if (request.rev.empty())
        return Error{"the git repository " + request.location + " has no default branch, or no commit at all",
                     "name a tag, a branch or a commit"};
    std::vector<std::string> known;
    for (const auto& reference : references)
        for (const char* prefix : {"refs/tags/", "refs/heads/"})
            if (reference.starts_with(prefix) && !reference.ends_with("^{}"))
                known.push_back(reference.substr(std::string(prefix).size()));
    std::string hint = suggest(request.rev, known);
    constexpr std::size_t most = 10;
    if (hint.empty()) {
        hint = known.empty() ? "it has no tags and no branches" : "it has";
        for (std::size_t i = 0; i < known.size() && i < most; ++i) hint += (i == 0 ? " " : ", ") + known[i];
        if (known.size() > most) hint += " and " + std::to_string(known.size() - most) + " more";
    }
    return Error{"the git repository " + request.location + " has no tag, branch or commit `" + request.rev + "`",
                 hint};
}

// Downloads from a URL into a bare repository.
class Download {
  public:
    Download(const GitRequest& request, git_repository* repository, const KeepGoing& keep_going)
        : request_(request), repository_(repository) {
        conversation_.keep_going = &keep_going;
    }

    Result<void> connect() {
        if (!git_make(remote_, [&](git_remote** out) {
                return git_remote_create_anonymous(out, repository_, request_.location.c_str());
            }))
            return failure("cannot reach");
        git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
        fill(callbacks);
        git_proxy_options proxy = GIT_PROXY_OPTIONS_INIT;
        proxy.type = GIT_PROXY_AUTO;
        if (git_remote_connect(remote_.get(), GIT_DIRECTION_FETCH, &callbacks, &proxy, nullptr) != 0)
            return failure("cannot reach");
        const git_remote_head** heads = nullptr;
        std::size_t count = 0;
        if (git_remote_ls(&heads, &count, remote_.get()) != 0) return failure("cannot list the branches of");
        for (std::size_t i = 0; i < count; ++i) references_.emplace_back(heads[i]->name);
        return {};
    }

    // What `rev` needs: its tag or branch; all of them if it is a commit.
    Result<void> fetch_rev() {
        for (const auto& name : reference_names(request_.rev))
            if (std::find(references_.begin(), references_.end(), name) != references_.end())
                return fetch({"+" + name + ":" + wanted_reference});
        if (looks_like_commit(request_.rev) || !request_.commit.empty()) return fetch_all();
        return no_such_rev(request_, references_);
    }

    Result<void> fetch_all() { return fetch({"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"}); }

    [[nodiscard]] const std::vector<std::string>& references() const { return references_; }

  private:
    void fill(git_remote_callbacks& callbacks) {
        callbacks.credentials = on_credentials;
        callbacks.transfer_progress = on_progress;
        callbacks.payload = &conversation_;
    }

    Result<void> fetch(std::vector<std::string> specifications) {
        std::vector<char*> pointers;
        for (auto& specification : specifications) pointers.push_back(specification.data());
        const git_strarray list{pointers.data(), pointers.size()};
        git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
        fill(options.callbacks);
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
        options.update_fetchhead = 0;
        options.proxy_opts.type = GIT_PROXY_AUTO;
        if (git_remote_fetch(remote_.get(), &list, &options, nullptr) != 0) return failure("cannot fetch from");
        return {};
    }

    Error failure(const std::string& what) {
        const std::string& location = request_.location;
        if (conversation_.stopped) return Error{"stopped while fetching from " + location};
        if (conversation_.too_large)
            return Error{location + " is too large: the download has more than " +
                             std::to_string(max_download_bytes >> 20U) + " MiB",
                         "give the scenarios a repository of their own, or clone it and name the clone's path"};
        if (conversation_.needs_credentials || conversation_.agent_asked)
            return Error{location + " wants a user name and a password or key, or is not there",
                         "ktstr asks only the ssh agent for keys; use an ssh URL with `ssh-add`, or clone it with git "
                         "and name the clone's path"};
        return Error{what + " the git repository " + location + ": " + git_words()};
    }

    const GitRequest& request_;
    git_repository* repository_;
    Conversation conversation_;
    GitRemote remote_;
    std::vector<std::string> references_;
};

bool find_commit(git_repository* repository, const std::string& hex, GitObject& commit) {
    git_oid id;
    if (git_oid_fromstrn(&id, hex.data(), hex.size()) != 0) return false;
    return git_make(commit, [&](git_object** out) {
        return git_object_lookup_prefix(out, repository, &id, hex.size(), GIT_OBJECT_COMMIT);
    });
}

bool find_reference(git_repository* repository, const std::string& name, GitObject& commit) {
    GitReference reference;
    return git_make(reference,
                    [&](git_reference** out) { return git_reference_lookup(out, repository, name.c_str()); }) &&
           git_make(commit,
                    [&](git_object** out) { return git_reference_peel(out, reference.get(), GIT_OBJECT_COMMIT); });
}

std::vector<std::string> all_references(git_repository* repository) {
    git_strarray list{};
    std::vector<std::string> names;
    if (git_reference_list(&list, repository) == 0) names.assign(list.strings, list.strings + list.count);
    git_strarray_dispose(&list);
    return names;
}

// The commit that was asked for, out of what the repository has now.
bool find_requested(git_repository* repository, const GitRequest& request, bool downloaded, GitObject& commit) {
    if (!request.commit.empty()) return find_commit(repository, request.commit, commit);
    if (downloaded && find_reference(repository, wanted_reference, commit)) return true;
    if (!downloaded)
        for (const auto& name : reference_names(request.rev))
            if (find_reference(repository, name, commit)) return true;
    return looks_like_commit(request.rev) && find_commit(repository, request.rev, commit);
}

Error not_found(const GitRequest& request, const std::vector<std::string>& references) {
    if (request.commit.empty()) return no_such_rev(request, references);
    return Error{"the git repository " + request.location + " no longer has the commit " + request.commit +
                     ", to which the library is locked",
                 "`ktstr update` takes what is there now"};
}

} // namespace

struct GitCommit::State {
    GitLibrary library; // first: it outlives the others
    GitRepository repository;
    GitObject commit;
};

GitCommit::GitCommit() : state_(std::make_unique<State>()) {}
GitCommit::GitCommit(GitCommit&&) noexcept = default;
GitCommit& GitCommit::operator=(GitCommit&&) noexcept = default;
GitCommit::~GitCommit() = default;

Result<GitCommit> GitCommit::open(const GitRequest& request, const fs::path& scratch, const KeepGoing& keep_going) {
    GitCommit opened;
    auto& repository = opened.state_->repository;
    auto& commit = opened.state_->commit;
    std::vector<std::string> references;
    bool found = false;
    if (is_path(request.location)) {
        if (!git_make(repository, [&](git_repository** out) {
                return git_repository_open_ext(out, request.location.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
            }))
            return Error{"there is no git repository at " + request.location + ": " + git_words()};
        references = all_references(repository.get());
        found = find_requested(repository.get(), request, false, commit);
    } else {
        if (!git_make(repository, [&](git_repository** out) { return git_repository_init(out, scratch.c_str(), 1); }))
            return Error{"cannot download into " + scratch.string() + ": " + git_words()};
        Download download(request, repository.get(), keep_going);
        if (auto connected = download.connect(); !connected) return connected.error();
        references = download.references();
        if (auto fetched = download.fetch_rev(); !fetched) return fetched.error();
        found = find_requested(repository.get(), request, true, commit);
        if (!found && !request.commit.empty()) { // the branch was moved since
            if (auto fetched = download.fetch_all(); !fetched) return fetched.error();
            found = find_requested(repository.get(), request, true, commit);
        }
    }
    if (!found) return not_found(request, references);
    opened.id_ = git_hex(*git_object_id(commit.get()));
    return opened;
}

Result<Content> GitCommit::content(const std::string& folder) const {
    GitTree tree;
    if (!git_make(tree, [&](git_tree** out) {
            return git_commit_tree(out, reinterpret_cast<const git_commit*>(state_->commit.get()));
        }))
        return Error{"cannot read the commit " + id_ + ": " + git_words()};
    return read_tree(state_->repository.get(), tree.get(), folder);
}

} // namespace ktstr::library
