// SPDX-License-Identifier: GPL-2.0-only
// The cache of kernels: one directory per kernel, complete or not there at all, verified on use, never removed while in
// use.
//
//   <root>/<id>/metadata.json   what the kernel is, and size, time and SHA-256 of each file
//   <root>/<id>/vmlinux         ELF, the image that boots; btf, config, System.map beside it where known
//   <root>/<id>/bzImage         only for a local image that was given as one and has no PVH entry
//   <root>/<id>/lock            shared lock: in use by a run
//   <root>/.stage-<key>-XXXXXX  being made, under the exclusive lock <root>/.making-<key>.lock
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/file.h"
#include "base/result.h"
#include "vmm/kernel/config.h"
#include "vmm/kernel/sched_ext.h"

namespace ktstr {

struct StoredFile {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0; // of the modification time, since the epoch
    std::string sha256;
};

struct KernelMetadata {
    std::string id;                                  // the directory's name
    std::string version;                             // `uname -r`
    std::string source;                              // "built", "fetched" or "local"
    std::optional<std::string> package = {};         // "linux-source-6.12", or the path of a local image or tree
    std::optional<std::string> package_version = {}; // "6.12.95-1~bpo12+1"
    // Of the source tree, when the kernel was built or imported from it: "0123abc-dirty"; none if it has no git
    // history.
    std::optional<std::string> source_commit = {};
    std::string image;                       // the file that boots: "vmlinux" or "bzImage"
    bool pvh = false;                        // QEMU starts it without a decompressor in the guest
    std::optional<std::string> symbols = {}; // where they are: "symtab", "System.map", or none
    SchedExtFacts sched_ext;
    std::map<std::string, std::string> config_facts = {}; // chosen options; empty if the configuration is unknown
    std::optional<std::string> config_hash = {};          // SHA-256 of the fragment, for a built kernel
    std::vector<std::string> config_lost = {};            // options of the fragment that did not survive
    std::optional<unsigned> build_steps = {};     // lines that the build printed, for the next build's progress bar
    std::string built_at;                         // ISO 8601, UTC
    std::map<std::string, StoredFile> files = {}; // by name; filled in by KernelStore::add()
};

nlohmann::json to_json(const KernelMetadata& metadata);
Result<KernelMetadata> metadata_from_json(const std::string& text);

// The options of `config` that `kernel info` shows.
std::map<std::string, std::string> config_facts(const KernelConfig& config);

// "2026-11-21T07:10:20Z".
std::string utc_now();

// A directory in the making, and the lock that makes its owner the only maker of `key`. Removed if it is not added.
struct KernelStage {
    std::string key;
    FileLock lock;
    TemporaryDirectory directory;
    [[nodiscard]] std::filesystem::path path() const { return directory.path(); }
};

struct StoredKernel {
    std::string id;
    std::filesystem::path directory;
    std::optional<KernelMetadata> metadata; // none if metadata.json is missing or unreadable
    std::optional<Error> damage;            // why it must not be used
};

class KernelStore {
  public:
    explicit KernelStore(std::filesystem::path root) : root_(std::move(root)) {}
    // $XDG_CACHE_HOME/ktstr/kernels.
    static KernelStore of_user();

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }

    // Every entry, sound or damaged, in the order in which they are preferred: attaching before not, built before
    // fetched before local, newer before older. Damaged ones come last.
    [[nodiscard]] std::vector<StoredKernel> list() const;

    // Takes the entry into use: the returned lock (none where the cache cannot be written) keeps `clean` away from it.
    // An error if it is damaged.
    [[nodiscard]] Result<std::shared_ptr<FileLock>> hold(const std::string& id) const;

    // Starts making the kernel `key`. Where another process makes it, `waiting` is told once by whom and asked again
    // every 200 ms whether to go on. Sweeps what killed makers left behind.
    Result<KernelStage> begin(const std::string& key, const std::function<bool(const std::string& holder)>& waiting);

    // Makes the staged files the entry `metadata.id`, atomically. A sound entry of that id that is there already stays.
    Result<KernelMetadata> add(KernelStage stage, KernelMetadata metadata);

    // Removes all but the `keep` preferred sound entries; damaged ones and leftovers go too. Entries in use stay and
    // are returned in `in_use`.
    struct Cleaned {
        std::vector<std::string> removed;
        std::vector<std::string> in_use;
        std::vector<std::string> kept;
    };
    Result<Cleaned> clean(std::size_t keep);

  private:
    [[nodiscard]] StoredKernel load(const std::string& id) const;
    enum class Removal { removed, in_use };
    Result<Removal> remove(const std::string& id);
    // Removes the stages whose makers are gone; `owned_key` is the one whose lock the caller holds.
    void sweep(const std::string& owned_key);
    std::filesystem::path root_;
};

} // namespace ktstr
