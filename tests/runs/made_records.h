// SPDX-License-Identifier: GPL-2.0-only
// Records that can be told whole from torn, and the directories that they are written to.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "runs/directory.h"

namespace ktstr::test {

// In memory, if there is such a file system: what is tested is what is called, not the disk.
TemporaryDirectory fast_directory();

// "NAME-0123456789abcdef.ktstr.json", with a plan beside it; their content is made of the version.
std::vector<runs::RecordFile> made_record(const std::string& name, int version);
std::string made_record_name(const std::string& name);

// The version of a content that made_record() has made; none if it is anything else.
std::optional<int> version_of(const std::string& content);
// Of the record in the directory; none if it is torn, or not there.
std::optional<int> version_in(const std::filesystem::path& directory, const std::string& name);

std::vector<std::string> names_in(const std::filesystem::path& directory); // sorted
bool has_stages(const std::filesystem::path& directory);

} // namespace ktstr::test
