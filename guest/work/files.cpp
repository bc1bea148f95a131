// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/files.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ktstr::guest {

namespace {

template <typename Call> bool transfer_all(const Worker& worker, std::size_t size, Call call) {
    std::size_t at = 0;
    while (at < size) {
        if (!worker.running()) return false;
        const ssize_t count = call(at);
        if (count > 0) {
            at += static_cast<std::size_t>(count);
            continue;
        }
        if (count < 0 && errno == EINTR) continue;
        const bool gone = count == 0 || errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED;
        if (!gone) worker.fail("pass on data", errno);
        worker.wait_for_stop();
        return false;
    }
    return true;
}

} // namespace

Result<std::vector<Fd>> open_ring(const plan::Work& work, int size) {
    std::vector<Fd> files;
    const auto wake_by = work.parameters.find("wake_by");
    if (wake_by != work.parameters.end() && std::get<std::string>(wake_by->second) != "pipe") return files;
    for (int member = 0; member < size; ++member) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
        files.emplace_back(ends[0]);
        files.emplace_back(ends[1]);
    }
    return files;
}

Result<std::vector<Fd>> open_eventfds(const plan::Work& work, int) {
    std::vector<Fd> files;
    for (std::int64_t i = 0; i < std::get<std::int64_t>(work.parameters.at("events")); ++i) {
        files.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE));
        if (!files.back()) {
            Error error = errno_error("create", "an eventfd", errno);
            if (errno == ENOSYS) error.hint = "the kernel needs CONFIG_EVENTFD=y";
            return error;
        }
    }
    return files;
}

Ring take_ring(const Worker& worker) {
    const auto& files = worker.setting().files;
    const auto in = static_cast<std::size_t>(worker.member()) * 2;
    const auto out = static_cast<std::size_t>((worker.member() + 1) % worker.group_size()) * 2 + 1;
    for (std::size_t i = 0; i < files.size() && !worker.is_thread(); ++i)
        if (i != in && i != out) ::close(files[i]);
    return {files.at(in), files.at(out)};
}

bool send_all(const Worker& worker, int fd, WorkerSlot& to, const char* data, std::size_t size) {
    return transfer_all(worker, size, [=, &to](std::size_t at) {
        to.called.call_armed();
        return ::write(fd, data + at, size - at);
    });
}

bool receive_all(Worker& worker, int fd, char* data, std::size_t size) {
    CallStamp& called = worker.own_slot().called;
    return transfer_all(worker, size, [=, &worker, &called](std::size_t at) {
        called.arm();
        const ssize_t count = ::read(fd, data + at, size - at);
        if (count > 0) worker.note_wake(called);
        return count;
    });
}

} // namespace ktstr::guest
