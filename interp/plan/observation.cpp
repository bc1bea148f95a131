// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/observation.h"

#include <cmath>
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
