// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/initramfs.h"

#include "base/file.h"
#include "vmm/boot/cpio.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

Result<std::string> make_initramfs(const fs::path& executor) {
    auto content = read_file(executor);
    if (!content) return content.error();
    CpioWriter writer;
    for (const char* directory : {"dev", "proc", "sys", "tmp", "run"}) writer.add_directory(directory);
    writer.add_character_device("dev/console", 5, 1); // Documentation/admin-guide/devices.txt
    writer.add_file("init", *content, 0755);
    return writer.finish();
}

Result<fs::path> find_executor() {
    std::error_code code;
    const fs::path executor = fs::read_symlink("/proc/self/exe", code).parent_path() / "ktstr-executor";
    if (code || !fs::exists(executor, code))
        return Error{"the guest executor " + executor.string() + " is missing", "build the whole project: ./dev build"};
    return executor;
}

} // namespace ktstr::vmm
