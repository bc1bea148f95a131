// SPDX-License-Identifier: GPL-2.0-only
// The archive that a guest is handed with its plan: the scheduler (and payloads) with all they need to run.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace ktstr::vmm {

class ArchiveBuilder {
  public:
    // Packs the program as wire::program_directory/<its name> with its loader and libraries (in
    // wire::library_directory); returns its path in the guest.
    Result<std::string> add_program(const std::filesystem::path& program);
    // Packs one file. Two different sources for one path are an error that names both.
    Result<void> add_file(const std::string& guest_path, const std::filesystem::path& source);
    // newc cpio; empty if nothing was added.
    Result<std::string> finish();

  private:
    std::map<std::string, std::filesystem::path> files_; // guest path -> source
};

// How a scheduler's binary was found, for the sidecar's resolve_source.
struct FoundProgram {
    std::filesystem::path path;
    std::string resolve_source; // "path", "env_var", "sibling_dir", "path_lookup"
};

// Finds a program named in a .ktl file: KTSTR_SCHEDULER (a path to a program of that name, or a directory that holds
// it); with a slash: relative to `base_directory` (the .ktl file's), then to the working directory; else beside ktstr
// itself, then on PATH. The error lists the places looked at.
Result<FoundProgram> find_program(const std::string& name, const std::filesystem::path& base_directory);

} // namespace ktstr::vmm
