// SPDX-License-Identifier: GPL-2.0-only
// The text of one .ktl file, and places in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

class SourceFile : public std::enable_shared_from_this<SourceFile> {
  public:
    struct Position {
        int line = 0;   // from 1
        int column = 0; // from 1, in characters (code points)
    };

    // `shown` is the path as the user gave it, for messages; `name` is the path relative to the library's root, for the
    // plan.
    SourceFile(std::string shown, std::string name, std::string text);

    [[nodiscard]] const std::string& shown() const { return shown_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] Position position(std::size_t offset) const;
    // A line without its line end; empty if there is no such line.
    [[nodiscard]] std::string_view line(int line) const;

  private:
    std::string shown_;
    std::string name_;
    std::string text_;
    // Characters before `offset`.
    [[nodiscard]] std::size_t characters_before(std::size_t offset) const;

    std::vector<std::size_t> line_starts_;
    std::vector<std::size_t> characters_; // before each stride-th byte, so that long lines are not counted anew
};

using SourcePtr = std::shared_ptr<const SourceFile>;

// Bytes [begin, end) of a file. The file outlives every span into it: modules keep it for the whole compilation.
struct Span {
    const SourceFile* file = nullptr;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    [[nodiscard]] std::string_view text() const { return file->text().substr(begin, end - begin); }
    [[nodiscard]] int line() const { return file->position(begin).line; }
};

} // namespace ktstr
