// SPDX-License-Identifier: GPL-2.0-only
// A folder with a project, git repositories beside it and a cache of its own; ktstr and git run in it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "interp/library/resolve.h"

namespace ktstr::test {

struct Outcome {
    int exit_code = -1;
    std::string output; // standard output and standard error
};

class Playground {
  public:
    // Points XDG_CACHE_HOME of this process, too, into the playground.
    Playground();

    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return directory_.path() / name; }
    [[nodiscard]] std::filesystem::path project() const { return path("project"); }
    [[nodiscard]] std::filesystem::path cache() const { return path("cache/ktstr/libraries"); }

    // Writes a file of the playground, with the folders above it.
    void write(const std::string& name, const std::string& text) const;
    [[nodiscard]] std::string read(const std::string& name) const;

    // Makes `name` a repository with one commit of these files, and the tag, if one is given.
    void repository(const std::string& name, const std::map<std::string, std::string>& files,
                    const std::string& tag = {}) const;
    // The same from a folder of tests/library/fixtures.
    void fixture(const std::string& name, const std::string& tag) const;
    // Commits all that has changed; the commit's id.
    std::string commit(const std::string& name, const std::string& tag = {}) const;
    // Runs git in a folder, with `input`; what it prints, without the last line end.
    [[nodiscard]] std::string git(const std::string& folder, std::vector<std::string> arguments,
                                  const std::string& input = {}) const;

    // Runs ktstr in the project, or in another folder, to its end.
    [[nodiscard]] Outcome ktstr(std::vector<std::string> arguments, const std::string& folder = "project") const;
    // The same, and it has to succeed; what it prints.
    std::string done(std::vector<std::string> arguments) const;
    [[nodiscard]] ProcessOptions ktstr_process(std::vector<std::string> arguments) const;

    // The text of the file that `use lib.LIBRARY.MODULE` means in a file of the project; or "error: message | hint".
    [[nodiscard]] std::string used(const std::string& library, const std::string& module = {}) const;

    // Names under the cache, a project and its vendor folder that no finished command leaves.
    [[nodiscard]] std::vector<std::string> leftovers() const;

  private:
    TemporaryDirectory directory_;
};

// The names of the files of a folder, with their text.
std::map<std::string, std::string> files_of(const std::filesystem::path& folder);

} // namespace ktstr::test
