// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/config.h"

#include <utility>

namespace ktstr {

// Written by ktstr_embed().
extern const std::vector<std::pair<std::string_view, std::string_view>> embedded_kernel_config;

KernelConfig parse_kernel_config(std::string_view text) {
    constexpr std::string_view not_set = " is not set";
    KernelConfig config;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.starts_with("# CONFIG_") && line.ends_with(not_set)) {
            line.remove_prefix(2);
            line.remove_suffix(not_set.size());
            config[std::string(line)] = "n";
        } else if (const auto equals = line.find('=');
                   line.starts_with("CONFIG_") && equals != std::string_view::npos) {
            config[std::string(line.substr(0, equals))] = line.substr(equals + 1);
        }
    }
    return config;
}

std::vector<std::string> lost_options(const KernelConfig& wanted, const KernelConfig& actual) {
    std::vector<std::string> lost;
    for (const auto& [name, value] : wanted) {
        const auto found = actual.find(name);
        const std::string is = found == actual.end() ? "n" : found->second;
        if (is != value) lost.push_back(name + "=" + value + " (is: " + (is == "n" ? "not set" : is) + ")");
    }
    return lost;
}

std::string_view guest_kernel_fragment() { return embedded_kernel_config.front().second; }

} // namespace ktstr
