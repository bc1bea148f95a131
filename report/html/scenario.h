// SPDX-License-Identifier: GPL-2.0-only
// One record on the page: its row in the table, and its section.
#pragma once

#include <filesystem>
#include <string>

#include "report/stored.h"

namespace ktstr::report::html {

// In the order of the table.
enum class Verdict { fail, unreadable, inconclusive, pass, skip };
std::string_view to_string(Verdict verdict);

struct Entry {
    Verdict verdict = Verdict::unreadable;
    std::string name; // of the scenario; of an unreadable record its file's
    std::string scheduler, topology, kernel, accelerator, executor, timestamp;
    double duration_ms = 0;
    std::string finding; // the first one, or why it was skipped or could not be read
    std::string note;    // "failed, as expected"
    std::string problem; // why the record could not be read, or not all of it; or empty
    std::string body;    // HTML
};

// Never fails: what cannot be read is an entry that says so.
Entry entry_of(const std::filesystem::path& record);

} // namespace ktstr::report::html
