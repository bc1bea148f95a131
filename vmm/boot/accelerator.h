// SPDX-License-Identifier: GPL-2.0-only
// Which QEMU accelerator this host can really run guests with.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace ktstr::vmm {

// "kvm" or "tcg". Without an override: kvm if guests run under it, else tcg. /dev/kvm can exist, answer, create a vCPU,
// run real-mode code, and still be unable to run a kernel, so the probe for it has two parts: a 64 KiB firmware on the
// CPU model that guests get, which leaves through isa-debug-exit; then `kernel_image` itself, up to the panic of a
// kernel without an init. For tcg the firmware suffices. The answer is kept in the cache per boot of the host, kernels,
// QEMU and KVM device. An override is probed too: an error says why it cannot be had.
Result<std::string> choose_accelerator(const std::optional<std::string>& override_name,
                                       const std::filesystem::path& kernel_image);

// The QEMU program that runs: its path, size and time of change. Empty if there is none.
std::string qemu_identity();

inline constexpr const char* qemu_program = "qemu-system-x86_64";

} // namespace ktstr::vmm
