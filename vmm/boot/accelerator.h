// SPDX-License-Identifier: GPL-2.0-only
// Which QEMU accelerator this host can really run guests with.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace ktstr::vmm {

// "kvm" or "tcg". Without an override: kvm if a probe guest runs under it, else tcg. /dev/kvm can exist, answer, and
// still be unable to run a guest, so the probe boots one (a 64 KiB firmware that leaves through isa-debug-exit). The
// answer is kept in the cache per boot of the host, kernel, QEMU and KVM device. An override is probed too: an error
// says why it cannot be had.
Result<std::string> choose_accelerator(const std::optional<std::string>& override_name);

// "QEMU emulator version 10.0.2 (...)": its first line. An error if QEMU cannot be started, with the package to
// install.
Result<std::string> qemu_version();

inline constexpr const char* qemu_program = "qemu-system-x86_64";

} // namespace ktstr::vmm
