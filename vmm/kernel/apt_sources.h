// SPDX-License-Identifier: GPL-2.0-only
// The machine's own apt sources: read, and rewritten to the suites that hold kernels. This is how a package archive is
// found without its name standing anywhere in this project.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

// One `deb` source: an archive, the suites read from it, and how it is verified. `deb-src` and disabled ones are left
// out.
struct AptSource {
    std::vector<std::string> uris;
    std::vector<std::string> suites;
    std::vector<std::string> components;
    // Further deb822 fields ("Signed-By", "Architectures", "Trusted", ...) as they stood, name and value; a value of
    // several lines (a key in the file) keeps its line breaks.
    std::vector<std::pair<std::string, std::string>> options;
};

// Parses a deb822 file (*.sources); see sources.list(5).
std::vector<AptSource> parse_deb822_sources(std::string_view text);
// Parses a one-line file (*.list): `deb [signed-by=...] uri suite component...`.
std::vector<AptSource> parse_list_sources(std::string_view text);
// As a deb822 file.
std::string to_deb822(const std::vector<AptSource>& sources);

// Everything under an apt configuration directory: sources.list and sources.list.d/*.{list,sources}. Files with another
// ending are disabled, as apt has it.
std::vector<AptSource> read_apt_sources(const std::filesystem::path& directory);

// The sources that hold kernels, for a machine of release `codename`: the source of the release itself with its suites
// replaced by `<codename>-backports` and `trixie-backports`, and the `<codename>-security` suites as they are. An error
// if no source holds the release.
Result<std::vector<AptSource>> kernel_sources(const std::vector<AptSource>& machine, const std::string& codename);

// VERSION_CODENAME of an os-release file's text; empty if there is none.
std::string version_codename(std::string_view os_release);

} // namespace ktstr
