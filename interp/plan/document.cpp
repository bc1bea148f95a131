// SPDX-License-Identifier: GPL-2.0-only
#include "interp/plan/document.h"

#include <algorithm>

namespace ktstr::plan {

using nlohmann::json;

const json* Reader::member(const char* name) {
    seen(name);
    if (!ok()) return nullptr;
    const auto found = json_.find(name);
    if (found != json_.end()) return &*found;
    fail(name, "is missing");
    return nullptr;
}

void Reader::optional_text(const char* name, std::optional<std::string>& value) {
    const json* found = member(name);
    if (found == nullptr || found->is_null()) return;
    if (!found->is_string()) return fail(name, "is not a string");
    value = found->get<std::string>();
}

void Reader::out_of_range(const char* name, std::int64_t least, std::uint64_t most) {
    const bool open = most == std::numeric_limits<std::uint64_t>::max();
    fail(name, open ? "is less than " + std::to_string(least)
                    : "is not in " + std::to_string(least) + ".." + std::to_string(most));
}

void Reader::refuse_unknown() {
    if (!ok() || json_.size() == seen_.size()) return;
    for (const auto& [name, value] : json_.items())
        if (std::find(seen_.begin(), seen_.end(), name) == seen_.end()) return fail(name.c_str(), "is not known");
}

} // namespace ktstr::plan
