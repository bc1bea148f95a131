// SPDX-License-Identifier: GPL-2.0-only
#include "interp/diagnostics/source.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr std::size_t stride = 1024;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::size_t characters_in(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

} // namespace

SourceFile::SourceFile(std::string shown, std::string name, std::string text)
    : shown_(std::move(shown)), name_(std::move(name)), text_(std::move(text)), line_starts_{0} {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (i % stride == 0) characters_.push_back(characters);
        if (begins_character(text_[i])) ++characters;
        if (text_[i] == '\n') line_starts_.push_back(i + 1);
    }
}

std::size_t SourceFile::characters_before(std::size_t offset) const {
    if (offset == 0) return 0;
    const std::size_t mark = (offset - 1) / stride;
    return characters_[mark] + characters_in(text().substr(mark * stride, offset - mark * stride));
}

SourceFile::Position SourceFile::position(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    const std::size_t start = *std::prev(after);
    const std::size_t column = offset - start <= stride ? characters_in(text().substr(start, offset - start))
                                                        : characters_before(offset) - characters_before(start);
    return {static_cast<int>(after - line_starts_.begin()), static_cast<int>(column) + 1};
}

std::string_view SourceFile::line(int line) const {
    if (line < 1 || static_cast<std::size_t>(line) > line_starts_.size()) return {};
    const std::size_t start = line_starts_[static_cast<std::size_t>(line) - 1];
    std::string_view rest = std::string_view(text_).substr(start);
    rest = rest.substr(0, rest.find('\n'));
    if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
    return rest;
}

} // namespace ktstr
