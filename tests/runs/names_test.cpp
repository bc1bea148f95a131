// SPDX-License-Identifier: GPL-2.0-only
#include "runs/names.h"

#include <catch2/catch_test_macros.hpp>

using namespace ktstr::runs;
using namespace std::string_literals;

TEST_CASE("a run directory is named by kernel and commit, with unknown for what is not known") {
    CHECK(run_directory_name("6.12.95-ktstr", false, "0123abc") == "6.12.95-ktstr-0123abc");
    CHECK(run_directory_name("6.12.95-ktstr", false, "0123abc-dirty") == "6.12.95-ktstr-0123abc-dirty");
    CHECK(run_directory_name("7.0.13+deb13-cloud-amd64", false, std::nullopt) == "7.0.13+deb13-cloud-amd64-unknown");
    CHECK(run_directory_name("6.14.2", true, "0123abc") == "host-6.14.2-0123abc");
    CHECK(run_directory_name("", false, std::nullopt) == "unknown-unknown");
}

TEST_CASE("no version of a kernel and no commit that is given leaves the root or hides in it") {
    for (const std::string& text : {"../../etc"s, ".."s, "."s, "a/b"s, "a\0b"s, std::string(5000, 'x'), "\xff\n"s})
        for (const auto& name : {run_directory_name(text, false, "c"), run_directory_name("k", false, text),
                                 run_directory_name(text, true, text)}) {
            CAPTURE(name);
            CHECK(name.find('/') == std::string::npos);
            CHECK(name.find('\0') == std::string::npos);
            CHECK_FALSE(name.starts_with('.'));
            CHECK(name.size() < 255 - std::string(".lock").size());
        }
}

TEST_CASE("what the next session clears are records and what they own, and nothing else") {
    const std::string stem = "two+cgroups-0123456789abcdef";
    for (const std::string& file : {stem + ".ktstr.json", "old.ktstr.json"s, stem + ".observed.json.zst",
                                    stem + ".observed.json", stem + ".plan.json", stem + ".before.ctprof.zst",
                                    stem + ".a.b~2.ctprof.zst", "dots.in.it-0123456789abcdef.x.ctprof.zst"s}) {
        CAPTURE(file);
        CHECK(is_of_record(file));
    }
    for (const std::string& file :
         {"report.html"s, "notes.plan.json"s, "my.observed.json"s, "before.ctprof.zst"s, "x-123.plan.json"s,
          "-0123456789abcdef.plan.json"s, stem + ".json", stem + ".ktstr.json.bak", ".ktstr_run_epoch"s, stem}) {
        CAPTURE(file);
        CHECK_FALSE(is_of_record(file));
    }
}

TEST_CASE("folders of seeds are told by their names") {
    CHECK(is_seed_folder("seed-1"));
    CHECK(is_seed_folder("seed-18446744073709551615"));
    for (const auto* name : {"seed-", "seed-x", "seed-1x", "seeds-1", "seed-1/.."}) CHECK_FALSE(is_seed_folder(name));
}
