// SPDX-License-Identifier: GPL-2.0-only
#include "wire/frame.h"

#include <catch2/catch_test_macros.hpp>
#include <random>

using namespace ktstr::wire;

namespace {

std::string three_frames() {
    return encode_frame(FrameType::hello, 0, "first") + encode_frame(FrameType::log, 1, "") +
           encode_frame(FrameType::finish, 2, std::string(100000, 'x'));
}

// Frames that come out before the stream ends or fails.
std::size_t decode_all(FrameDecoder& decoder) {
    std::size_t count = 0;
    while (true) {
        auto frame = decoder.next();
        if (!frame || !*frame) return count;
        ++count;
    }
}

} // namespace

TEST_CASE("CRC-32C matches RFC 3720's check value, and can be continued") {
    CHECK(crc32c("123456789") == 0xe3069283U);
    CHECK(crc32c("6789", crc32c("12345")) == 0xe3069283U);
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
}

TEST_CASE("frames come out as they went in, whatever the pieces they arrive in") {
    const std::string stream = three_frames();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, stream.size()}) {
        FrameDecoder decoder;
        std::vector<Frame> frames;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            decoder.feed(std::string_view(stream).substr(at, piece));
            while (true) {
                auto frame = decoder.next();
                REQUIRE(frame);
                if (!*frame) break;
                frames.push_back(**frame);
            }
        }
        REQUIRE(frames.size() == 3);
        CHECK(frames[0].type == FrameType::hello);
        CHECK(frames[0].payload == "first");
        CHECK(frames[1].payload.empty());
        CHECK(frames[2].payload == std::string(100000, 'x'));
        CHECK(frames[2].sequence == 2);
    }
}

TEST_CASE("a changed bit anywhere is noticed, and what came before it is kept") {
    const std::string first = encode_frame(FrameType::hello, 0, "first");
    const std::string second = encode_frame(FrameType::log, 1, "second");
    for (std::size_t byte = 0; byte < second.size(); ++byte) {
        std::string damaged = second;
        damaged[byte] = static_cast<char>(damaged[byte] ^ 0x10);
        FrameDecoder decoder;
        decoder.feed(first + damaged + second);
        auto frame = decoder.next();
        REQUIRE(frame);
        CHECK((*frame)->payload == "first");
        auto rest = decoder.next();
        // A longer length may wait for bytes that never come; anything else is an error now. Never a frame.
        CHECK((!rest || !*rest));
    }
}

TEST_CASE("a lost, repeated or unknown frame ends the stream for good") {
    FrameDecoder decoder;
    decoder.feed(encode_frame(FrameType::hello, 1, ""));
    CHECK_FALSE(decoder.next());
    decoder.feed(encode_frame(FrameType::hello, 0, ""));
    CHECK_FALSE(decoder.next());

    FrameDecoder unknown;
    unknown.feed(encode_frame(static_cast<FrameType>(999), 0, ""));
    CHECK_FALSE(unknown.next());
}

TEST_CASE("a length over the limit is refused before anything is stored") {
    std::string header = encode_frame(FrameType::log, 0, "");
    header[15] = '\x7f'; // length: 0x7f000000
    FrameDecoder decoder;
    decoder.feed(header);
    const auto frame = decoder.next();
    REQUIRE_FALSE(frame);
    CHECK(frame.error().message.find("payload") != std::string::npos);
}

TEST_CASE("random bytes and randomly damaged streams never crash the decoder") {
    std::mt19937 random(42); // NOLINT(cert-msc51-cpp): the same cases every time
    for (int round = 0; round < 3000; ++round) {
        std::string stream =
            encode_frame(FrameType::hello, 0, "abc") + encode_frame(FrameType::log, 1, std::string(50, 'y'));
        const std::size_t changes = 1 + random() % 6;
        for (std::size_t i = 0; i < changes; ++i) stream[random() % stream.size()] = static_cast<char>(random());
        FrameDecoder decoder;
        decoder.feed(stream);
        CHECK(decode_all(decoder) <= 2);
    }
}
