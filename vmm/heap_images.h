// SPDX-License-Identifier: GPL-2.0-only
// What the executor cannot find out itself of the programs that it is given: where their jemalloc counts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ctprof/heap_layout.h"
#include "interp/plan/plan.h"
#include "vmm/boot/archive.h"
#include "vmm/payloads.h"

namespace ktstr::vmm {

// The images with jemalloc among what is packed; on the host, among the payloads' programs and the libraries that they
// are linked with. Nothing is looked for if the plan takes no ctprof capture.
std::vector<ctprof::KnownImage> heap_images(const plan::Plan& plan, const ArchiveBuilder& archive,
                                            const std::map<std::string, std::string>& payload_paths, RunsOn place);

} // namespace ktstr::vmm
