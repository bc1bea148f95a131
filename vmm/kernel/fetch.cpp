// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>

#include "vmm/kernel/apt.h"
#include "vmm/kernel/image.h"
#include "vmm/kernel/make.h"
#include "vmm/kernel/version.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

// Series on which schedulers are known to attach (see sched_ext.h), in the order in which a fetch without a version
// tries them; then whatever else the archive has, newest first.
constexpr std::array<const char*, 2> good_series = {"7.0", "6.19"};

constexpr const char* id_prefix = "fetched-";

// The kernels to try, best first.
std::vector<KernelPackage> wanted_kernels(const std::vector<KernelPackage>& available,
                                          const std::optional<std::string>& version) {
    std::vector<KernelPackage> wanted;
    auto take = [&](const std::string& spec) {
        const auto found = std::find_if(available.begin(), available.end(),
                                        [&](const auto& kernel) { return version_matches(spec, kernel.release); });
        if (found != available.end()) wanted.push_back(*found);
    };
    if (version) {
        take(*version);
        return wanted;
    }
    for (const auto* series : good_series) take(series);
    for (const auto& kernel : available) {
        const auto series = KernelVersion::parse(kernel.release)->series();
        const bool seen = std::any_of(wanted.begin(), wanted.end(), [&](const auto& other) {
            return KernelVersion::parse(other.release)->series() == series;
        });
        if (!seen) wanted.push_back(kernel);
    }
    return wanted;
}

Error no_match(const std::vector<KernelPackage>& available, const std::optional<std::string>& version) {
    std::string list;
    for (const auto& kernel : available)
        list += (list.empty() ? "" : ", ") + KernelVersion::parse(kernel.release)->numbers_text();
    return Error{"the package archive has no prebuilt cloud kernel" + (version ? " " + *version : std::string()) +
                     (list.empty() ? "" : "; it has " + list),
                 list.empty() ? "build one: ktstr kernel build"
                              : "fetch one of these, or build one: ktstr kernel build"};
}

// The one file below `directory` that `accept` takes: packages keep the image in /boot or in
// /usr/lib/modules/<release>.
template <typename Accept> std::optional<fs::path> find_file(const fs::path& directory, const Accept& accept) {
    std::error_code code;
    for (const auto& entry : fs::recursive_directory_iterator(directory, code))
        if (entry.is_regular_file(code) && !entry.is_symlink(code) && accept(entry.path())) return entry.path();
    return std::nullopt;
}

struct Fetcher {
    KernelStore& store;
    StopSignals& stop;
    const ProgressSink& progress;
    const PrivateApt& apt;
    const std::vector<AptPackage>& packages;
    const CommandLog& log;

    [[nodiscard]] Result<MadeKernel> fetch(const KernelPackage& kernel) const {
        const std::string id = id_prefix + kernel.release;
        auto stage = begin_stage(store, id, stop, progress);
        if (!stage) return stage.error();
        for (const auto& known : store.list())
            if (known.id == id && !known.damage) return MadeKernel{*known.metadata, true};
        KernelMetadata metadata;
        metadata.id = id;
        metadata.source = "fetched";
        metadata.package = kernel.package.name;
        metadata.package_version = kernel.package.version;
        if (auto done = download(kernel, *stage, metadata); !done) return done.error();
        auto added = store.add(std::move(*stage), std::move(metadata));
        if (!added) return added.error();
        return MadeKernel{std::move(*added), false};
    }

    [[nodiscard]] Result<void> download(const KernelPackage& kernel, const KernelStage& stage,
                                        KernelMetadata& metadata) const {
        const auto unpacked = TemporaryDirectory::create_in(stage.path(), "unpacked-");
        if (!unpacked) return unpacked.error();
        progress({"downloading " + kernel.package.name, -1});
        if (auto done = apt.unpack(package_names(kernel), unpacked->path(), log, stop); !done) return done;
        progress({"extracting vmlinux, BTF and symbols", -1});
        return extract(unpacked->path(), stage, metadata);
    }

