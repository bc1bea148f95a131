// SPDX-License-Identifier: GPL-2.0-only
// Frames on the byte stream between host and guest (a virtio-serial port). What a guest sends is untrusted input.
//
// Layout, little-endian, 20 bytes of header and then the payload:
//   u32 magic    0x5254534b ("KSTR")
//   u16 type     FrameType
//   u16 reserved 0
//   u32 sequence counts up from 0 per direction
//   u32 length   payload bytes, at most max_payload
//   u32 crc      CRC-32C (RFC 3720, B.4) over the 16 bytes before it and the payload
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr::wire {

// Payloads are CBOR (RFC 8949) maps unless a line says otherwise; their keys are documented in wire/message.h.
enum class FrameType : std::uint16_t {
    // host to guest
    begin = 1,   // Begin: the plan and what goes with it; the archive follows
    archive = 2, // raw bytes of the archive (newc cpio), in order, as many frames as it takes
    stop = 3,    // end the scenario now, orderly: report and power off
    host_reply = 4,
    terminal_input = 5, // raw bytes that the user of a shell has typed
    terminal_size = 6,
    // guest to host
    hello = 16,
    phase = 17,
    event = 18,
    heartbeat = 19,
    log = 20,
    workers = 21,
    scheduler_exit = 22,
    finish = 23,
    payload_output = 24,
    payload = 25,
    cgroup_procs = 26,
    ctprof = 27,
    host_request = 28,
    terminal_output = 29, // raw bytes of a shell's terminal, or of its standard output
    terminal_errors = 30, // raw bytes of its standard error, if it has no terminal
    shell_end = 31,
};

constexpr std::uint32_t frame_magic = 0x5254534bU;
constexpr std::size_t header_size = 20;
constexpr std::uint32_t max_payload = 16U << 20U;

struct Frame {
    FrameType type;
    std::uint32_t sequence;
    std::string payload;
};

// CRC-32C (Castagnoli), reflected, as in RFC 3720 B.4: crc32c("123456789") == 0xe3069283. `crc` continues a sum.
std::uint32_t crc32c(std::string_view data, std::uint32_t crc = 0);

// The frame's bytes. `payload` must not be longer than max_payload (a bug otherwise: aborts).
std::string encode_frame(FrameType type, std::uint32_t sequence, std::string_view payload);

// Cuts a byte stream into frames. After an error the stream is lost: every later next() gives the same error.
class FrameDecoder {
  public:
    // `next_sequence` is that of the first frame to come: not 0 when the stream is taken up in the middle.
    explicit FrameDecoder(std::uint32_t next_sequence = 0) : expected_sequence_(next_sequence) {}
    void feed(std::string_view bytes);
    // A whole frame, or none if more bytes are needed; an error for a bad magic, an unknown type, a length over the
    // limit, a wrong CRC, or a sequence number that is not the next.
    Result<std::optional<Frame>> next();

  private:
    std::string buffer_;
    std::size_t consumed_ = 0;
    std::uint32_t expected_sequence_;
    std::optional<Error> failed_;
};

} // namespace ktstr::wire
