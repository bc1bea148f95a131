// SPDX-License-Identifier: GPL-2.0-only
// What `--kernel` means: from a version, a cache id, a file or a build tree to a kernel that can be booted.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "vmm/kernel/sched_ext.h"
#include "vmm/kernel/store.h"

namespace ktstr {

// A kernel ready to boot. It stays in the cache as long as a copy of this object lives.
struct Kernel {
    std::string id;
    std::string version;           // `uname -r`
    std::string source;            // "built", "fetched" or "local"
    std::filesystem::path image;   // for QEMU's -kernel: vmlinux with a PVH entry, else a bzImage
    std::filesystem::path vmlinux; // ELF: BTF, and symbols if it has a symbol table
    std::optional<std::filesystem::path> system_map = {}; // symbols, where vmlinux has none
    SchedExtFacts sched_ext;
    bool schedulers_attach = false;
    std::optional<std::string> source_commit = {}; // as KernelMetadata has it
    bool boots_fast = false; // built from our fragment: several times faster to boot than a distribution's
    std::string sha256;      // of `image`
    std::shared_ptr<FileLock> lock = {};
};

// `spec` is, in this order: a cache id; a path to a vmlinux, a bzImage or a kernel build tree (anything with a slash,
// or that exists and is no version); a version or prefix of one ("7.0.13", "7.0") in the cache. Without it: the cached
// kernel that boots fastest and on which schedulers attach. Local files are imported into the cache.
Result<Kernel> resolve_kernel(KernelStore& store, const std::optional<std::string>& spec);
// The same in the user's cache.
Result<Kernel> resolve_kernel(const std::optional<std::string>& spec);

} // namespace ktstr
