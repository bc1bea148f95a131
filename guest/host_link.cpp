// SPDX-License-Identifier: GPL-2.0-only
#include "guest/host_link.h"

namespace ktstr::guest {

Result<std::string> HostLink::ask(wire::HostRequest request, std::uint64_t limit_ns) {
    request.number = next_++;
    waiting_for_ = request.number;
    answer_.reset();
    loop_.send(wire::FrameType::host_request, request);
    const auto outcome = loop_.run_until({.deadline_ns = monotonic_ns() + limit_ns, .interruptible = false},
                                         [this] { return answer_.has_value(); });
    waiting_for_ = -1;
    if (outcome == EventLoop::Outcome::timed_out)
        return Error{"the host did not answer within " + std::to_string(limit_ns / ns_per_s) + " s"};
    if (!answer_->error.empty()) return Error{answer_->error, answer_->hint};
    return std::move(answer_->detail);
}

void HostLink::tell(wire::HostRequest request) {
    request.number = next_++;
    loop_.send(wire::FrameType::host_request, request);
}

// A late answer to a question that nobody waits for any more is dropped.
void HostLink::reply(const wire::HostReply& reply) {
    if (reply.number == waiting_for_) answer_ = reply;
}

} // namespace ktstr::guest
