// SPDX-License-Identifier: GPL-2.0-only
#include "made_records.h"

#include <unistd.h>

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "runs/names.h"

namespace ktstr::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* hash = "-0123456789abcdef";

// Longer than one page, and than what one write() to a pipe would take: a part of it is no whole.
std::string content_of(int version) {
    const std::string number = std::to_string(version);
    return number + "\n" + std::string(5000 + static_cast<std::size_t>(version) % 3000, 'x') + "\n" + number + "\n";
}

} // namespace

TemporaryDirectory fast_directory() {
    const bool in_memory = ::access("/dev/shm", W_OK) == 0;
    auto made = in_memory ? TemporaryDirectory::create_in("/dev/shm", "ktstr-runs-")
                          : TemporaryDirectory::create("ktstr-runs-");
    REQUIRE(made);
    return std::move(*made);
}

std::vector<runs::RecordFile> made_record(const std::string& name, int version) {
    return {{name + hash + std::string(runs::plan_suffix), content_of(version)},
            {made_record_name(name), content_of(version)}};
}

std::string made_record_name(const std::string& name) { return name + hash + std::string(runs::record_suffix); }

std::optional<int> version_of(const std::string& content) {
    const auto end = content.find('\n');
    if (end == std::string::npos || end == 0 || end > 9) return std::nullopt;
    if (content.find_first_not_of("0123456789") != end) return std::nullopt;
    const int version = std::stoi(content.substr(0, end));
    if (content != content_of(version)) return std::nullopt;
    return version;
}

std::optional<int> version_in(const fs::path& directory, const std::string& name) {
    const auto content = read_file(directory / made_record_name(name));
    return content ? version_of(*content) : std::nullopt;
}

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

bool has_stages(const fs::path& directory) {
    const auto names = names_in(directory);
    return std::any_of(names.begin(), names.end(),
                       [](const std::string& name) { return name.starts_with(runs::stage_prefix); });
}

} // namespace ktstr::test
