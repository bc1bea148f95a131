// SPDX-License-Identifier: GPL-2.0-only
// Runs one plan in one machine, from boot to the last frame, and keeps the record of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctprof/heap_layout.h"
#include "interp/plan/plan.h"
#include "interp/plan/record.h"
#include "vmm/boot/template.h"
#include "vmm/cancellation.h"
#include "vmm/observer.h"
#include "vmm/shell.h"

namespace ktstr::vmm {

// A run on the machine itself instead of a virtual one.
struct HostRun {
    std::filesystem::path executor;
    std::vector<int> cpus; // the machine's number of each of the topology's CPUs
};

struct RunRequest {
    const plan::Plan& plan;
    std::filesystem::path kernel_image;
    std::string_view initramfs;
    std::string archive;                                // newc cpio for the guest, may be empty
    std::map<std::string, std::string> scheduler_paths; // see wire::Begin
    std::map<std::string, std::string> scheduler_configs;
    std::map<std::string, std::string> payload_paths; // payload -> path in the guest
    std::vector<ctprof::KnownImage> heap_images;      // see wire::Begin
    std::string accelerator;
    std::uint64_t seed = 0;
    const TemplateStore* templates = nullptr; // start from a saved machine, and save one; null: always boot
    std::string kernel_sha256 = {};           // with templates
    std::string initramfs_sha256 = {};        // with templates
    std::optional<KernelFiles> kernel_files =
        {};                              // of the kernel that boots, for observation; none: nothing is observed
    const HostRun* host = nullptr;       // null: in a virtual machine, of kernel_image and initramfs
    const ShellRequest* shell = nullptr; // in the place of the scenario, in a virtual machine
    std::size_t scheduler_log_limit = 256U << 10U; // bytes of its end that are kept
    double more_attach_s = 0;                      // time to attach beyond what a scheduler usually has
};

// Told what happens, on the conducting thread. Phases: "boot", "stage", "attach", "scenario" or "shell", "teardown".
class RunListener {
  public:
    virtual ~RunListener() = default;
    virtual void phase(const std::string& name) = 0;
    virtual void heartbeat(int step, std::uint64_t work_units) = 0;
    // One line for the user: something that did not work and was done another way.
    virtual void note(const std::string& text) = 0;
};

// With templates the run starts from a saved machine if there is one. If that does not answer in time, or cannot be
// used, the run says so in a note and boots; a boot in which QEMU itself crashes before the executor has said a word is
// done once more, with a note. A run that boots saves the machine at the executor's ready point.
//
// Always returns a record: how the run ended is in it. The calling thread must live until it returns (QEMU dies with
// it).
plan::Record conduct(const RunRequest& request, RunListener& listener, const Cancellation& cancellation);

} // namespace ktstr::vmm
