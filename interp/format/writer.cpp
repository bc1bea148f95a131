// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/writer.h"

#include <algorithm>

namespace ktstr::format {

Writer::Writer(const TokenStream& stream, const Measure& measure) : stream_(stream), measure_(measure) {
    out_.text.reserve(stream.text.size() + stream.text.size() / 4);
    out_.lines.reserve(stream.tokens.size() / 4 + 1);
}

void Writer::start_line(std::uint32_t indent, bool blank) {
    indent_ = indent;
    blank_ = blank;
    at_line_start_ = true;
}

void Writer::open_line() {
    const auto begin = static_cast<std::uint32_t>(out_.text.size());
    out_.lines.push_back({begin, begin, indent_, blank_});
    column_ = indent_;
    at_line_start_ = false;
}

void Writer::append(std::string_view text) {
    out_.text += text;
    out_.lines.back().end = static_cast<std::uint32_t>(out_.text.size());
    const std::size_t line_end = text.rfind('\n');
    column_ = line_end == std::string_view::npos ? column_ + width_of(text) : width_of(text.substr(line_end + 1));
}

void Writer::put(std::uint32_t token) {
    if (at_line_start_)
        open_line();
    else
        append(std::string_view("  ").substr(0, measure_.blanks_before(token)));
    for (std::size_t i = 0; i < stops_.size(); ++i)
        if (stops_[i].token == token)
            out_.lines.back().stops[i] = {static_cast<std::uint32_t>(out_.text.size()), stops_[i].key, stops_[i].reach};
    append(stream_.text_of(stream_.tokens[token]));
}

void Writer::put(std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t token = begin; token < end; ++token) put(token);
}

std::size_t Writer::start_line_with_comments(std::uint32_t token, std::uint32_t indent, bool first) {
    start_line(indent);
    std::size_t own = out_.lines.size();
    for (std::uint32_t i = stream_.tokens[token].comments; i < stream_.comments_end(token); ++i) {
        const Comment& comment = stream_.comments[i];
        const std::string_view text = stream_.text.substr(comment.begin, comment.end - comment.begin);
        if (!comment.own_line) {
            out_.lines.back().comment = text;
            own = out_.lines.size();
        } else if (comment.continues) {
            const auto end = static_cast<std::uint32_t>(out_.text.size());
            out_.lines.push_back({end, end, out_.lines.back().indent, false, text});
            own = out_.lines.size();
        } else {
            start_line(indent, comment.blank_before && !first);
            open_line();
            append(text);
            first = false;
        }
    }
    start_line(indent, stream_.tokens[token].blank_before && !first);
    return own;
}

void Writer::part(std::size_t first, std::size_t last) {
    const auto begin = out_.lines.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = out_.lines.begin() + static_cast<std::ptrdiff_t>(last) + 1;
    if (std::none_of(begin, end, [](const Line& line) { return line.blank_before; })) begin->blank_before = true;
}

} // namespace ktstr::format
