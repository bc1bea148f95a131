// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "base/file.h"

namespace ktstr {

namespace {

constexpr unsigned shown_lines = 15;
constexpr std::chrono::seconds grace(3); // between SIGTERM and SIGKILL: make removes half-written targets meanwhile

sigset_t stop_set() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    return set;
}

// Ends the whole group of a command that was started in a session of its own.
class GroupGuard {
  public:
    explicit GroupGuard(Process& process) : process_(process) {}
    GroupGuard(const GroupGuard&) = delete;
    GroupGuard& operator=(const GroupGuard&) = delete;
    ~GroupGuard() {
        // Also after a normal end: a compiler left behind by a failed make dies here.
        ::kill(-process_.pid(), SIGKILL);
    }
    void terminate() {
        ::kill(-process_.pid(), SIGTERM);
        (void)process_.wait_for(grace);
    }

  private:
    Process& process_;
};

// Splits a stream into lines.
class LineSplitter {
  public:
    explicit LineSplitter(const std::function<void(std::string_view)>& sink) : sink_(sink) {}
    void feed(std::string_view text) {
        if (!sink_) return;
        pending_.append(text);
        for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
            sink_(std::string_view(pending_).substr(0, end));
            pending_.erase(0, end + 1);
        }
    }

  private:
    const std::function<void(std::string_view)>& sink_;
    std::string pending_;
};

} // namespace

StopSignals::StopSignals() {
    const sigset_t set = stop_set();
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

StopSignals::~StopSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool StopSignals::stopped() {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) stopped_ = true;
    return stopped_;
}

Result<CommandLog> CommandLog::create(const std::filesystem::path& path) {
    if (auto made = make_directories(path.parent_path()); !made) return made.error();
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
    if (!fd) return errno_error("create the log", path.string(), errno);
    return CommandLog(path, std::move(fd));
}

void CommandLog::write(std::string_view text) const {
    // A full disk stops the build itself with a message of its own; the log is best effort.
    (void)write_all(fd_.get(), text, path_.string()).ok();
}

std::string CommandLog::tail(unsigned count) const {
    const auto content = read_file(path_);
    if (!content) return {};
    std::string_view text = *content;
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (const auto last = text.rfind("\n+ "); last != std::string_view::npos) text.remove_prefix(last + 1);
    std::size_t start = text.size();
    for (unsigned i = 0; i < count && start != std::string_view::npos && start > 0; ++i)
        start = text.rfind('\n', start - 1);
    if (start != std::string_view::npos && start > 0) text.remove_prefix(start + 1);
    std::string indented = "  ";
    for (const char c : text) {
        indented += c;
        if (c == '\n') indented += "  ";
    }
    return indented;
}

Result<void> run_logged(ProcessOptions options, const std::string& what, const CommandLog& log, StopSignals& stop,
                        const std::function<void(std::string_view line)>& on_line) {
    const Error interrupted{"interrupted while " + what};
    if (stop.stopped()) return interrupted;
    std::string command = "+";
    for (const auto& argument : options.arguments) command += " " + argument;
    log.write(command + "\n");

    std::array<int, 2> pipe_fds{};
    if (::pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return errno_error("create", "a pipe", errno);
    const Fd read_end(pipe_fds[0]);
    Fd write_end(pipe_fds[1]);
    options.stdout_fd = write_end.get();
    options.stderr_fd = write_end.get();
    options.new_session = true;
    auto process = Process::start(options);
    if (!process) return process.error();
    GroupGuard group(*process);
    write_end.reset();

    LineSplitter lines(on_line);
    std::array<char, 65536> buffer{};
    while (true) {
        std::array<pollfd, 2> entries = {{{read_end.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}}};
        if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) break;
        if (stop.stopped()) {
            group.terminate();
            return interrupted;
        }
        if (entries[0].revents == 0) continue;
        const ssize_t count = ::read(read_end.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
        log.write(text);
        lines.feed(text);
    }
    const auto exit = process->wait();
    if (exit.clean()) return {};
    return Error{what + " failed: " + options.arguments.at(0) + " ended with " + exit.text() + "; its last lines:\n" +
                     log.tail(shown_lines),
                 "the whole log is " + log.path().string()};
}

} // namespace ktstr
