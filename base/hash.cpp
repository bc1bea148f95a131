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

struct Sha256::State {
    sha256_ctx context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { sha256_init(&state_->context); }
Sha256::~Sha256() = default;

void Sha256::add(std::string_view data) {
    sha256_update(&state_->context, data.size(), reinterpret_cast<const std::uint8_t*>(data.data()));
}

std::string Sha256::hex() { return digest_hex(state_->context); }

std::string sha256_hex(std::string_view data) {
    Sha256 sha256;
    sha256.add(data);
    return sha256.hex();
}

Result<std::string> sha256_file(const std::filesystem::path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path.string(), errno);
    Sha256 sha256;
    std::vector<char> buffer(1U << 20U);
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", path.string(), errno);
        if (count == 0) return sha256.hex();
        sha256.add({buffer.data(), static_cast<std::size_t>(count)});
    }
}

} // namespace ktstr
