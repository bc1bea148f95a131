// SPDX-License-Identifier: GPL-2.0-only
#include "faults.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <ctime>

namespace ktstr::test {

namespace {

Faults active;                     // NOLINT(cert-err58-cpp)
std::map<std::string, int> counts; // NOLINT(cert-err58-cpp)
bool armed = false;
int call_count = 0;
int short_writes_left = 0;

// Whether the call fails, with errno.
bool fails(const char* name) {
    if (!armed) return false;
    ++call_count;
    ++counts[name];
    if (call_count == active.at_call) {
        armed = false; // what is done now is not counted
        active.then();
        armed = true;
    }
    if (active.failing != name || active.times == 0) return false;
    --active.times;
    errno = active.error;
    return true;
}

long system_call(const char* name, long number, auto... arguments) {
    return fails(name) ? -1 : ::syscall(number, arguments...);
}

} // namespace

Armed::Armed(Faults faults) {
    active = std::move(faults);
    counts.clear();
    call_count = 0;
    short_writes_left = active.short_writes ? 64 : 0;
    armed = true;
}

Armed::~Armed() {
    armed = false;
    active = {};
}

int Armed::calls() const { return call_count; }
std::map<std::string, int> Armed::calls_by_name() const { return counts; }

void kill_self() {
    ::kill(::getpid(), SIGKILL);
    while (true) ::pause();
}

} // namespace ktstr::test

using ktstr::test::system_call;

// The C library has structs called as functions are.
#pragma GCC diagnostic ignored "-Wshadow"

extern "C" {

int open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return static_cast<int>(system_call("open", SYS_openat, AT_FDCWD, path, flags, mode));
}

int openat(int at, const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return static_cast<int>(system_call("openat", SYS_openat, at, path, flags, mode));
}

ssize_t write(int fd, const void* bytes, size_t count) {
    using namespace ktstr::test;
    if (armed && count > 1 && short_writes_left > 0) {
        --short_writes_left;
        count = 1;
    }
    return system_call("write", SYS_write, fd, bytes, count);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
    return system_call("pwrite", SYS_pwrite64, fd, bytes, count, offset);
}

int ftruncate(int fd, off_t length) noexcept {
    return static_cast<int>(system_call("ftruncate", SYS_ftruncate, fd, length));
}

int fsync(int fd) { return static_cast<int>(system_call("fsync", SYS_fsync, fd)); }

int rename(const char* from, const char* to) noexcept {
    return static_cast<int>(system_call("rename", SYS_rename, from, to));
}

int unlink(const char* path) noexcept { return static_cast<int>(system_call("unlink", SYS_unlink, path)); }

int unlinkat(int at, const char* path, int flags) noexcept {
    return static_cast<int>(system_call("unlinkat", SYS_unlinkat, at, path, flags));
}

int mkdir(const char* path, mode_t mode) noexcept {
    return static_cast<int>(system_call("mkdir", SYS_mkdir, path, mode));
}

int flock(int fd, int operation) noexcept { return static_cast<int>(system_call("flock", SYS_flock, fd, operation)); }

int statfs(const char* path, struct statfs* status) noexcept {
    const auto result = static_cast<int>(system_call("statfs", SYS_statfs, path, status));
    if (result == 0 && ktstr::test::armed && ktstr::test::active.file_system)
        status->f_type = *ktstr::test::active.file_system;
    return result;
}

int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
    const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
    if (clock == CLOCK_REALTIME && ktstr::test::armed) time->tv_sec += ktstr::test::active.clock_offset_s;
    return result;
}

time_t time(time_t* out) noexcept {
    struct timespec now {};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}

} // extern "C"
