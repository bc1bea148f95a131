// SPDX-License-Identifier: GPL-2.0-only
// Captures and their comparison as text for a terminal.
#pragma once

#include <string>
#include <vector>

#include "ctprof/compare.h"
#include "report/text.h"

namespace ktstr::cli {

// "12.3 ms", "4.5 MiB", "1,234": at most 9 columns.
std::string amount_text(std::uint64_t value, ctprof::Unit unit);

// One line for each thread, in the order of `threads`; as many columns as fit into `width`, that of `sorted_by` first.
std::string threads_table(const std::vector<const ctprof::Thread*>& threads, ctprof::Counter sorted_by, int width,
                          const report::Style& style);

// What the capture's report has to say: how much is in it, what is not, and why.
std::string report_text(const ctprof::Capture& capture, const report::Style& style);

// A paragraph for each group: a line for each of `fields` that is not 0 on both sides and, unless `all`, has changed.
std::string compared_text(const std::vector<ctprof::ComparedGroup>& groups, const std::vector<ctprof::Counter>& fields,
                          bool all, int width, const report::Style& style);

} // namespace ktstr::cli
