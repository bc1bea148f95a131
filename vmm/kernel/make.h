// SPDX-License-Identifier: GPL-2.0-only
// Getting kernels into the cache: building one, fetching a prebuilt one, importing a local file.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/kernel/command.h"
#include "vmm/kernel/store.h"

namespace ktstr {

struct MadeKernel {
    KernelMetadata metadata;
    bool already_there = false; // nothing was made: the cache had it
};

struct BuildRequest {
    std::optional<std::string> version;          // "6.12" or "6.12.95"; none = 6.12, the series the fragment is for
    std::optional<std::filesystem::path> source; // a kernel source tree instead of the distribution's package
};

// Builds a guest kernel from the fragment over allnoconfig, out of the source tree (`make O=`), and stores its vmlinux
// with the debug sections stripped. Takes minutes; `progress` is told. The source is the package linux-source-<series>:
// its tarball if installed, else downloaded by a private apt.
Result<MadeKernel> build_kernel(KernelStore& store, const BuildRequest& request, StopSignals& stop,
                                const ProgressSink& progress);

// Fetches a prebuilt Debian cloud kernel: `version` is a version or a prefix ("7.0"); none = the newest one of the
// series known to be good for sched_ext.
Result<MadeKernel> fetch_kernel(KernelStore& store, const std::optional<std::string>& version, StopSignals& stop,
                                const ProgressSink& progress);

// Copies a local vmlinux or unpacks a local bzImage into the cache. The id is made of its content, so the same file is
// imported once.
Result<MadeKernel> import_kernel(KernelStore& store, const std::filesystem::path& image);

// What the makers share: stores `vmlinux` (and its BTF, and symbols from kallsyms if it has no symbol table) into the
// stage and fills in the facts that are read from it: version, image, pvh, symbols, sched_ext.
Result<void> stage_vmlinux(const KernelStage& stage, KernelMetadata& metadata);

// Begins the stage of `key`, telling `progress` when another process is at it.
Result<KernelStage> begin_stage(KernelStore& store, const std::string& key, StopSignals& stop,
                                const ProgressSink& progress);

// Where the log of a job is: $XDG_CACHE_HOME/ktstr/logs/<name>.log.
std::filesystem::path log_path(const KernelStore& store, const std::string& name);

} // namespace ktstr
