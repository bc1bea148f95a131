// SPDX-License-Identifier: GPL-2.0-only
#include "cli/signals.h"

#include <unistd.h>

#include <csignal>

#include "cli/exit_code.h"

namespace ktstr::cli {

namespace {

const vmm::Cancellation* target = nullptr;
void (*last_act)() = nullptr;

extern "C" void handle_signal(int) {
    if (target->cancelled()) {
        if (last_act != nullptr) last_act();
        ::_exit(exit_interrupted);
    }
    target->cancel();
}

} // namespace

const vmm::Cancellation& cancel_on_signals(void (*before_sudden_end)()) {
    static const vmm::Cancellation cancellation;
    target = &cancellation;
    last_act = before_sudden_end;
    struct sigaction action {};
    action.sa_handler = handle_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return cancellation;
}

} // namespace ktstr::cli
