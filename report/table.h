// SPDX-License-Identifier: GPL-2.0-only
// Columns of text that line up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "report/text.h"

namespace ktstr::report {

class Table {
  public:
    enum class Align { left, right };
    struct Column {
        std::string title;
        Align align = Align::left;
    };
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // One cell per column, of one printable line each. `paint` colours the first cell.
    void add(std::vector<std::string> cells, Style::Paint paint = nullptr);

    [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    [[nodiscard]] const std::vector<std::string>& cells(std::size_t row) const { return rows_[row].cells; }

    // Cuts the cells of `column` so that lines are no wider than `columns`, but to no less than 8; its title, too.
    void fit(std::size_t column, std::size_t columns);

    // Lines that end in a newline, each behind `indent`; titles first. No trailing blanks. Of more
    // rows than `most` only these; the others do not count for the widths.
    [[nodiscard]] std::string text(const Style& style, const std::string& indent = "",
                                   std::size_t most = SIZE_MAX) const;

  private:
    struct Row {
        std::vector<std::string> cells;
        Style::Paint paint = nullptr;
    };
    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

} // namespace ktstr::report
