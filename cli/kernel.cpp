// SPDX-License-Identifier: GPL-2.0-only
#include "cli/kernel.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "vmm/kernel/kernel.h"
#include "vmm/kernel/make.h"
#include "vmm/kernel/version.h"

namespace ktstr {

namespace {

// What the command line said; one field per option, shared by the subcommands.
struct Options {
    std::optional<std::string> version;
    std::optional<std::string> source;
    std::optional<std::string> id;
    std::string format = "pretty";
    std::size_t keep = 0;
    [[nodiscard]] bool json() const { return format == "json"; }
};

int fail(const Error& error, int code = cli::exit_host) {
    std::fprintf(stderr, "ktstr: %s\n", error.message.c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "  hint: %s\n", error.hint.c_str());
    return code;
}

// A bar that moves on a terminal; elsewhere a line per step, and per ten percent of a step that knows how far it is.
class ProgressBar {
  public:
    ProgressBar() : moving_(::isatty(STDERR_FILENO) == 1 && std::getenv("CI") == nullptr) {}
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar() { finish(); }

    void show(const KernelProgress& progress) {
        const int tenths = progress.fraction < 0 ? -1 : static_cast<int>(progress.fraction * 10);
        const int percent = progress.fraction < 0 ? -1 : static_cast<int>(progress.fraction * 100);
        if (progress.step == step_ && (moving_ ? percent == percent_ : tenths == percent_ / 10)) return;
        if (moving_)
            draw(progress, percent);
        else if (percent >= 0)
            std::fprintf(stderr, "%s: %d %%\n", progress.step.c_str(), percent);
        else
            std::fprintf(stderr, "%s\n", progress.step.c_str());
        step_ = progress.step;
        percent_ = percent;
    }
    void finish() {
        if (moving_ && !step_.empty()) std::fprintf(stderr, "\r\033[K");
        step_.clear();
    }

  private:
    static void draw(const KernelProgress& progress, int percent) {
        constexpr int width = 40;
        if (percent < 0) {
            std::fprintf(stderr, "\r\033[K%s ...", progress.step.c_str());
            return;
        }
        const auto filled = static_cast<std::size_t>(width * percent / 100);
        const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
        std::fprintf(stderr, "\r\033[K%s [%s] %3d %%", progress.step.c_str(), bar.c_str(), percent);
    }

