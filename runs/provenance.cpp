// SPDX-License-Identifier: GPL-2.0-only
#include "runs/provenance.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>

#include "base/hash.h"
#include "runs/git.h"

namespace ktstr::runs {

namespace fs = std::filesystem;

std::string utc_stamp() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
    return text.data();
}

namespace {

const std::string process_start = utc_stamp();

} // namespace

SchedulerOrigin scheduler_origin(const fs::path& binary, const std::string& source) {
    SchedulerOrigin origin;
    origin.source = source;
    if (auto hash = sha256_file(binary)) origin.sha256 = std::move(*hash);
    origin.commit = commit_around(binary.parent_path());
    return origin;
}

Provenance provenance_of_process(const Environment& environment) {
    Provenance provenance;
    provenance.run_source = environment.ci ? "ci" : "local";
    std::error_code code;
    const fs::path here = fs::current_path(code);
    if (environment.project_commit)
        provenance.project_commit = shortened_commit(*environment.project_commit);
    else if (!code)
        provenance.project_commit = commit_around(here);
    provenance.host = read_host_context();
    provenance.cpu_budget = cpu_budget();
    return provenance;
}

std::string next_run_id() {
    static std::atomic<unsigned> counter = 0;
    return process_start + "-" + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1));
}

} // namespace ktstr::runs
