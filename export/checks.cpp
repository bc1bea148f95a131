// SPDX-License-Identifier: GPL-2.0-only
#include "export/checks.h"

#include "vmm/host/plan.h"
#include "vmm/host/requirements.h"
#include "vmm/host/topology.h"

namespace ktstr::bundle {

namespace {

Result<void> check_topology(const plan::Plan& plan, const std::filesystem::path& root) {
    const auto host = vmm::read_host_topology(root);
    if (!host) return host.error();
    const auto shape = vmm::shape_of(*host);
    if (!shape) return shape.error();
    const std::string hint = "run it on a larger machine, or export it with --topology " + shape->topology.label();
    if (const auto lack = vmm::too_small(plan.topology, shape->topology))
        return Error{"this machine is too small for the scenario: " + *lack, hint};
    const auto placed = vmm::place_topology(*host, plan.topology);
    return placed ? Result<void>{} : Error{placed.error().message, hint};
}

} // namespace

std::vector<Error> lacks(const plan::Plan& plan, uid_t user, const std::string& kernel_release,
                         const std::filesystem::path& root) {
    std::vector<Error> all = vmm::host_lacks(user, kernel_release, root);
    if (auto fits = check_topology(plan, root); !fits) all.push_back(fits.error());
    for (auto& lack : vmm::scheduler_lacks(plan, root)) all.push_back(std::move(lack));
    for (auto& refusal : vmm::host_refusals(plan, vmm::active_scheduler(root))) all.push_back(std::move(refusal.error));
    return all;
}

} // namespace ktstr::bundle
