// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/archive.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <vector>

#include "base/file.h"
#include "vmm/boot/cpio.h"
#include "vmm/boot/elf_closure.h"
#include "wire/message.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

Result<void> ArchiveBuilder::add_file(const std::string& guest_path, const fs::path& source) {
    const fs::path canonical = fs::weakly_canonical(source);
    const auto [entry, added] = files_.emplace(guest_path, canonical);
    if (!added && entry->second != canonical)
        return Error{"two different files want to be " + guest_path + " in the guest: " + entry->second.string() +
                         " and " + canonical.string(),
                     "rename one of them"};
    return {};
}

Result<std::string> ArchiveBuilder::add_program(const fs::path& program) {
    const std::string guest_path = std::string(wire::program_directory) + "/" + program.filename().string();
    auto closure = elf_closure(program);
    if (!closure) return closure.error();
    if (auto added = add_file(guest_path, program); !added) return added.error();
    if (!closure->interpreter.empty())
        if (auto added = add_file(closure->interpreter, closure->interpreter); !added) return added.error();
    for (const auto& [name, path] : closure->libraries)
        if (auto added =
                add_file(std::string(wire::library_directory) + "/" + fs::path(name).filename().string(), path);
            !added)
            return added.error();
    return guest_path;
}

Result<std::string> ArchiveBuilder::finish() {
    if (files_.empty()) return std::string();
    CpioWriter writer;
    for (const auto& [guest_path, source] : files_) {
        auto content = read_file(source);
        if (!content) return content.error();
        writer.add_file(guest_path.substr(1), *content, 0755);
    }
    return writer.finish();
}

namespace {

bool runnable(const fs::path& path) {
    std::error_code code;
    return fs::is_regular_file(path, code) && ::access(path.c_str(), X_OK) == 0;
}

fs::path own_directory() {
    std::error_code code;
    return fs::read_symlink("/proc/self/exe", code).parent_path();
}

} // namespace

Result<FoundProgram> find_program(const std::string& name, const fs::path& base_directory) {
    std::vector<std::pair<fs::path, std::string>> candidates;
    if (const char* override_path = std::getenv("KTSTR_SCHEDULER");
        override_path != nullptr && *override_path != '\0') {
        std::error_code code;
        const fs::path given(override_path);
        if (fs::is_directory(given, code))
            candidates.emplace_back(given / fs::path(name).filename(), "env_var");
        else if (given.filename() == fs::path(name).filename())
            candidates.emplace_back(given, "env_var");
    }
    if (name.find('/') != std::string::npos) {
        candidates.emplace_back(fs::path(name).is_absolute() ? fs::path(name) : base_directory / name, "path");
        candidates.emplace_back(name, "path");
    } else {
        candidates.emplace_back(own_directory() / name, "sibling_dir");
        std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
        for (std::string directory; std::getline(path, directory, ':');)
            candidates.emplace_back(fs::path(directory.empty() ? "." : directory) / name, "path_lookup");
    }
    for (const auto& [path, source] : candidates)
        if (runnable(path)) return FoundProgram{fs::absolute(path).lexically_normal(), source};
    std::string places;
    for (const auto& [path, source] : candidates) places += (places.empty() ? "" : ", ") + path.string();
    return Error{"there is no program '" + name + "' (looked at " + places + ")",
                 "build it, write its path, put it on PATH, or set KTSTR_SCHEDULER to its path"};
}

} // namespace ktstr::vmm
