// SPDX-License-Identifier: GPL-2.0-only
#include "report/table.h"

#include <algorithm>

namespace ktstr::report {

void Table::add(std::vector<std::string> cells, Style::Paint paint) {
    cells.resize(columns_.size());
    rows_.push_back({std::move(cells), paint});
}

void Table::fit(std::size_t column, std::size_t columns) {
    constexpr std::size_t gap = 2;
    constexpr std::size_t least = 8;
    std::size_t others = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (i == column) continue;
        std::size_t width = display_width(columns_[i].title);
        for (const auto& row : rows_) width = std::max(width, display_width(row.cells[i]));
        others += width + gap;
    }
    const std::size_t room = std::max(least, columns > others ? columns - others : 0);
    columns_[column].title = cut_to_width(columns_[column].title, room);
    for (auto& row : rows_) row.cells[column] = cut_to_width(row.cells[column], room);
}

std::string Table::text(const Style& style, const std::string& indent, std::size_t most) const {
    const std::size_t shown = std::min(most, rows_.size());
    std::vector<std::size_t> widths;
    std::vector<std::string> titles;
    for (const auto& column : columns_) {
        widths.push_back(display_width(column.title));
        titles.push_back(column.title);
    }
    for (std::size_t row = 0; row < shown; ++row)
        for (std::size_t i = 0; i < widths.size(); ++i)
            widths[i] = std::max(widths[i], display_width(rows_[row].cells[i]));

    const auto line = [&](const Row& row, Style::Paint paint_all) {
        std::string text;
        std::size_t pending = 0; // blanks owed before the next visible cell
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const auto& cell = row.cells[i];
            const std::size_t padding = widths[i] - display_width(cell);
            if (columns_[i].align == Align::right) pending += padding;
            const Style::Paint paint = paint_all != nullptr ? paint_all : i == 0 ? row.paint : nullptr;
            if (!cell.empty()) {
                text.append(pending, ' ').append(paint != nullptr ? (style.*paint)(cell) : cell);
                pending = 0;
            }
            if (columns_[i].align == Align::left) pending += padding;
            pending += 2;
        }
        return indent + text + "\n";
    };
    std::string text = line({titles, nullptr}, &Style::dim);
    for (std::size_t row = 0; row < shown; ++row) text += line(rows_[row], nullptr);
    return text;
}

} // namespace ktstr::report
