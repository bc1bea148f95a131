// SPDX-License-Identifier: GPL-2.0-only
#include "guest/scratch_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "guest/kernel_file.h"
#include "interp/plan/disk.h"

namespace ktstr::guest {

Result<ScratchDisk> open_scratch_disk(const char* sys_block, const char* dev) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(sys_block, code)) {
        const auto serial = read_kernel_file(entry.path().string() + "/serial");
        if (!serial || *serial != plan::disk_serial) continue;
        const std::string path = dev + ("/" + entry.path().filename().string());
        Fd file(::open(path.c_str(), O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC));
        if (!file) return errno_error("open the scratch disk", path, errno);
        const off_t end = ::lseek(file.get(), 0, SEEK_END);
        if (end < 0) return errno_error("find the size of", path, errno);
        return ScratchDisk{std::move(file), static_cast<std::uint64_t>(end)};
    }
    return ScratchDisk{};
}

} // namespace ktstr::guest
