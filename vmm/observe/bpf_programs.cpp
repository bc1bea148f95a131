// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/bpf_programs.h"

#include <bpf/btf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <set>

namespace ktstr::observe {

namespace {

constexpr std::size_t most_programs = 4096;
constexpr std::size_t tag_bytes = BPF_TAG_SIZE;
constexpr const char* scheduler_struct = "sched_ext_ops";

// A number that a kernel may lack.
struct Source {
    std::string_view name; // in plan::BpfProgram
    const char* structure;
    const char* member;
};
constexpr std::array<Source, 6> sources = {{{"verified_insns", "bpf_prog_aux", "verified_insns"},
                                            {"jited_bytes", "bpf_prog", "jited_len"},
                                            {"loaded_at_ns", "bpf_prog_aux", "load_time"},
                                            {"run_count", "bpf_prog_stats", "cnt"},
                                            {"run_time_ns", "bpf_prog_stats", "nsecs"},
                                            {"misses", "bpf_prog_stats", "misses"}}};

std::string text_of(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        const char c = static_cast<char>(byte);
        if (c == '\0') break;
        text += c >= ' ' && c <= '~' ? c : '?';
    }
    return text;
}

std::string hex_digits(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<unsigned>(byte) >> 4U];
        text += digits[std::to_integer<unsigned>(byte) & 15U];
    }
    return text;
}

// Programs of schedulers: the callbacks, and what shares their BTF.
void keep_schedulers(std::vector<RawProgram>& programs) {
    std::set<std::uint32_t> schedulers;
    for (const auto& raw : programs)
        if (!raw.program.callback.empty() && raw.btf != 0) schedulers.insert(raw.btf);
    std::erase_if(programs, [&schedulers](const RawProgram& raw) {
        return raw.program.callback.empty() && !schedulers.contains(raw.btf);
    });
    std::sort(programs.begin(), programs.end(),
              [](const RawProgram& a, const RawProgram& b) { return a.program.id < b.program.id; });
}

} // namespace

Result<ProgramReader> ProgramReader::find(const GuestKernel& kernel, int cpus) {
    ProgramReader reader(kernel);
    if (auto found = reader.find_needed(cpus); !found) return found.error();
    reader.find_optional();
    return reader;
}

Result<void> ProgramReader::find_needed(int cpus) {
    const auto idr = kernel_->symbol("prog_idr");
    const auto tree = kernel_->offset("idr", "idr_rt");
    if (!idr) return idr.error();
    if (!tree) return tree.error();
    at_.programs = *idr + *tree;
    struct Wanted {
        const char* structure;
        const char* member;
        std::uint64_t& offset;
    };
    for (const Wanted& wanted : {Wanted{"bpf_prog", "type", at_.type},
                                 {"bpf_prog", "expected_attach_type", at_.attach},
                                 {"bpf_prog", "tag", at_.tag},
                                 {"bpf_prog", "aux", at_.aux},
                                 {"bpf_prog_aux", "id", at_.id},
                                 {"bpf_prog_aux", "name", at_.name},
                                 {"bpf_prog_aux", "btf", at_.btf},
                                 {"bpf_prog_aux", "attach_btf_id", at_.target}}) {
        const auto offset = kernel_->offset(wanted.structure, wanted.member);
        if (!offset) return offset.error();
        wanted.offset = *offset;
    }
    for (int cpu = 0; cpu < cpus; ++cpu) {
        const auto offset = kernel_->per_cpu_offset(cpu);
        if (!offset) return offset.error();
        per_cpu_offsets_.push_back(*offset);
    }
    return {};
}

