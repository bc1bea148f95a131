// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/elf_closure.h"

#include <fcntl.h>
#include <gelf.h>
#include <glob.h>
#include <libelf.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <sstream>
#include <vector>

#include "base/fd.h"
#include "base/file.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

namespace {

struct DynamicInfo {
    std::string interpreter;
    std::vector<std::string> needed;
    std::vector<std::string> run_paths;
    unsigned machine = 0;
};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);)
        if (!part.empty()) parts.push_back(part);
    return parts;
}

std::string expand_origin(std::string path, const fs::path& object) {
    const std::string origin = fs::absolute(object).parent_path().string();
    for (const std::string& token : {std::string("${ORIGIN}"), std::string("$ORIGIN")})
        for (auto at = path.find(token); at != std::string::npos; at = path.find(token))
            path.replace(at, token.size(), origin);
    return path;
}

void read_dynamic_section(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, const fs::path& object,
                          DynamicInfo& info) {
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || header.sh_entsize == 0) return;
    const auto entries = static_cast<int>(header.sh_size / header.sh_entsize);
    for (int i = 0; i < entries; ++i) {
        GElf_Dyn entry;
        if (gelf_getdyn(data, i, &entry) == nullptr) continue;
        if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH) continue;
        const char* text = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
        if (text == nullptr) continue;
        if (entry.d_tag == DT_NEEDED)
            info.needed.emplace_back(text);
        else
            for (const auto& path : split(text, ':')) info.run_paths.push_back(expand_origin(path, object));
    }
}

Result<DynamicInfo> read_dynamic(const fs::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    const std::unique_ptr<Elf, int (*)(Elf*)> elf(elf_begin(fd.get(), ELF_C_READ, nullptr), elf_end);
    GElf_Ehdr header;
    if (!elf || elf_kind(elf.get()) != ELF_K_ELF || gelf_getehdr(elf.get(), &header) == nullptr)
        return Error{path.string() + " is not an ELF program"};
    DynamicInfo info;
    info.machine = header.e_machine;
    std::size_t segments = 0;
    elf_getphdrnum(elf.get(), &segments);
    for (std::size_t i = 0; i < segments; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf.get(), static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_INTERP) continue;
        std::size_t size = 0;
        const char* raw = elf_rawfile(elf.get(), &size);
        if (raw != nullptr && segment.p_offset < size && segment.p_filesz <= size - segment.p_offset)
            info.interpreter.assign(raw + segment.p_offset, ::strnlen(raw + segment.p_offset, segment.p_filesz));
    }
    for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
         section = elf_nextscn(elf.get(), section)) {
        GElf_Shdr section_header;
        if (gelf_getshdr(section, &section_header) != nullptr && section_header.sh_type == SHT_DYNAMIC)
            read_dynamic_section(elf.get(), section, section_header, path, info);
    }
    return info;
}

// The directories that /etc/ld.so.conf names, includes followed one level deep (as distributions lay it out).
std::vector<std::string> configured_directories(const fs::path& file, int depth = 0) {
    std::vector<std::string> directories;
    const auto content = read_file(file);
    if (!content || depth > 4) return directories;
    for (auto line : split(*content, '\n')) {
        line = line.substr(0, line.find('#'));
        std::istringstream words(line);
        std::string word;
        if (!(words >> word)) continue;
        if (word != "include") {
            directories.push_back(word);
            continue;
        }
        while (words >> word) {
            glob_t matches{};
            if (::glob(word.c_str(), 0, nullptr, &matches) == 0)
                for (std::size_t i = 0; i < matches.gl_pathc; ++i)
                    for (auto& nested : configured_directories(matches.gl_pathv[i], depth + 1))
                        directories.push_back(std::move(nested));
            ::globfree(&matches);
        }
    }
    return directories;
}

std::vector<std::string> search_directories() {
    std::vector<std::string> directories;
    if (const char* path = std::getenv("LD_LIBRARY_PATH"); path != nullptr) directories = split(path, ':');
    for (auto& directory : configured_directories("/etc/ld.so.conf")) directories.push_back(std::move(directory));
    for (const char* directory :
         {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"})
        directories.emplace_back(directory);
    return directories;
}

Result<fs::path> find_library(const std::string& name, const DynamicInfo& needer, const fs::path& object,
                              const std::vector<std::string>& directories, unsigned machine) {
    if (name.find('/') != std::string::npos) return fs::path(name);
    for (const auto* list : {&needer.run_paths, &directories})
        for (const auto& directory : *list) {
            const fs::path candidate = fs::path(directory) / name;
            std::error_code code;
            if (!fs::exists(candidate, code)) continue;
            const auto info = read_dynamic(candidate);
            if (info && info->machine == machine) return candidate;
        }
    return Error{"the library " + name + ", which " + object.string() + " needs, is not on this host",
                 "install it, or add its directory to LD_LIBRARY_PATH"};
}

} // namespace

Result<fs::path> find_shared_library(const std::string& name, const fs::path& program) {
    elf_version(EV_CURRENT);
    const auto info = read_dynamic(program);
    if (!info) return info.error();
    return find_library(name, *info, program, search_directories(), info->machine);
}

Result<ElfClosure> elf_closure(const fs::path& program) {
    elf_version(EV_CURRENT);
    auto root = read_dynamic(program);
    if (!root) return root.error();
    ElfClosure closure;
    closure.interpreter = root->interpreter;
    const unsigned machine = root->machine;
    const auto directories = search_directories();
    std::deque<std::pair<fs::path, DynamicInfo>> pending;
    pending.emplace_back(program, std::move(*root));
    while (!pending.empty()) {
        const auto [object, info] = std::move(pending.front());
        pending.pop_front();
        for (const auto& name : info.needed) {
            if (closure.libraries.contains(name)) continue;
            auto found = find_library(name, info, object, directories, machine);
            if (!found) return found.error();
            auto inner = read_dynamic(*found);
            if (!inner) return inner.error();
            closure.libraries.emplace(name, *found);
            pending.emplace_back(*found, std::move(*inner));
        }
    }
    return closure;
}

} // namespace ktstr::vmm
