// SPDX-License-Identifier: GPL-2.0-only
// `ktstr report` on records of a real run.
#include <catch2/catch_test_macros.hpp>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;

namespace fs = std::filesystem;

namespace {

fs::path put_run(const Sandbox& sandbox, const std::string& name) {
    const fs::path folder = sandbox.path("work") / name / "6.12.95-ktstr";
    fs::create_directories(folder);
    for (const char* file : {"moves.ktstr.json", "moves.observed.json"})
        fs::copy_file(fs::path(KTSTR_REPORT_DATA) / file, folder / file);
    return folder;
}

std::string content(const fs::path& file) { return *read_file(file); }

} // namespace

TEST_CASE("a page is written into the run's folder, and the program says where") {
    const Sandbox sandbox;
    put_run(sandbox, "ktstr-runs");
    const auto without = run_ktstr(sandbox, {"report"});
    CHECK(without.exit.exit_code == 0);
    CHECK(without.output == "ktstr-runs/report.html: 1 scenario, 1 failed\n");
    CHECK(without.errors.empty());
    const auto page = content(sandbox.path("work") / "ktstr-runs/report.html");
    CHECK(page.starts_with("<!DOCTYPE html>"));
    CHECK(page.find("always bpf.nr_tasks &lt;= 5") != std::string::npos);
    CHECK(run_ktstr(sandbox, {"report", "ktstr-runs"}).exit.exit_code == 0);
    CHECK(content(sandbox.path("work") / "ktstr-runs/report.html") == page);
}

TEST_CASE("a page of single records is written here, or where it shall be") {
    const Sandbox sandbox;
    const std::string record = put_run(sandbox, "runs") / "moves.ktstr.json";
    CHECK(run_ktstr(sandbox, {"report", record}).output == "report.html: 1 scenario, 1 failed\n");
    CHECK(run_ktstr(sandbox, {"report", record, "-o", "x.html"}).exit.exit_code == 0);
    CHECK(content(sandbox.path("work") / "x.html") == content(sandbox.path("work") / "report.html"));
    CHECK(run_ktstr(sandbox, {"report", record, "-o", "-"}).output == content(sandbox.path("work") / "x.html"));
    const auto refused = run_ktstr(sandbox, {"report", record, "-o", "none/x.html"});
    CHECK(refused.exit.exit_code == 70);
    CHECK(refused.errors.starts_with("ktstr: "));
}

TEST_CASE("what cannot be read is said, on the page and by the exit code") {
    const Sandbox sandbox;
    const fs::path folder = put_run(sandbox, "runs");
    sandbox.write("runs/cut.ktstr.json", "{\"sidecar_version\": 1, ");
    const auto part = run_ktstr(sandbox, {"report", "runs"});
    CHECK(part.exit.exit_code == 2);
    CHECK(part.errors.find("cut.ktstr.json is not a record") != std::string::npos);
    CHECK(content(sandbox.path("work") / "runs/report.html").find("cut.ktstr.json") != std::string::npos);
    fs::remove(folder / "moves.observed.json");
    const auto alone = run_ktstr(sandbox, {"report", folder / "moves.ktstr.json"});
    CHECK(alone.exit.exit_code == 2);
    CHECK(alone.errors.find("it has to lie beside it") != std::string::npos);
}

TEST_CASE("without a record that can be read there is no page") {
    const Sandbox sandbox;
    CHECK(run_ktstr(sandbox, {"report"}).errors.starts_with("ktstr: there is no ktstr-runs\n  hint: "));
    sandbox.write("cut.ktstr.json", "{");
    const auto cut = run_ktstr(sandbox, {"report", "cut.ktstr.json"});
    CHECK(cut.exit.exit_code == 64);
    CHECK_FALSE(fs::exists(sandbox.path("work") / "report.html"));
    fs::create_directory(sandbox.path("work") / "empty");
    CHECK(run_ktstr(sandbox, {"report", "empty"}).exit.exit_code == 64);
}