    bool moving_;
    std::string step_;
    int percent_ = -1;
};

std::string attach_text(const SchedExtFacts& facts) {
    if (!facts.present) return "none";
    return facts.schedulers_attach() ? "attaches" : "broken kfuncs";
}

std::uint64_t size_of(const KernelMetadata& metadata) {
    std::uint64_t size = 0;
    for (const auto& [name, file] : metadata.files) size += file.size;
    return size;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string((bytes + (1U << 19U)) >> 20U) + " MiB"; }

// The id of the kernel that runs when nobody names one; the list is in the order of preference.
std::string default_id(const std::vector<StoredKernel>& kernels) {
    return kernels.empty() || kernels.front().damage ? std::string() : kernels.front().id;
}

void report_made(const MadeKernel& made, const KernelStore& store) {
    const auto& metadata = made.metadata;
    for (const auto& option : metadata.config_lost)
        if (!made.already_there)
            std::fprintf(stderr, "ktstr: warning: the kernel's configuration lost %s\n", option.c_str());
    std::printf("%s %s (%s), sched_ext: %s, in %s\n",
                made.already_there ? "Already there:" : "Ready:", metadata.id.c_str(), metadata.version.c_str(),
                attach_text(metadata.sched_ext).c_str(), (store.root() / metadata.id).c_str());
}

// Makes a kernel with `make(stop, progress)`, under progress and with Ctrl-C in hand.
template <typename Make> int make_kernel(KernelStore& store, const Make& make) {
    StopSignals stop;
    ProgressBar bar;
    const ProgressSink sink = [&bar](const KernelProgress& progress) { bar.show(progress); };
    const Result<MadeKernel> made = make(stop, sink);
    bar.finish();
    if (!made) {
        if (stop.stopped()) return fail(Error{"interrupted; nothing was stored"}, cli::exit_interrupted);
        return fail(made.error());
    }
    report_made(*made, store);
    return cli::exit_pass;
}

nlohmann::json list_entry(const StoredKernel& kernel, const std::string& chosen) {
    nlohmann::json entry = {{"id", kernel.id}, {"default", kernel.id == chosen}};
    entry["damage"] = kernel.damage ? nlohmann::json(kernel.damage->message) : nlohmann::json(nullptr);
    if (!kernel.metadata) return entry;
    entry["version"] = kernel.metadata->version;
    entry["source"] = kernel.metadata->source;
    entry["schedulers_attach"] = kernel.metadata->sched_ext.schedulers_attach();
    entry["sched_ext"] = kernel.metadata->sched_ext.present;
    entry["size"] = size_of(*kernel.metadata);
    return entry;
}

int list_kernels(const Options& options) {
    const auto store = KernelStore::of_user();
    const auto kernels = store.list();
    const auto chosen = default_id(kernels);
    if (options.json()) {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& kernel : kernels) list.push_back(list_entry(kernel, chosen));
        std::printf("%s\n", nlohmann::json({{"kernels", list}}).dump().c_str());
        return cli::exit_pass;
    }
    if (kernels.empty()) {
        std::printf("No kernels in %s. Get one: ktstr kernel build, or ktstr kernel fetch.\n", store.root().c_str());
        return cli::exit_pass;
    }
    int width = 2;
    int version_width = 7;
    for (const auto& kernel : kernels) {
        width = std::max(width, static_cast<int>(kernel.id.size()));
        if (kernel.metadata) version_width = std::max(version_width, static_cast<int>(kernel.metadata->version.size()));
    }
    std::printf("  %-*s  %-*s  %-7s  %-13s  %s\n", width, "ID", version_width, "VERSION", "SOURCE", "SCHED_EXT",
                "SIZE");
    for (const auto& kernel : kernels) {
        if (kernel.damage) {
            std::printf("! %-*s  %s\n", width, kernel.id.c_str(), kernel.damage->message.c_str());
            continue;
        }
        const auto& metadata = *kernel.metadata;
        std::printf("%c %-*s  %-*s  %-7s  %-13s  %s\n", kernel.id == chosen ? '*' : ' ', width, kernel.id.c_str(),
                    version_width, metadata.version.c_str(), metadata.source.c_str(),
                    attach_text(metadata.sched_ext).c_str(), mebibytes(size_of(metadata)).c_str());
    }
    std::printf("* runs when --kernel is not given\n");
    return cli::exit_pass;
}

void print_names(const char* title, const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::printf("%s (%zu):\n", title, names.size());
    for (const auto& name : names) std::printf("  %s\n", name.c_str());
}

void print_info(const KernelMetadata& metadata, const KernelStore& store) {
    auto row = [](const char* name, const std::string& value) { std::printf("%-16s%s\n", name, value.c_str()); };
    row("id", metadata.id);
    row("version", metadata.version);
    row("source", metadata.source + (metadata.package ? ", " + *metadata.package : std::string()) +
                      (metadata.package_version ? " " + *metadata.package_version : std::string()));
    if (metadata.source_commit) row("commit", *metadata.source_commit);
    row("directory", (store.root() / metadata.id).string());
    row("boots", metadata.image + (metadata.pvh ? " (PVH, no decompression in the guest)" : ""));
    row("symbols", metadata.symbols.value_or("none in the image"));
    row("size", mebibytes(size_of(metadata)));
    row("made", metadata.built_at);
    const auto& facts = metadata.sched_ext;
    if (!facts.present)
        row("sched_ext", "not in this kernel: schedulers cannot attach; plain scenarios run");
    else if (facts.schedulers_attach())
        row("sched_ext", "schedulers attach");
    else
        row("sched_ext", "in this kernel, but most schedulers cannot attach: needed kfuncs are not callable");
    print_names("needed and not callable", facts.missing);
    print_names("broken kfuncs", facts.broken);
    print_names("callable kfuncs", facts.callable);
    if (!metadata.config_facts.empty()) std::printf("configuration:\n");
    for (const auto& [name, value] : metadata.config_facts) std::printf("  %s=%s\n", name.c_str(), value.c_str());
    print_names("configuration lost", metadata.config_lost);
}

int kernel_info(const Options& options) {
    const auto store = KernelStore::of_user();
    const auto kernels = store.list();
    const auto found = std::find_if(kernels.begin(), kernels.end(), [&](const auto& kernel) {
        return !options.id || kernel.id == *options.id ||
               (kernel.metadata && version_matches(*options.id, kernel.metadata->version));
    });
    if (found == kernels.end())
        return fail({"there is no kernel" + (options.id ? " " + *options.id : std::string()) + " in the cache " +
                         store.root().string(),
                     "see `ktstr kernel list`"});
    if (found->damage) return fail(*found->damage);
    if (options.json())
        std::printf("%s\n", to_json(*found->metadata).dump().c_str());
    else
        print_info(*found->metadata, store);
    return cli::exit_pass;
}

int clean_kernels(const Options& options) {
    auto store = KernelStore::of_user();
    const auto cleaned = store.clean(options.keep);
    if (!cleaned) return fail(cleaned.error());
    for (const auto& id : cleaned->removed) std::printf("removed %s\n", id.c_str());
    for (const auto& id : cleaned->in_use) std::printf("kept %s: in use\n", id.c_str());
    for (const auto& id : cleaned->kept) std::printf("kept %s\n", id.c_str());
    return cli::exit_pass;
}

int build(const Options& options) {
    auto store = KernelStore::of_user();
    return make_kernel(store, [&](StopSignals& stop, const ProgressSink& progress) {
        const BuildRequest request{options.version, options.source};
        return build_kernel(store, request, stop, progress);
    });
}

int fetch(const Options& options) {
    auto store = KernelStore::of_user();
    return make_kernel(store, [&](StopSignals& stop, const ProgressSink& progress) {
        return fetch_kernel(store, options.version, stop, progress);
    });
}

void add_format(CLI::App* command, Options& options) {
    command->add_option("--format", options.format, "pretty or json")->check(CLI::IsMember({"pretty", "json"}));
}

} // namespace

