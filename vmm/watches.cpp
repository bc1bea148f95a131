// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/watches.h"

#include <algorithm>

namespace ktstr::vmm {

namespace {

// Runs it with the machine stopped.
template <typename Work> Result<void> stopped(Machine& machine, const Work& work) {
    if (auto stop = machine.stop(); !stop) return stop;
    Result<void> done = work();
    const auto resumed = machine.resume();
    return done ? resumed : done;
}

} // namespace

Result<void> Watches::add(Machine& machine, const plan::WatchSnapshot& watch, int step, std::uint64_t address,
                          std::uint64_t bytes) {
    if (auto started = machine.start_debugger(); !started) return started;
    auto set = stopped(machine, [&] { return machine.debugger()->watch(address, bytes); });
    if (!set) return set;
    armed_.push_back({seen_.size(), watch.max_fires, std::chrono::nanoseconds(watch.min_interval_ns), step});
    seen_.push_back({.name = watch.name, .step = step, .address = address, .bytes = bytes});
    return {};
}

Watches::Armed* Watches::find(std::uint64_t address) {
    const auto found = std::find_if(armed_.begin(), armed_.end(), [&](const Armed& armed) {
        const auto& watch = seen_[armed.index];
        return address >= watch.address && address < watch.address + watch.bytes;
    });
    return found == armed_.end() ? nullptr : &*found;
}

Result<void> Watches::unset(Machine& machine, Armed& armed) {
    const auto& watch = seen_[armed.index];
    armed.set = false;
    return machine.debugger()->unwatch(watch.address, watch.bytes);
}

Result<void> Watches::fired(Machine& machine, const Debugger::Stop& stop, const Capture& capture) {
    Armed* armed = stop.watchpoint ? find(stop.address) : nullptr;
    if (armed == nullptr) return {};
    plan::Watch& watch = seen_[armed->index];
    watch.fires += 1;
    const auto now = Clock::now();
    if (armed->last_capture && now - *armed->last_capture < armed->min_interval) {
        watch.dropped += 1;
        if (++armed->dropped_in_row < most_dropped) return {};
        armed->blind_since = now;
        return unset(machine, *armed);
    }
    armed->last_capture = now;
    armed->dropped_in_row = 0;
    watch.captured += 1;
    capture(watch.name + "#" + std::to_string(watch.captured), armed->step);
    if (watch.captured < armed->max_fires) return {};
    watch.ended_early = true;
    auto done = unset(machine, *armed);
    armed_.erase(armed_.begin() + (armed - armed_.data()));
    return done;
}

void Watches::missed(const Debugger::Stop& stop) {
    if (Armed* armed = find(stop.address); armed != nullptr) {
        seen_[armed->index].fires += 1;
        seen_[armed->index].dropped += 1;
    }
}

Result<void> Watches::end_step(Machine& machine, int step) {
    const auto ends = [step](const Armed& armed) { return armed.step == step; };
    if (std::none_of(armed_.begin(), armed_.end(), ends)) return {};
    auto done = stopped(machine, [&]() -> Result<void> {
        Result<void> all;
        for (auto& armed : armed_) {
            if (!ends(armed)) continue;
            if (!armed.set)
                seen_[armed.index].blind_ms +=
                    std::chrono::duration<double, std::milli>(Clock::now() - armed.blind_since).count();
            else if (auto unset_now = unset(machine, armed); !unset_now && all)
                all = unset_now;
        }
        return all;
    });
    std::erase_if(armed_, ends);
    return done;
}

std::optional<Watches::Clock::time_point> Watches::next_rearm() const {
    std::optional<Clock::time_point> next;
    for (const auto& armed : armed_)
        if (!armed.set)
            next = std::min(next.value_or(Clock::time_point::max()), *armed.last_capture + armed.min_interval);
    return next;
}

Result<void> Watches::rearm(Machine& machine) {
    const auto now = Clock::now();
    const auto due = [now](const Armed& armed) {
        return !armed.set && *armed.last_capture + armed.min_interval <= now;
    };
    if (std::none_of(armed_.begin(), armed_.end(), due)) return {};
    return stopped(machine, [&]() -> Result<void> {
        for (auto& armed : armed_) {
            if (!due(armed)) continue;
            plan::Watch& watch = seen_[armed.index];
            if (auto set = machine.debugger()->watch(watch.address, watch.bytes); !set) return set;
            armed.set = true;
            armed.dropped_in_row = 0;
            watch.blind_ms += std::chrono::duration<double, std::milli>(now - armed.blind_since).count();
        }
        return {};
    });
}

} // namespace ktstr::vmm
