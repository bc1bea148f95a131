// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <tuple>

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "vmm/kernel/version.h"

namespace ktstr {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr int metadata_format = 1; // raised when an older program must not read an entry
constexpr const char* metadata_name = "metadata.json";
constexpr const char* stage_prefix = ".stage-";
constexpr std::size_t stage_suffix = 7; // "-XXXXXX"

Error damaged(const fs::path& directory, const std::string& why) {
    return Error{"the cached kernel " + directory.filename().string() + " is damaged: " + why,
                 "remove " + directory.string() + " and build or fetch it again"};
}

Error not_writable(Error error, const fs::path& root) {
    if (error.hint.empty())
        error.hint = "the cache is " + root.string() + "; set XDG_CACHE_HOME to a directory you can write";
    return error;
}

Result<StoredFile> facts_of(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return errno_error("stat", path.string(), errno);
    StoredFile file;
    file.size = static_cast<std::uint64_t>(status.st_size);
    file.mtime_ns = status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec;
    return file;
}

// The cheap check first; the hash decides only if the file's time moved (a restored backup, a copied cache).
std::optional<Error> check_file(const fs::path& directory, const std::string& name, const StoredFile& expected) {
    const auto now = facts_of(directory / name);
    if (!now) return damaged(directory, now.error().message);
    if (now->size != expected.size)
        return damaged(directory, name + " has " + std::to_string(now->size) + " bytes instead of " +
                                      std::to_string(expected.size));
    if (now->mtime_ns == expected.mtime_ns) return std::nullopt;
    const auto hash = sha256_file(directory / name);
    if (!hash) return damaged(directory, hash.error().message);
    if (*hash != expected.sha256) return damaged(directory, "the content of " + name + " has changed");
    return std::nullopt;
}

Result<void> sync(const fs::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    if (::fsync(fd.get()) != 0) return errno_error("write", path.string(), errno);
    return {};
}

int source_rank(const std::string& source) { return source == "built" ? 0 : source == "fetched" ? 1 : 2; }

bool preferred(const StoredKernel& left, const StoredKernel& right) {
    if (left.damage.has_value() != right.damage.has_value()) return !left.damage;
    if (!left.metadata || !right.metadata)
        return std::make_tuple(!left.metadata, left.id) < std::make_tuple(!right.metadata, right.id);
    const auto rank = [](const StoredKernel& kernel) {
        return std::make_tuple(!kernel.metadata->sched_ext.schedulers_attach(), source_rank(kernel.metadata->source));
    };
    if (rank(left) != rank(right)) return rank(left) < rank(right);
    const auto a = KernelVersion::parse(left.metadata->version);
    const auto b = KernelVersion::parse(right.metadata->version);
    if (a && b && *a != *b) return *a > *b;
    return left.metadata->built_at > right.metadata->built_at;
}

template <typename Value> nlohmann::json or_null(const std::optional<Value>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

template <typename Value> std::optional<Value> optional_of(const nlohmann::json& object, const char* key) {
    const auto& value = object.at(key);
    return value.is_null() ? std::nullopt : std::optional<Value>(value.get<Value>());
}

} // namespace

nlohmann::json to_json(const KernelMetadata& metadata) {
    nlohmann::json files = nlohmann::json::object();
    for (const auto& [name, file] : metadata.files)
        files[name] = {{"size", file.size}, {"mtime_ns", file.mtime_ns}, {"sha256", file.sha256}};
    return {{"format", metadata_format},
            {"id", metadata.id},
            {"version", metadata.version},
            {"source", metadata.source},
            {"package", or_null(metadata.package)},
            {"package_version", or_null(metadata.package_version)},
            {"source_commit", or_null(metadata.source_commit)},
            {"image", metadata.image},
            {"pvh", metadata.pvh},
            {"symbols", or_null(metadata.symbols)},
            {"sched_ext",
             {{"present", metadata.sched_ext.present},
              {"schedulers_attach", metadata.sched_ext.schedulers_attach()},
              {"callable", metadata.sched_ext.callable},
              {"broken", metadata.sched_ext.broken},
              {"missing", metadata.sched_ext.missing}}},
            {"config_facts", metadata.config_facts},
            {"config_hash", or_null(metadata.config_hash)},
            {"config_lost", metadata.config_lost},
            {"build_steps", or_null(metadata.build_steps)},
            {"built_at", metadata.built_at},
            {"files", files}};
}

Result<KernelMetadata> metadata_from_json(const std::string& text) {
    try {
        const auto object = nlohmann::json::parse(text);
        if (object.at("format") != metadata_format) return Error{"metadata of another format"};
        KernelMetadata metadata;
        metadata.id = object.at("id");
        metadata.version = object.at("version");
        metadata.source = object.at("source");
        metadata.package = optional_of<std::string>(object, "package");
        metadata.package_version = optional_of<std::string>(object, "package_version");
        if (object.contains("source_commit")) // kernels that were cached before have none
            metadata.source_commit = optional_of<std::string>(object, "source_commit");
        metadata.image = object.at("image");
        metadata.pvh = object.at("pvh");
        metadata.symbols = optional_of<std::string>(object, "symbols");
        const auto& facts = object.at("sched_ext");
        metadata.sched_ext.present = facts.at("present");
        metadata.sched_ext.callable = facts.at("callable").get<std::vector<std::string>>();
        metadata.sched_ext.broken = facts.at("broken").get<std::vector<std::string>>();
        metadata.sched_ext.missing = facts.at("missing").get<std::vector<std::string>>();
        metadata.config_facts = object.at("config_facts").get<std::map<std::string, std::string>>();
        metadata.config_hash = optional_of<std::string>(object, "config_hash");
        metadata.config_lost = object.at("config_lost").get<std::vector<std::string>>();
        metadata.build_steps = optional_of<unsigned>(object, "build_steps");
        metadata.built_at = object.at("built_at");
        for (const auto& [name, file] : object.at("files").items())
            metadata.files[name] = {file.at("size"), file.at("mtime_ns"), file.at("sha256")};
        return metadata;
    } catch (const nlohmann::json::exception& problem) {
        return Error{std::string("unreadable metadata: ") + problem.what()};
    }
}

std::map<std::string, std::string> config_facts(const KernelConfig& config) {
    std::map<std::string, std::string> facts;
    for (const char* name :
         {"CONFIG_SCHED_CLASS_EXT", "CONFIG_EXT_GROUP_SCHED", "CONFIG_FAIR_GROUP_SCHED", "CONFIG_CFS_BANDWIDTH",
          "CONFIG_SCHEDSTATS", "CONFIG_PSI", "CONFIG_PREEMPT", "CONFIG_PREEMPT_DYNAMIC", "CONFIG_HZ", "CONFIG_NR_CPUS",
          "CONFIG_NUMA", "CONFIG_SCHED_MC", "CONFIG_SCHED_SMT", "CONFIG_DEBUG_INFO_BTF", "CONFIG_KALLSYMS_ALL",
          "CONFIG_KPROBES", "CONFIG_FUNCTION_TRACER", "CONFIG_MODULES"}) {
        const auto found = config.find(name);
        facts[name] = found == config.end() ? "n" : found->second;
    }
    return facts;
}

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text, length};
}

