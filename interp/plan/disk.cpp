// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/disk.h"

#include <algorithm>

#include "interp/plan/work_types.h"

namespace ktstr::plan {

namespace {

bool has_io(const std::vector<Op>& ops) {
    const auto works = [](const Work& work) { return disk_bytes_of_group(work) > 0; };
    return std::any_of(ops.begin(), ops.end(), [&works](const Op& op) {
        if (const auto* spawn = std::get_if<Spawn>(&op.action)) return works(spawn->work);
        const auto* add = std::get_if<AddCgroup>(&op.action);
        return add != nullptr && std::any_of(add->spec.works.begin(), add->spec.works.end(), works);
    });
}

} // namespace

std::uint64_t disk_bytes_of_group(const Work& work) {
    const WorkType* type = find_work_type(work.work_type);
    if (type != nullptr && type->category == WorkType::Category::io) {
        const auto parameter = [&work](const char* name) {
            return static_cast<std::uint64_t>(std::get<std::int64_t>(work.parameters.at(name)));
        };
        return std::max(parameter("size"), parameter("block"));
    }
    if (const auto disk = work.parameters.find("disk"); disk != work.parameters.end())
        return static_cast<std::uint64_t>(std::get<std::int64_t>(disk->second));
    const auto phases = work.parameters.find("phases");
    if (phases == work.parameters.end()) return 0;
    const auto& list = std::get<std::vector<WorkPhase>>(phases->second);
    const bool any = std::any_of(list.begin(), list.end(), [](const WorkPhase& phase) { return phase.kind == "io"; });
    return any ? sequence_extent : 0;
}

bool needs_disk(const Plan& plan) {
    return has_io(plan.backdrop) || std::any_of(plan.steps.begin(), plan.steps.end(),
                                                [](const Step& step) { return has_io(step.ops) || has_io(step.loop); });
}

} // namespace ktstr::plan
