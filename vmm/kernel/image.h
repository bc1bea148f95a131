// SPDX-License-Identifier: GPL-2.0-only
// Kernel images: telling what a file is, and taking the vmlinux out of a bzImage.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr {

enum class ImageKind { vmlinux, bzimage };

struct ImageFacts {
    ImageKind kind = ImageKind::vmlinux;
    std::string release; // `uname -r`, "7.0.13+deb13-cloud-amd64"
    // vmlinux: it has the PVH entry note, so QEMU starts it as it is, without decompression in the guest.
    bool pvh = false;
};

// What `path` is. Anything that QEMU cannot boot here is an error that says what the file is instead: a text file, a
// directory, a truncated copy, an image of another architecture.
Result<ImageFacts> inspect_image(const std::filesystem::path& path);

// The vmlinux (ELF) inside the bytes of an x86-64 bzImage. Layout: Documentation/arch/x86/boot.rst, payload_offset and
// payload_length; compressions: gzip, bzip2, lzma, xz, lzo, lz4 (legacy frame), zstd. `name` is for the messages.
Result<std::string> extract_vmlinux(std::string_view bzimage, const std::string& name);

} // namespace ktstr
