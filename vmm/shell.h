// SPDX-License-Identifier: GPL-2.0-only
// A shell in the guest: what it is started from, and who sits before it.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/boot/archive.h"
#include "wire/message.h"

namespace ktstr::vmm {

// All of it is called on the conducting thread.
class ShellUser {
  public:
    struct Said {
        std::string typed = {};
        std::optional<wire::TerminalSize> size = {}; // a new one
        bool leaves = false;                         // wants the machine to end
    };
    virtual ~ShellUser() = default;
    // The shell runs, or the command does.
    virtual void begins() = 0;
    // To be polled for reading while it runs; -1: nothing.
    [[nodiscard]] virtual std::array<int, 2> descriptors() const = 0;
    // What has come there, without waiting for it.
    virtual Said listen() = 0;
    // Shows all of it. False if that cannot be: nobody is there any more.
    virtual bool show(bool errors, std::string_view bytes) = 0;
    virtual void ended(const wire::ShellEnd& how) = 0;
};

struct ShellRequest {
    wire::Shell shell;
    ShellUser& user;
};

// Packs busybox, with a link in /bin for each of its commands that nothing else in the archive is, and files and
// directories into wire::include_directory, programs with their libraries. Returns the shell's words: add {"-c",
// COMMAND} to run one. Errors: no busybox on this host (the hint names the package), a file that is not there.
Result<std::vector<std::string>> pack_shell(const std::vector<std::filesystem::path>& include, ArchiveBuilder& archive);

} // namespace ktstr::vmm
