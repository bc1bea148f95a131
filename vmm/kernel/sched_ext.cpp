// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/sched_ext.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "vmm/kernel/elf_file.h"

namespace ktstr {

namespace {

constexpr std::uint32_t kf_implicit_args = 1U << 16U; // include/linux/btf.h, from 7.1 on

struct FreeBtf {
    void operator()(btf* types) const { btf__free(types); }
};

// Each group is one service under the names it had: kfuncs were renamed after 6.12 (`dispatch` became `dsq_insert`).
const std::vector<std::vector<std::string>>& needed_kfuncs() {
    static const std::vector<std::vector<std::string>> groups = {
        {"scx_bpf_create_dsq"},
        {"scx_bpf_dsq_insert", "scx_bpf_dsq_insert___v2", "scx_bpf_dispatch"},
        {"scx_bpf_dsq_insert_vtime", "__scx_bpf_dsq_insert_vtime", "scx_bpf_dispatch_vtime"},
        {"scx_bpf_dsq_move_to_local", "scx_bpf_dsq_move_to_local___v2", "scx_bpf_consume"},
        {"scx_bpf_select_cpu_dfl"},
        {"scx_bpf_kick_cpu"},
        {"scx_bpf_dsq_nr_queued"},
        {"scx_bpf_error_bstr"},
        {"scx_bpf_exit_bstr"},
    };
    return groups;
}

bool is_scx_kfunc_name(std::string_view name) {
    return name.starts_with("scx_bpf_") || name.starts_with("__scx_bpf_") || name.starts_with("bpf_iter_scx_dsq_");
}

// The word that follows each type id in .BTF_ids: in the sets of kfuncs (struct btf_id_set8) that is its flags.
std::multimap<std::uint32_t, std::uint32_t> flags_by_id(std::string_view btf_ids) {
    std::multimap<std::uint32_t, std::uint32_t> flags;
    for (std::size_t at = 0; at + 8 <= btf_ids.size(); at += 4) {
        std::uint32_t pair[2];
        std::memcpy(pair, btf_ids.data() + at, sizeof(pair));
        flags.emplace(pair[0], pair[1]);
    }
    return flags;
}

// Whether the last parameter is the verifier's `const struct bpf_prog_aux *aux`.
bool shows_implicit_argument(const btf* types, const btf_type* function) {
    const btf_type* prototype = btf__type_by_id(types, function->type);
    if (prototype == nullptr || !btf_is_func_proto(prototype) || btf_vlen(prototype) == 0) return false;
    const btf_param& last = btf_params(prototype)[btf_vlen(prototype) - 1];
    const char* name = btf__name_by_offset(types, last.name_off);
    return name != nullptr && std::string_view(name) == "aux";
}

struct Kfunc {
    std::uint32_t id;
    const btf_type* type;
};

class Judge {
  public:
    Judge(const btf* types, std::string_view btf_ids)
        : types_(types), flags_(flags_by_id(btf_ids)), has_ids_(!btf_ids.empty()) {
        for (std::uint32_t id = 1; id < btf__type_cnt(types); ++id) {
            const btf_type* type = btf__type_by_id(types, id);
            if (!btf_is_func(type)) continue;
            const char* name = btf__name_by_offset(types, type->name_off);
            if (name != nullptr && is_scx_kfunc_name(name)) functions_.emplace(name, Kfunc{id, type});
        }
    }

    [[nodiscard]] SchedExtFacts facts() const {
        SchedExtFacts facts;
        // The wrapper that libbpf looks for when it loads a struct_ops map of sched_ext_ops.
        facts.present = btf__find_by_name_kind(types_, "bpf_struct_ops_sched_ext_ops", BTF_KIND_STRUCT) > 0;
        for (const auto& [name, function] : functions_) {
            if (is_counterpart(name) || !registered(function)) continue;
            (works(name, function) ? facts.callable : facts.broken).push_back(name);
        }
        if (!facts.present) return facts;
        for (const auto& group : needed_kfuncs()) {
            const bool any = std::any_of(group.begin(), group.end(), [&](const auto& name) {
                return std::binary_search(facts.callable.begin(), facts.callable.end(), name);
            });
            if (any) continue;
            std::string names;
            for (const auto& name : group) names += (names.empty() ? "" : " or ") + name;
            facts.missing.push_back(names);
        }
        return facts;
    }

  private:
    // `X_impl` of a kfunc X: what the verifier calls, never called by its own name.
    [[nodiscard]] bool is_counterpart(const std::string& name) const {
        constexpr std::string_view suffix = "_impl";
        return name.ends_with(suffix) && functions_.contains(name.substr(0, name.size() - suffix.size()));
    }
    [[nodiscard]] bool registered(const Kfunc& function) const { return !has_ids_ || flags_.contains(function.id); }
    [[nodiscard]] bool works(const std::string& name, const Kfunc& function) const {
        if (shows_implicit_argument(types_, function.type)) return false;
        const auto [first, last] = flags_.equal_range(function.id);
        const bool implicit = first != last && std::all_of(first, last, [](const auto& entry) {
                                  return (entry.second & kf_implicit_args) != 0;
                              });
        return !implicit || functions_.contains(name + "_impl");
    }

    const btf* types_;
    std::multimap<std::uint32_t, std::uint32_t> flags_;
    bool has_ids_;
    std::map<std::string, Kfunc> functions_;
};

int say_nothing(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) { return 0; }

} // namespace

Result<SchedExtFacts> sched_ext_facts(std::string_view btf_bytes, std::string_view btf_ids, const std::string& name) {
    const auto previous = libbpf_set_print(say_nothing); // damaged BTF is our error to report
    const std::unique_ptr<btf, FreeBtf> types(btf__new(btf_bytes.data(), static_cast<std::uint32_t>(btf_bytes.size())));
    libbpf_set_print(previous);
    if (!types) return Error{"the BTF of " + name + " is damaged"};
    return Judge(types.get(), btf_ids).facts();
}

Result<SchedExtFacts> sched_ext_facts(const std::filesystem::path& vmlinux) {
    const auto elf = ElfFile::open(vmlinux);
    if (!elf) return elf.error();
    const auto btf = elf->section(".BTF");
    if (!btf) return SchedExtFacts{};
    return sched_ext_facts(*btf, elf->section(".BTF_ids").value_or(std::string_view{}), vmlinux.string());
}

} // namespace ktstr
