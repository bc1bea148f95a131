// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/heap_images.h"

#include <algorithm>

#include "ctprof/host/elf_layout.h"
#include "vmm/boot/elf_closure.h"

namespace ktstr::vmm {

namespace {

bool captures(const std::vector<plan::Op>& ops) {
    return std::any_of(ops.begin(), ops.end(),
                       [](const plan::Op& op) { return std::holds_alternative<plan::CaptureCtprof>(op.action); });
}

bool takes_captures(const plan::Plan& plan) {
    return captures(plan.backdrop) || std::any_of(plan.steps.begin(), plan.steps.end(), [](const plan::Step& step) {
               return captures(step.ops) || captures(step.loop);
           });
}

} // namespace

std::vector<ctprof::KnownImage> heap_images(const plan::Plan& plan, const ArchiveBuilder& archive,
                                            const std::map<std::string, std::string>& payload_paths, RunsOn place) {
    if (!takes_captures(plan)) return {};
    std::map<std::string, std::string> images; // path where it runs -> path here
    if (place == RunsOn::guest)
        for (const auto& [path, source] : archive.files()) images[path] = source.string();
    else
        for (const auto& [payload, path] : payload_paths) {
            images[path] = path;
            const auto closure = elf_closure(path); // scripts have none
            if (!closure) continue;
            for (const auto& [name, library] : closure->libraries) images[library.string()] = library.string();
        }
    std::vector<ctprof::ImageFile> files;
    for (const auto& [path, source] : images) files.push_back({source, path});
    return ctprof::known_images(files);
}

} // namespace ktstr::vmm
