// SPDX-License-Identifier: GPL-2.0-only
// Columns of text that line up.
#pragma once

#include <cstddef>
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

    // Lines that end in a newline, each behind `indent`; titles first. No trailing blanks.
    [[nodiscard]] std::string text(const Style& style, const std::string& indent = "") const;

  private:
    struct Row {
        std::vector<std::string> cells;
        Style::Paint paint = nullptr;
    };
    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

} // namespace ktstr::report
