// SPDX-License-Identifier: GPL-2.0-only
#include "export/bundle.h"

#include <sys/stat.h>
#include <zstd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/hash.h"

namespace ktstr::bundle {

namespace {

constexpr std::string_view magic = "KTSTR.RUN.FILE.1";
constexpr std::size_t number_size = 16;
constexpr std::size_t head_size = magic.size() + 3 * number_size;
constexpr std::size_t trailer_size = head_size + 64;
constexpr int compression_level = 6;
constexpr std::size_t cpio_header_size = 110; // see guest/cpio.h

std::string hex16(std::size_t value) {
    char text[number_size + 1];
    std::snprintf(text, sizeof(text), "%016zx", value);
    return text;
}

std::optional<std::size_t> from_hex(std::string_view digits) {
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

Error damaged(const std::string& how) {
    return {"this file is damaged: " + how, "copy it again, or make a new one: ktstr export"};
}

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

} // namespace

Result<std::string> make(std::string_view launcher, std::string_view plan, std::string_view archive) {
    std::string compressed(::ZSTD_compressBound(archive.size()), '\0');
    const std::size_t size =
        ::ZSTD_compress(compressed.data(), compressed.size(), archive.data(), archive.size(), compression_level);
    if (::ZSTD_isError(size) != 0) return Error{std::string("cannot compress the files: ") + ::ZSTD_getErrorName(size)};
    compressed.resize(size);
    std::string file;
    file.reserve(launcher.size() + plan.size() + size + trailer_size);
    file.append(launcher).append(plan).append(compressed).append(magic);
    for (const std::size_t length : {launcher.size(), plan.size(), size}) file += hex16(length);
    return file + sha256_hex(file);
}

Result<Bundle> open(std::string_view content) {
    if (content.size() < trailer_size) return damaged("it is cut off");
    const std::string_view trailer = content.substr(content.size() - trailer_size);
    if (!trailer.starts_with(magic)) return damaged("it does not end as it should, and may be cut off");
    std::array<std::size_t, 3> lengths{};
    std::size_t sum = trailer_size;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        const auto length = from_hex(trailer.substr(magic.size() + i * number_size, number_size));
        if (!length || *length > content.size()) return damaged("its parts have no right lengths");
        sum += lengths.at(i) = *length;
    }
    if (sum != content.size()) return damaged("its parts have no right lengths");
    const std::string_view hashed = content.substr(0, content.size() - 64);
    if (sha256_hex(hashed) != trailer.substr(head_size)) return damaged("its content is not what was written");
    return Bundle{content.substr(0, lengths[0]), content.substr(lengths[0], lengths[1]),
                  content.substr(lengths[0] + lengths[1], lengths[2])};
}

Result<void> unpack(std::string_view archive, const std::function<Result<void>(std::string_view)>& take) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> context(::ZSTD_createDCtx(), ::ZSTD_freeDCtx);
    if (!context) return Error{"there is no memory to decompress the files"};
    std::string piece(::ZSTD_DStreamOutSize(), '\0');
    ZSTD_inBuffer in{archive.data(), archive.size(), 0};
    std::size_t left = 1;
    while (in.pos < in.size || left != 0) {
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        left = ::ZSTD_decompressStream(context.get(), &out, &in);
        if (::ZSTD_isError(left) != 0) return damaged(::ZSTD_getErrorName(left));
        if (out.pos == 0 && in.pos == in.size && left != 0) return damaged("its archive is cut off");
        if (auto taken = take({piece.data(), out.pos}); !taken) return taken;
    }
    return {};
}

Result<std::vector<Entry>> list(std::string_view archive) {
    std::string cpio;
    auto unpacked = unpack(archive, [&cpio](std::string_view bytes) -> Result<void> {
        cpio += bytes;
        return {};
    });
    if (!unpacked) return unpacked.error();
    std::vector<Entry> entries;
    std::string_view rest = cpio;
    while (rest.size() >= cpio_header_size) {
        const auto field = [&rest](std::size_t index) { return from_hex(rest.substr(6 + 8 * index, 8)).value_or(0); };
        Entry entry{"", static_cast<unsigned>(field(1)), field(6)};
        const std::size_t name_size = field(11);
        const std::size_t content = padded(cpio_header_size + name_size);
        if (name_size == 0 || content + padded(entry.bytes) > rest.size()) return damaged("its archive is cut off");
        entry.path = "/" + std::string(rest.substr(cpio_header_size, name_size - 1));
        rest.remove_prefix(content + padded(entry.bytes));
        if (entry.path == "/TRAILER!!!") return entries;
        if (!S_ISDIR(entry.mode)) entries.push_back(std::move(entry));
    }
    return damaged("its archive is cut off");
}

} // namespace ktstr::bundle
