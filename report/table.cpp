// SPDX-License-Identifier: GPL-2.0-only
#include "report/table.h"

#include <algorithm>

namespace ktstr::report {

void Table::add(std::vector<std::string> cells, Style::Paint paint) {
    cells.resize(columns_.size());
    rows_.push_back({std::move(cells), paint});
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
