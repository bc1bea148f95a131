// SPDX-License-Identifier: GPL-2.0-only
#include "interp/format/columns.h"

#include <algorithm>

#include "interp/format/layout.h"

namespace ktstr::format {

namespace {

constexpr std::uint32_t comment_gap = 2;
constexpr std::uint32_t comment_reach = 40; // the most blanks that a column of comments may cost

class Columns {
  public:
    explicit Columns(const Lines& in) : in_(in), lines_(in.lines), pads_(in.lines.size()) {}

    std::string run() {
        for (std::size_t level = 0; level < 2; ++level)
            for_runs([this, level](std::size_t i) { return lines_[i].stops[level].key; },
                     [this, level](std::size_t begin, std::size_t end) { set_stops(level, begin, end); });
        drop_too_wide();
        for_runs([this](std::size_t i) { return lines_[i].comment.empty() ? 0U : 1U; },
                 [this](std::size_t begin, std::size_t end) { set_comments(begin, end); });
        return write();
    }

  private:
    // Blanks to put into a line.
    struct Pad {
        std::array<std::uint32_t, 2> stops = {};
        std::uint32_t comment = 0;
    };

    // Calls `visit` for each longest run of neighbours with the same key that is not 0. Comments that go on below
    // another part nothing.
    template <typename Key, typename Visit> void for_runs(const Key& key, const Visit& visit) {
        for (std::size_t begin = 0; begin < lines_.size();) {
            std::size_t end = begin + 1;
            if (key(begin) != 0) {
                while (end < lines_.size() && (key(end) == key(begin) || !has_text(end)) && !lines_[end].blank_before &&
                       lines_[end].indent == lines_[begin].indent)
                    ++end;
                visit(begin, end);
            }
            begin = end;
        }
    }

    // Width of what is left of a stop, from the stop before it on; 0 if nothing is.
    [[nodiscard]] std::uint32_t cell(const Line& line, std::size_t level) const {
        if (line.stops[level].key == 0) return 0;
        const std::uint32_t begin = level == 0 ? line.begin : line.stops[0].offset;
        const std::uint32_t end = line.stops[level].offset;
        return end == begin ? 0 : width_of(std::string_view(in_.text).substr(begin, end - begin)) - 1;
    }

    void set_stops(std::size_t level, std::size_t begin, std::size_t end) {
        std::uint32_t shortest = none;
        for (std::size_t i = begin; i < end; ++i)
            if (const std::uint32_t width = cell(lines_[i], level); width > 0) shortest = std::min(shortest, width);
        if (shortest == none) return;
        std::uint32_t column = 0;
        const std::uint32_t most = shortest + lines_[begin].stops[level].reach;
        for (std::size_t i = begin; i < end; ++i)
            if (const std::uint32_t width = cell(lines_[i], level); width <= most) column = std::max(column, width);
        for (std::size_t i = begin; i < end; ++i) {
            const std::uint32_t width = cell(lines_[i], level);
            if (!has_text(i)) continue;
            if (width == 0)
                pads_[i].stops[level] = column + 1; // with the blank that an empty cell lacks
            else if (width < column)
                pads_[i].stops[level] = column - width;
        }
    }

    // A column is not worth a line that is too long.
    void drop_too_wide() {
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            auto& stops = pads_[i].stops;
            if (stops[0] + stops[1] == 0) continue;
            const std::string_view text = in_.text_of(lines_[i]);
            if (lines_[i].indent + width_of(text.substr(0, text.find('\n'))) + stops[0] + stops[1] > line_width)
                stops = {};
        }
    }

    // Where the text of a line ends.
    [[nodiscard]] std::uint32_t end_column(std::size_t i) const {
        const std::string_view text = in_.text_of(lines_[i]);
        const std::size_t line_end = text.rfind('\n');
        if (line_end != std::string_view::npos) return width_of(text.substr(line_end + 1));
        return lines_[i].indent + width_of(text) + pads_[i].stops[0] + pads_[i].stops[1];
    }

    [[nodiscard]] bool has_text(std::size_t i) const { return lines_[i].begin < lines_[i].end; }

    void set_comments(std::size_t begin, std::size_t end) {
        std::uint32_t shortest = none;
        for (std::size_t i = begin; i < end; ++i)
            if (has_text(i)) shortest = std::min(shortest, end_column(i));
        std::uint32_t column = 0;
        for (std::size_t i = begin; i < end; ++i)
            if (has_text(i) && end_column(i) <= shortest + comment_reach) column = std::max(column, end_column(i));
        std::uint32_t above = column;
        for (std::size_t i = begin; i < end; ++i) {
            if (has_text(i)) above = std::max(column, end_column(i));
            pads_[i].comment = above + comment_gap - (has_text(i) ? end_column(i) : 0);
        }
    }

    std::string write() const {
        std::string text;
        text.reserve(in_.text.size() + in_.text.size() / 2);
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            const Line& line = lines_[i];
            if (line.blank_before) text += '\n';
            if (has_text(i)) text.append(line.indent, ' ');
            std::uint32_t from = line.begin;
            for (std::size_t level = 0; level < 2; ++level) {
                if (line.stops[level].key == 0) continue;
                text.append(in_.text, from, line.stops[level].offset - from).append(pads_[i].stops[level], ' ');
                from = line.stops[level].offset;
            }
            text.append(in_.text, from, line.end - from);
            if (!line.comment.empty()) text.append(pads_[i].comment, ' ').append(line.comment);
            text += '\n';
        }
        return text;
    }

    const Lines& in_;
    const std::vector<Line>& lines_;
    std::vector<Pad> pads_;
};

} // namespace

std::string align(const Lines& lines) { return Columns(lines).run(); }

} // namespace ktstr::format
