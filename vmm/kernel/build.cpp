// SPDX-License-Identifier: GPL-2.0-only
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/hash.h"
#include "runs/git.h"
#include "vmm/kernel/apt.h"
#include "vmm/kernel/config.h"
#include "vmm/kernel/make.h"
#include "vmm/kernel/version.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

constexpr const char* default_series = "6.12";
// Lines that make prints for the fragment on 6.12 (counted); the first build's progress is measured against it, later
// ones against what the last build in the cache needed.
constexpr unsigned usual_build_steps = 2000;
// Source and objects, as counted on 6.12 (0.5 GB + 1.8 GB), and some room.
constexpr std::uint64_t needed_bytes = 3ULL << 30U;
constexpr std::size_t hash_digits = 8;

// Where a build's source comes from.
struct Source {
    std::string version;                  // "6.12.95", or the series if only the tree can say
    std::optional<fs::path> tree = {};    // a source tree
    std::optional<fs::path> tarball = {}; // or linux-source-*.tar.xz
    std::optional<std::string> package = {};
    std::optional<std::string> package_version = {};
    bool download = false; // or the package, which is not installed
};

struct Tool {
    const char* program;
    const char* package;
};

// Everything the build runs, with the Debian package that has it.
constexpr std::array<Tool, 10> tools = {{{"make", "make"},
                                         {"gcc", "gcc"},
                                         {"ld", "binutils"},
                                         {"flex", "flex"},
                                         {"bison", "bison"},
                                         {"bc", "bc"},
                                         {"pahole", "pahole"},
                                         {"python3", "python3"}, // scripts/bpf_doc.py, for resolve_btfids
                                         {"tar", "tar"},
                                         {"xz", "xz-utils"}}};

// What is not unpacked of the source: code for other machines and for devices that the fragment leaves out, and
// manuals. It is 60 % of the files, and some disks take minutes to remove them again. Kconfig files and Makefiles stay.
// Checked against the dependencies that a whole build of 6.12 recorded: none of them is among these.
constexpr std::array<const char*, 37> not_unpacked = {
    "*/arch/alpha/*.[chS]",
    "*/arch/arc/*.[chS]",
    "*/arch/arm/*.[chS]",
    "*/arch/arm64/*.[chS]",
    "*/arch/csky/*.[chS]",
    "*/arch/hexagon/*.[chS]",
    "*/arch/loongarch/*.[chS]",
    "*/arch/m68k/*.[chS]",
    "*/arch/microblaze/*.[chS]",
    "*/arch/mips/*.[chS]",
    "*/arch/nios2/*.[chS]",
    "*/arch/openrisc/*.[chS]",
    "*/arch/parisc/*.[chS]",
    "*/arch/powerpc/*.[chS]",
    "*/arch/riscv/*.[chS]",
    "*/arch/s390/*.[chS]",
    "*/arch/sh/*.[chS]",
    "*/arch/sparc/*.[chS]",
    "*/arch/um/*.[chS]",
    "*/arch/xtensa/*.[chS]",
    "*/Documentation/*.rst",
    "*/Documentation/*.yaml",
    "*/Documentation/*.txt",
    "*/Documentation/*.svg",
    "*/tools/testing/*",
    "*/tools/perf/*",
    "*/sound/*.[ch]",
    "*/drivers/gpu/*.[ch]",
    "*/drivers/media/*.[ch]",
    "*/drivers/infiniband/*.[ch]",
    "*/drivers/net/ethernet/*.[ch]",
    "*/drivers/net/wireless/*.[ch]",
    "*/drivers/staging/*.[ch]",
    "*/drivers/scsi/*.[ch]",
    "*/drivers/iio/*.[ch]",
    "*/drivers/usb/*.[ch]",
    "*/boot/dts/*",
};

bool on_path(const std::string& program) {
    const auto found = run_command({{"sh", "-c", "command -v \"$1\"", "sh", program}});
    return found && found->exit.clean();
}

bool has_libelf_headers() {
    const auto found = run_command({{"gcc", "-E", "-x", "c", "-include", "gelf.h", "/dev/null"}}, true);
    return found && found->exit.clean();
}

