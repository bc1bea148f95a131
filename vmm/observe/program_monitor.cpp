// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/observe/program_monitor.h"

#include <algorithm>

namespace ktstr::observe {

namespace {

// A struct_ops map has its name from its registration on, which may come after the first look at its programs.
constexpr int most_searches = 20;

} // namespace

ProgramMonitor::ProgramMonitor(const GuestKernel& kernel, int cpus, ProgramTypes& types)
    : kernel_(kernel), cpus_(cpus), types_(types), reader_(ProgramReader::find(kernel, cpus)) {}

void ProgramMonitor::look() {
    if (!reader_) return;
    kernel_.memory().forget();
    counted_ = counted_ || reader_->counts_runs();
    auto programs = reader_->read(types_);
    failure_ = programs ? "" : programs.error().message;
    if (!programs) return;
    for (auto& raw : *programs) seen_.insert_or_assign(raw.program.id, std::move(raw));
    find_owners();
    if (counted_) add_names();
}

void ProgramMonitor::find_owners() {
    bool wanted = false;
    for (const auto& [id, raw] : seen_)
        if (raw.btf != 0 && !owners_.contains(raw.btf) && looked_for_owner_[raw.btf] < most_searches) wanted = true;
    if (!wanted) return;
    // Of the maps only what describes them is needed, not their entries.
    const auto maps = copy_maps(kernel_, cpus_, types_, {.entries = 1});
    if (maps)
        for (auto& [btf, owner] : map_owners(kernel_, *maps, std::nullopt))
            if (!owner.name.empty()) owners_.insert_or_assign(btf, owner);
    for (auto& [btf, times] : looked_for_owner_) ++times;
}

void ProgramMonitor::add_names() {
    for (const auto& [id, raw] : seen_) {
        const std::string& callback = raw.program.callback;
        if (callback.empty() || std::find(callbacks_.begin(), callbacks_.end(), callback) != callbacks_.end()) continue;
        callbacks_.push_back(callback);
        names_.push_back("program." + callback + ".run_count");
        names_.push_back("program." + callback + ".run_time_ns");
    }
}

std::vector<double> ProgramMonitor::values() const {
    std::vector<double> values;
    for (const auto& callback : callbacks_) {
        std::uint64_t count = 0;
        std::uint64_t time_ns = 0;
        for (const auto& [id, raw] : seen_) {
            if (raw.program.callback != callback) continue;
            count += raw.program.run_count.value_or(0);
            time_ns += raw.program.run_time_ns.value_or(0);
        }
        values.push_back(static_cast<double>(count));
        values.push_back(static_cast<double>(time_ns));
    }
    return values;
}

plan::BpfPrograms ProgramMonitor::programs() {
    plan::BpfPrograms result;
    if (!reader_) {
        result.reason = reader_.error().message;
        return result;
    }
    std::vector<RawProgram> all;
    for (const auto& [id, raw] : seen_) all.push_back(raw);
    result.list = named_programs(all, types_, owners_);
    if (result.list.empty()) result.reason = failure_;
    result.absent = reader_->absent();
    if (counted_) return result;
    for (const char* counter : {"run_count", "run_time_ns"})
        result.absent.emplace(counter, "not counted: kernel.bpf_stats_enabled is 0 (an expectation over it, or the "
                                       "scenario's sysctl, sets it)");
    for (auto& program : result.list) {
        program.run_count.reset();
        program.run_time_ns.reset();
    }
    return result;
}

} // namespace ktstr::observe