void add_kernel_command(CLI::App& app, int& exit_code) {
    // Lives as long as the callbacks that hold it.
    const auto options = std::make_shared<Options>();
    auto* kernel = app.add_subcommand("kernel", "Build, fetch and list the kernels that guests boot");
    kernel->require_subcommand(1);
    auto add = [&](const char* name, const char* what, int (*command)(const Options&)) {
        auto* subcommand = kernel->add_subcommand(name, what);
        subcommand->callback([options, command, &exit_code] { exit_code = command(*options); });
        return subcommand;
    };
    auto* building = add("build", "Build a guest kernel from source (minutes; boots several times faster)", build);
    auto* version = building->add_option("VERSION", options->version, "such as 6.12, which is the default");
    building->add_option("--source", options->source, "a kernel source tree instead of the distribution's package")
        ->excludes(version);
    add("fetch", "Fetch a prebuilt Debian cloud kernel through apt, without installing it", fetch)
        ->add_option("VERSION", options->version, "such as 7.0 or 7.0.13");
    add_format(add("list", "List the kernels of the cache", list_kernels), *options);
    auto* info = add("info", "Tell all about one kernel, and whether schedulers can attach to it", kernel_info);
    info->add_option("ID", options->id, "an id of the list, or a version; default: the kernel that runs by default");
    add_format(info, *options);
    add("clean", "Remove kernels from the cache, never one that is in use", clean_kernels)
        ->add_option("--keep", options->keep, "how many to keep, the preferred ones")
        ->required();
}

} // namespace ktstr
