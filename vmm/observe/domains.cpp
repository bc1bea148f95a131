// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/domains.h"

#include <bpf/btf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace ktstr::observe {

namespace {

constexpr std::size_t most_levels = 32;        // of one CPU
constexpr std::uint64_t largest_domain = 4096; // bytes
constexpr std::size_t most_trees = 100;        // that are kept
constexpr std::array<std::string_view, 5> counter_prefixes = {"lb_", "alb_", "sbe_", "sbf_", "ttwu_"};

template <typename Value> Value value_at(const Bytes& bytes, std::uint64_t offset) {
    Value value{};
    if (offset + sizeof(value) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

bool same_shape(const std::vector<plan::CpuDomains>& a, const std::vector<plan::CpuDomains>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
        return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& x, const auto& y) {
            return x.name == y.name && x.level == y.level && x.flags == y.flags && x.span == y.span;
        });
    });
}

} // namespace

DomainReader::DomainReader(const GuestKernel& kernel, int cpus) : kernel_(kernel), cpus_(std::min(cpus, most_cpus)) {
    find_fields();
}

void DomainReader::find_fields() {
    const TypeInfo& types = kernel_.types();
    const auto type = types.find_struct("sched_domain");
    const auto need = [this](std::string_view structure, std::string_view member, std::uint64_t& out) {
        const auto offset = kernel_.offset(structure, member);
        if (offset)
            out = *offset;
        else if (absent_.empty())
            absent_ = offset.error().message;
    };
    need("rq", "sd", first_);
    need("sched_domain", "parent", parent_);
    need("sched_domain", "level", level_);
    need("sched_domain", "flags", flags_);
    if (const auto queue = kernel_.per_cpu("runqueues", 0); !queue && absent_.empty()) absent_ = queue.error().message;
    if (!absent_.empty()) return;
    size_ = types.size(*type);
    if (size_ == 0 || size_ > largest_domain) {
        absent_ = "struct sched_domain of this kernel has " + std::to_string(size_) + " bytes";
        return;
    }
    // The mask of CPUs is behind the struct; since 7.0 no member says so (sched_domain_span()).
    const auto span = kernel_.offset("sched_domain", "span");
    span_ = span ? *span : size_;
    if (const auto name = kernel_.offset("sched_domain", "name")) name_ = *name;
    flag_names_ = types.enumerators_beside("SD_BALANCE_NEWIDLE");
    find_counters(*type);
}

void DomainReader::find_counters(std::uint32_t id) {
    const TypeInfo& types = kernel_.types();
    const btf_type* type = types.type(id);
    for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
        const btf_member& member = btf_members(type)[i];
        const std::string name(types.text(member.name_off));
        const std::uint64_t offset = btf_member_bit_offset(type, i) / 8;
        const std::uint64_t size = types.size(member.type);
        const bool counts = std::any_of(counter_prefixes.begin(), counter_prefixes.end(),
                                        [&name](std::string_view prefix) { return name.starts_with(prefix); });
        if (counts && size % sizeof(std::uint32_t) == 0 && size <= size_ && offset <= size_ - size)
            counters_.push_back({name, offset, static_cast<std::uint32_t>(size / sizeof(std::uint32_t))});
    }
}

std::optional<plan::CpuSet> DomainReader::read_span(std::uint64_t address) const {
    std::vector<std::uint64_t> words((static_cast<std::size_t>(cpus_) + 63) / 64);
    if (!kernel_.memory().read(address, std::as_writable_bytes(std::span(words)))) return std::nullopt;
    std::vector<int> members;
    for (int cpu = 0; cpu < cpus_; ++cpu)
        if ((words[static_cast<std::size_t>(cpu) / 64] >> (static_cast<unsigned>(cpu) % 64) & 1U) != 0)
            members.push_back(cpu);
    return plan::CpuSet(std::move(members));
}

std::optional<plan::SchedDomain> DomainReader::read_domain(std::uint64_t address, const Bytes& bytes) const {
    plan::SchedDomain domain;
    domain.level = value_at<std::int32_t>(bytes, level_);
    const auto flags = value_at<std::uint32_t>(bytes, flags_);
    for (const auto& [name, value] : flag_names_)
        if (value > 0 && (flags & static_cast<std::uint64_t>(value)) != 0) domain.flags.push_back(name);
    if (name_) {
        std::array<std::byte, 16> text{};
        if (!kernel_.memory().read(value_at<std::uint64_t>(bytes, *name_), text)) return std::nullopt;
        for (const std::byte byte : text) {
            const char c = static_cast<char>(byte);
            if (c == '\0') break;
            if (c < ' ' || c > '~') return std::nullopt;
            domain.name += c;
        }
    }
    for (const auto& counter : counters_) {
        auto& numbers = domain.counters[counter.name];
        for (std::uint32_t i = 0; i < counter.count; ++i)
            numbers.push_back(value_at<std::uint32_t>(bytes, counter.offset + i * sizeof(std::uint32_t)));
    }
    auto span = read_span(address + span_);
    if (!span) return std::nullopt;
    domain.span = std::move(*span);
    return domain;
}

std::optional<plan::CpuDomains> DomainReader::read_cpu(int cpu) const {
    const auto queue = kernel_.per_cpu("runqueues", cpu);
    if (!queue) return std::nullopt;
    auto address = kernel_.memory().get<std::uint64_t>(*queue + first_);
    plan::CpuDomains domains;
    while (address && *address != 0) {
        if (domains.size() == most_levels) return std::nullopt;
        Bytes bytes(size_);
        if (!kernel_.memory().read(*address, bytes)) return std::nullopt;
        auto domain = read_domain(*address, bytes);
        if (!domain || !domain->span.contains(cpu)) return std::nullopt;
        domains.push_back(std::move(*domain));
        address = value_at<std::uint64_t>(bytes, parent_);
    }
    return address ? std::optional(std::move(domains)) : std::nullopt;
}

std::optional<std::vector<plan::CpuDomains>> DomainReader::read() const {
    std::vector<plan::CpuDomains> cpus;
    for (int cpu = 0; cpu < cpus_; ++cpu) {
        auto domains = read_cpu(cpu);
        if (!domains) return std::nullopt;
        cpus.push_back(std::move(*domains));
    }
    return cpus;
}

void DomainReader::look(std::vector<plan::DomainTree>& trees, std::int64_t at_ns) const {
    if (!absent_.empty()) return;
    auto cpus = read();
    if (!cpus) return;
    if (!trees.empty() && same_shape(trees.back().cpus, *cpus)) {
        trees.back().cpus = std::move(*cpus);
        trees.back().until_ns = at_ns;
        return;
    }
    // What was freed meanwhile reads otherwise soon.
    const auto again = read();
    if (trees.size() < most_trees && again && same_shape(*cpus, *again))
        trees.push_back({at_ns, at_ns, std::move(*cpus)});
}

} // namespace ktstr::observe
