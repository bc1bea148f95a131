// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/targets.h"
#include "wire/frame.h"
#include "wire/message.h"

namespace ktstr::fuzz {

namespace {

// What is accepted must be written as bytes that read back as the same.
template <typename Message>
std::string try_message(Result<Message> (*decode)(std::string_view), std::string_view input) {
    const auto message = decode(input);
    if (!message) return message.error().message.empty() ? "a message is refused without a reason" : "";
    const std::string written = wire::encode(*message);
    const auto again = decode(written);
    if (!again) return "a message cannot be read back: " + again.error().message;
    return wire::encode(*again) == written ? "" : "a message reads back as another";
}

std::string try_payload(wire::FrameType type, std::string_view input) {
    using wire::FrameType;
    switch (type) {
    case FrameType::begin: return try_message(wire::decode_begin, input);
    case FrameType::host_reply: return try_message(wire::decode_host_reply, input);
    case FrameType::terminal_size: return try_message(wire::decode_terminal_size, input);
    case FrameType::hello: return try_message(wire::decode_hello, input);
    case FrameType::phase: return try_message(wire::decode_phase, input);
    case FrameType::event: return try_message(wire::decode_event, input);
    case FrameType::heartbeat: return try_message(wire::decode_heartbeat, input);
    case FrameType::log: return try_message(wire::decode_log, input);
    case FrameType::workers: return try_message(wire::decode_workers, input);
    case FrameType::scheduler_exit: return try_message(wire::decode_scheduler_exit, input);
    case FrameType::finish: return try_message(wire::decode_finish, input);
    case FrameType::payload_output: return try_message(wire::decode_payload_output, input);
    case FrameType::payload: return try_message(wire::decode_payload_end, input);
    case FrameType::cgroup_procs: return try_message(wire::decode_cgroup_procs, input);
    case FrameType::ctprof: return try_message(wire::decode_ctprof_piece, input);
    case FrameType::host_request: return try_message(wire::decode_host_request, input);
    case FrameType::shell_end: return try_message(wire::decode_shell_end, input);
    default: return {}; // raw bytes
    }
}

// The frames of the stream as they are written, and the error that ends it.
std::string decoded(std::string_view stream, std::size_t piece) {
    wire::FrameDecoder decoder;
    std::string frames;
    while (true) {
        const auto frame = decoder.next();
        if (!frame) return frames + "|" + frame.error().message;
        if (*frame) {
            frames += wire::encode_frame((*frame)->type, (*frame)->sequence, (*frame)->payload);
        } else {
            if (stream.empty()) return frames;
            decoder.feed(stream.substr(0, piece));
            stream.remove_prefix(std::min(piece, stream.size()));
        }
    }
}

} // namespace

std::string try_frames(std::string_view input) {
    if (input.empty()) return {};
    const auto type = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    if (type != 0) return try_payload(static_cast<wire::FrameType>(type), input);
    const std::string whole = decoded(input, input.size());
    if (whole != decoded(input, 7)) return "a stream of frames reads as another in pieces";
    const auto frames = std::string_view(whole).substr(0, whole.find('|'));
    return whole.find('|') == std::string::npos && !input.starts_with(frames) ? "frames are not those of the stream"
                                                                              : "";
}

} // namespace ktstr::fuzz
