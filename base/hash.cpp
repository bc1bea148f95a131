// SPDX-License-Identifier: GPL-2.0-only
#include "base/hash.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/fd.h"

namespace ktstr {

namespace {

std::string digest_hex(sha256_ctx& context) {
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    sha256_digest(&context, digest.size(), digest.data());
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : digest) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

} // namespace

std::string sha256_hex(std::string_view data) {
    sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, data.size(), reinterpret_cast<const std::uint8_t*>(data.data()));
    return digest_hex(context);
}

Result<std::string> sha256_file(const std::filesystem::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    sha256_ctx context;
    sha256_init(&context);
    std::vector<std::uint8_t> buffer(1U << 20U);
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", path.string(), errno);
        if (count == 0) return digest_hex(context);
        sha256_update(&context, static_cast<std::size_t>(count), buffer.data());
    }
}

} // namespace ktstr
