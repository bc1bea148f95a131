// SPDX-License-Identifier: GPL-2.0-only
// What a scenario library consists of: its ktl.toml and the .ktl and .lua files of its folders, as text in memory.
//
// Nothing else of a library is ever taken. Folders that begin with a dot, a `vendor` folder at the top, and folders
// with a ktl.toml of their own (they are libraries of their own) do not belong to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr::library {

constexpr std::string_view manifest_name = "ktl.toml";
constexpr std::string_view lock_name = "ktl.lock";
constexpr std::string_view vendor_name = "vendor";

// Limits of one library.
constexpr std::size_t max_files = 4096;
constexpr std::uint64_t max_file_bytes = std::uint64_t{8} << 20U; // a .ktl file's own limit
constexpr std::uint64_t max_content_bytes = std::uint64_t{64} << 20U;
constexpr std::size_t max_entries = 100'000; // names looked at, taken or not
constexpr std::size_t max_folder_depth = 16;

struct Content {
    std::map<std::string, std::string> files; // text by path relative to the library ("sub/a.ktl")
};

// SHA-256, in hexadecimal, over one line "<sha256> <bytes> <path>\n" per file, in the order of the paths.
std::string content_hash(const Content& content);

// The modules that `use lib.NAME.MODULE` can name: the .ktl files at the top, without the suffix, without `main`.
std::vector<std::string> module_names(const Content& content, std::string_view main);

// The content of a library's folder. An error if there is no such folder, if it breaks a limit, or if a file that would
// be taken is a symbolic link out of the library or no plain file.
Result<Content> read_folder(const std::filesystem::path& folder);

// Writes the files below `folder`, which exists and is empty. Not synced: whoever reads them compares the hash.
Result<void> write_folder(const Content& content, const std::filesystem::path& folder);

// Whether `name` can stand behind `lib.`: a letter or `_`, then letters, digits and `_`; 64 at most.
bool is_name(std::string_view name);

// Takes the entries of a library one by one, whatever they come from, and holds them to the rules above.
class ContentBuilder {
  public:
    // Before anything else is asked of it, each entry found is counted and its name looked at: a name that is no name
    // of a file ("..", "a/b", one with control characters) is an error.
    Result<void> look_at(const std::string& folder, std::string_view name);
    // Whether to go into a folder, other than one with a ktl.toml of its own.
    [[nodiscard]] static bool enters(const std::string& folder, std::string_view name);
    [[nodiscard]] static bool takes(const std::string& folder, std::string_view name);
    // A file's size is looked at before its text is read.
    Result<void> expect_file(const std::string& path, std::uint64_t bytes);
    void add_file(const std::string& path, std::string text) { content_.files[path] = std::move(text); }
    void add_link(const std::string& path, std::string target) { links_[path] = std::move(target); }
    // Replaces links inside the library by what they point to.
    Result<Content> finish();

  private:
    [[nodiscard]] Result<std::string> link_target(const std::string& path) const;

    Content content_;
    std::map<std::string, std::string> links_;
    std::size_t entries_ = 0;
    std::size_t files_ = 0;
    std::uint64_t bytes_ = 0;
};

// "folder/name", or "name" at the top.
std::string join(const std::string& folder, std::string_view name);

} // namespace ktstr::library
