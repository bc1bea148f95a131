// SPDX-License-Identifier: GPL-2.0-only
// Records as one self-contained HTML page: a summary, a table of all scenarios, and each of them with its findings and
// its timeline. It needs no network, and no script to be read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace ktstr::report::html {

struct Page {
    std::string text;
    std::size_t scenarios = 0; // that are on the page with what their record says
    std::size_t failed = 0;
    std::size_t inconclusive = 0;
    std::vector<Error> problems; // of records that could not be read, or not as a whole; the page has them too
};

// The records that are meant: files as they are, of folders all *.ktstr.json in and below them, sorted. Refuses what is
// not there, and a folder without records.
Result<std::vector<std::filesystem::path>> find_records(const std::vector<std::filesystem::path>& paths);

// `name`: what the page is of, for its title.
Page make_page(const std::vector<std::filesystem::path>& records, const std::string& name);

} // namespace ktstr::report::html
