// SPDX-License-Identifier: GPL-2.0-only
// What a program needs to run in the guest: its dynamic loader and shared libraries, found on this host.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace ktstr::vmm {

struct ElfClosure {
    std::string interpreter; // PT_INTERP as written in the program; empty if it is static
    std::map<std::string, std::filesystem::path> libraries; // DT_NEEDED name -> the file on this host
};

// Walks DT_NEEDED from `program` on, breadth first. Libraries are looked for in the object's DT_RUNPATH/DT_RPATH (with
// $ORIGIN), LD_LIBRARY_PATH, the directories of /etc/ld.so.conf, and the system's default directories, and must be of
// the program's machine. Errors: not an ELF program, a library that is not found (named, with the object that needs
// it).
Result<ElfClosure> elf_closure(const std::filesystem::path& program);

// A library that no DT_NEEDED names, looked for in the same places as those of `program`.
Result<std::filesystem::path> find_shared_library(const std::string& name, const std::filesystem::path& program);

} // namespace ktstr::vmm
