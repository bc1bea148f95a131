// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/archive.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "vmm/boot/cpio.h"
#include "vmm/boot/elf_closure.h"
#include "vmm/boot/elf_strip.h"
#include "wire/message.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

namespace {

constexpr const char* unwinder = "libgcc_s.so.1";
constexpr std::uint64_t largest_file = 0xffffffffU; // of a newc archive's size field

// The words of a script's first line behind "#!"; none if it is no script.
Result<std::vector<std::string>> interpreter_line(const fs::path& program) {
    std::ifstream file(program);
    if (!file) return errno_error("open", program.string(), errno);
    std::string line;
    line.resize(256); // as much as the kernel looks at (BINPRM_BUF_SIZE)
    file.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(file.gcount()));
    std::vector<std::string> words;
    if (!line.starts_with("#!")) return words;
    std::istringstream stream(line.substr(2, line.find('\n') - 2));
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty() || !words.front().starts_with("/"))
        return Error{program.string() + " is a script whose first line names no interpreter",
                     "write the absolute path of one behind #!"};
    return words;
}

bool is_dynamic_program(const fs::path& path) {
    std::ifstream file(path);
    std::array<char, 4> magic{};
    file.read(magic.data(), magic.size());
    return std::string_view(magic.data(), magic.size()) == "\177ELF" && elf_closure(path).ok();
}

} // namespace

Result<void> ArchiveBuilder::add_file(const std::string& guest_path, const fs::path& source) {
    const fs::path canonical = fs::weakly_canonical(source);
    const auto [entry, added] = files_.emplace(guest_path, canonical);
    if (!added && entry->second != canonical)
        return Error{"two different files want to be " + guest_path + " in the guest: " + entry->second.string() +
                         " and " + canonical.string(),
                     "rename one of them"};
    return {};
}

Result<void> ArchiveBuilder::add_needed(const fs::path& program) {
    auto closure = elf_closure(program);
    if (!closure) return closure.error();
    if (!closure->interpreter.empty())
        if (auto added = add_file(closure->interpreter, closure->interpreter); !added) return added;
    // The C library opens this one by name, for pthread_exit(3) and pthread_cancel(3).
    if (closure->libraries.contains("libc.so.6") && !closure->libraries.contains(unwinder))
        if (auto found = find_shared_library(unwinder, program)) closure->libraries.emplace(unwinder, *found);
    for (const auto& [name, path] : closure->libraries)
        if (auto added =
                add_file(std::string(wire::library_directory) + "/" + fs::path(name).filename().string(), path);
            !added)
            return added;
    return {};
}

Result<std::string> ArchiveBuilder::add_program(const fs::path& program) {
    const std::string guest_path = std::string(wire::program_directory) + "/" + program.filename().string();
    if (auto added = add_needed(program); !added) return added.error();
    if (auto added = add_file(guest_path, program); !added) return added.error();
    return guest_path;
}

Result<std::string> ArchiveBuilder::add_program_without_debug(const fs::path& program) {
    auto guest_path = add_program(program);
    if (guest_path) without_debug_.insert(*guest_path);
    return guest_path;
}

Result<std::string> ArchiveBuilder::add_program_or_script(const fs::path& program) {
    auto line = interpreter_line(program);
    if (!line) return line.error();
    if (line->empty()) return add_program(program);
    const std::string& interpreter = line->front();
    const auto pack = [&](const fs::path& tool, const std::string& guest_path) -> Result<void> {
        if (auto inner = interpreter_line(tool); inner && !inner->empty())
            return Error{program.string() + " is a script whose interpreter " + tool.string() + " is a script too",
                         "name the program that runs it in its first line"};
        if (auto added = add_needed(tool); !added)
            return Error{"the interpreter of the script " + program.string() + ": " + added.error().message,
                         added.error().hint};
        return add_file(guest_path, tool);
    };
    if (auto packed = pack(interpreter, interpreter); !packed) return packed.error();
    if (fs::path(interpreter).filename() == "env") {
        if (line->size() != 2 || line->at(1).starts_with("-"))
            return Error{program.string() + ": of `env`, only `#!" + interpreter + " PROGRAM` is understood",
                         "name the interpreter itself in the first line"};
        const auto tool = find_payload_program(line->at(1), program.parent_path());
        if (!tool) return Error{"the script " + program.string() + ": " + tool.error().message, tool.error().hint};
        const std::string name = fs::path(line->at(1)).filename().string();
        if (auto packed = pack(tool->path, std::string(wire::program_directory) + "/" + name); !packed)
            return packed.error();
    }
    const std::string guest_path = std::string(wire::program_directory) + "/" + program.filename().string();
    if (auto added = add_file(guest_path, program); !added) return added.error();
    return guest_path;
}

Result<void> ArchiveBuilder::add_tree(const std::string& guest_path, const fs::path& source) {
    std::error_code code;
    const auto status = fs::status(source, code);
    if (fs::is_regular_file(status)) {
        if (is_dynamic_program(source))
            if (auto added = add_needed(source); !added) return added;
        return add_file(guest_path, source);
    }
    if (!fs::is_directory(status))
        return Error{source.string() + (fs::exists(status) ? " is neither a file nor a directory" : " does not exist")};
    directories_.insert(guest_path);
    for (fs::directory_iterator entry(source, code), end; entry != end; entry.increment(code)) {
        const std::string inner = guest_path + "/" + entry->path().filename().string();
        if (entry->is_symlink(code) && fs::is_directory(entry->path(), code)) {
            links_[inner] = fs::read_symlink(entry->path(), code).string();
            continue;
        }
        if (auto added = add_tree(inner, entry->path()); !added) return added;
    }
    if (code) return Error{"cannot read the directory " + source.string() + ": " + code.message()};
    return {};
}

