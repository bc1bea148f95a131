// SPDX-License-Identifier: GPL-2.0-only
#include "report/variant.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "report/result.h"

namespace ktstr::report {

namespace {

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    }

    void absorb(std::uint64_t word, int rounds) {
        v3 ^= word;
        for (int i = 0; i < rounds; ++i) round();
        v0 ^= word;
    }
};

// Up to eight bytes, the first one lowest.
std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return word;
}

struct Names {
    std::set<std::string> work_types;
    std::set<std::string> payloads;

    void add(const std::vector<plan::Op>& ops) {
        for (const auto& op : ops) {
            if (const auto* cgroup = std::get_if<plan::AddCgroup>(&op.action))
                for (const auto& work : cgroup->spec.works) work_types.insert(work.work_type);
            if (const auto* spawn = std::get_if<plan::Spawn>(&op.action)) work_types.insert(spawn->work.work_type);
            if (const auto* run = std::get_if<plan::RunPayload>(&op.action)) payloads.insert(run->payload);
        }
    }
};

std::string joined_set(const std::set<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : "+") + name;
    return text;
}

} // namespace

std::uint64_t siphash(int compression_rounds, int finalization_rounds, std::uint64_t key0, std::uint64_t key1,
                      std::string_view data) {
    SipState state{key0 ^ 0x736f6d6570736575ULL, key1 ^ 0x646f72616e646f6dULL, key0 ^ 0x6c7967656e657261ULL,
                   key1 ^ 0x7465646279746573ULL};
    const auto length = static_cast<std::uint64_t>(data.size());
    while (data.size() >= 8) {
        state.absorb(little_endian(data.substr(0, 8)), compression_rounds);
        data.remove_prefix(8);
    }
    state.absorb(little_endian(data) | length << 56U, compression_rounds);
    state.v2 ^= 0xff;
    for (int i = 0; i < finalization_rounds; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

VariantIdentity variant_identity(const plan::Plan& plan) {
    VariantIdentity identity;
    identity.topology = plan.topology.label();
    identity.scheduler = scheduler_name(plan);
    Names names;
    names.add(plan.backdrop);
    for (const auto& step : plan.steps) {
        names.add(step.ops);
        names.add(step.loop);
    }
    identity.work_type = joined_set(names.work_types);
    identity.payload = joined_set(names.payloads);
    if (const auto* scheduler = plan.initial_scheduler()) identity.flags = scheduler->flags;
    identity.parameters = plan.parameters;
    std::sort(identity.flags.begin(), identity.flags.end());
    for (const auto& [name, value] : plan.sysctls) identity.sysctls.push_back("sysctl." + name + "=" + value);
    identity.kargs = plan.kernel_args;
    std::sort(identity.sysctls.begin(), identity.sysctls.end());
    std::sort(identity.kargs.begin(), identity.kargs.end());
    return identity;
}

Result<VariantIdentity> variant_identity(const nlohmann::json& sidecar) {
    VariantIdentity identity;
    const char* key = "";
    const auto take = [&](const char* name, auto& value) {
        key = name;
        if (const auto found = sidecar.find(name); found != sidecar.end() && !found->is_null()) found->get_to(value);
    };
    try {
        take("topology", identity.topology);
        take("scheduler", identity.scheduler);
        take("work_type", identity.work_type);
        take("sysctls", identity.sysctls);
        take("kargs", identity.kargs);
        take("payload", identity.payload);
        take("flags", identity.flags);
        take("parameters", identity.parameters);
    } catch (const nlohmann::json::exception&) {
        return Error{std::string("the record's \"") + key + "\" is of another type than it should be"};
    }
    for (auto* list : {&identity.sysctls, &identity.kargs, &identity.flags}) std::sort(list->begin(), list->end());
    return identity;
}

std::string variant_hash(const VariantIdentity& identity) {
    nlohmann::json canonical = {
        {"topology", identity.topology},   {"scheduler", identity.scheduler}, {"payload", nullptr},
        {"work_type", identity.work_type}, {"sysctls", identity.sysctls},     {"kargs", identity.kargs}};
    if (!identity.payload.empty()) canonical["payload"] = identity.payload;
    if (!identity.flags.empty()) canonical["flags"] = identity.flags;
    if (!identity.parameters.empty()) canonical["parameters"] = identity.parameters;
    const auto bytes = canonical.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::array<char, 17> hex{};
    std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(siphash(1, 3, 0, 0, bytes)));
    return hex.data();
}

std::string variant_hash(const plan::Plan& plan) { return variant_hash(variant_identity(plan)); }

} // namespace ktstr::report
