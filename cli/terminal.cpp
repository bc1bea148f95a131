// SPDX-License-Identifier: GPL-2.0-only
#include "cli/terminal.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <iterator>

namespace ktstr::cli {

namespace {

// What restore_terminal() needs, which may be called in a signal handler.
std::atomic<int> taken_fd = -1;
termios before{};

std::atomic<int> resize_event = -1;

bool equal(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag && a.c_lflag == b.c_lflag &&
           std::equal(std::begin(a.c_cc), std::end(a.c_cc), std::begin(b.c_cc));
}

// Until ktstr is gone. Who reads the terminal then may have set it up anew: that stays.
[[noreturn]] void watch(int end_of_ktstr, int terminal, const termios& raw) {
    sigset_t all; // with SIGTTOU: a process in the background may set up the terminal only so
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::prctl(PR_SET_NAME, "ktstr-terminal");
    std::array<int, 2> kept = {std::min(end_of_ktstr, terminal), std::max(end_of_ktstr, terminal)};
    unsigned next = 0;
    for (const int fd : kept) {
        if (static_cast<unsigned>(fd) > next) ::close_range(next, static_cast<unsigned>(fd) - 1, 0);
        next = static_cast<unsigned>(fd) + 1;
    }
    ::close_range(next, ~0U, 0);
    char byte = 0;
    while (::read(end_of_ktstr, &byte, 1) < 0 && errno == EINTR) {
    }
    termios now{};
    if (::tcgetattr(terminal, &now) == 0 && equal(now, raw)) ::tcsetattr(terminal, TCSANOW, &before);
    ::_exit(0);
}

} // namespace

Result<RawTerminal> RawTerminal::take(int fd) {
    if (::tcgetattr(fd, &before) != 0) return errno_error("read the settings of", "the terminal", errno);
    termios raw = before;
    ::cfmakeraw(&raw);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
    const Fd read_end(pipe[0]);
    Fd write_end(pipe[1]);
    const pid_t watcher = ::fork();
    if (watcher < 0) return errno_error("start", "a process that watches over the terminal", errno);
    if (watcher == 0) watch(read_end.get(), fd, raw);
    RawTerminal taken(std::move(write_end), watcher);
    taken_fd = fd;
    if (::tcsetattr(fd, TCSANOW, &raw) != 0) return errno_error("set up", "the terminal", errno);
    return taken;
}

RawTerminal::~RawTerminal() {
    if (!owner_) return;
    restore_terminal();
    watch_.reset();
    while (::waitpid(watcher_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void restore_terminal() {
    const int fd = taken_fd.exchange(-1);
    if (fd >= 0) ::tcsetattr(fd, TCSANOW, &before);
}

wire::TerminalSize terminal_size(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
    return {size.ws_row, size.ws_col};
}

int resize_descriptor() {
    if (resize_event >= 0) return resize_event;
    resize_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sigaction action {};
    action.sa_handler = [](int) { note_resize(); };
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGWINCH, &action, nullptr);
    return resize_event;
}

void note_resize() {
    const int saved = errno;
    const std::uint64_t one = 1;
    (void)!::write(resize_event, &one, sizeof(one));
    errno = saved;
}

} // namespace ktstr::cli
