// SPDX-License-Identifier: GPL-2.0-only
// Reads the files of one commit of a git repository. Nothing of the repository is ever run or obeyed: no checkout, no
// hooks, no filters, no submodules; the blobs of the commit's tree are read as they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "interp/library/content.h"

namespace ktstr::library {

constexpr std::uint64_t max_download_bytes = std::uint64_t{512} << 20U;

struct GitRequest {
    std::string location; // a URL, or an absolute path
    std::string rev;      // tag, branch or commit, tried in this order; empty: the default branch
    std::string commit;   // if not empty, this commit and no other; `rev` only says where to look for it
};

// Asked during a download; ends it when it answers false.
using KeepGoing = std::function<bool(std::uint64_t bytes)>;

// The files of one commit.
class GitCommit {
  public:
    // A path is read where it lies; from a URL, what the rev needs is downloaded into `scratch`, an empty folder.
    static Result<GitCommit> open(const GitRequest& request, const std::filesystem::path& scratch,
                                  const KeepGoing& keep_going);
    GitCommit(GitCommit&&) noexcept;
    GitCommit& operator=(GitCommit&&) noexcept;
    GitCommit(const GitCommit&) = delete;
    GitCommit& operator=(const GitCommit&) = delete;
    ~GitCommit();

    [[nodiscard]] const std::string& id() const { return id_; } // 40 hexadecimal digits
    // The library in a folder of the commit; "" is its top.
    [[nodiscard]] Result<Content> content(const std::string& folder) const;

  private:
    struct State;
    GitCommit();
    std::unique_ptr<State> state_;
    std::string id_;
};

} // namespace ktstr::library