KernelStore KernelStore::of_user() { return KernelStore(cache_directory() / "kernels"); }

StoredKernel KernelStore::load(const std::string& id) const {
    StoredKernel kernel{id, root_ / id, std::nullopt, std::nullopt};
    const auto text = read_file(kernel.directory / metadata_name, 4U << 20U);
    if (!text) {
        kernel.damage = damaged(kernel.directory, text.error().message);
        return kernel;
    }
    auto metadata = metadata_from_json(*text);
    if (!metadata) {
        kernel.damage = damaged(kernel.directory, metadata.error().message);
        return kernel;
    }
    if (metadata->id != id) kernel.damage = damaged(kernel.directory, "its metadata is that of " + metadata->id);
    if (!metadata->files.contains(metadata->image))
        kernel.damage = damaged(kernel.directory, "its metadata names no image");
    for (const auto& [name, file] : metadata->files)
        if (!kernel.damage) kernel.damage = check_file(kernel.directory, name, file);
    kernel.metadata = std::move(*metadata);
    return kernel;
}

std::vector<StoredKernel> KernelStore::list() const {
    std::vector<StoredKernel> kernels;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(root_, code)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with('.') && entry.is_directory(code)) kernels.push_back(load(name));
    }
    std::sort(kernels.begin(), kernels.end(), preferred);
    return kernels;
}

Result<std::shared_ptr<FileLock>> KernelStore::hold(const std::string& id) const {
    std::shared_ptr<FileLock> held;
    auto lock = FileLock::acquire(root_ / id / "lock", FileLock::Mode::shared, 5s);
    // Where this user cannot write, the cache's owner may still clean it: the run then fails as for a removed kernel.
    if (lock)
        held = std::make_shared<FileLock>(std::move(*lock));
    else if (::access((root_ / id).c_str(), W_OK) == 0)
        return lock.error();
    // Looked at under the lock: a `clean` may have been quicker.
    const auto kernel = load(id);
    if (kernel.damage) return *kernel.damage;
    return held;
}

