// SPDX-License-Identifier: GPL-2.0-only
#include "runs/environment.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <regex>

#include "base/file.h"
#include "runs/provenance.h"

using namespace ktstr;
using namespace ktstr::runs;

namespace {

// Sets a variable for its life. NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }

  private:
    const char* name_;
};
// NOLINTEND(concurrency-mt-unsafe)

} // namespace

TEST_CASE("a variable that is empty is as one that is not set") {
    const Variable a("KTSTR_SIDECAR_DIR", ""), b("KTSTR_RUNS_ROOT", ""), c("KTSTR_KERNEL", ""),
        d("KTSTR_KERNEL_COMMIT", ""), e("KTSTR_PROJECT_COMMIT", ""), f("KTSTR_RUN_EPOCH", ""), g("KTSTR_CI", ""),
        h("KTSTR_CACHE_DIR", "");
    const auto environment = Environment::read();
    CHECK_FALSE(environment.sidecar_dir);
    CHECK_FALSE(environment.runs_root);
    CHECK_FALSE(environment.kernel);
    CHECK_FALSE(environment.kernel_commit);
    CHECK_FALSE(environment.project_commit);
    CHECK_FALSE(environment.run_epoch);
    CHECK_FALSE(environment.ci);
    CHECK(cache_directory().filename() == "ktstr");
}

TEST_CASE("every variable is read as it is") {
    const Variable a("KTSTR_SIDECAR_DIR", "/s"), b("KTSTR_RUNS_ROOT", "/r"), c("KTSTR_KERNEL", "7.0"),
        d("KTSTR_KERNEL_COMMIT", "1"), e("KTSTR_PROJECT_COMMIT", "2"), f("KTSTR_RUN_EPOCH", "3"), g("KTSTR_CI", "0"),
        h("KTSTR_CACHE_DIR", "/c/../d");
    const auto environment = Environment::read();
    CHECK(environment.sidecar_dir == "/s");
    CHECK(environment.runs_root == "/r");
    CHECK(environment.kernel == "7.0");
    CHECK(environment.kernel_commit == "1");
    CHECK(environment.project_commit == "2");
    CHECK(environment.run_epoch == "3");
    CHECK(environment.ci);
    CHECK(cache_directory() == "/d");
}

TEST_CASE("what the environment says of commit and CI is what records say") {
    CHECK(provenance_of_process({}).run_source == "local");
    const auto given = provenance_of_process({.project_commit = "0123456789abcdef-dirty", .ci = true});
    CHECK(given.run_source == "ci");
    CHECK(given.project_commit == "0123456-dirty");
}

TEST_CASE("each run has an id of its own: start in UTC, pid, counter") {
    const auto first = next_run_id();
    const auto second = next_run_id();
    CHECK(first != second);
    CHECK(std::regex_match(first, std::regex(R"(\d{8}T\d{6}Z-\d+-\d+)")));
    CHECK(first.substr(0, first.rfind('-')) == second.substr(0, second.rfind('-')));
}
