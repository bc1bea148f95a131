// SPDX-License-Identifier: GPL-2.0-only
// ktl.toml: what a folder of scenarios is called as a library, and which libraries it uses.
//
//   [library]                  # only in a folder that others use
//   name = "shapes"
//   version = "1.2"
//   description = "machine shapes of our lab"
//   requires = ">=0.1"         # of ktstr
//   main = "lib.ktl"           # the file of `use lib.shapes`
//
//   [dependencies]
//   load   = { git = "https://example.org/load", rev = "v1.0", folder = "scenarios" }
//   common = { path = "../common" }
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr::library {

// Where a dependency comes from, as its ktl.toml says it. Either `git` or `path` is not empty.
struct Source {
    std::string git;    // location of the repository
    std::string rev;    // tag, branch or commit; empty: the repository's default branch
    std::string folder; // of the repository; empty: its top
    std::string path;   // a folder, read where it lies

    [[nodiscard]] std::string text() const; // "https://example.org/load, rev v1.0, folder scenarios"
    friend bool operator==(const Source&, const Source&) = default;
};

struct Dependency {
    std::string name;
    Source source;
    std::string place; // "ktl.toml:10:1"
};

struct Manifest {
    std::string name; // empty: this folder is no library that others could use
    std::string version;
    std::string description;
    std::string main = "lib.ktl";
    std::vector<Dependency> dependencies; // by name

    [[nodiscard]] const Dependency* dependency(std::string_view dependency_name) const;
    [[nodiscard]] std::vector<std::string> dependency_names() const;
};

// `file` is how messages call it. All that is wrong is in the one error, a line each. That the running ktstr is older
// than `requires` is an error, too.
Result<Manifest> parse_manifest(std::string_view text, const std::string& file);
Result<Manifest> read_manifest(const std::filesystem::path& folder);

// The nearest folder above `file` (or at it, if it is a folder) with a ktl.toml; none if there is none.
std::optional<std::filesystem::path> project_folder(const std::filesystem::path& file);

// The text of a ktl.toml with one dependency more, or less; comments and layout stay. An error, which says what to do
// by hand, if the file is written in a way that this cannot be done to.
Result<std::string> with_dependency(const std::string& text, const std::string& name, const Source& source);
Result<std::string> without_dependency(const std::string& text, const std::string& name);

} // namespace ktstr::library
