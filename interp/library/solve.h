// SPDX-License-Identifier: GPL-2.0-only
// From a project's ktl.toml to the whole set of libraries that it needs, over all that those need in turn.
//
// A project has one version of each library, under one name. Nothing is written but downloads into the cache's stage.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/library/git.h"
#include "interp/library/lock.h"
#include "interp/library/manifest.h"
#include "interp/library/store.h"

namespace ktstr::library {

constexpr std::size_t max_libraries = 64;
constexpr std::size_t max_dependency_depth = 16;

// Where downloads go and who is told of them.
struct FetchOptions {
    KeepGoing keep_going = {};
    std::function<void(const std::string& location)> fetching = {}; // told before each download
};

// Opens commits, each at most once.
class Fetcher {
  public:
    // Both outlive it.
    Fetcher(std::filesystem::path project, const WriteLock& lock, FetchOptions options)
        : project_(std::move(project)), lock_(lock), options_(std::move(options)) {}
    // The library at `source`, which is git's; at `commit`, if that is not empty. The id of the commit is in the
    // result.
    struct Fetched {
        std::string commit;
        Content content;
    };
    Result<Fetched> fetch(const Source& source, const std::string& commit);

  private:
    struct Opened {
        TemporaryDirectory scratch;
        GitCommit commit;
    };
    Result<const GitCommit*> open(const Source& source, const std::string& commit);

    std::filesystem::path project_;
    const WriteLock& lock_;
    FetchOptions options_;
    std::map<std::string, Opened> opened_;
};

struct SolvedLibrary {
    LockedLibrary locked;
    Manifest manifest;
    Content content;
    std::vector<std::string> requirers; // names of libraries; "ktl.toml" for the project itself
};

struct Solution {
    std::vector<SolvedLibrary> libraries; // by name
    [[nodiscard]] Lock lock() const;
    [[nodiscard]] const SolvedLibrary* library(std::string_view name) const;
};

struct SolveRequest {
    std::filesystem::path project;
    Manifest manifest;
    Lock lock;                     // what holds so far
    bool move_all = false;         // look anew what each rev is
    std::set<std::string> move;    // or only of these
    bool nothing_but_lock = false; // a library that the lock does not have is an error
};

Result<Solution> solve(const SolveRequest& request, Fetcher& fetcher);

// A library's manifest out of its content. An error if it has none, or none that makes it a library.
Result<Manifest> library_manifest(const Content& content, const Source& source);

} // namespace ktstr::library
