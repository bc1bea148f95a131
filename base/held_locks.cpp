// SPDX-License-Identifier: GPL-2.0-only
#include "base/held_locks.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <tuple>

#include "base/file.h"

namespace ktstr {

namespace {

namespace fs = std::filesystem;

bool is_lock_in(const fs::path& file, const std::vector<fs::path>& folders) {
    if (file.filename() != "lock" && file.extension() != ".lock" && file.filename() != ".lock") return false;
    return std::any_of(folders.begin(), folders.end(), [&file](const fs::path& folder) {
        const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
        return end == folder.end();
    });
}

// "lock:  1: FLOCK  ADVISORY  WRITE 123 08:01:456 0 EOF"
LockUser::How how_of(const std::string& fdinfo) {
    std::istringstream lines(fdinfo);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("lock:") || line.find(" FLOCK ") == std::string::npos) continue;
        return line.find(" WRITE ") != std::string::npos ? LockUser::How::exclusive : LockUser::How::shared;
    }
    return LockUser::How::waiting;
}

std::string command_of(const fs::path& process) {
    auto text = read_file(process / "cmdline", 4096);
    if (!text || text->empty()) text = read_file(process / "comm", 4096);
    if (!text) return "";
    std::replace(text->begin(), text->end(), '\0', ' ');
    while (!text->empty() && (text->back() == ' ' || text->back() == '\n')) text->pop_back();
    return *text;
}

void add_users(const fs::path& process, int pid, const std::vector<fs::path>& folders, std::vector<LockUser>& users) {
    std::error_code ignored;
    for (const auto& fd : fs::directory_iterator(process / "fd", ignored)) {
        std::error_code gone;
        const fs::path file = fs::read_symlink(fd.path(), gone);
        if (gone || !is_lock_in(file, folders)) continue;
        const auto fdinfo = read_file(process / "fdinfo" / fd.path().filename(), 65536);
        if (fdinfo) users.push_back({file, how_of(*fdinfo), pid, command_of(process)});
    }
}

} // namespace

std::vector<LockUser> lock_users(const std::vector<fs::path>& folders, const fs::path& proc) {
    std::vector<fs::path> roots;
    for (const auto& folder : folders) {
        std::error_code missing;
        if (auto real = fs::canonical(folder, missing); !missing) roots.push_back(std::move(real));
    }
    std::vector<LockUser> users;
    std::error_code ignored;
    for (const auto& process : fs::directory_iterator(proc, ignored)) {
        const std::string name = process.path().filename();
        int pid = 0;
        const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc() && stop == name.data() + name.size()) add_users(process.path(), pid, roots, users);
    }
    std::sort(users.begin(), users.end(), [](const LockUser& a, const LockUser& b) {
        return std::tie(a.lock, a.pid, a.how) < std::tie(b.lock, b.pid, b.how);
    });
    return users;
}

std::string_view to_string(LockUser::How how) {
    if (how == LockUser::How::exclusive) return "exclusive";
    return how == LockUser::How::shared ? "shared" : "waiting";
}

} // namespace ktstr
