// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/solve.h"

#include <algorithm>
#include <deque>

#include "interp/library/location.h"

namespace ktstr::library {

namespace {

// One wish for a library.
struct Wish {
    std::string name;
    Source source;        // locations relative to the project
    std::string commit;   // not empty: this one, since it lies in one repository with the library that wishes it
    std::string requirer; // empty: the project's ktl.toml
    std::string place;    // "ktl.toml:3:1"
    std::size_t depth = 1;
};

std::string requirer_text(const std::string& requirer) {
    return requirer.empty() ? std::string(manifest_name) : "the library `" + requirer + "`";
}

Error at(const Wish& wish, const Error& error) {
    return Error{wish.place.empty() ? error.message : wish.place + ": " + error.message, error.hint};
}

// A dependency of a library, seen from the project.
Result<Wish> wish_of(const SolvedLibrary& library, const Dependency& dependency) {
    const Source& own = library.locked.source;
    Wish wish{dependency.name, dependency.source, "", library.locked.name, dependency.place};
    const std::string who = dependency.place + ": `" + dependency.name + "`";
    if (!dependency.source.git.empty()) {
        wish.source.git = relative_to(own.git.empty() ? own.path : own.git, dependency.source.git);
        if (!own.git.empty() && !is_local(own.git) && is_local(wish.source.git))
            return Error{who + " lies at " + wish.source.git +
                             " on this machine, but who wants it came over the network",
                         "its ktl.toml should name a URL"};
        return wish;
    }
    if (own.git.empty()) {
        wish.source.path = relative_to(own.path, dependency.source.path);
        return wish;
    }
    const auto folder = normal_path((own.folder.empty() ? "." : own.folder) + "/" + dependency.source.path);
    if (dependency.source.path.front() == '/' || folder == ".." || folder.starts_with("../"))
        return Error{who + " has the path " + dependency.source.path + ", which leaves the repository " + own.git,
                     "its ktl.toml should name it by `git`"};
    wish.source = Source{own.git, own.rev, folder == "." ? "" : folder, ""};
    wish.commit = library.locked.commit;
    return wish;
}

class Solver {
  public:
    Solver(const SolveRequest& request, Fetcher& fetcher) : request_(request), fetcher_(fetcher) {}

    Result<Solution> solve() {
        for (const auto& dependency : request_.manifest.dependencies)
            wishes_.push_back({dependency.name, normal_source(dependency.source), "", "", dependency.place});
        for (; !wishes_.empty(); wishes_.pop_front())
            if (auto granted = grant(wishes_.front()); !granted) return granted.error();
        if (auto straight = refuse_cycles(); !straight) return straight.error();
        Solution solution;
        for (auto& [name, library] : solved_) solution.libraries.push_back(std::move(library));
        return solution;
    }

  private:
    Result<void> grant(const Wish& wish) {
        if (const auto known = solved_.find(wish.name); known != solved_.end()) return join(wish, known->second);
        if (solved_.size() == max_libraries)
            return Error{"more than " + std::to_string(max_libraries) + " libraries are needed, over all; `" +
                         wish.name + "`, for " + requirer_text(wish.requirer) + ", is one too many"};
        if (wish.depth > max_dependency_depth)
            return Error{"libraries need each other over more than " + std::to_string(max_dependency_depth) +
                         " levels, down to `" + wish.name + "`"};
        auto library = obtain(wish);
        if (!library) return library.error();
        library->requirers = {wish.requirer.empty() ? std::string(manifest_name) : wish.requirer};
        const auto& kept = solved_.emplace(wish.name, std::move(*library)).first->second;
        for (const auto& dependency : kept.manifest.dependencies) {
            auto next = wish_of(kept, dependency);
            if (!next) return next.error();
            next->depth = wish.depth + 1;
            wishes_.push_back(std::move(*next));
        }
        return {};
    }

    static Result<void> join(const Wish& wish, SolvedLibrary& known) {
        const bool same_commit = wish.commit.empty() || wish.commit == known.locked.commit;
        if (wish.source == known.locked.source && same_commit) {
            known.requirers.push_back(wish.requirer.empty() ? std::string(manifest_name) : wish.requirer);
            return {};
        }
        const auto& first = known.requirers.front();
        return Error{"two versions of the library `" + wish.name + "` are needed: " +
                         requirer_text(first == manifest_name ? "" : first) + " needs " + known.locked.source.text() +
                         ", and " + requirer_text(wish.requirer) + " (" + wish.place + ") needs " + wish.source.text(),
                     "a project has one version of each library: make both ask for the same"};
    }

