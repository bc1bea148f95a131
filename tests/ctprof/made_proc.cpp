// SPDX-License-Identifier: GPL-2.0-only
#include "tests/ctprof/made_proc.h"

#include <catch2/catch_test_macros.hpp>

namespace ktstr::ctprof::test {

std::string MadeStat::text() const {
    return std::to_string(tid) + " (" + comm + ") " + state + " 1 10 10 0 -1 " + std::to_string(flags) +
           " 700 0 3 0 250 50 0 0 20 0 1 0 " + std::to_string(start_ticks) +
           " 1000 50 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 2 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

MadeProc::MadeProc() : directory_(TemporaryDirectory::create("ktstr-proc-").value()) {}

void MadeProc::write(const std::string& name, const std::string& text) const {
    const auto file = directory_.path() / name;
    std::filesystem::create_directories(file.parent_path());
    REQUIRE(write_file(file, text).ok());
}

void MadeProc::remove(const std::string& name) const { std::filesystem::remove_all(directory_.path() / name); }

void MadeProc::add(int pid, const MadeStat& stat) const {
    const std::string task = std::to_string(pid) + "/task/" + std::to_string(stat.tid) + "/";
    if (stat.tid == pid) write(std::to_string(pid) + "/comm", stat.comm + "\n");
    write(task + "stat", stat.text());
    write(task + "status", "Name:\tx\nUmask:\t0022\nTgid:\t10\nUid:\t1000\t1001\t1002\t1003\nGid:\t7\t8\t9\t10\n"
                           "Cpus_allowed:\tf\nCpus_allowed_list:\t0-3\nvoluntary_ctxt_switches:\t41\n"
                           "nonvoluntary_ctxt_switches:\t42\n");
    write(task + "schedstat", "111222333 444 55\n");
    write(task + "sched", "x (10, #threads: 1)\n" + std::string(67, '-') +
                              "\nse.exec_start                                :      12.500000\n"
                              "se.nr_migrations                             :              9\n"
                              "wait_sum                                     :     1234.567890\n"
                              "nr_wakeups                                   :             77\n");
    write(task + "io", "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n"
                       "cancelled_write_bytes: 7\n");
    write(task + "cgroup", "0::/made/up\n");
}

} // namespace ktstr::ctprof::test
