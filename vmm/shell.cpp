// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/shell.h"

#include <sstream>

#include "base/process.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

namespace {

Result<void> pack_included(const fs::path& named, ArchiveBuilder& archive) {
    std::error_code code;
    const fs::path source = fs::absolute(named, code).lexically_normal();
    const fs::path path = source.has_filename() ? source : source.parent_path(); // "folder/"
    if (!path.has_filename()) return Error{"the whole of / cannot be included", "name what is needed of it"};
    return archive.add_tree(std::string(wire::include_directory) + "/" + path.filename().string(), path);
}

} // namespace

Result<std::vector<std::string>> pack_shell(const std::vector<fs::path>& include, ArchiveBuilder& archive) {
    const auto busybox = find_payload_program("busybox", fs::current_path());
    if (!busybox) return busybox.error();
    auto path = archive.add_program(busybox->path);
    if (!path) return path.error();
    const auto commands = run_command({.arguments = {busybox->path.string(), "--list"}});
    if (!commands) return commands.error();
    std::istringstream names(commands->output);
    for (std::string name; names >> name;) archive.add_link("/bin/" + name, *path);
    for (const auto& file : include)
        if (auto packed = pack_included(file, archive); !packed) return packed.error();
    return std::vector<std::string>{*path, "sh"};
}

} // namespace ktstr::vmm
