// SPDX-License-Identifier: GPL-2.0-only
#include "cli/machines.h"

#include "base/hash.h"
#include "runs/environment.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/initramfs.h"

namespace ktstr::cli {

std::optional<std::string> wanted_kernel(const std::string& named) {
    return named.empty() ? runs::Environment::read().kernel : named;
}

Result<Machines> set_up_machines(const std::optional<std::string>& accelerator,
                                 const std::filesystem::path& kernel_image, bool cold) {
    Machines machines;
    auto chosen = vmm::choose_accelerator(accelerator, kernel_image);
    if (!chosen) return chosen.error();
    machines.accelerator = std::move(*chosen);
    const auto executor = vmm::find_executor();
    if (!executor) return executor.error();
    auto initramfs = vmm::make_initramfs(*executor);
    if (!initramfs) return initramfs.error();
    machines.initramfs = std::move(*initramfs);
    machines.initramfs_sha256 = sha256_hex(machines.initramfs);
    if (!cold) machines.templates = vmm::TemplateStore::of_user();
    return machines;
}

} // namespace ktstr::cli
