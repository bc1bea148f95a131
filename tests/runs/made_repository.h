// SPDX-License-Identifier: GPL-2.0-only
// Git repositories made for a test.
#pragma once

#include <filesystem>
#include <string>

#include "base/git_handles.h"

namespace ktstr::test {

class MadeRepository {
  public:
    // An empty one, with a HEAD that is not born.
    explicit MadeRepository(const std::filesystem::path& folder);

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    void write(const std::string& file, const std::string& text) const;
    void add(const std::string& file) const;  // to the index, as it is in the worktree
    [[nodiscard]] std::string commit() const; // what is in the index; the commit's 40 digits
    // An entry of the index that says that the folder `name` is a submodule at that commit, and the file for it.
    void add_submodule(const std::string& name, const std::string& commit) const;
    void detach_head() const;

  private:
    GitLibrary library_;
    std::filesystem::path folder_;
    GitRepository repository_;
};

} // namespace ktstr::test
