// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include <cerrno>

#include "guest/work/loops.h"

namespace ktstr::guest::work {

namespace {

enum class Transfer { done, interrupted, partner_gone };

template <typename Call> Transfer transfer(Call call) {
    const ssize_t count = call();
    if (count == 1) return Transfer::done;
    return count < 0 && errno == EINTR ? Transfer::interrupted : Transfer::partner_gone;
}

// Repeats an interrupted transfer unless the worker is told to stop. False if there is nothing more to pass.
template <typename Call> bool transfer_while_running(Worker& worker, Call call) {
    while (worker.running()) {
        const Transfer result = transfer(call);
        if (result == Transfer::done) return true;
        if (result == Transfer::partner_gone) {
            worker.wait_for_stop();
            return false;
        }
    }
    return false;
}

} // namespace

void pipe_io(Worker& worker) {
    const bool first = worker.member() == 0;
    const GroupPipes& pipes = worker.pipes();
    const int out = first ? pipes.forth[1] : pipes.back[1];
    const int in = first ? pipes.back[0] : pipes.forth[0];
    // Only the partner keeps the other ends, so that its death is seen as the end of file.
    ::close(first ? pipes.forth[0] : pipes.back[0]);
    ::close(first ? pipes.back[1] : pipes.forth[1]);
    char byte = 'k';
    const auto send = [&] { return ::write(out, &byte, 1); };
    const auto receive = [&] { return ::read(in, &byte, 1); };
    if (first && !transfer_while_running(worker, send)) return;
    while (transfer_while_running(worker, receive) && transfer_while_running(worker, send)) worker.pass();
}

void futex_ping_pong(Worker& worker) {
    FutexWord& turn = worker.group().word;
    const auto mine = static_cast<std::uint32_t>(worker.member());
    while (worker.running()) {
        const std::uint32_t now = turn.load(std::memory_order_acquire);
        if (now != mine) {
            futex_wait(turn, now);
            continue;
        }
        turn.store(1 - mine, std::memory_order_release);
        futex_wake(turn, 1);
        worker.pass();
    }
}

} // namespace ktstr::guest::work