void ProgramReader::find_optional() {
    const auto stats = kernel_->offset("bpf_prog", "stats");
    for (const auto& source : sources) {
        const auto offset = kernel_->offset(source.structure, source.member);
        const bool counter = std::string_view(source.structure) == "bpf_prog_stats";
        if (!offset)
            absent_.emplace(source.name, offset.error().message);
        else if (counter && !stats)
            absent_.emplace(source.name, stats.error().message);
        else
            offsets_.emplace(source.name, *offset);
    }
    if (stats) offsets_.emplace("stats", *stats);
    for (const char* member : {"func_info", "func_info_cnt"})
        if (const auto offset = kernel_->offset("bpf_prog_aux", member)) offsets_.emplace(member, *offset);
    if (const auto key = kernel_->symbol("bpf_stats_enabled_key")) stats_key_ = *key;
}

// A static key begins with its count (include/linux/jump_label.h).
bool ProgramReader::counts_runs() const {
    if (!stats_key_) return false;
    const auto enabled = kernel_->memory().get<std::int32_t>(*stats_key_);
    return enabled && *enabled > 0;
}

// check_struct_ops_btf_id() of kernel/bpf/verifier.c: attach_btf_id is the struct, expected_attach_type the number of
// its member.
std::string ProgramReader::callback_of(std::uint64_t program, std::uint64_t aux) const {
    const auto target = kernel_->memory().get<std::uint32_t>(aux + at_.target);
    const auto member = kernel_->memory().get<std::uint32_t>(program + at_.attach);
    const btf_type* type = target ? kernel_->types().type(*target) : nullptr;
    if (type == nullptr || !member || !btf_is_struct(type) || *member >= btf_vlen(type)) return {};
    if (kernel_->types().text(type->name_off) != scheduler_struct) return {};
    return std::string(kernel_->types().text(btf_members(type)[*member].name_off));
}

std::optional<std::uint64_t> ProgramReader::sum_of(std::string_view name, std::uint64_t stats) const {
    const auto offset = offsets_.find(name);
    if (offset == offsets_.end() || stats == 0) return std::nullopt;
    std::uint64_t sum = 0;
    for (const std::uint64_t cpu : per_cpu_offsets_) {
        const auto value = kernel_->memory().get<std::uint64_t>(stats + cpu + offset->second);
        if (!value) return std::nullopt;
        sum += *value;
    }
    return sum;
}

std::optional<std::uint64_t> ProgramReader::number(std::string_view name, std::uint64_t program,
                                                   std::uint64_t aux) const {
    const auto offset = offsets_.find(name);
    if (offset == offsets_.end()) return std::nullopt;
    if (name == "loaded_at_ns") {
        const auto wide = kernel_->memory().get<std::uint64_t>(aux + offset->second);
        return wide ? std::optional(*wide) : std::nullopt;
    }
    const auto value = kernel_->memory().get<std::uint32_t>((name == "jited_bytes" ? program : aux) + offset->second);
    return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
}

// The first of func_info is the program itself, the others are its subprograms.
void ProgramReader::describe_function(std::uint64_t aux, RawProgram& raw) const {
    const auto list = offsets_.find("func_info");
    const auto count = offsets_.find("func_info_cnt");
    if (list == offsets_.end() || count == offsets_.end()) return;
    const auto address = kernel_->memory().get<std::uint64_t>(aux + list->second);
    const auto functions = kernel_->memory().get<std::uint32_t>(aux + count->second);
    if (!address || !functions || *address == 0 || *functions == 0) return;
    const auto function = kernel_->memory().get<std::uint32_t>(*address + offsetof(bpf_func_info, type_id));
    if (function) raw.function = *function;
}

