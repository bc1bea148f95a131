// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/template.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "interp/plan/fields.h"
#include "vmm/boot/accelerator.h"
#include "vmm/boot/shape.h"
#include "vmm/boot/tsc.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int layout_version = 1;
constexpr std::size_t page = 4096;
constexpr std::uint64_t default_limit_mib = 4096;

struct FileFacts {
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::string sha256;
};

Result<FileFacts> look_at(const Fd& fd, const std::string& name) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("look at", name, errno);
    return FileFacts{static_cast<std::uint64_t>(status.st_size),
                     static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
                     {}};
}

std::string path_of(const Fd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

std::string boot_id() {
    const auto text = read_file("/proc/sys/kernel/random/boot_id");
    return text ? *text : std::string();
}

json to_json(const FileFacts& facts) {
    return {{"size", facts.size}, {"mtime_ns", facts.mtime_ns}, {"sha256", facts.sha256}};
}

Result<FileFacts> read_facts(const json& value, const std::string& where) {
    FileFacts facts;
    plan::Fields fields(value, where);
    fields.integer("size", facts.size);
    fields.integer("mtime_ns", facts.mtime_ns);
    fields.text("sha256", facts.sha256);
    return fields.finish(facts);
}

struct Metadata {
    json identity;
    std::string boot_id; // of the host, when the content was last known to be right
    std::string kernel_release;
    std::uint32_t next_sequence = 0;
    std::uint64_t tsc_khz = 0; // of the host, when it was made
    FileFacts memory;
    FileFacts state;
};

json to_json(const Metadata& metadata) {
    return {{"identity", metadata.identity},
            {"boot_id", metadata.boot_id},
            {"kernel_release", metadata.kernel_release},
            {"next_sequence", metadata.next_sequence},
            {"tsc_khz", metadata.tsc_khz},
            {"memory", to_json(metadata.memory)},
            {"state", to_json(metadata.state)}};
}

Result<Metadata> read_metadata(const fs::path& path) {
    const auto text = read_file(path, 1U << 20U);
    if (!text) return text.error();
    const json value = json::parse(*text, nullptr, false);
    Metadata metadata;
    plan::Fields fields(value, "metadata.json");
    fields.object("identity", metadata.identity);
    fields.text("boot_id", metadata.boot_id);
    fields.text("kernel_release", metadata.kernel_release);
    fields.integer("next_sequence", metadata.next_sequence);
    fields.integer("tsc_khz", metadata.tsc_khz);
    fields.nested("memory", metadata.memory, read_facts);
    fields.nested("state", metadata.state, read_facts);
    return fields.finish(std::move(metadata));
}

bool all_zero(const char* data) {
    static constexpr std::array<char, page> zeros{};
    return std::memcmp(data, zeros.data(), page) == 0;
}

Result<void> write_at(int fd, const char* data, std::size_t size, std::uint64_t offset, const std::string& name) {
    while (size > 0) {
        const ssize_t count = ::pwrite(fd, data, size, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return errno_error("write", name, count == 0 ? EIO : errno);
        data += count;
        offset += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return {};
}

// A mapping for reading.
class Mapping {
  public:
    Mapping(const Fd& fd, std::uint64_t bytes)
        : address_(::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd.get(), 0)), bytes_(bytes) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (valid()) ::munmap(address_, bytes_);
    }
    [[nodiscard]] bool valid() const { return address_ != MAP_FAILED; }
    [[nodiscard]] const char* data() const { return static_cast<const char*>(address_); }

  private:
    void* address_;
    std::uint64_t bytes_;
};

// Calls with(begin, end) for each stretch of the file that is not a hole, within [from, to).
template <typename With> Result<void> each_stretch(const Fd& fd, std::uint64_t from, std::uint64_t to, With with) {
    while (from < to) {
        const off_t begin = ::lseek(fd.get(), static_cast<off_t>(from), SEEK_DATA);
        if (begin < 0 && errno == ENXIO) return {};
        if (begin < 0) return errno_error("read", "a saved memory", errno);
        if (static_cast<std::uint64_t>(begin) >= to) return {};
        const off_t end = ::lseek(fd.get(), begin, SEEK_HOLE);
        if (end < 0) return errno_error("read", "a saved memory", errno);
        const auto last = std::min(to, static_cast<std::uint64_t>(end));
        if (auto done = with(static_cast<std::uint64_t>(begin), last); !done) return done;
        from = last;
    }
    return {};
}

// Writes the pages of `node` that are not zero to `fd` from `offset` on.
Result<void> dump_node(const NodeMemory& node, int fd, std::uint64_t offset, const std::string& name) {
    const Mapping memory(node.file, node.bytes);
    if (!memory.valid()) return errno_error("map", "guest memory", errno);
    return each_stretch(node.file, 0, node.bytes, [&](std::uint64_t begin, std::uint64_t end) -> Result<void> {
        for (std::uint64_t at = begin; at < end;) {
            while (at < end && all_zero(memory.data() + at)) at += page;
            const std::uint64_t first = at;
            while (at < end && !all_zero(memory.data() + at)) at += page;
            if (first < at)
                if (auto written = write_at(fd, memory.data() + first, at - first, offset + first, name); !written)
                    return written;
        }
        return {};
    });
}

std::uint64_t total_bytes(const std::vector<NodeMemory>& nodes) {
    std::uint64_t total = 0;
    for (const auto& node : nodes) total += node.bytes;
    return total;
}

Result<void> dump_memory(const std::vector<NodeMemory>& nodes, const fs::path& path) {
    const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return errno_error("create", path.string(), errno);
    if (::ftruncate(fd.get(), static_cast<off_t>(total_bytes(nodes))) != 0)
        return errno_error("size", path.string(), errno);
    std::uint64_t offset = 0;
    for (const auto& node : nodes) {
        if (auto dumped = dump_node(node, fd.get(), offset, path.string()); !dumped) return dumped;
        offset += node.bytes;
    }
    return {};
}

// SHA-256 of what is not a hole, with its places: holes cost nothing.
Result<std::string> sparse_sha256(const Fd& fd, std::uint64_t size) {
    if (size == 0) return sha256_hex("");
    const Mapping content(fd, size);
    if (!content.valid()) return errno_error("map", "a saved memory", errno);
    std::string digests;
    auto hashed = each_stretch(fd, 0, size, [&](std::uint64_t begin, std::uint64_t end) -> Result<void> {
        // Page by page zeros are skipped: whether they are holes is the file system's business.
        for (std::uint64_t at = begin; at < end;) {
            while (at < end && all_zero(content.data() + at)) at += page;
            const std::uint64_t first = at;
            while (at < end && !all_zero(content.data() + at)) at += page;
            if (first < at)
                digests += std::to_string(first) + ":" + sha256_hex({content.data() + first, at - first}) + "\n";
        }
        return {};
    });
    if (!hashed) return hashed.error();
    return sha256_hex(digests);
}

Result<FileFacts> facts_of_memory(const fs::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    auto facts = look_at(fd, path.string());
    if (!facts) return facts;
    auto hash = sparse_sha256(fd, facts->size);
    if (!hash) return hash.error();
    facts->sha256 = *hash;
    return facts;
}

Result<FileFacts> facts_of_state(const fs::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    auto facts = look_at(fd, path.string());
    if (!facts) return facts;
    auto hash = sha256_file(path);
    if (!hash) return hash.error();
    facts->sha256 = *hash;
    return facts;
}

bool same_look(const FileFacts& one, const FileFacts& other) {
    return one.size == other.size && one.mtime_ns == other.mtime_ns;
}

Fd open_for_reading(const fs::path& path) { return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

// What the entry takes on disk.
std::uint64_t disk_bytes(const fs::path& entry) {
    std::uint64_t bytes = 0;
    for (const char* name : {"memory", "state", "metadata.json"}) {
        struct stat status {};
        if (::stat((entry / name).c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return bytes;
}

} // namespace

namespace {

// Everything that the machine's shape is told by: the label says nothing of what nodes have beside their LLCs.
std::string shape_text(const MachineConfig& config) {
    std::vector<MemoryFile> memory;
    for (const auto bytes : node_memory(config.topology, config.memory_bytes)) memory.push_back({"", bytes});
    std::string text;
    for (const auto& argument : shape_arguments(config.topology, memory)) text += argument + " ";
    return text;
}

} // namespace

TemplateIdentity template_identity(const MachineConfig& config, const std::string& kernel_sha256,
                                   const std::string& initramfs_sha256) {
    return {{"layout", std::to_string(layout_version)},
            {"kernel", kernel_sha256},
            {"initramfs", initramfs_sha256},
            {"qemu", qemu_identity()},
            {"cpu_model", cpu_model},
            {"accelerator", config.accelerator},
            {"topology", shape_text(config)},
            {"memory_bytes", std::to_string(config.memory_bytes)},
            {"disk", config.disk ? "yes" : "no"},
            {"kernel_args", kernel_args(config)}};
}

std::string template_key(const TemplateIdentity& identity) { return sha256_hex(json(identity).dump()).substr(0, 32); }

TemplateStore TemplateStore::of_user() {
    std::uint64_t limit_mib = default_limit_mib;
    if (const char* text = std::getenv("KTSTR_TEMPLATE_LIMIT"); text != nullptr && *text >= '0' && *text <= '9')
        limit_mib = std::strtoull(text, nullptr, 10);
    return {cache_directory() / "templates", limit_mib << 20U};
}

Result<std::optional<Template>> TemplateStore::open(const TemplateIdentity& identity) const {
    const fs::path entry = root_ / template_key(identity);
    std::error_code code;
    if (!fs::exists(entry, code)) return std::optional<Template>{};
    const auto refuse = [&](const std::string& why) {
        remove(identity);
        return Error{"the saved machine cannot be used: " + why};
    };
    auto metadata = read_metadata(entry / "metadata.json");
    if (!metadata) return refuse(metadata.error().message);
    Template opened{open_for_reading(entry / "memory"), open_for_reading(entry / "state"), metadata->kernel_release,
                    metadata->next_sequence};
    if (!opened.memory || !opened.state) return refuse("a file of it is missing");
    if (metadata->identity != json(identity)) return refuse("it was made of something else");
    const std::uint64_t khz = host_tsc_khz();
    if (std::max(khz, metadata->tsc_khz) - std::min(khz, metadata->tsc_khz) > khz / 1000)
        return refuse("it was made on a host whose TSC runs at another rate");
    const auto memory = look_at(opened.memory, "memory");
    const auto state = look_at(opened.state, "state");
    if (!memory || !state || !same_look(*memory, metadata->memory) || !same_look(*state, metadata->state))
        return refuse("its files are not as they were written");
    if (metadata->boot_id != boot_id()) {
        const auto memory_hash = sparse_sha256(opened.memory, memory->size);
        const auto state_hash = sha256_file(path_of(opened.state));
        if (!memory_hash || *memory_hash != metadata->memory.sha256 || !state_hash ||
            *state_hash != metadata->state.sha256)
            return refuse("its content has changed");
        metadata->boot_id = boot_id();
        (void)write_file(entry / "metadata.json",
                         to_json(*metadata).dump(1) + "\n"); // read-only: checked again next time
    }
    (void)::utimensat(AT_FDCWD, entry.c_str(), nullptr, 0); // the time of its last use, for evict()
    return std::optional<Template>(std::move(opened));
}

Result<bool> TemplateStore::save(Machine& machine, const TemplateIdentity& identity, const std::string& kernel_release,
                                 std::uint32_t next_sequence) const {
    const std::string key = template_key(identity);
    if (auto made = make_directories(root_); !made) return made.error();
    std::error_code code;
    if (fs::exists(root_ / key, code)) return false;
    const auto lock = FileLock::acquire(root_ / (".making-" + key + ".lock"), FileLock::Mode::exclusive,
                                        std::chrono::milliseconds(0));
    if (!lock)
        return fs::exists(root_ / (".making-" + key + ".lock"), code) ? Result<bool>(false)
                                                                      : Result<bool>(lock.error());
    auto stage = TemporaryDirectory::create_in(root_, ".stage-" + key + "-");
    if (!stage) return stage.error();
    const auto dump = [&]() -> Result<void> {
        if (auto saved = machine.save_state(stage->path() / "state"); !saved) return saved;
        return dump_memory(machine.memory(), stage->path() / "memory");
    };
    if (auto stopped = machine.stop(); !stopped) return stopped.error();
    const auto dumped = dump();
    if (auto resumed = machine.resume(); !resumed) return resumed.error();
    if (!dumped) return dumped.error();
    auto memory = facts_of_memory(stage->path() / "memory");
    auto state = facts_of_state(stage->path() / "state");
    if (!memory) return memory.error();
    if (!state) return state.error();
    const Metadata metadata{json(identity), boot_id(), kernel_release, next_sequence, host_tsc_khz(), *memory, *state};
    if (auto written = write_file(stage->path() / "metadata.json", to_json(metadata).dump(1) + "\n"); !written)
        return written.error();
    if (::rename(stage->path().c_str(), (root_ / key).c_str()) != 0)
        return errno_error("make", (root_ / key).string(), errno);
    stage->release();
    evict(key);
    return true;
}

void TemplateStore::remove(const TemplateIdentity& identity) const {
    // Renamed first: nobody finds half an entry.
    auto grave = TemporaryDirectory::create_in(root_, ".removed-");
    if (grave) (void)::rename((root_ / template_key(identity)).c_str(), (grave->path() / "entry").c_str());
}

void TemplateStore::evict(const std::string& newest) const {
    struct Entry {
        fs::path path;
        fs::file_time_type used;
        std::uint64_t bytes;
    };
    std::vector<Entry> entries;
    std::uint64_t total = 0;
    std::error_code code;
    for (fs::directory_iterator at(root_, code), end; !code && at != end; at.increment(code)) {
        const std::string name = at->path().filename().string();
        std::error_code ignored;
        const auto used = fs::last_write_time(at->path(), ignored);
        if (name.starts_with(".stage-") || name.starts_with(".removed-")) {
            // Left by a kill: nobody takes an hour to make or remove one.
            if (!ignored && fs::file_time_type::clock::now() - used > std::chrono::hours(1))
                fs::remove_all(at->path(), ignored);
        } else if (!name.starts_with(".")) {
            entries.push_back({at->path(), used, disk_bytes(at->path())});
            total += entries.back().bytes;
        }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& one, const Entry& other) { return one.used < other.used; });
    for (const auto& entry : entries) {
        if (total <= limit_bytes_) return;
        if (entry.path.filename() == newest) continue;
        auto grave = TemporaryDirectory::create_in(root_, ".removed-");
        if (!grave || ::rename(entry.path.c_str(), (grave->path() / "entry").c_str()) != 0) return;
        total -= entry.bytes;
    }
}

Result<void> copy_memory(const Template& from, const std::vector<NodeMemory>& to) {
    const auto facts = look_at(from.memory, "a saved memory");
    if (!facts) return facts.error();
    if (facts->size != total_bytes(to)) return Error{"the saved memory is not of the machine's size"};
    // Read, not mapped: a file that shrinks meanwhile is an error then, not a signal.
    std::vector<char> buffer(256U << 10U);
    std::uint64_t offset = 0;
    for (const auto& node : to) {
        auto copied = each_stretch(
            from.memory, offset, offset + node.bytes, [&](std::uint64_t at, std::uint64_t end) -> Result<void> {
                while (at < end) {
                    const ssize_t count =
                        ::pread(from.memory.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), end - at),
                                static_cast<off_t>(at));
                    if (count < 0 && errno == EINTR) continue;
                    if (count <= 0) return errno_error("read", "a saved memory", count == 0 ? EIO : errno);
                    const auto size = static_cast<std::size_t>(count);
                    if (auto written = write_at(node.file.get(), buffer.data(), size, at - offset, "guest memory");
                        !written)
                        return written;
                    at += size;
                }
                return {};
            });
        if (!copied) return copied;
        offset += node.bytes;
    }
    return {};
}

} // namespace ktstr::vmm
