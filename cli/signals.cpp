// SPDX-License-Identifier: GPL-2.0-only
#include "cli/signals.h"

#include <unistd.h>

#include <csignal>

#include "cli/exit_code.h"

namespace ktstr::cli {

namespace {

const vmm::Cancellation* target = nullptr;

extern "C" void handle_signal(int) {
    if (target->cancelled()) ::_exit(exit_interrupted);
    target->cancel();
}

} // namespace

const vmm::Cancellation& cancel_on_signals() {
    static const vmm::Cancellation cancellation;
    target = &cancellation;
    struct sigaction action {};
    action.sa_handler = handle_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return cancellation;
}

} // namespace ktstr::cli