Result<RawProgram> ProgramReader::describe(std::uint64_t address, ProgramTypes& types) const {
    const AddressSpace& memory = kernel_->memory();
    const auto type = memory.get<std::uint32_t>(address + at_.type);
    const auto aux = memory.get<std::uint64_t>(address + at_.aux);
    if (!type) return type.error();
    if (!aux) return aux.error();
    const auto id = memory.get<std::uint32_t>(*aux + at_.id);
    const auto btf = memory.get<std::uint64_t>(*aux + at_.btf);
    if (!id) return id.error();
    if (!btf) return btf.error();
    std::array<std::byte, BPF_OBJ_NAME_LEN> name{};
    std::array<std::byte, tag_bytes> tag{};
    if (auto read = memory.read(*aux + at_.name, name); !read) return read.error();
    if (auto read = memory.read(address + at_.tag, tag); !read) return read.error();
    RawProgram raw;
    raw.program.id = *id;
    raw.program.name = text_of(name);
    raw.program.tag = hex_digits(tag);
    raw.program.type = program_type_name(*type);
    if (*type == BPF_PROG_TYPE_STRUCT_OPS) raw.program.callback = callback_of(address, *aux);
    raw.btf = types.copy(*kernel_, *btf);
    describe_function(*aux, raw);
    raw.program.verified_insns = number("verified_insns", address, *aux);
    raw.program.jited_bytes = number("jited_bytes", address, *aux);
    raw.program.loaded_at_ns = number("loaded_at_ns", address, *aux);
    if (const auto place = offsets_.find("stats"); place != offsets_.end()) {
        const auto stats = memory.get<std::uint64_t>(address + place->second);
        if (!stats) return stats.error();
        raw.program.run_count = sum_of("run_count", *stats);
        raw.program.run_time_ns = sum_of("run_time_ns", *stats);
        raw.program.misses = sum_of("misses", *stats);
    }
    return raw;
}

Result<std::vector<RawProgram>> ProgramReader::read(ProgramTypes& types) const {
    const auto addresses = xarray_entries(*kernel_, at_.programs, most_programs);
    if (!addresses) return addresses.error();
    std::vector<RawProgram> programs;
    for (const std::uint64_t address : *addresses) {
        auto raw = describe(address, types);
        if (!raw) return Error{"the BPF program at " + hex(address) + ": " + raw.error().message};
        programs.push_back(std::move(*raw));
    }
    keep_schedulers(programs);
    return programs;
}

std::vector<plan::BpfProgram> named_programs(const std::vector<RawProgram>& raw, ProgramTypes& types,
                                             const std::map<std::uint32_t, Owner>& owners) {
    std::vector<plan::BpfProgram> programs;
    for (const auto& one : raw) {
        plan::BpfProgram program = one.program;
        const TypeInfo* own = one.function == 0 ? nullptr : types.types(one.btf);
        const btf_type* function = own == nullptr ? nullptr : btf__type_by_id(own->raw(), one.function);
        if (function != nullptr && btf_is_func(function))
            if (const auto name = own->text(function->name_off); name.starts_with(program.name)) program.name = name;
        if (const auto owner = owners.find(one.btf); owner != owners.end()) program.scheduler = owner->second.name;
        programs.push_back(std::move(program));
    }
    return programs;
}

// enum bpf_prog_type in bpftool's words.
std::string_view program_type_name(std::uint32_t type) {
    static constexpr std::array<std::string_view, 33> names = {"unspec",
                                                               "socket_filter",
                                                               "kprobe",
                                                               "sched_cls",
                                                               "sched_act",
                                                               "tracepoint",
                                                               "xdp",
                                                               "perf_event",
                                                               "cgroup_skb",
                                                               "cgroup_sock",
                                                               "lwt_in",
                                                               "lwt_out",
                                                               "lwt_xmit",
                                                               "sock_ops",
                                                               "sk_skb",
                                                               "cgroup_device",
                                                               "sk_msg",
                                                               "raw_tracepoint",
                                                               "cgroup_sock_addr",
                                                               "lwt_seg6local",
                                                               "lirc_mode2",
                                                               "sk_reuseport",
                                                               "flow_dissector",
                                                               "cgroup_sysctl",
                                                               "raw_tracepoint_writable",
                                                               "cgroup_sockopt",
                                                               "tracing",
                                                               "struct_ops",
                                                               "ext",
                                                               "lsm",
                                                               "sk_lookup",
                                                               "syscall",
                                                               "netfilter"};
    return type < names.size() ? names.at(type) : "a type of its own";
}

} // namespace ktstr::observe
