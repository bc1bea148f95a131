// SPDX-License-Identifier: GPL-2.0-only
#include <nlohmann/json.hpp>

#include "fuzz/targets.h"
#include "fuzz/victim.h"
#include "vmm/observe/domains.h"
#include "vmm/observe/monitor.h"
#include "vmm/observe/snapshot.h"
#include "vmm/observe/target.h"

namespace ktstr::fuzz {

namespace {

constexpr observe::CaptureLimits limits = {.maps = 100, .entries = 200, .bytes = 64U << 10U, .steps = 20'000};

std::string check_captured(const std::vector<observe::RawMap>& maps) {
    std::size_t bytes = 0;
    for (const auto& map : maps) {
        if (map.entries.size() > limits.entries) return "a map has more entries than the limit";
        if (map.absent.empty() && map.entries.empty() && map.type == 99) return "a map is absent without a reason";
        bytes += map.bytes.size();
    }
    if (bytes > limits.bytes) return "maps have more bytes than the limit";
    return maps.size() > limits.maps ? "there are more maps than the limit" : "";
}

std::string try_snapshot(const observe::GuestKernel& kernel) {
    observe::ProgramTypes types;
    const auto raw = observe::copy_snapshot(kernel, Victim::cpus, types, limits);
    if (!raw) return raw.error().message.empty() ? "a snapshot fails without a reason" : "";
    if (auto fault = check_captured(raw->maps); !fault.empty()) return fault;
    (void)observe::render_snapshot(kernel, *raw, types).dump(); // throws on a text that is not UTF-8
    return {};
}

std::string try_places(const observe::GuestKernel& kernel) {
    using Kind = plan::KernelTarget::Kind;
    observe::ProgramTypes types;
    const auto read = [&](const Result<observe::Place>& place) {
        if (!place) return place.error().message.empty();
        const auto value = observe::read_place(kernel, *place);
        return !value && value.error().message.empty();
    };
    bool silent = false;
    for (const char* path : {"nr_queued", "pair.b", "pair.next.next.a"})
        silent = read(observe::find_global(kernel, Victim::cpus, types, path)) || silent;
    for (const char* field : {"curr.comm", "scx.nr_running", "curr.pid_links[3]"})
        silent = read(observe::find_place(
                     kernel, {.kind = Kind::per_cpu, .symbol = "runqueues", .cpu = 1, .field = field}, 0)) ||
                 silent;
    silent = read(observe::find_place(kernel, {.kind = Kind::task, .field = "comm"}, Victim::pid)) || silent;
    return silent ? "a place cannot be read, without a reason" : "";
}

} // namespace

std::string try_memory(std::string_view input) {
    if (input.empty()) return {};
    constexpr std::uint64_t slide = 16U << 20U;
    static std::array<Victim, 4> victims = {Victim(4, 0), Victim(5, 0), Victim(4, slide), Victim(5, slide)};
    Victim& victim = victims.at(static_cast<unsigned char>(input.front()) % victims.size());
    victim.write(input.substr(1));
    const auto kernel = victim.kernel();
    if (!kernel) return kernel.error().message.empty() ? "a kernel is not found, without a reason" : "";
    if (auto fault = try_snapshot(*kernel); !fault.empty()) return fault;
    observe::MonitorReader monitor(*kernel, Victim::cpus, {});
    for (int look = 0; look < 2; ++look)
        if (monitor.sample().size() != monitor.names().size()) return "the monitor has values without a name";
    std::vector<plan::DomainTree> trees;
    observe::DomainReader(*kernel, Victim::cpus).look(trees, 0);
    if (trees.size() > 1) return "one look makes several trees";
    return try_places(*kernel);
}

} // namespace ktstr::fuzz