Result<void> check_tools() {
    std::string missing;
    std::string packages;
    auto miss = [&](const std::string& what, const std::string& package) {
        missing += (missing.empty() ? "" : ", ") + what;
        packages += " " + package;
    };
    for (const auto& tool : tools)
        if (!on_path(tool.program)) miss(tool.program, tool.package);
    if (on_path("gcc") && !has_libelf_headers()) miss("libelf's headers (gelf.h)", "libelf-dev");
    if (missing.empty()) return {};
    return Error{"building a kernel needs " + missing, "apt-get install" + packages};
}

Result<void> check_room(const fs::path& directory) {
    struct statvfs status {};
    if (::statvfs(directory.c_str(), &status) != 0) return errno_error("look at", directory.string(), errno);
    const std::uint64_t available = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
    if (available >= needed_bytes) return {};
    return Error{"building a kernel needs " + std::to_string(needed_bytes >> 20U) + " MiB in " + directory.string() +
                     " for a while, and only " + std::to_string(available >> 20U) + " MiB are free",
                 "free some, or set XDG_CACHE_HOME to a directory on a larger disk"};
}

// "6.12.95" of the package version "6.12.95-1~bpo12+1".
std::string upstream_version(const std::string& package_version) {
    const auto version = KernelVersion::parse(package_version);
    return version ? version->numbers_text() : package_version;
}

// The version a source tree says it is, from the first lines of its Makefile.
Result<std::string> tree_version(const fs::path& tree) {
    const auto makefile = read_file(tree / "Makefile", 1U << 20U);
    std::array<std::string, 3> parts;
    const std::array<std::string, 3> keys = {"VERSION = ", "PATCHLEVEL = ", "SUBLEVEL = "};
    std::string_view text = makefile ? std::string_view(*makefile) : std::string_view();
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (parts.at(i).empty() && line.starts_with(keys.at(i))) parts.at(i) = line.substr(keys.at(i).size());
    }
    if (!fs::exists(tree / "Kconfig") || parts[0].empty() || parts[1].empty() || parts[2].empty())
        return Error{tree.string() + " is not a Linux source tree", "give the directory that holds the top Makefile"};
    return parts[0] + "." + parts[1] + "." + parts[2];
}

// What a request means, without touching the network.
Result<Source> locate_source(const BuildRequest& request) {
    if (request.source) {
        std::error_code code;
        const auto tree = fs::canonical(*request.source, code);
        if (code) return Error{"there is no source tree at " + request.source->string()};
        auto version = tree_version(tree);
        if (!version) return version.error();
        // An in-tree build leaves these, and then make refuses to build elsewhere from the same source.
        if (fs::exists(tree / ".config") || fs::exists(tree / "include/config"))
            return Error{tree.string() + " was configured or built in place, so it cannot be built out of tree",
                         "make -C " + tree.string() + " mrproper, or boot what it has: --kernel " + tree.string()};
        Source source{*version};
        source.tree = tree;
        source.package = tree.string();
        return source;
    }
    const std::string wanted = request.version.value_or(default_series);
    const auto version = KernelVersion::parse(wanted);
    if (!version || !version->suffix.empty())
        return Error{"\"" + wanted + "\" is not a kernel version", "give one such as 6.12 or 6.12.95"};
    Source source{wanted};
    source.package = "linux-source-" + version->series();
    const fs::path tarball = "/usr/src/" + *source.package + ".tar.xz";
    const auto installed = run_command({{"dpkg-query", "-W", "-f", "${Version}", *source.package}});
    if (fs::exists(tarball) && installed && installed->exit.clean() &&
        version_matches(wanted, upstream_version(installed->output))) {
        source.tarball = tarball;
        source.package_version = installed->output;
        source.version = upstream_version(installed->output);
        return source;
    }
    source.download = true;
    return source;
}

std::string fragment_hash() { return sha256_hex(guest_kernel_fragment()); }

// A built kernel of the cache that is what would come out.
std::optional<KernelMetadata> already_built(const KernelStore& store, const Source& source) {
    if (source.tree) return std::nullopt; // a tree changes without saying so
    for (const auto& known : store.list()) {
        if (known.damage || known.metadata->source != "built") continue;
        const auto& metadata = *known.metadata;
        const bool same = source.package_version ? metadata.package_version == source.package_version
                                                 : version_matches(source.version, metadata.version);
        if (same && metadata.package == source.package && metadata.config_hash == fragment_hash()) return metadata;
    }
    return std::nullopt;
}

class Builder {
  public:
    Builder(KernelStore& store, StopSignals& stop, const ProgressSink& progress, CommandLog log)
        : store_(store), stop_(stop), progress_(progress), log_(std::move(log)) {}

