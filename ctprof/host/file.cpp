// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/host/file.h"

#include <zstd.h>

#include <memory>

#include "base/file.h"
#include "ctprof/document.h"

namespace ktstr::ctprof {

namespace {

constexpr int level = 3;
constexpr std::size_t largest_file = std::size_t{64} << 20U;
constexpr int largest_window_log = 27; // 128 MiB of memory, what zstd itself allows without being told otherwise

} // namespace

Result<std::string> compress(std::string_view bytes) {
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
    if (ZSTD_isError(size) != 0) return Error{std::string("cannot compress: ") + ZSTD_getErrorName(size)};
    out.resize(size);
    return out;
}

Result<std::string> decompress(std::string_view bytes, std::size_t limit) {
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
    if (!context) return Error{"there is no memory to decompress it"};
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, largest_window_log);
    std::string out;
    std::string chunk(ZSTD_DStreamOutSize(), '\0');
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
        ZSTD_outBuffer piece{chunk.data(), chunk.size(), 0};
        const std::size_t before = in.pos;
        const std::size_t left = ZSTD_decompressStream(context.get(), &piece, &in);
        if (ZSTD_isError(left) != 0) return Error{std::string("it is not whole zstd: ") + ZSTD_getErrorName(left)};
        if (out.size() + piece.pos > limit)
            return Error{"it unpacks to more than the " + std::to_string(limit >> 20U) + " MiB that are read"};
        out.append(chunk, 0, piece.pos);
        if (left == 0) break;
        if (in.pos == before && piece.pos == 0) return Error{"it is cut off"};
    }
    if (in.pos != in.size) return Error{"there is something behind its end"};
    return out;
}

Result<void> write_capture(const std::filesystem::path& path, const Capture& capture) {
    const auto bytes = compress(to_document(capture));
    if (!bytes) return bytes.error();
    return write_file(path, *bytes);
}

Result<Capture> read_capture(const std::filesystem::path& path) {
    const auto bytes = read_file(path, largest_file);
    if (!bytes) return bytes.error();
    const auto refused = [&path](const Error& error) {
        return Error{"cannot read the capture " + path.string() + ": " + error.message, error.hint};
    };
    const auto document = decompress(*bytes, largest_document);
    if (!document) return refused(document.error());
    auto capture = parse_document(*document);
    if (!capture) return refused(capture.error());
    return capture;
}

} // namespace ktstr::ctprof
