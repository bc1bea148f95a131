// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "report/html/escape.h"
#include "report/html/page.h"
#include "report/html/plot.h"
#include "report/sidecar.h"
#include "report/stored.h"
#include "tests/report/made_up_result.h"

namespace ktstr::report::html {

namespace {

using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Folder {
    TemporaryDirectory directory = *TemporaryDirectory::create("ktstr-html-");
    fs::path put(const std::string& name, const std::string& content) const {
        REQUIRE(write_file(directory.path() / name, content).ok());
        return directory.path() / name;
    }
};

json real_record() { return json::parse(*read_file(fs::path(KTSTR_DATA) / "moves.ktstr.json")); }
json real_observed() { return json::parse(*read_file(fs::path(KTSTR_DATA) / "moves.observed.json")); }

Page page_of(const json& record, const json& observed) {
    const Folder folder;
    json named = record;
    named["observed_file"] = "o.json";
    folder.put("o.json", observed.dump());
    return make_page({folder.put("r.ktstr.json", named.dump())}, "runs");
}

// Every place in a document, so that each can be damaged.
std::vector<json::json_pointer> places_of(const json& document) {
    std::vector<json::json_pointer> places;
    const json flat = document.flatten();
    for (const auto& [path, value] : flat.items())
        if (places.size() < 4000) places.emplace_back(path);
    return places;
}

} // namespace

TEST_CASE("text of a record cannot become markup") {
    CHECK(escaped("<b a='1'>&\"</b>") == "&lt;b a=&#39;1&#39;&gt;&amp;&quot;&lt;/b&gt;");
    CHECK(escaped("a\x1b[31mred\x07\xff") == "ared\\x07\xEF\xBF\xBD");
    CHECK(element("td", "code", "<x>") == "<td class=\"code\">&lt;x&gt;</td>");
}

TEST_CASE("a plot goes in steps, and has nothing where there is a gap") {
    const Plot plot{.samples = {{0, 1}, {50, 3}, {60, nan}, {80, 2}}, .low = {}, .high = {}};
    const Range range = range_of(plot);
    CHECK(range.least == 1);
    CHECK(range.most == 3);
    const Range plain{.low = 0, .high = 4, .empty = false, .least = 1, .most = 3};
    CHECK_THAT(svg(plot, {0, 100}, plain), ContainsSubstring("d=\"M0 75H500V25H600M800 50H1000\""));
}

TEST_CASE("bands of several series are shaded by the greatest of all values, and join what stays the same") {
    const std::vector<Plot::Sample> rising = {{0, 0}, {25, 4}, {50, 4}, {75, 8}};
    const std::vector<Plot::Sample> broken = {{0, nan}, {50, 1}};
    const std::string text = bands_svg({&rising, &broken}, Axis{0, 100});
    CHECK_THAT(text, ContainsSubstring("<rect class=\"h4\" x=\"250\" y=\"0\" width=\"500\" height=\"46\"/>"
                                       "<rect class=\"h8\" x=\"750\" y=\"0\" width=\"250\" height=\"46\"/>"
                                       "<rect class=\"h1\" x=\"500\" y=\"50\" width=\"500\" height=\"46\"/></svg>"));
    CHECK_THAT(bands_svg({}, Axis{0, 100}), !ContainsSubstring("rect"));
}

TEST_CASE("a plot reaches to a bound that is near, and leaves one that is far away") {
    const Plot near{.samples = {{0, 4}, {1, 8}}, .low = {}, .high = 10};
    CHECK(range_of(near).high > 10);
    const Plot far{.samples = {{0, 4}, {1, 8}}, .low = {}, .high = 1e9};
    CHECK(range_of(far).high < 10);
    CHECK_THAT(svg(near, {0, 1}, range_of(near)), ContainsSubstring("class=\"bound\""));
    CHECK_THAT(svg(far, {0, 1}, range_of(far)), !ContainsSubstring("class=\"bound\""));
}

TEST_CASE("plots of odd numbers are drawn or empty, and never broken") {
    const std::vector<std::vector<Plot::Sample>> all = {
        {}, {{0, nan}}, {{0, 5}}, {{0, infinity}, {1, 3}}, {{0, -1e308}, {1, 1e308}}, {{7, 1}, {7, 2}}};
    for (const auto& samples : all) {
        const Plot plot{.samples = samples, .low = -1e308, .high = infinity, .refuted = true};
        const std::string drawn = svg(plot, {0, 1}, range_of(plot));
        CHECK_THAT(drawn, !ContainsSubstring("nan\"") && !ContainsSubstring("Mnan") && !ContainsSubstring("inf "));
        CHECK(drawn.ends_with("</svg>"));
    }
}

TEST_CASE("an axis has round times, however long the run") {
    CHECK(Axis{0, 3'625'331'463}.ticks().size() == 8);
    CHECK(Axis{0, 3'625'331'463}.ticks()[1] == 500'000'000);
    CHECK(Axis{5, 5}.ticks() == std::vector<std::int64_t>{5});
    CHECK(Axis{-(std::int64_t{1} << 60U), std::int64_t{1} << 60U}.ticks().size() <= 10);
    CHECK(Axis{0, 3}.ticks().size() <= 10);
}

TEST_CASE("the page of a real run has its findings, its series with their bounds, and the sample that decides") {
    const Page page = make_page({fs::path(KTSTR_DATA) / "moves.ktstr.json"}, "runs");
    CHECK(page.problems.empty());
    CHECK(page.scenarios == 1);
    CHECK(page.failed == 1);
    for (const char* there :
         {"<!DOCTYPE html>", "numbers that move the wrong way &lt;script&gt;", "always bpf.nr_tasks &lt;= 5",
          "scenarios/fails.ktl:19:5", "robustness -90", "1 /s .. 100 /s", "class=\"fails", "periodic_005 +2.23 s",
          "set_cpuset: load -&gt; 0-1", "local_dsq_depth", "capture_snapshot", "scx_ktstr: attached"})
        CHECK_THAT(page.text, ContainsSubstring(there));
    CHECK_THAT(page.text, !ContainsSubstring("<script>alert"));
}

TEST_CASE("what failed comes first, and folders are searched for records") {
    const Folder folder;
    json record = real_record();
    record["observed_file"] = nullptr;
    fs::create_directory(folder.directory.path() / "6.12");
    folder.put("6.12/b.ktstr.json", record.dump());
    record["passed"] = true;
    record["test_name"] = "a quiet one";
    folder.put("6.12/a.ktstr.json", record.dump());
    folder.put("6.12/other.json", "{}");
    const auto records = find_records({folder.directory.path()});
    REQUIRE(records.ok());
    CHECK(records->size() == 2);
    const Page page = make_page(*records, "runs");
    CHECK(page.text.find("a quiet one") > page.text.find("numbers that move"));
    CHECK(find_records({folder.directory.path() / "none"}).error().message.find("there is no ") == 0);
    fs::create_directory(folder.directory.path() / "empty");
    CHECK(find_records({folder.directory.path() / "empty"}).error().message.find("no record in") != std::string::npos);
}

TEST_CASE("records that cannot be read are on the page with the reason") {
    const Folder folder;
    json newer = real_record();
    newer["sidecar_version"] = 99;
    json alone = real_record();
    alone["observed_file"] = "gone.json";
    json damaged = real_record();
    damaged["workers"][0]["wall_ns"] = -1;
    const Page page =
        make_page({folder.put("cut.ktstr.json", real_record().dump().substr(0, 3000)),
                   folder.put("newer.ktstr.json", newer.dump()), folder.put("alone.ktstr.json", alone.dump()),
                   folder.put("damaged.ktstr.json", damaged.dump()), folder.directory.path() / "gone.ktstr.json"},
                  "runs");
    CHECK(page.problems.size() == 5);
    CHECK(page.scenarios == 1);
    CHECK_THAT(page.text, ContainsSubstring("is not a JSON object"));
    CHECK_THAT(page.text, ContainsSubstring("the record has the version 99, and this ktstr reads versions 1 to 2"));
    CHECK_THAT(page.text, ContainsSubstring("gone.json"));
    CHECK_THAT(page.text, ContainsSubstring("wall_ns"));
}

TEST_CASE("a record that is damaged at any place is shown or refused, and ends nothing") {
    const json whole = real_record();
    std::size_t shown = 0;
    std::size_t index = 0;
    for (const auto& place : places_of(whole)) {
        if (++index % 5 != 0) continue;
        for (const json& wrong : {json(), json("<script>"), json(1e300), json(-1), json::array({json::array()})}) {
            json damaged = whole;
            damaged[place] = wrong;
            const auto run = stored_run(std::move(damaged), json());
            if (run.ok()) ++shown;
        }
        json without = whole;
        without.at(place.parent_pointer()).clear();
        (void)stored_run(std::move(without), json());
    }
    CHECK(shown > 0);
    const json observed = real_observed();
    index = 0;
    for (const auto& place : places_of(observed)) {
        if (++index % 100 != 0) continue;
        for (const json& wrong : {json(), json("<script>"), json(1e300)}) {
            json damaged = observed;
            damaged[place] = wrong;
            const Page page = page_of(whole, damaged);
            CHECK(page.scenarios == 1);
            CHECK_THAT(page.text, !ContainsSubstring("<script>alert"));
        }
    }
    index = 0;
    for (const auto& place : places_of(whole)) {
        if (++index % 20 != 0) continue;
        json damaged = whole;
        damaged[place] = index % 2 == 0 ? json(1e300) : json("<script>alert(2)</script>");
        CHECK_THAT(page_of(damaged, observed).text, !ContainsSubstring("<script>alert"));
    }
}

} // namespace ktstr::report::html
