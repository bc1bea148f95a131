// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/kernel.h"

#include "vmm/kernel/make.h"
#include "vmm/kernel/version.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

Result<Kernel> take(const KernelStore& store, const KernelMetadata& metadata) {
    auto lock = store.hold(metadata.id);
    if (!lock) return lock.error();
    const auto directory = store.root() / metadata.id;
    Kernel kernel;
    kernel.id = metadata.id;
    kernel.version = metadata.version;
    kernel.source = metadata.source;
    kernel.image = directory / metadata.image;
    kernel.vmlinux = directory / "vmlinux";
    if (metadata.symbols == "System.map") kernel.system_map = directory / "System.map";
    kernel.sched_ext = metadata.sched_ext;
    kernel.schedulers_attach = metadata.sched_ext.schedulers_attach();
    kernel.source_commit = metadata.source_commit;
    kernel.boots_fast = metadata.source == "built";
    kernel.sha256 = metadata.files.at(metadata.image).sha256;
    kernel.lock = std::move(*lock);
    return kernel;
}

Error empty_cache(const KernelStore& store, const std::optional<std::string>& spec) {
    const std::string wanted = spec ? "no kernel " + *spec : "no kernel";
    return Error{"there is " + wanted + " in the cache " + store.root().string() + ", which holds none",
                 "ktstr kernel build (minutes, boots several times faster) or ktstr kernel fetch (seconds)"};
}

Error no_such_kernel(const std::string& spec, const std::vector<StoredKernel>& kernels) {
    std::string list;
    for (const auto& kernel : kernels)
        if (!kernel.damage) list += (list.empty() ? "" : ", ") + kernel.metadata->version + " (" + kernel.id + ")";
    std::string hint = "see `ktstr kernel list`";
    if (looks_like_version(spec)) hint = "ktstr kernel fetch " + spec + ", or ktstr kernel build " + spec;
    return Error{"there is no kernel " + spec + " in the cache" + (list.empty() ? "" : "; it has " + list), hint};
}

// A build tree boots its vmlinux; without the PVH entry, the bzImage beside it.
Result<fs::path> image_of_tree(const fs::path& tree) {
    const auto vmlinux = tree / "vmlinux";
    if (fs::exists(vmlinux)) return vmlinux;
    for (const auto* name : {"arch/x86/boot/bzImage", "arch/x86_64/boot/bzImage"})
        if (fs::exists(tree / name)) return tree / name;
    if (fs::exists(tree / "Kconfig") || fs::exists(tree / ".config"))
        return Error{"the kernel tree " + tree.string() + " has not been built: it holds no vmlinux",
                     "make -C " + tree.string() + " vmlinux, or ktstr kernel build --source " + tree.string()};
    return Error{tree.string() + " is a directory without a vmlinux, so it is not a kernel build tree",
                 "give a vmlinux, a bzImage or a kernel build tree"};
}

Result<Kernel> resolve_path(KernelStore& store, const fs::path& path) {
    fs::path image = path;
    std::error_code code;
    if (fs::is_directory(path, code)) {
        auto found = image_of_tree(path);
        if (!found) return found.error();
        image = std::move(*found);
    }
    const auto imported = import_kernel(store, image);
    if (!imported) return imported.error();
    return take(store, imported->metadata);
}

bool means_path(const std::string& spec) {
    std::error_code code;
    return spec.find('/') != std::string::npos || (!looks_like_version(spec) && fs::exists(spec, code));
}

} // namespace

Result<Kernel> resolve_kernel(KernelStore& store, const std::optional<std::string>& spec) {
    if (spec && means_path(*spec)) return resolve_path(store, *spec);
    const auto kernels = store.list();
    if (kernels.empty()) return empty_cache(store, spec);
    // In the order of preference: the first sound one that matches is the best.
    const StoredKernel* ruined = nullptr;
    for (const auto& kernel : kernels) {
        const bool wanted =
            !spec || kernel.id == *spec || (kernel.metadata && version_matches(*spec, kernel.metadata->version));
        if (!wanted) continue;
        if (!kernel.damage) return take(store, *kernel.metadata);
        if (ruined == nullptr) ruined = &kernel;
    }
    if (ruined != nullptr) return *ruined->damage;
    return no_such_kernel(*spec, kernels);
}

Result<Kernel> resolve_kernel(const std::optional<std::string>& spec) {
    auto store = KernelStore::of_user();
    return resolve_kernel(store, spec);
}

} // namespace ktstr
