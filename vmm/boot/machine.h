// SPDX-License-Identifier: GPL-2.0-only
// One virtual machine: a QEMU process and the descriptors that reach into it. It knows nothing of scheduling.
//
// Guest memory, the initramfs, the scratch disk and QEMU's messages live in memory files (memfd), the channels are
// socket pairs: when the process goes, by whatever way, nothing is left in any file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "interp/plan/topology.h"
#include "vmm/boot/debugger.h"
#include "vmm/boot/qmp.h"
#include "vmm/place.h"

namespace ktstr::vmm {

struct MachineConfig {
    std::filesystem::path kernel_image; // an uncompressed vmlinux with a PVH entry, or a bzImage
    std::string_view initramfs;         // read while the machine starts
    plan::Topology topology;
    std::uint64_t memory_bytes = 0; // of all NUMA nodes, see node_memory()
    std::vector<std::string> kernel_args;
    std::string accelerator; // "kvm" or "tcg"
    bool incoming = false;   // wait for restore_state() instead of booting
    // For benches: guest time goes on by executed instructions, 4 ns each (QEMU's icount). TCG only.
    bool counts_instructions = false;
    bool disk = false;     // attach the scratch disk (interp/plan/disk.h), empty
    bool debugger = false; // leave a way in for start_debugger()
};

// Guest memory of one NUMA node: a shared mapping of the same file shows it to the host.
struct NodeMemory {
    Fd file;
    std::uint64_t bytes = 0;
};

class Machine : public Place {
  public:
    // Starts QEMU with the guest running. QEMU dies with the calling thread and with this object.
    static Result<Machine> start(const MachineConfig& config);

    [[nodiscard]] Process& process() override { return process_; }
    [[nodiscard]] int channel() const override { return channel_.get(); } // the port's byte stream
    [[nodiscard]] int console() const override { return console_.get(); } // what the guest prints on its serial line
    [[nodiscard]] Qmp& qmp() { return qmp_; }
    [[nodiscard]] const std::vector<NodeMemory>& memory() const { return memory_; }
    // All vCPUs stand still, and guest time with them, until resume().
    Result<void> stop();
    Result<void> resume();
    // From then on the machine stops at the writes that debugger() watches, and is to be resumed. Nothing to do if it
    // is there already.
    Result<void> start_debugger();
    [[nodiscard]] Debugger* debugger() { return debugging_ ? &debugger_ : nullptr; } // null: not started
    // After an error of its: what QEMU has to say no more can be heard.
    void drop_debugger() { debugging_ = resuming_ = false; }
    // The write that stop() came too late for, if there was one.
    [[nodiscard]] std::optional<Debugger::Stop> take_missed_stop() { return std::exchange(missed_, std::nullopt); }
    // The host's threads that are the vCPUs, by CPU; empty if QEMU does not tell.
    [[nodiscard]] std::vector<int> vcpu_threads();
    // All vCPUs' registers, in QEMU's own words (`info registers -a`). To be asked for while stopped.
    Result<std::string> registers();
    // Writes everything but guest memory to a file, while stopped. The guest can go on afterwards.
    Result<void> save_state(const std::filesystem::path& path);
    // For a machine started with `incoming`, once its memory is filled in: reads such a file and lets the guest go on.
    Result<void> restore_state(const Fd& state);
    // What QEMU itself said on standard error, warnings left out.
    [[nodiscard]] std::string messages() const override;

  private:
    explicit Machine(Process process) : process_(std::move(process)) {}
    Result<void> command(const std::string& name, nlohmann::json arguments = nlohmann::json::object());
    Result<void> leave_out_memory();
    Result<std::optional<Debugger::Stop>> see_it_go_on();
    Result<void> wait_migration();
    std::vector<NodeMemory> memory_;
    Fd messages_;
    Fd channel_;
    Fd console_;
    Qmp qmp_;
    Debugger debugger_;
    bool debugging_ = false;
    bool resuming_ = false; // the debugger was told to let it go on, which QEMU may not have read yet
    std::optional<Debugger::Stop> missed_;
    Process process_;
};

// The kernel's arguments: those of every guest, and then the plan's own. What tells it the host's TSC comes on top.
std::string kernel_args(const MachineConfig& config);

// Kernel arguments of every guest, before the plan's own.
const std::vector<std::string>& base_kernel_args();

} // namespace ktstr::vmm