    Result<MadeKernel> build(Source source, KernelStage stage) {
        KernelMetadata metadata;
        metadata.source = "built";
        metadata.config_hash = fragment_hash();
        if (source.tree) metadata.source_commit = runs::commit_at(*source.tree);
        if (auto made = compile(source, stage, metadata); !made) return made.error();
        metadata.package = source.package;
        metadata.package_version = source.package_version;
        progress_({"reading BTF", -1});
        if (auto staged = stage_vmlinux(stage, metadata); !staged) return staged.error();
        // A package's version says what is in it; a tree's does not, so there the image does.
        const auto identity = source.package_version
                                  ? Result<std::string>(sha256_hex(fragment_hash() + *source.package_version))
                                  : sha256_file(stage.path() / "vmlinux");
        if (!identity) return identity.error();
        metadata.id = "built-" + source.version + "-" + identity->substr(0, hash_digits);
        auto added = store_.add(std::move(stage), std::move(metadata));
        if (!added) return added.error();
        return MadeKernel{std::move(*added), false};
    }

  private:
    // Leaves vmlinux and config in the stage; source and objects are gone afterwards.
    Result<void> compile(Source& source, const KernelStage& stage, KernelMetadata& metadata) {
        auto scratch = TemporaryDirectory::create_in(stage.path(), "scratch-");
        if (!scratch) return scratch.error();
        if (auto unpacked = unpack(source, scratch->path()); !unpacked) return unpacked;
        const auto objects = scratch->path() / "objects";
        if (auto made = make_directories(objects); !made) return made;
        if (auto configured = configure(*source.tree, objects, metadata); !configured) return configured;
        if (auto made = make_vmlinux(*source.tree, objects, metadata); !made) return made;
        progress_({"stripping debug sections", -1});
        if (auto stripped = run_logged(
                {{"strip", "--strip-debug", "-o", (stage.path() / "vmlinux").string(), (objects / "vmlinux").string()}},
                "stripping vmlinux", log_, stop_);
            !stripped)
            return stripped;
        std::error_code code;
        fs::rename(objects / ".config", stage.path() / "config", code);
        if (code) return Error{"cannot keep the configuration: " + code.message()};
        return {};
    }

    // Makes source.tree a source tree.
    Result<void> unpack(Source& source, const fs::path& scratch) {
        if (source.download)
            if (auto got = download(source, scratch); !got) return got;
        if (source.tree) return {};
        progress_({"unpacking " + source.tarball->filename().string(), -1});
        const auto tree = scratch / "source";
        if (auto made = make_directories(tree); !made) return made;
        ProcessOptions tar{{"tar", "-xf", source.tarball->string(), "-C", tree.string(), "--strip-components=1"}};
        for (const auto* pattern : not_unpacked) tar.arguments.push_back(std::string("--exclude=") + pattern);
        if (auto done = run_logged(tar, "unpacking the source", log_, stop_); !done) return done;
        source.tree = tree;
        const auto version = tree_version(tree);
        if (!version) return version.error();
        source.version = *version;
        return {};
    }

    Result<void> download(Source& source, const fs::path& scratch) {
        const auto turn = begin_stage(store_, "package-lists", stop_, progress_);
        if (!turn) return turn.error();
        progress_({"reading the archive's package lists", -1});
        const auto apt = private_apt_of_machine(store_.root().parent_path() / "apt");
        if (!apt) return apt.error();
        const auto updated = apt->update(log_, stop_);
        if (stop_.stopped()) return Error{"interrupted"};
        const auto packages = apt->packages();
        if (!packages) return packages.error();
        const auto found = std::find_if(packages->begin(), packages->end(),
                                        [&](const auto& package) { return package.name == *source.package; });
        if (found == packages->end()) return updated.ok() ? no_source(*packages, source.version) : updated.error();
        if (!version_matches(source.version, upstream_version(found->version)))
            return Error{"the package archive has " + found->name + " " + found->version + ", not " + source.version,
                         "ktstr kernel build " + upstream_version(found->version)};
        progress_({"downloading " + *source.package, -1});
        if (auto done = apt->unpack({*source.package}, scratch, log_, stop_); !done) return done;
        source.tarball = scratch / "usr/src" / (*source.package + ".tar.xz");
        source.package_version = found->version;
        return {};
    }

