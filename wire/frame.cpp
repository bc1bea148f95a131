// SPDX-License-Identifier: GPL-2.0-only
#include "wire/frame.h"

#include <array>
#include <cstdlib>

namespace ktstr::wire {

namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82f63b78U : 0U);
        table.at(i) = value;
    }
    return table;
}

constexpr auto crc_table = make_crc_table();

void put(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8U * static_cast<unsigned>(i))) & 0xffU);
}

std::uint32_t get(std::string_view in, std::size_t offset, int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(in[offset + static_cast<std::size_t>(i)]))
                 << (8U * static_cast<unsigned>(i));
    return value;
}

bool known_type(std::uint32_t type) {
    return (type >= static_cast<std::uint32_t>(FrameType::begin) &&
            type <= static_cast<std::uint32_t>(FrameType::terminal_size)) ||
           (type >= static_cast<std::uint32_t>(FrameType::hello) &&
            type <= static_cast<std::uint32_t>(FrameType::shell_end));
}

} // namespace

std::uint32_t crc32c(std::string_view data, std::uint32_t crc) {
    crc = ~crc;
    for (const char byte : data) crc = crc_table.at((crc ^ static_cast<unsigned char>(byte)) & 0xffU) ^ (crc >> 8U);
    return ~crc;
}

std::string encode_frame(FrameType type, std::uint32_t sequence, std::string_view payload) {
    if (payload.size() > max_payload) std::abort();
    std::string out;
    out.reserve(header_size + payload.size());
    put(out, frame_magic, 4);
    put(out, static_cast<std::uint32_t>(type), 2);
    put(out, 0, 2);
    put(out, sequence, 4);
    put(out, static_cast<std::uint32_t>(payload.size()), 4);
    put(out, crc32c(payload, crc32c(out)), 4);
    out += payload;
    return out;
}

void FrameDecoder::feed(std::string_view bytes) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
    buffer_ += bytes;
}

Result<std::optional<Frame>> FrameDecoder::next() {
    if (failed_) return *failed_;
    auto fail = [this](std::string message) {
        failed_ = Error{"the frame stream is damaged: " + std::move(message)};
        return *failed_;
    };
    const std::string_view rest = std::string_view(buffer_).substr(consumed_);
    if (rest.size() < header_size) return std::optional<Frame>{};
    const std::uint32_t type = get(rest, 4, 2);
    const std::uint32_t sequence = get(rest, 8, 4);
    const std::uint32_t length = get(rest, 12, 4);
    if (get(rest, 0, 4) != frame_magic) return fail("no frame begins where one should");
    if (get(rest, 6, 2) != 0 || !known_type(type)) return fail("unknown frame type " + std::to_string(type));
    if (length > max_payload) return fail("a payload of " + std::to_string(length) + " bytes");
    if (rest.size() < header_size + length) return std::optional<Frame>{};
    const std::string_view payload = rest.substr(header_size, length);
    if (crc32c(payload, crc32c(rest.substr(0, 16))) != get(rest, 16, 4)) return fail("wrong CRC");
    if (sequence != expected_sequence_)
        return fail("frame " + std::to_string(sequence) + " came where " + std::to_string(expected_sequence_) +
                    " was due");
    ++expected_sequence_;
    consumed_ += header_size + length;
    return std::optional<Frame>(Frame{static_cast<FrameType>(type), sequence, std::string(payload)});
}

} // namespace ktstr::wire