    Result<SolvedLibrary> obtain(const Wish& wish) {
        SolvedLibrary library;
        library.locked = {wish.name, wish.source, "", ""};
        const auto* before = request_.lock.library(wish.name);
        const bool same = before != nullptr && before->source == wish.source;
        if (request_.nothing_but_lock && !same)
            return Error{std::string(lock_name) + " does not have `" + wish.name + "` as " +
                             requirer_text(wish.requirer) + " wants it: " + wish.source.text(),
                         "run `ktstr update`"};
        const bool moves = request_.move_all || request_.move.contains(wish.name);
        const bool pinned = same && !moves && (wish.commit.empty() || wish.commit == before->commit);
        auto got = wish.source.git.empty() ? read_path(wish, before)
                   : pinned                ? keep(*before, library)
                                           : look(wish, library);
        if (!got) return got.error();
        library.content = std::move(*got);
        library.locked.sha256 = content_hash(library.content);
        auto manifest = library_manifest(library.content, wish.source);
        if (!manifest) return manifest.error();
        library.manifest = std::move(*manifest);
        return library;
    }

    // The folder as it is; or, if it is not there, what was vendored of it.
    Result<Content> read_path(const Wish& wish, const LockedLibrary* before) const {
        LockedLibrary wanted{wish.name, wish.source, "", before != nullptr ? before->sha256 : std::string()};
        auto found = find_library(request_.project, wanted);
        if (!found) return at(wish, found.error());
        return std::move(found->content);
    }

    // What is locked, from this machine or fetched again.
    Result<Content> keep(const LockedLibrary& before, SolvedLibrary& library) {
        library.locked.commit = before.commit;
        if (auto stored = find_content(request_.project, before.name, before.sha256)) return std::move(stored->content);
        auto fetched = fetcher_.fetch(before.source, before.commit);
        if (!fetched) return fetched.error();
        if (content_hash(fetched->content) != before.sha256)
            return Error{"the library `" + before.name + "` at commit " + before.commit +
                             " does not have the hash that " + std::string(lock_name) + " has: one of them was changed",
                         "bring back the old " + std::string(lock_name) + ", or run `ktstr update " + before.name +
                             "` if you trust " + before.source.git};
        return std::move(fetched->content);
    }

    // What the rev is now.
    Result<Content> look(const Wish& wish, SolvedLibrary& library) {
        auto fetched = fetcher_.fetch(wish.source, wish.commit);
        if (!fetched) return at(wish, fetched.error());
        library.locked.commit = fetched->commit;
        return std::move(fetched->content);
    }

    Result<void> refuse_cycles() {
        for (const auto& [name, library] : solved_) {
            std::vector<std::string> way;
            if (auto straight = follow(name, way); !straight) return straight;
        }
        return {};
    }

    Result<void> follow(const std::string& name, std::vector<std::string>& way) {
        const auto seen = std::find(way.begin(), way.end(), name);
        if (seen != way.end()) {
            std::string circle;
            for (auto step = seen; step != way.end(); ++step) circle += *step + " -> ";
            return Error{"libraries need each other in a circle: " + circle + name,
                         "move what both need into a library of its own"};
        }
        if (straight_.contains(name)) return {};
        way.push_back(name);
        for (const auto& dependency : solved_.at(name).manifest.dependencies)
            if (auto followed = follow(dependency.name, way); !followed) return followed;
        way.pop_back();
        straight_.insert(name);
        return {};
    }

    const SolveRequest& request_;
    Fetcher& fetcher_;
    std::deque<Wish> wishes_;
    std::map<std::string, SolvedLibrary> solved_;
    std::set<std::string> straight_; // nothing that they need leads back to them
};

} // namespace

Lock Solution::lock() const {
    Lock lock;
    for (const auto& library : libraries) lock.libraries.push_back(library.locked);
    return lock;
}

const SolvedLibrary* Solution::library(std::string_view name) const {
    const auto found = std::find_if(libraries.begin(), libraries.end(),
                                    [&](const auto& library) { return library.locked.name == name; });
    return found == libraries.end() ? nullptr : &*found;
}

Result<Solution> solve(const SolveRequest& request, Fetcher& fetcher) { return Solver(request, fetcher).solve(); }

Result<Manifest> library_manifest(const Content& content, const Source& source) {
    const auto text = content.files.find(std::string(manifest_name));
    const std::string where =
        source.path.empty() ? (source.folder.empty() ? source.git : join(source.git, source.folder)) : source.path;
    if (text == content.files.end())
        return Error{source.text() + " is no scenario library: it has no " + std::string(manifest_name) + " at its top",
                     source.path.empty()
                         ? "if the library is in a folder of the repository, name it: `--folder FOLDER`, "
                           "or `folder` in ktl.toml"
                         : ""};
    auto manifest = parse_manifest(text->second, join(where, manifest_name));
    if (manifest && manifest->name.empty())
        return Error{source.text() + " is no scenario library: its " + std::string(manifest_name) +
                         " has no [library] section",
                     "it needs [library] with a `name`"};
    return manifest;
}

} // namespace ktstr::library
