// SPDX-License-Identifier: GPL-2.0-only
#include "cli/records.h"

#include <sys/stat.h>

#include <cstdio>

#include "base/file.h"
#include "report/sidecar.h"
#include "runs/file_system.h"
#include "runs/git.h"
#include "runs/names.h"
#include "runs/session.h"
#include "vmm/schedulers.h"

namespace ktstr::cli {

namespace fs = std::filesystem;

Records::Records(fs::path root, runs::Environment environment, bool on_host)
    : root_(std::move(root)), environment_(std::move(environment)), on_host_(on_host),
      process_(runs::provenance_of_process(environment_)),
      session_(environment_.run_epoch ? *environment_.run_epoch : runs::new_session()) {}

Result<std::unique_ptr<Records>> Records::open(const fs::path& out, bool on_host) {
    auto environment = runs::Environment::read();
    if (!out.empty()) environment.sidecar_dir.reset(); // the command line comes first
    fs::path root = !out.empty() ? out : environment.root();
    if (environment.sidecar_dir)
        root = *environment.sidecar_dir;
    else if (auto kept = runs::check_file_system(root); !kept)
        return kept.error();
    if (auto made = make_directories(root); !made) return made.error();
    return std::unique_ptr<Records>(new Records(std::move(root), std::move(environment), on_host));
}

void Records::announce() const {
    if (share_directory() || process_.project_commit) return;
    std::fprintf(stderr, "ktstr: the working directory is in no git repository with a commit: the directory of the "
                         "records says \"unknown\", and the next run replaces them\n"
                         "  hint: run ktstr in the project's repository, or set KTSTR_PROJECT_COMMIT\n");
}

runs::SchedulerOrigin Records::origin_of(const fs::path& binary, const std::string& source) {
    struct stat status {};
    if (::stat(binary.c_str(), &status) != 0) return {.source = source};
    const std::string key = binary.string() + "\n" + std::to_string(status.st_ino) + " " +
                            std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
                            std::to_string(status.st_mtim.tv_nsec);
    const std::lock_guard lock(mutex_);
    const auto known = origins_.find(key);
    if (known != origins_.end()) return known->second;
    return origins_.emplace(key, runs::scheduler_origin(binary, source)).first->second;
}

runs::Provenance Records::provenance(const plan::Plan& plan, const fs::path& scenario_directory,
                                     const std::optional<std::string>& kernel_commit) {
    runs::Provenance provenance = process_;
    provenance.run_id = runs::next_run_id();
    provenance.kernel_commit = kernel_commit;
    if (environment_.kernel_commit) provenance.kernel_commit = runs::shortened_commit(*environment_.kernel_commit);
    if (const auto binary = vmm::initial_scheduler_binary(plan, scenario_directory))
        provenance.scheduler = origin_of(binary->path, binary->resolve_source);
    return provenance;
}

runs::RunDirectory& Records::directory_of(const std::string& kernel) {
    const std::lock_guard lock(mutex_);
    auto& directory = directories_[share_directory() ? "" : kernel];
    if (!directory && share_directory())
        directory = std::make_unique<runs::RunDirectory>(root_);
    else if (!directory)
        directory = std::make_unique<runs::RunDirectory>(
            root_, runs::run_directory_name(kernel, on_host_, process_.project_commit), session_);
    return *directory;
}

Result<fs::path> Records::write(const report::ScenarioResult& result, const std::string& kernel,
                                const std::optional<std::uint64_t>& seed) {
    return report::write_sidecar(directory_of(kernel), seed ? "seed-" + std::to_string(*seed) : "", result);
}

} // namespace ktstr::cli
