// SPDX-License-Identifier: GPL-2.0-only
#include "report/html/page.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <thread>
#include <tuple>

#include "interp/eval/units.h"
#include "report/html/escape.h"
#include "report/html/scenario.h"
#include "report/text.h"
#include "runs/names.h"

namespace ktstr::report::html {

extern const std::vector<std::pair<std::string_view, std::string_view>> page_files; // page.css, page.js

namespace {

namespace fs = std::filesystem;

constexpr std::size_t open_sections = 12;  // so many findings are there to be seen without a click
constexpr std::size_t shown_finding = 160; // columns of one in the table
constexpr unsigned most_threads = 8;

std::string_view file(std::string_view name) {
    const auto found =
        std::find_if(page_files.begin(), page_files.end(), [name](const auto& one) { return one.first == name; });
    return found->second;
}

// In parallel: reading is most of the work.
std::vector<Entry> read_entries(const std::vector<fs::path>& records) {
    std::vector<Entry> entries(records.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < records.size(); i = next++) entries[i] = entry_of(records[i]);
    };
    std::vector<std::jthread> helpers;
    const std::size_t threads =
        std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, most_threads), records.size());
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
    helpers.clear();
    return entries;
}

void sort_entries(std::vector<Entry>& entries) {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        const auto key = [](const Entry& one) {
            return std::tie(one.verdict, one.name, one.kernel, one.topology, one.scheduler);
        };
        return key(a) < key(b);
    });
}

class Writer {
  public:
    Writer(const std::vector<Entry>& entries, const std::string& name)
        : entries_(entries), name_(entries.size() == 1 ? entries.front().name : name) {
        for (const auto& entry : entries) ++counts_[static_cast<std::size_t>(entry.verdict)];
    }

    std::string text() const {
        std::string text = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                           "<meta name=\"color-scheme\" content=\"light dark\">\n"
                           "<link rel=\"icon\" href=\"data:,\">\n" +
                           element("title", "", title()) + "\n<style>\n" + std::string(file("page.css")) +
                           "</style></head>\n<body>\n" + header() + table() + "<main>\n";
        for (std::size_t i = 0; i < entries_.size(); ++i) text += section(i);
        return text + "</main>\n<script>\n" + std::string(file("page.js")) + "</script>\n</body></html>\n";
    }

  private:
    std::size_t count(Verdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }

    std::string title() const {
        const std::size_t failed = count(Verdict::fail);
        return (failed > 0 ? std::to_string(failed) + " failed" : "ktstr") + " - " + name_;
    }

    // What all entries have in this place, each once.
    std::string all(std::string Entry::*member, std::size_t most = 4) const {
        std::set<std::string> values;
        for (const auto& entry : entries_)
            if (!(entry.*member).empty()) values.insert(entry.*member);
        std::string text;
        std::size_t shown = 0;
        for (const auto& value : values) {
            if (shown++ == most) return text + " and " + std::to_string(values.size() - most) + " more";
            text += (text.empty() ? "" : ", ") + value;
        }
        return text;
    }

    std::string when() const {
        std::string first, last;
        for (const auto& entry : entries_) {
            if (entry.timestamp.empty()) continue;
            if (first.empty() || entry.timestamp < first) first = entry.timestamp;
            last = std::max(last, entry.timestamp);
        }
        return first == last ? first : first + " to " + last;
    }

    std::string header() const {
        double duration_ms = 0;
        for (const auto& entry : entries_) duration_ms += entry.duration_ms;
        std::string text = "<header>" + element("h1", "", name_) + "\n<p class=\"bar\">";
        for (const auto verdict :
             {Verdict::fail, Verdict::unreadable, Verdict::inconclusive, Verdict::pass, Verdict::skip})
            if (count(verdict) > 0)
                text += "<b class=\"" + std::string(to_string(verdict)) +
                        "\" style=\"flex-grow:" + std::to_string(count(verdict)) + "\"></b>";
        text += "</p>\n<div id=\"filter\"><input type=\"search\" placeholder=\"filter by name, scheduler, kernel\" "
                "aria-label=\"filter\" hidden>";
        for (const auto verdict :
             {Verdict::fail, Verdict::unreadable, Verdict::inconclusive, Verdict::pass, Verdict::skip})
            if (count(verdict) > 0)
                text += "<button type=\"button\" class=\"" + std::string(to_string(verdict)) + "\" data-verdict=\"" +
                        std::string(to_string(verdict)) + "\" aria-pressed=\"false\"><b>" +
                        std::to_string(count(verdict)) + "</b> " + std::string(words(verdict)) + "</button>";
        text += "</div>\n<dl class=\"facts\">";
        const auto fact = [&text](const char* what, const std::string& value) {
            if (!value.empty()) text += "<div>" + element("dt", "", what) + element("dd", "", value) + "</div>";
        };
        fact("scenarios", std::to_string(entries_.size()));
        fact("kernel", all(&Entry::kernel));
        fact("scheduler", all(&Entry::scheduler));
        fact("accelerator", all(&Entry::accelerator));
        fact("machine time", eval::human_duration(duration_ms * 1e6));
        fact("when", when());
        fact("ktstr", all(&Entry::executor));
        return text + "</dl></header>\n";
    }

