// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/op_words.h"

#include <map>

namespace ktstr::plan {

std::string_view op_word(std::string_view name) {
    static const std::map<std::string_view, std::string_view> words = {
        {"run_payload", "run"},      {"wait_payload", "wait"},        {"kill_payload", "kill"},
        {"freeze_cgroup", "freeze"}, {"unfreeze_cgroup", "unfreeze"}, {"capture_snapshot", "snapshot"},
        {"watch_snapshot", "watch"}, {"pin_bpf_map", "pin_map"},      {"capture_cgroup_procs", "capture_procs"},
        {"capture_ctprof", "ctprof"}};
    const auto word = words.find(name);
    return word == words.end() ? name : word->second;
}

} // namespace ktstr::plan
