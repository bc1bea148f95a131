// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>

#include <cerrno>

#include "base/hash.h"
#include "runs/git.h"
#include "vmm/kernel/elf_file.h"
#include "vmm/kernel/image.h"
#include "vmm/kernel/kallsyms.h"
#include "vmm/kernel/make.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t id_digits = 12; // of the SHA-256, enough to tell the files of one cache apart

// Writes the symbols beside the image, if they can be had without booting it. Says where they are.
Result<std::optional<std::string>> stage_symbols(const fs::path& directory, const ElfFile& elf) {
    if (elf.section(".symtab")) return std::optional<std::string>("symtab");
    const auto map = system_map_from_kallsyms(elf);
    if (!map) return std::optional<std::string>();
    if (auto written = write_file(directory / "System.map", *map); !written) return written.error();
    return std::optional<std::string>("System.map");
}

// The source tree that an image was built in, or from (make O= leaves a link to it); none if it lies elsewhere. Folders
// inside of a tree have a Kconfig, too: the outermost is its top.
std::optional<fs::path> source_tree_of(const fs::path& image) {
    constexpr int most_levels = 4; // "arch/x86/boot/bzImage"
    std::error_code code;
    std::optional<fs::path> tree;
    fs::path folder = fs::canonical(image, code).parent_path();
    for (int level = 0; level < most_levels; ++level, folder = folder.parent_path()) {
        if (fs::is_symlink(folder / "source", code) && fs::exists(folder / "source/Kconfig", code))
            return fs::canonical(folder / "source", code);
        if (fs::exists(folder / "Kconfig", code)) tree = folder;
    }
    return tree;
}

} // namespace

fs::path log_path(const KernelStore& store, const std::string& name) {
    return store.root().parent_path() / "logs" / (name + ".log");
}

Result<KernelStage> begin_stage(KernelStore& store, const std::string& key, StopSignals& stop,
                                const ProgressSink& progress) {
    bool told = false;
    return store.begin(key, [&](const std::string& holder) {
        if (!told) progress({"waiting for " + holder + ", which is making " + key, -1});
        told = true;
        return !stop.stopped();
    });
}

Result<void> stage_vmlinux(const KernelStage& stage, KernelMetadata& metadata) {
    const auto path = stage.path() / "vmlinux";
    const auto facts = inspect_image(path);
    if (!facts) return facts.error();
    metadata.version = facts->release;
    metadata.pvh = facts->pvh;
    metadata.image = "vmlinux";
    const auto elf = ElfFile::open(path);
    if (!elf) return elf.error();
    if (const auto btf = elf->section(".BTF"))
        if (auto written = write_file(stage.path() / "btf", *btf); !written) return written.error();
    auto symbols = stage_symbols(stage.path(), *elf);
    if (!symbols) return symbols.error();
    metadata.symbols = *symbols;
    auto sched_ext = sched_ext_facts(path);
    if (!sched_ext) return sched_ext.error();
    metadata.sched_ext = std::move(*sched_ext);
    metadata.built_at = utc_now();
    return {};
}

Result<MadeKernel> import_kernel(KernelStore& store, const fs::path& image) {
    const auto facts = inspect_image(image);
    if (!facts) return facts.error();
    const auto hash = sha256_file(image);
    if (!hash) return hash.error();
    const std::string id = "local-" + facts->release + "-" + hash->substr(0, id_digits);
    for (const auto& known : store.list())
        if (known.id == id && !known.damage) return MadeKernel{*known.metadata, true};

    auto stage = store.begin(id, [](const std::string&) { return true; });
    if (!stage) return stage.error();
    KernelMetadata metadata;
    metadata.id = id;
    metadata.source = "local";
    std::error_code code;
    metadata.package = fs::absolute(image, code).string();
    if (const auto tree = source_tree_of(image)) metadata.source_commit = runs::commit_at(*tree);
    auto content = read_file(image, 4ULL << 30U);
    if (!content) return content.error();
    if (facts->kind == ImageKind::bzimage) {
        auto vmlinux = extract_vmlinux(*content, image.string());
        if (!vmlinux) return vmlinux.error();
        if (auto written = write_file(stage->path() / "vmlinux", *vmlinux); !written) return written.error();
    } else if (auto written = write_file(stage->path() / "vmlinux", *content); !written) {
        return written.error();
    }
    if (auto staged = stage_vmlinux(*stage, metadata); !staged) return staged.error();
    if (!metadata.pvh) {
        // Without the PVH entry QEMU cannot start the ELF file: the bzImage it came in can.
        if (facts->kind == ImageKind::vmlinux)
            return Error{image.string() + " has no PVH entry note, so QEMU cannot boot it as it is",
                         "build it with CONFIG_PVH=y, or give its bzImage"};
        if (auto written = write_file(stage->path() / "bzImage", *content); !written) return written.error();
        metadata.image = "bzImage";
    }
    auto added = store.add(std::move(*stage), std::move(metadata));
    if (!added) return added.error();
    return MadeKernel{std::move(*added), false};
}

} // namespace ktstr