    static std::string_view words(Verdict verdict) {
        switch (verdict) {
        case Verdict::fail: return "failed";
        case Verdict::pass: return "passed";
        case Verdict::skip: return "skipped";
        default: return to_string(verdict);
        }
    }

    std::string table() const {
        std::string text = "<div class=\"wide\"><table id=\"all\"><thead><tr><th>verdict</th><th>scenario</th>"
                           "<th>scheduler</th><th>topology</th><th>kernel</th><th "
                           "class=\"r\">time</th><th></th></tr></thead><tbody>\n";
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            const Entry& entry = entries_[i];
            const std::string verdict(to_string(entry.verdict));
            const std::string note = entry.finding.empty() ? entry.note : entry.finding;
            text += "<tr data-verdict=\"" + verdict + "\"><td class=\"verdict " + verdict + "\">" + verdict +
                    "</td><td class=\"name\"><a href=\"#s" + std::to_string(i) + "\">" + escaped(entry.name) +
                    "</a></td>" + element("td", "code", entry.scheduler) + element("td", "code", entry.topology) +
                    element("td", "code", entry.kernel) +
                    element("td", "r", entry.duration_ms > 0 ? eval::human_duration(entry.duration_ms * 1e6) : "") +
                    element("td", "why", cut_to_width(printable_line(note), shown_finding)) + "</tr>\n";
        }
        return text + "</tbody></table></div>\n<p id=\"none\" hidden>no scenario matches</p>\n";
    }

    std::string section(std::size_t index) const {
        const Entry& entry = entries_[index];
        const std::string verdict(to_string(entry.verdict));
        const bool open = index < open_sections && (entry.verdict <= Verdict::inconclusive || entries_.size() == 1);
        std::string meta;
        for (const auto& one : {entry.scheduler, entry.topology, entry.kernel, entry.note})
            if (!one.empty()) meta += (meta.empty() ? "" : " \xC2\xB7 ") + one;
        return "<details class=\"run\" data-verdict=\"" + verdict + "\"" + (open ? " open" : "") +
               "><summary><span class=\"verdict " + verdict + "\">" + verdict + "</span> " +
               element("h2", "", entry.name) + " " + element("span", "meta", meta) +
               "</summary>\n<div class=\"body\" id=\"s" + std::to_string(index) + "\">\n" + entry.body +
               "</div></details>\n";
    }

    const std::vector<Entry>& entries_;
    std::string name_;
    std::array<std::size_t, 5> counts_{};
};

Result<void> add_folder(const fs::path& folder, std::vector<fs::path>& records) {
    std::error_code code;
    std::vector<fs::path> found;
    fs::recursive_directory_iterator walk(folder, code);
    for (; !code && walk != fs::recursive_directory_iterator(); walk.increment(code))
        if (walk->path().string().ends_with(runs::record_suffix)) found.push_back(walk->path());
    if (code) return Error{"cannot read " + folder.string() + ": " + code.message()};
    if (found.empty())
        return Error{"there is no record in " + folder.string(),
                     "a record is a file *.ktstr.json that `ktstr run` has written; --out names their folder there"};
    std::sort(found.begin(), found.end());
    records.insert(records.end(), found.begin(), found.end());
    return {};
}

} // namespace

Result<std::vector<fs::path>> find_records(const std::vector<fs::path>& paths) {
    std::vector<fs::path> records;
    for (const auto& path : paths) {
        std::error_code code;
        const auto status = fs::status(path, code);
        if (!fs::exists(status))
            return Error{"there is no " + path.string(), "a run's records are in `ktstr-runs`, or where --out said"};
        if (!fs::is_directory(status))
            records.push_back(path);
        else if (auto added = add_folder(path, records); !added)
            return added.error();
    }
    return records;
}

Page make_page(const std::vector<fs::path>& records, const std::string& name) {
    std::vector<Entry> entries = read_entries(records);
    sort_entries(entries);
    Page page;
    for (const auto& entry : entries) {
        if (entry.verdict != Verdict::unreadable) ++page.scenarios;
        if (entry.verdict == Verdict::fail) ++page.failed;
        if (entry.verdict == Verdict::inconclusive) ++page.inconclusive;
        if (!entry.problem.empty()) page.problems.push_back({entry.problem, {}});
    }
    page.text = Writer(entries, name).text();
    return page;
}

} // namespace ktstr::report::html