    static Error no_source(const std::vector<AptPackage>& packages, const std::string& version) {
        std::string list;
        for (const auto& package : packages) {
            constexpr std::string_view prefix = "linux-source-";
            if (package.name.starts_with(prefix))
                list += (list.empty() ? "" : ", ") + package.name.substr(prefix.size());
        }
        return Error{"the package archive has no kernel source " + version + (list.empty() ? "" : "; it has " + list),
                     "give a source tree: ktstr kernel build --source DIR"};
    }

    [[nodiscard]] ProcessOptions make(const fs::path& tree, const fs::path& objects,
                                      const std::vector<std::string>& targets) const {
        ProcessOptions options;
        options.arguments = {"make", "-C", tree.string(), "O=" + objects.string()};
        options.arguments.insert(options.arguments.end(), targets.begin(), targets.end());
        // The same source and fragment give the same image, whoever builds it and when.
        options.environment = {{"KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"},
                               {"KBUILD_BUILD_USER", "ktstr"},
                               {"KBUILD_BUILD_HOST", "ktstr"},
                               {"KBUILD_BUILD_VERSION", "1"},
                               {"LC_ALL", "C"},
                               {"TMPDIR", objects.string()}, // so that a killed compiler leaves nothing elsewhere
                               // A make that started us must not reach into this one.
                               {"MAKEFLAGS", ""},
                               {"MAKELEVEL", "0"}};
        return options;
    }

    Result<void> configure(const fs::path& tree, const fs::path& objects, KernelMetadata& metadata) {
        progress_({"configuring", -1});
        const auto fragment = objects / "ktstr.config";
        if (auto written = write_file(fragment, guest_kernel_fragment()); !written) return written;
        auto options = make(tree, objects, {"ARCH=x86", "allnoconfig"});
        options.environment.emplace_back("KCONFIG_ALLCONFIG", fragment.string());
        if (auto done = run_logged(options, "configuring the kernel", log_, stop_); !done) return done;
        const auto text = read_file(objects / ".config", 16U << 20U);
        if (!text) return text.error();
        const auto config = parse_kernel_config(*text);
        metadata.config_lost = lost_options(parse_kernel_config(guest_kernel_fragment()), config);
        metadata.config_facts = config_facts(config);
        return {};
    }

    Result<void> make_vmlinux(const fs::path& tree, const fs::path& objects, KernelMetadata& metadata) {
        unsigned expected = usual_build_steps;
        for (const auto& known : store_.list())
            if (!known.damage && known.metadata->build_steps) expected = *known.metadata->build_steps;
        unsigned steps = 0;
        const auto count = [&](std::string_view line) {
            // "  CC      kernel/sched/core.o"
            if (!line.starts_with("  ") || line.size() < 3 || line[2] < 'A' || line[2] > 'Z') return;
            ++steps;
            // An estimate must not say "done" before it is.
            progress_({"compiling", std::min(0.99, static_cast<double>(steps) / expected)});
        };
        const auto jobs = "-j" + std::to_string(std::max(1U, std::thread::hardware_concurrency()));
        auto done =
            run_logged(make(tree, objects, {"ARCH=x86", jobs, "vmlinux"}), "building vmlinux", log_, stop_, count);
        metadata.build_steps = steps;
        return done;
    }

    KernelStore& store_;
    StopSignals& stop_;
    const ProgressSink& progress_;
    CommandLog log_;
};

} // namespace

Result<MadeKernel> build_kernel(KernelStore& store, const BuildRequest& request, StopSignals& stop,
                                const ProgressSink& progress) {
    auto source = locate_source(request);
    if (!source) return source.error();
    if (auto known = already_built(store, *source)) return MadeKernel{std::move(*known), true};
    if (auto checked = check_tools(); !checked) return checked.error();
    auto stage = begin_stage(store, "build-" + sha256_hex(*source->package).substr(0, hash_digits), stop, progress);
    if (!stage) return stage.error();
    if (auto known = already_built(store, *source)) return MadeKernel{std::move(*known), true}; // meanwhile
    if (auto room = check_room(stage->path()); !room) return room.error();
    auto log = CommandLog::create(log_path(store, "kernel-build-" + source->version));
    if (!log) return log.error();
    return Builder(store, stop, progress, std::move(*log)).build(std::move(*source), std::move(*stage));
}

} // namespace ktstr