    // The package with the image, and the one with the configuration while the archive has it.
    [[nodiscard]] std::vector<std::string> package_names(const KernelPackage& kernel) const {
        std::vector<std::string> names = {kernel.package.name};
        const std::string base = "linux-base-" + kernel.release;
        if (std::any_of(packages.begin(), packages.end(), [&](const auto& package) { return package.name == base; }))
            names.push_back(base);
        return names;
    }

    [[nodiscard]] static Result<void> extract(const fs::path& unpacked, const KernelStage& stage,
                                              KernelMetadata& metadata) {
        const auto image =
            find_file(unpacked, [](const fs::path& path) { return path.filename().string().starts_with("vmlinuz"); });
        if (!image) return Error{"the package " + *metadata.package + " holds no kernel image", "try another version"};
        const auto content = read_file(*image);
        if (!content) return content.error();
        const auto vmlinux = extract_vmlinux(*content, image->filename().string());
        if (!vmlinux) return vmlinux.error();
        if (auto written = write_file(stage.path() / "vmlinux", *vmlinux); !written) return written;
        const auto config = find_file(unpacked, [](const fs::path& path) {
            return path.filename() == "config" || path.filename().string().starts_with("config-");
        });
        if (config) {
            const auto text = read_file(*config);
            if (!text) return text.error();
            if (auto written = write_file(stage.path() / "config", *text); !written) return written;
            metadata.config_facts = config_facts(parse_kernel_config(*text));
        }
        return stage_vmlinux(stage, metadata);
    }
};

// A fetched kernel that serves the request without the network.
std::optional<KernelMetadata> already_fetched(const KernelStore& store, const std::optional<std::string>& version) {
    for (const auto& known : store.list()) {
        if (known.damage || known.metadata->source != "fetched") continue;
        const bool wanted = version ? version_matches(*version, known.metadata->version)
                                    : known.metadata->sched_ext.schedulers_attach();
        if (wanted) return known.metadata;
    }
    return std::nullopt;
}

} // namespace

Result<MadeKernel> fetch_kernel(KernelStore& store, const std::optional<std::string>& version, StopSignals& stop,
                                const ProgressSink& progress) {
    if (version && !looks_like_version(*version))
        return Error{"\"" + *version + "\" is not a kernel version", "give one such as 7.0 or 7.0.13"};
    if (auto known = already_fetched(store, version)) return MadeKernel{std::move(*known), true};
    // One private apt per cache: its lists and its lock are shared by all fetches.
    auto turn = begin_stage(store, "package-lists", stop, progress);
    if (!turn) return turn.error();
    if (auto known = already_fetched(store, version)) return MadeKernel{std::move(*known), true}; // by who had the turn
    const auto log = CommandLog::create(log_path(store, "kernel-fetch"));
    if (!log) return log.error();
    progress({"reading the archive's package lists", -1});
    const auto apt = private_apt_of_machine(store.root().parent_path() / "apt");
    if (!apt) return apt.error();
    const auto updated = apt->update(*log, stop);
    if (stop.stopped()) return Error{"interrupted"};
    const auto packages = apt->packages();
    if (!packages) return packages.error();
    const auto available = kernel_packages(*packages);
    // One suite of several may be gone or unreachable; what the others have still serves.
    if (available.empty() && !updated) return updated.error();

    const auto candidates = wanted_kernels(available, version);
    if (candidates.empty()) return no_match(available, version);
    const Fetcher fetcher{store, stop, progress, *apt, *packages, *log};
    std::optional<Result<MadeKernel>> last;
    for (const auto& candidate : candidates) {
        last = fetcher.fetch(candidate);
        const bool good = last->ok() && (version || (*last)->metadata.sched_ext.schedulers_attach());
        if (good || stop.stopped()) break;
    }
    return std::move(*last);
}

} // namespace ktstr