Result<KernelStage> KernelStore::begin(const std::string& key,
                                       const std::function<bool(const std::string& holder)>& waiting) {
    if (auto made = make_directories(root_); !made) return not_writable(made.error(), root_);
    const auto lock_path = root_ / (".making-" + key + ".lock");
    auto lock = FileLock::acquire(lock_path, FileLock::Mode::exclusive, 0ms);
    while (!lock) {
        const auto holder = read_file(lock_path, 4096);
        if (!holder) return not_writable(lock.error(), root_);
        if (!waiting(*holder)) return lock.error();
        lock = FileLock::acquire(lock_path, FileLock::Mode::exclusive, 200ms);
    }
    sweep(key);
    auto directory = TemporaryDirectory::create_in(root_, stage_prefix + key + "-");
    if (!directory) return not_writable(directory.error(), root_);
    return KernelStage{key, std::move(*lock), std::move(*directory)};
}

Result<KernelMetadata> KernelStore::add(KernelStage stage, KernelMetadata metadata) {
    if (fs::exists(root_ / metadata.id)) {
        const auto existing = load(metadata.id);
        if (!existing.damage) return *existing.metadata;
        const auto removal = remove(metadata.id);
        if (!removal) return removal.error();
        if (*removal == Removal::in_use)
            return Error{"the damaged kernel " + metadata.id + " is still in use", "try again when the run has ended"};
    }
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(stage.path(), code)) {
        auto hash = sha256_file(entry.path());
        if (!hash) return hash.error();
        auto file = facts_of(entry.path());
        if (!file) return file.error();
        file->sha256 = std::move(*hash);
        metadata.files[entry.path().filename().string()] = std::move(*file);
        if (auto synced = sync(entry.path()); !synced) return synced.error();
    }
    if (auto written = write_file(stage.path() / metadata_name, to_json(metadata).dump(2) + "\n"); !written)
        return written.error();
    fs::permissions(stage.path(), fs::perms(0755), code); // mkdtemp gave 0700; a shared cache is read by others
    if (auto synced = sync(stage.path()); !synced) return synced.error();
    const auto target = root_ / metadata.id;
    if (::rename(stage.path().c_str(), target.c_str()) != 0) {
        // Made by another key at the same moment (the same local image): the one that is there is as good.
        if (const auto existing = load(metadata.id); !existing.damage) return *existing.metadata;
        return errno_error("create", target.string(), errno);
    }
    (void)stage.directory.release();
    (void)sync(root_).ok(); // the entry is whole with or without it
    return metadata;
}

Result<KernelStore::Removal> KernelStore::remove(const std::string& id) {
    const auto directory = root_ / id;
    auto lock = FileLock::acquire(directory / "lock", FileLock::Mode::exclusive, 0ms);
    if (!lock) {
        if (::access((directory / "lock").c_str(), W_OK) == 0) return Removal::in_use;
        return not_writable(lock.error(), root_);
    }
    // Out of sight in one step, then taken apart: nobody ever sees half an entry.
    auto grave = TemporaryDirectory::create_in(root_, std::string(stage_prefix) + "removed-");
    if (!grave) return not_writable(grave.error(), root_);
    if (::rename(directory.c_str(), (grave->path() / id).c_str()) != 0)
        return not_writable(errno_error("remove", directory.string(), errno), root_);
    return Removal::removed;
}

void KernelStore::sweep(const std::string& owned_key) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(root_, code)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(stage_prefix)) continue;
        const std::string_view prefix(stage_prefix);
        const auto key = name.substr(prefix.size(), name.size() - std::min(name.size(), prefix.size() + stage_suffix));
        const bool dead = key == owned_key ||
                          FileLock::acquire(root_ / (".making-" + key + ".lock"), FileLock::Mode::exclusive, 0ms).ok();
        if (dead) fs::remove_all(entry.path(), code);
    }
}

Result<KernelStore::Cleaned> KernelStore::clean(std::size_t keep) {
    Cleaned cleaned;
    for (const auto& kernel : list()) {
        if (!kernel.damage && cleaned.kept.size() < keep) {
            cleaned.kept.push_back(kernel.id);
            continue;
        }
        const auto removal = remove(kernel.id);
        if (!removal) return removal.error();
        (*removal == Removal::removed ? cleaned.removed : cleaned.in_use).push_back(kernel.id);
    }
    sweep({});
    return cleaned;
}

} // namespace ktstr
