// SPDX-License-Identifier: GPL-2.0-only
// Saved machines: a guest stopped at the executor's ready point, from which later runs of the same machine start.
//
//   <root>/<key>/metadata.json   what it was made of, and size, time and SHA-256 of the two files
//   <root>/<key>/memory          guest memory of all NUMA nodes, one after the other; sparse: pages of zeros are holes
//   <root>/<key>/state           the rest of the machine: a QEMU migration stream with `x-ignore-shared`
//   <root>/.making-<key>.lock    held while the entry is made
//
// An entry is staged and renamed, so that it is whole or not there. A reader opens both files before it uses them: an
// eviction in between takes the names away and leaves the content to it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "vmm/boot/machine.h"

namespace ktstr::vmm {

// Everything that a saved machine depends on, by name; the key is the SHA-256 of it.
using TemplateIdentity = std::map<std::string, std::string>;

// The kernel's SHA-256, the QEMU program (path, size, time), CPU model, accelerator, topology, memory, whether there is
// a scratch disk, the kernel's command line, the initramfs (that is, the executor), the host's TSC to one per mille,
// and the layout version of this format.
TemplateIdentity template_identity(const MachineConfig& config, const std::string& kernel_sha256,
                                   const std::string& initramfs_sha256);
std::string template_key(const TemplateIdentity& identity);

// An opened entry.
struct Template {
    Fd memory;
    Fd state;
    std::string kernel_release;      // of the guest's hello
    std::uint32_t next_sequence = 0; // of the guest's next frame
};

class TemplateStore {
  public:
    // Evicts the least recently used entries above `limit_bytes` on disk whenever one is added.
    TemplateStore(std::filesystem::path root, std::uint64_t limit_bytes)
        : root_(std::move(root)), limit_bytes_(limit_bytes) {}
    // $XDG_CACHE_HOME/ktstr/templates; at most KTSTR_TEMPLATE_LIMIT MiB, 4096 without it.
    static TemplateStore of_user();

    // The entry, none if there is none, an error that says why it cannot be used (it is removed then). Sizes and times
    // of the files are compared on every use, their content on the first use after a boot of the host.
    [[nodiscard]] Result<std::optional<Template>> open(const TemplateIdentity& identity) const;

    // Makes the entry from `machine`, whose guest has just said its hello, and lets the guest go on. False if another
    // process is making it right now. After an error the guest goes on all the same, unless QEMU is lost.
    Result<bool> save(Machine& machine, const TemplateIdentity& identity, const std::string& kernel_release,
                      std::uint32_t next_sequence) const;

    // Takes an entry away that did not work.
    void remove(const TemplateIdentity& identity) const;

  private:
    void evict(const std::string& newest) const;
    std::filesystem::path root_;
    std::uint64_t limit_bytes_;
};

// Copies the pages that are not holes of `memory` into the machine's memory files. The machine was started to wait for
// an incoming state and does not touch them yet.
Result<void> copy_memory(const Template& from, const std::vector<NodeMemory>& to);

} // namespace ktstr::vmm
