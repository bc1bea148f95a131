// SPDX-License-Identifier: GPL-2.0-only
// The terminal that ktstr was started on, while all that is typed there goes to a guest.
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "wire/message.h"

namespace ktstr::cli {

// Raw for the life of this object, of which there is one at most: no echo, no lines, no signals from keys. If ktstr
// dies without ending it, by whatever signal, a watching process restores the terminal.
class RawTerminal {
  public:
    static Result<RawTerminal> take(int fd);
    RawTerminal(RawTerminal&& other) noexcept
        : owner_(std::exchange(other.owner_, false)), watch_(std::move(other.watch_)), watcher_(other.watcher_) {}
    RawTerminal& operator=(RawTerminal&&) = delete;
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal();

  private:
    RawTerminal(Fd watch, pid_t watcher) : watch_(std::move(watch)), watcher_(watcher) {}
    bool owner_ = true;
    Fd watch_; // closed at ktstr's end, which is what the watcher waits for
    pid_t watcher_;
};

// As it was before it was taken; async-signal-safe. Nothing to do if it is not taken.
void restore_terminal();

// The terminal's size now, of 24 lines of 80 if it does not know.
wire::TerminalSize terminal_size(int fd);

// A descriptor that can be read from, once, after each change of size from now on (SIGWINCH), and after
// note_resize(). Lives as long as the program.
int resize_descriptor();
void note_resize();

} // namespace ktstr::cli
