// SPDX-License-Identifier: GPL-2.0-only
// What all virtual machines that a command starts have in common.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "vmm/boot/template.h"

namespace ktstr::cli {

struct Machines {
    std::string accelerator;
    std::string initramfs;
    std::string initramfs_sha256;
    std::optional<vmm::TemplateStore> templates; // none: always boot
};

// The kernel that is meant, for resolve_kernel(): `named` by an option, else by KTSTR_KERNEL; none: the default one.
std::optional<std::string> wanted_kernel(const std::string& named);

// `accelerator`: as --accel gives it; none: what works with the kernel.
Result<Machines> set_up_machines(const std::optional<std::string>& accelerator,
                                 const std::filesystem::path& kernel_image, bool cold);

} // namespace ktstr::cli
