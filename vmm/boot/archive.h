// SPDX-License-Identifier: GPL-2.0-only
// The archive that a guest is handed with its plan: the scheduler (and payloads) with all they need to run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/result.h"

namespace ktstr::vmm {

class ArchiveBuilder {
  public:
    // Packs the program as wire::program_directory/<its name> with its loader and libraries (in
    // wire::library_directory); returns its path in the guest.
    Result<std::string> add_program(const std::filesystem::path& program);
    // The same, without its debug information.
    Result<std::string> add_program_without_debug(const std::filesystem::path& program);
    // The same for a program that may be a script: with the interpreter of its first line under that line's path, and
    // the program that `env` is to look up.
    Result<std::string> add_program_or_script(const std::filesystem::path& program);
    // Packs one file, with its mode. Two different sources for one path are an error that names both.
    Result<void> add_file(const std::string& guest_path, const std::filesystem::path& source);
    // Packs a file (with its loader and libraries, if it is a program) or a whole directory. Links to directories are
    // packed as links, other links as what they lead to.
    Result<void> add_tree(const std::string& guest_path, const std::filesystem::path& source);
    // A symbolic link, unless something else is to have that path.
    void add_link(const std::string& guest_path, const std::string& target);
    // What finish() will pack.
    [[nodiscard]] std::uint64_t content_bytes() const;
    // What it has so far: guest path -> source.
    [[nodiscard]] const std::map<std::string, std::filesystem::path>& files() const { return files_; }
    // newc cpio; empty if nothing was added.
    Result<std::string> finish();

  private:
    Result<void> add_needed(const std::filesystem::path& program); // its loader and libraries

    std::map<std::string, std::filesystem::path> files_; // guest path -> source
    std::set<std::string> without_debug_;                // of these
    std::map<std::string, std::string> links_;           // guest path -> target
    std::set<std::string> directories_;
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

// The same for the program of a payload, for which KTSTR_SCHEDULER says nothing. The error's hint names the Debian
// package that has it, if it is known.
Result<FoundProgram> find_payload_program(const std::string& name, const std::filesystem::path& base_directory);

} // namespace ktstr::vmm
