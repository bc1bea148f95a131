// SPDX-License-Identifier: GPL-2.0-only
// A private apt: the machine's sources rewritten, its network settings, and a state, cache and sources list of its own,
// so that neither the host's apt configuration nor its state is touched and no root is needed. Nothing is ever
// installed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/kernel/apt_sources.h"
#include "vmm/kernel/command.h"

namespace ktstr {

struct AptPackage {
    std::string name;    // "linux-binary-7.0.13+deb13-cloud-amd64"
    std::string version; // "7.0.13-1~bpo13+1"
};

// A package that holds a prebuilt cloud kernel.
struct KernelPackage {
    AptPackage package;
    std::string release; // "7.0.13+deb13-cloud-amd64"
};

// The packages of `apt-cache dumpavail`.
std::vector<AptPackage> parse_package_list(std::string_view text);

// The prebuilt amd64 cloud kernels among `packages`, newest first, one per release: linux-binary-* holds the image
// where it exists (its linux-image-* is then an empty shell), else linux-image-*; signed or not.
std::vector<KernelPackage> kernel_packages(const std::vector<AptPackage>& packages);

class PrivateApt {
  public:
    // In `directory`, which is created and may be used again; the caller keeps others out of it.
    static Result<PrivateApt> create(const std::filesystem::path& directory, const std::vector<AptSource>& sources);

    // Reads the package lists from the archive.
    [[nodiscard]] Result<void> update(const CommandLog& log, StopSignals& stop) const;
    [[nodiscard]] Result<std::vector<AptPackage>> packages() const;
    // Downloads the packages into `target` (apt checks their hashes) and unpacks them there.
    [[nodiscard]] Result<void> unpack(const std::vector<std::string>& names, const std::filesystem::path& target,
                                      const CommandLog& log, StopSignals& stop) const;

  private:
    explicit PrivateApt(std::filesystem::path configuration) : configuration_(std::move(configuration)) {}
    [[nodiscard]] ProcessOptions command(std::vector<std::string> arguments) const;
    std::filesystem::path configuration_; // an apt.conf
};

// The private apt of this machine in `directory`, with the kernel sources derived from /etc/apt and /etc/os-release.
Result<PrivateApt> private_apt_of_machine(const std::filesystem::path& directory);

} // namespace ktstr
