// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/read_source.h"

#include <algorithm>
#include <optional>

#include "base/file.h"

namespace ktstr::syntax {

namespace {

std::uint8_t byte_at(std::string_view text, std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
}

// Length of the well-formed UTF-8 sequence at i (Unicode 15, table 3-7), or 0.
std::size_t utf8_length(std::string_view text, std::size_t i) {
    const auto first = byte_at(text, i);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || i + length > text.size()) return 0;
    const auto second = byte_at(text, i + 1);
    const std::uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < lowest || second > highest) return 0;
    for (std::size_t k = 2; k < length; ++k)
        if ((byte_at(text, i + k) & 0xC0U) != 0x80U) return 0;
    return length;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Where the Lua block ends whose word `lua` stands at i; i if there is none.
std::size_t after_lua_block(std::string_view text, std::size_t i, LongStrings& long_strings) {
    if (text.substr(i, 3) != "lua" || (i > 0 && is_letter(text[i - 1]))) return i;
    const std::size_t start = text.find_first_not_of(" \t\r\n", i + 3);
    if (start == std::string_view::npos) return i;
    const std::size_t end = long_strings.end(start);
    return end > start ? end : i;
}

// Offset of the first bracket that is nested too deep.
std::optional<std::size_t> too_deep(std::string_view text) {
    LongStrings long_strings(text);
    std::size_t depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '#') {
            i = std::min(text.find('\n', i), text.size());
        } else if (c == 'l') {
            if (const std::size_t after = after_lua_block(text, i, long_strings); after > i) i = after - 1;
        } else if (c == '"') {
            for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
                if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '\n') ++i;
        } else if (c == '(' || c == '[' || c == '{') {
            if (++depth > max_nesting) return i;
        } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return std::nullopt;
}

Span span_at(const SourceFile& file, std::size_t offset) {
    return {&file, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(offset + 1)};
}

// With a byte order mark, or with every other byte zero as it is of letters.
bool is_utf16(std::string_view bytes) {
    const std::string_view mark = bytes.substr(0, 2);
    if (mark == "\xFF\xFE" || mark == "\xFE\xFF") return true;
    return bytes.size() > 3 && ((bytes[0] == 0 && bytes[2] == 0) || (bytes[1] == 0 && bytes[3] == 0));
}

SourcePtr report_file(Code code, std::string shown, std::string name, std::string message, std::string hint,
                      Diagnostics& diagnostics) {
    const auto empty = std::make_shared<const SourceFile>(std::move(shown), std::move(name), "");
    diagnostics.add(code, {empty.get(), 0, 0}, std::move(message), std::move(hint));
    return nullptr;
}

} // namespace

std::optional<std::size_t> LongStrings::level(std::size_t offset) const {
    if (offset >= text_.size() || text_[offset] != '[') return std::nullopt;
    std::size_t level = 0;
    while (level <= max_level && offset + 1 + level < text_.size() && text_[offset + 1 + level] == '=') ++level;
    const std::size_t second = offset + 1 + level;
    if (level > max_level || second >= text_.size() || text_[second] != '[') return std::nullopt;
    return level;
}

std::size_t LongStrings::end(std::size_t offset) {
    const auto equals = level(offset);
    if (!equals || offset >= none_from_[*equals]) return offset;
    const std::string close = "]" + std::string(*equals, '=') + "]";
    const std::size_t end = text_.find(close, offset + 2 + *equals);
    if (end != std::string_view::npos) return end + close.size();
    none_from_[*equals] = offset;
    return offset;
}

SourcePtr check_source(std::string shown, std::string name, std::string text, Diagnostics& diagnostics) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.erase(0, 3);
    const auto file = std::make_shared<const SourceFile>(std::move(shown), std::move(name), std::move(text));
    const std::string_view bytes = file->text();
    const bool utf16 = is_utf16(bytes);
    constexpr const char* from_utf16 = "it is UTF-16; convert it: iconv -f utf-16 -t utf-8";
    for (std::size_t i = 0; i < bytes.size();) {
        if (bytes[i] == '\0') {
            diagnostics.add(Code::nul_byte, span_at(*file, i), "the file holds a NUL byte",
                            utf16 ? from_utf16 : "a .ktl file is text in UTF-8");
            return nullptr;
        }
        const std::size_t length = utf8_length(bytes, i);
        if (length == 0) {
            diagnostics.add(Code::not_utf8, span_at(*file, i), "the file is not UTF-8 text",
                            utf16 ? from_utf16 : "convert it: iconv -f latin1 -t utf-8");
            return nullptr;
        }
        i += length;
    }
    if (const auto offset = too_deep(bytes)) {
        diagnostics.add(Code::nested_too_deep, span_at(*file, *offset),
                        "brackets are nested deeper than " + std::to_string(max_nesting) + " levels");
        return nullptr;
    }
    return file;
}

SourcePtr read_source(const std::filesystem::path& path, std::string shown, std::string name,
                      Diagnostics& diagnostics) {
    std::error_code code;
    if (!std::filesystem::is_regular_file(path, code))
        return report_file(Code::unreadable_file, std::move(shown), std::move(name),
                           code ? code.message() : "not a regular file", "", diagnostics);
    const auto size = std::filesystem::file_size(path, code);
    if (!code && size > max_source_bytes)
        return report_file(Code::file_too_large, std::move(shown), std::move(name),
                           "the file has " + std::to_string(size) + " bytes, at most " +
                               std::to_string(max_source_bytes) + " are allowed",
                           "split it into several files", diagnostics);
    auto text = read_file(path, max_source_bytes);
    if (!text)
        return report_file(Code::unreadable_file, std::move(shown), std::move(name), text.error().message,
                           text.error().hint, diagnostics);
    return check_source(std::move(shown), std::move(name), std::move(*text), diagnostics);
}

} // namespace ktstr::syntax
