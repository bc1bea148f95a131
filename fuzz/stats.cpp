// SPDX-License-Identifier: GPL-2.0-only
#include <nlohmann/json.hpp>

#include "fuzz/targets.h"
#include "vmm/observe/scheduler_stats.h"

namespace ktstr::fuzz {

std::string try_stats(std::string_view input) {
    const auto stats = observe::scheduler_stats(input);
    if (stats.is_object() && stats.contains("@absent") && stats["@absent"].is_string() &&
        stats["@absent"].get<std::string>().empty() && input.find("@absent") == std::string_view::npos)
        return "statistics are refused without a reason";
    return nlohmann::json::parse(stats.dump()) == stats ? "" : "statistics read back as others";
}

} // namespace ktstr::fuzz
