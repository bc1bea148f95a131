// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/observation.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace ktstr::plan {

using nlohmann::json;

json to_json(const Snapshot& snapshot) {
    json result = snapshot.state ? *snapshot.state : json::object();
    result["name"] = snapshot.name;
    result["trigger"] = snapshot.trigger;
    result["at_ns"] = snapshot.at_ns;
    result["step"] = snapshot.step;
    result["stopped_ms"] = snapshot.stopped_ms;
    result["placeholder"] = !snapshot.state;
    if (!snapshot.state) result["reason"] = snapshot.reason;
    return result;
}

namespace {

json to_json(const SchedDomain& domain) {
    json counters = json::object();
    for (const auto& [name, numbers] : domain.counters)
        counters[name] = numbers.size() == 1 ? json(numbers.front()) : json(numbers);
    return {{"name", domain.name},
            {"level", domain.level},
            {"flags", domain.flags},
            {"span", domain.span.list()},
            {"counters", std::move(counters)}};
}

json to_json(const DomainTree& tree) {
    json cpus = json::array();
    for (const auto& domains : tree.cpus) {
        json list = json::array();
        for (const auto& domain : domains) list.push_back(to_json(domain));
        cpus.push_back(std::move(list));
    }
    return {{"at_ns", tree.at_ns}, {"until_ns", tree.until_ns}, {"cpus", std::move(cpus)}};
}

} // namespace

json to_json(const Monitor& monitor) {
    json domains = json::array();
    for (const auto& tree : monitor.domains) domains.push_back(to_json(tree));
    json samples = json::array();
    for (const auto& sample : monitor.samples) {
        json values = json::array();
        for (const double value : sample.values) values.push_back(std::isfinite(value) ? json(value) : json());
        samples.push_back({{"at_ns", sample.at_ns}, {"step", sample.step}, {"values", std::move(values)}});
    }
    return {{"interval_ns", monitor.interval_ns}, {"names", monitor.names},        {"absent", monitor.absent},
            {"reason", monitor.reason},           {"samples", std::move(samples)}, {"domains", std::move(domains)}};
}

json to_json(const BpfProgram& program) {
    const auto or_null = [](const std::optional<std::uint64_t>& number) { return number ? json(*number) : json(); };
    json mean;
    if (program.run_time_ns && program.run_count.value_or(0) > 0)
        mean = static_cast<double>(*program.run_time_ns) / static_cast<double>(*program.run_count);
    return {{"scheduler", program.scheduler},
            {"callback", program.callback},
            {"name", program.name},
            {"type", program.type},
            {"id", program.id},
            {"tag", program.tag},
            {"verified_insns", or_null(program.verified_insns)},
            {"jited_bytes", or_null(program.jited_bytes)},
            {"loaded_at_ns", or_null(program.loaded_at_ns)},
            {"run_count", or_null(program.run_count)},
            {"run_time_ns", or_null(program.run_time_ns)},
            {"mean_ns", std::move(mean)},
            {"misses", or_null(program.misses)}};
}

json to_json(const BpfPrograms& programs) {
    json list = json::array();
    for (const auto& program : programs.list) list.push_back(to_json(program));
    return {{"list", std::move(list)},
            {"absent", programs.absent},
            {"reason", programs.reason},
            {"warnings", verifier_warnings(programs)}};
}

bool near_limit(const BpfProgram& program) {
    return static_cast<double>(program.verified_insns.value_or(0)) >=
           verified_insns_warning * static_cast<double>(verified_insns_limit);
}

std::vector<std::string> verifier_warnings(const BpfPrograms& programs) {
    std::vector<std::string> lines;
    for (const auto& program : programs.list) {
        if (!near_limit(program)) continue;
        const double percent =
            100.0 * static_cast<double>(*program.verified_insns) / static_cast<double>(verified_insns_limit);
        std::array<char, 16> text{};
        std::snprintf(text.data(), text.size(), "%.1f", percent);
        lines.push_back("the BPF program " + program.name + " took the verifier " +
                        std::to_string(*program.verified_insns) + " instructions, " + text.data() +
                        " % of its limit of " + std::to_string(verified_insns_limit));
    }
    return lines;
}

json to_json(const Watch& watch) {
    return {{"name", watch.name},       {"step", watch.step},         {"address", watch.address},
            {"bytes", watch.bytes},     {"fires", watch.fires},       {"captured", watch.captured},
            {"dropped", watch.dropped}, {"blind_ms", watch.blind_ms}, {"ended_early", watch.ended_early}};
}

json to_json(const KernelRead& read) {
    return {
        {"name", read.name}, {"at_ns", read.at_ns}, {"step", read.step}, {"value", read.value ? *read.value : json()}};
}

} // namespace ktstr::plan
