// SPDX-License-Identifier: GPL-2.0-only
#include "guest/port.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "guest/clock.h"
#include "guest/kernel_file.h"

namespace ktstr::guest {

namespace {

// The device of the port called `name`, or "".
std::string find_device(const std::string& name) {
    std::error_code code;
    for (std::filesystem::directory_iterator entry("/sys/class/virtio-ports", code), end; entry != end;
         entry.increment(code)) {
        const auto content = read_kernel_file(entry->path().string() + "/name");
        if (content && *content == name) return "/dev/" + entry->path().filename().string();
    }
    return "";
}

} // namespace

Result<Port> Port::open(const std::string& name, std::uint64_t timeout_ns) {
    const std::uint64_t deadline = monotonic_ns() + timeout_ns;
    while (true) {
        // The name comes with a message of the device, a moment after the driver has found it.
        if (const std::string device = find_device(name); !device.empty()) {
            Fd fd(::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
            if (fd) return Port(std::move(fd));
            if (errno != ENOENT) return errno_error("open", device, errno); // devtmpfs makes the node a moment later
        }
        if (monotonic_ns() >= deadline)
            return Error{"there is no virtio-serial port called " + name,
                         "build the kernel with CONFIG_VIRTIO_PCI=y and CONFIG_VIRTIO_CONSOLE=y"};
        ::poll(nullptr, 0, 1);
    }
}

void Port::send(wire::FrameType type, std::string_view payload) {
    queue_ += wire::encode_frame(type, sequence_++, payload);
    write_queue();
}

void Port::write_queue() {
    while (written_ < queue_.size()) {
        const ssize_t count = ::write(fd_.get(), queue_.data() + written_, queue_.size() - written_);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        written_ += static_cast<std::size_t>(count);
    }
    queue_.clear();
    written_ = 0;
}

void Port::send_last(wire::FrameType type, std::string_view payload, std::uint64_t timeout_ns) {
    queue_ += wire::encode_frame(type, sequence_++, payload);
    const std::uint64_t deadline = monotonic_ns() + timeout_ns;
    while (true) {
        const std::uint64_t now = monotonic_ns();
        if (now >= deadline) return;
        pollfd entry{fd_.get(), POLLOUT, 0};
        if (::poll(&entry, 1, static_cast<int>((deadline - now) / ns_per_ms) + 1) <= 0) continue;
        if ((entry.revents & POLLOUT) == 0) return; // nobody is there to read
        if (queued_bytes() <= 1) break;
        // All but the last byte, which is written below.
        const ssize_t count = ::write(fd_.get(), queue_.data() + written_, queued_bytes() - 1);
        if (count > 0) written_ += static_cast<std::size_t>(count);
    }
    // A blocking write returns when the device has taken the bytes: a power-off right after it loses nothing.
    ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) & ~O_NONBLOCK);
    write_queue();
}

bool Port::read_some() {
    std::array<char, 32768> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): read fills what is used
    while (true) {
        const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
        if (count > 0) {
            decoder_.feed({buffer.data(), static_cast<std::size_t>(count)});
            return true;
        }
        if (count == 0) return false;
        if (errno != EINTR) return errno == EAGAIN;
    }
}

} // namespace ktstr::guest
