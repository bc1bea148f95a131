// SPDX-License-Identifier: GPL-2.0-only
// The initramfs that every guest boots from: the executor as /init, and nothing else. What a scenario adds comes
// through the virtio-serial port, so that one image serves all.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace ktstr::vmm {

// An uncompressed newc archive (unpacking a compressed one costs more in an emulated CPU than reading it).
Result<std::string> make_initramfs(const std::filesystem::path& executor);

// The executor that belongs to this ktstr: `ktstr-executor` beside it.
Result<std::filesystem::path> find_executor();

} // namespace ktstr::vmm