void ArchiveBuilder::add_link(const std::string& guest_path, const std::string& target) {
    links_.emplace(guest_path, target);
}

std::uint64_t ArchiveBuilder::content_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& entry : files_) {
        std::error_code code;
        const auto size = fs::file_size(entry.second, code);
        if (!code) sum += size;
    }
    return sum;
}

Result<std::string> ArchiveBuilder::finish() {
    if (files_.empty() && links_.empty() && directories_.empty()) return std::string();
    CpioWriter writer;
    for (const auto& directory : directories_) writer.add_directory(directory.substr(1));
    for (const auto& [guest_path, source] : files_) {
        auto content = read_file(source, largest_file);
        if (!content) return content.error();
        std::error_code code;
        const auto mode = static_cast<unsigned>(fs::status(source, code).permissions()) & 0777U;
        if (without_debug_.contains(guest_path)) content = without_debug(std::move(*content));
        writer.add_file(guest_path.substr(1), *content, mode | 0444U);
    }
    for (const auto& [guest_path, target] : links_)
        if (!files_.contains(guest_path)) writer.add_symlink(guest_path.substr(1), target);
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

using Candidates = std::vector<std::pair<fs::path, std::string>>;

void add_usual_places(Candidates& candidates, const std::string& name, const fs::path& base_directory) {
    if (name.find('/') != std::string::npos) {
        candidates.emplace_back(fs::path(name).is_absolute() ? fs::path(name) : base_directory / name, "path");
        candidates.emplace_back(name, "path");
        return;
    }
    candidates.emplace_back(own_directory() / name, "sibling_dir");
    std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
    for (std::string directory; std::getline(path, directory, ':');)
        candidates.emplace_back(fs::path(directory.empty() ? "." : directory) / name, "path_lookup");
}

Result<FoundProgram> first_of(const Candidates& candidates, const std::string& name, const std::string& hint) {
    for (const auto& [path, source] : candidates)
        if (runnable(path)) return FoundProgram{fs::absolute(path).lexically_normal(), source};
    std::string places;
    for (const auto& [path, source] : candidates) places += (places.empty() ? "" : ", ") + path.string();
    return Error{"there is no program '" + name + "' (looked at " + places + ")", hint};
}

// Debian's package of a program that scenarios use.
std::string package_of(const std::string& program) {
    static const std::map<std::string, std::string> packages = {{"busybox", "busybox-static"},
                                                                {"cyclicdeadline", "rt-tests"},
                                                                {"cyclictest", "rt-tests"},
                                                                {"deadline_test", "rt-tests"},
                                                                {"fio", "fio"},
                                                                {"hackbench", "rt-tests"},
                                                                {"iperf3", "iperf3"},
                                                                {"memcached", "memcached"},
                                                                {"numactl", "numactl"},
                                                                {"perf", "linux-perf"},
                                                                {"pi_stress", "rt-tests"},
                                                                {"ptsematest", "rt-tests"},
                                                                {"python3", "python3-minimal"},
                                                                {"redis-server", "redis"},
                                                                {"rt-app", "rt-app"},
                                                                {"rt-migrate-test", "rt-tests"},
                                                                {"signaltest", "rt-tests"},
                                                                {"stress", "stress"},
                                                                {"stress-ng", "stress-ng"},
                                                                {"svsematest", "rt-tests"},
                                                                {"sysbench", "sysbench"}};
    const auto found = packages.find(program);
    return found == packages.end() ? "" : found->second;
}

} // namespace

Result<FoundProgram> find_program(const std::string& name, const fs::path& base_directory) {
    Candidates candidates;
    if (const char* override_path = std::getenv("KTSTR_SCHEDULER");
        override_path != nullptr && *override_path != '\0') {
        std::error_code code;
        const fs::path given(override_path);
        if (fs::is_directory(given, code))
            candidates.emplace_back(given / fs::path(name).filename(), "env_var");
        else if (given.filename() == fs::path(name).filename())
            candidates.emplace_back(given, "env_var");
    }
    add_usual_places(candidates, name, base_directory);
    return first_of(candidates, name, "build it, write its path, put it on PATH, or set KTSTR_SCHEDULER to its path");
}

Result<FoundProgram> find_payload_program(const std::string& name, const fs::path& base_directory) {
    Candidates candidates;
    add_usual_places(candidates, name, base_directory);
    const std::string package = package_of(fs::path(name).filename().string());
    const std::string hint =
        package.empty() ? "install it, put it on PATH, or write its path" : "on Debian: apt-get install " + package;
    auto found = first_of(candidates, name, hint);
    if (!found && name.find('/') == std::string::npos)
        return Error{"there is no program '" + name + "' on PATH, nor in " + own_directory().string(), hint};
    return found;
}

} // namespace ktstr::vmm
