// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/content.h"

#include <fcntl.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "base/file.h"
#include "base/hash.h"

namespace ktstr::library {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_links_in_a_row = 8;
constexpr std::size_t max_name_bytes = 255;

// A name from elsewhere in a message: quoted, without what could play tricks on a terminal.
std::string shown_name(std::string_view name) {
    std::string text = "`";
    for (const char c : name.substr(0, 100)) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return text + "`";
}

// Walks one folder of the disk into a builder.
class FolderReader {
  public:
    explicit FolderReader(fs::path root) : root_(std::move(root)) {}

    Result<Content> read() {
        if (auto walked = walk("", 0); !walked) return walked.error();
        return builder_.finish();
    }

  private:
    Result<void> walk(const std::string& folder, std::size_t depth) {
        if (depth > max_folder_depth) return too_deep(folder);
        std::error_code code;
        fs::directory_iterator entries(root_ / folder, code);
        for (; !code && entries != fs::directory_iterator(); entries.increment(code))
            if (auto taken = take(folder, *entries, depth); !taken) return taken;
        if (code) return Error{"cannot read the folder " + (root_ / folder).string() + ": " + code.message()};
        return {};
    }

    Result<void> take(const std::string& folder, const fs::directory_entry& entry, std::size_t depth) {
        const std::string name = entry.path().filename().string();
        if (auto looked = builder_.look_at(folder, name); !looked) return looked;
        std::error_code code;
        const auto type = entry.symlink_status(code).type();
        const std::string path = join(folder, name);
        if (type == fs::file_type::directory) {
            if (!ContentBuilder::enters(folder, name) || fs::exists(entry.path() / manifest_name, code)) return {};
            return walk(path, depth + 1);
        }
        if (!ContentBuilder::takes(folder, name)) return {};
        if (type == fs::file_type::symlink) {
            builder_.add_link(path, fs::read_symlink(entry.path(), code).string());
            return {};
        }
        if (type != fs::file_type::regular) return Error{entry.path().string() + " is no plain file"};
        if (auto expected = builder_.expect_file(path, entry.file_size(code)); !expected) return expected;
        auto text = read_file(entry.path(), max_file_bytes);
        if (!text) return text.error();
        builder_.add_file(path, std::move(*text));
        return {};
    }

    static Error too_deep(const std::string& folder) {
        return Error{"folders are nested deeper than " + std::to_string(max_folder_depth) + " levels, at " +
                     shown_name(folder)};
    }

    fs::path root_;
    ContentBuilder builder_;
};

} // namespace

std::string join(const std::string& folder, std::string_view name) {
    return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

bool is_name(std::string_view name) {
    constexpr std::size_t longest = 64;
    const auto letter = [](char c) { return c == '_' || std::isalpha(static_cast<unsigned char>(c)) != 0; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && name.size() <= longest && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

std::string content_hash(const Content& content) {
    std::string list;
    for (const auto& [path, text] : content.files)
        list += sha256_hex(text) + " " + std::to_string(text.size()) + " " + path + "\n";
    return sha256_hex(list);
}

std::vector<std::string> module_names(const Content& content, std::string_view main) {
    std::vector<std::string> names;
    for (const auto& [path, text] : content.files) {
        if (path == main || !path.ends_with(".ktl")) continue;
        if (auto name = path.substr(0, path.size() - 4); is_name(name)) names.push_back(std::move(name));
    }
    return names;
}

Result<Content> read_folder(const fs::path& folder) { return FolderReader(folder).read(); }

Result<void> write_folder(const Content& content, const fs::path& folder) {
    for (const auto& [path, text] : content.files) {
        const auto file = folder / path;
        if (auto made = make_directories(file.parent_path()); !made) return made;
        const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
        if (!fd) return errno_error("create", file.string(), errno);
        if (auto written = write_all(fd.get(), text, file.string()); !written) return written;
    }
    return {};
}

Result<void> ContentBuilder::look_at(const std::string& folder, std::string_view name) {
    if (++entries_ > max_entries)
        return Error{"there are more than " + std::to_string(max_entries) + " files and folders in it",
                     "give scenario libraries a repository, or a folder, of their own"};
    const bool control =
        std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos || control ||
        name.size() > max_name_bytes)
        return Error{shown_name(join(folder, name)) + " is not a name that a file can have"};
    return {};
}

bool ContentBuilder::enters(const std::string& folder, std::string_view name) {
    return name.front() != '.' && !(folder.empty() && name == vendor_name);
}

bool ContentBuilder::takes(const std::string& folder, std::string_view name) {
    if (name.front() == '.') return false;
    return name.ends_with(".ktl") || name.ends_with(".lua") || (folder.empty() && name == manifest_name);
}

Result<void> ContentBuilder::expect_file(const std::string& path, std::uint64_t bytes) {
    if (bytes > max_file_bytes)
        return Error{shown_name(path) + " has " + std::to_string(bytes) + " bytes; a file can have " +
                     std::to_string(max_file_bytes)};
    bytes_ += bytes;
    if (bytes_ > max_content_bytes)
        return Error{"its files have more than " + std::to_string(max_content_bytes) + " bytes in total"};
    if (++files_ > max_files) return Error{"it has more than " + std::to_string(max_files) + " files"};
    return {};
}

Result<std::string> ContentBuilder::link_target(const std::string& path) const {
    std::string at = path;
    for (std::size_t steps = 0; links_.contains(at); ++steps) {
        const fs::path target = links_.at(at);
        const auto to = (fs::path(at).parent_path() / target).lexically_normal();
        if (target.empty() || target.is_absolute() || *to.begin() == "..")
            return Error{shown_name(path) + " is a symbolic link out of the library, to " + shown_name(target.string()),
                         "put the file itself there"};
        if (steps == max_links_in_a_row) return Error{shown_name(path) + " is a symbolic link that leads nowhere"};
        at = to.generic_string();
    }
    if (!content_.files.contains(at))
        return Error{shown_name(path) + " is a symbolic link to " + shown_name(at) +
                     ", which is no file of the library"};
    return at;
}

Result<Content> ContentBuilder::finish() {
    std::map<std::string, std::string> linked;
    for (const auto& [path, target] : links_) {
        const auto at = link_target(path);
        if (!at) return at.error();
        const std::string& text = content_.files.at(*at);
        if (auto expected = expect_file(path, text.size()); !expected) return expected.error();
        linked[path] = text;
    }
    content_.files.merge(linked);
    return std::move(content_);
}

} // namespace ktstr::library
