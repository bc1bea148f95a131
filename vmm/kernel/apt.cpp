// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/kernel/apt.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

#include "base/file.h"
#include "vmm/kernel/version.h"

namespace ktstr {

namespace fs = std::filesystem;

namespace {

// The host's settings for fetching (proxy, timeouts, credentials' place) as configuration lines. Its hooks
// (APT::Update::Post-Invoke and the like) act on the host's state and are left out, as are extra indexes to download.
Result<std::string> host_network_settings() {
    auto dump = run_command({{"apt-config", "dump"}});
    if (!dump)
        return Error{dump->output.empty() ? dump.error().message : dump->output, "ktstr kernel fetch works on Debian"};
    std::string kept;
    std::string_view text = dump->output;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.starts_with("Acquire::") && !line.starts_with("Acquire::IndexTargets"))
            kept += std::string(line) + "\n";
    }
    return kept;
}

std::string quoted(const fs::path& path) { return "\"" + path.string() + "\""; }

std::string configuration(const fs::path& directory, const std::string& network) {
    return "// The private apt of `ktstr kernel`; see vmm/kernel/apt.h.\n" + network +
           "Acquire::Languages \"none\";\n" + "Dir::State " + quoted(directory / "state") + ";\n" +
           "Dir::State::status " + quoted(directory / "status") + ";\n" + "Dir::Cache " + quoted(directory / "cache") +
           ";\n" + "Dir::Etc::sourcelist " + quoted(directory / "kernels.sources") + ";\n" +
           "Dir::Etc::sourceparts \"/dev/null\";\n" + "Dir::Etc::main \"/dev/null\";\n" +
           "Dir::Etc::parts \"/dev/null\";\n" + "Dir::Etc::preferences \"/dev/null\";\n" +
           "Dir::Etc::preferencesparts \"/dev/null\";\n" +
           // As root apt would hand downloads to the user _apt, who cannot see root's cache.
           "APT::Sandbox::User \"root\";\n";
}

struct Candidate {
    AptPackage package;
    int rank; // lower is preferred
};

} // namespace

std::vector<AptPackage> parse_package_list(std::string_view text) {
    std::vector<AptPackage> packages;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.starts_with("Package: "))
            packages.push_back({std::string(line.substr(9)), {}});
        else if (line.starts_with("Version: ") && !packages.empty())
            packages.back().version = line.substr(9);
    }
    return packages;
}

std::vector<KernelPackage> kernel_packages(const std::vector<AptPackage>& packages) {
    static const std::regex name("linux-(binary|image)-(unsigned-)?([0-9]+\\.[0-9][^-]*-cloud-amd64)(-unsigned)?");
    std::map<std::string, Candidate> by_release;
    for (const auto& package : packages) {
        std::smatch match;
        if (!std::regex_match(package.name, match, name)) continue;
        const std::string release = match[3];
        const auto version = KernelVersion::parse(release);
        if (!version || version->numbers.size() < 3) continue; // linux-image-6.12-cloud-amd64 is a metapackage
        const int rank = (match[1] == "binary" ? 0 : 2) + (match[2].matched || match[4].matched ? 1 : 0);
        const auto found = by_release.find(release);
        if (found == by_release.end() || rank < found->second.rank)
            by_release.insert_or_assign(release, Candidate{package, rank});
    }
    std::vector<KernelPackage> kernels;
    for (const auto& [release, candidate] : by_release) kernels.push_back({candidate.package, release});
    std::sort(kernels.begin(), kernels.end(), [](const auto& left, const auto& right) {
        return *KernelVersion::parse(left.release) > *KernelVersion::parse(right.release);
    });
    return kernels;
}

Result<PrivateApt> PrivateApt::create(const fs::path& directory, const std::vector<AptSource>& sources) {
    for (const auto* name : {"state/lists/partial", "cache/archives/partial"})
        if (auto made = make_directories(directory / name); !made) return made.error();
    const auto network = host_network_settings();
    if (!network) return network.error();
    const std::vector<std::pair<const char*, std::string>> files = {
        {"status", ""}, {"kernels.sources", to_deb822(sources)}, {"apt.conf", configuration(directory, *network)}};
    for (const auto& [name, content] : files)
        // Only this user reads them: a source or a proxy may carry a password.
        if (auto written = write_file(directory / name, content, 0600); !written) return written.error();
    return PrivateApt(directory / "apt.conf");
}

ProcessOptions PrivateApt::command(std::vector<std::string> arguments) const {
    ProcessOptions options;
    options.arguments = std::move(arguments);
    // Read before the host's own configuration, and it turns that one off.
    options.environment = {{"APT_CONFIG", configuration_.string()}, {"LC_ALL", "C.UTF-8"}};
    return options;
}

Result<void> PrivateApt::update(const CommandLog& log, StopSignals& stop) const {
    return run_logged(command({"apt-get", "update", "--error-on=any"}), "reading the archive's package lists", log,
                      stop);
}

Result<std::vector<AptPackage>> PrivateApt::packages() const {
    auto dump = run_command(command({"apt-cache", "dumpavail"}));
    if (!dump) return dump.error();
    if (!dump->exit.clean()) return Error{"apt-cache dumpavail ended with " + dump->exit.text()};
    return parse_package_list(dump->output);
}

Result<void> PrivateApt::unpack(const std::vector<std::string>& names, const fs::path& target, const CommandLog& log,
                                StopSignals& stop) const {
    auto download = command({"apt-get", "download"});
    download.arguments.insert(download.arguments.end(), names.begin(), names.end());
    download.directory = target.string();
    if (auto done = run_logged(download, "downloading " + names.front(), log, stop); !done) return done;
    std::vector<fs::path> archives;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(target, code))
        if (entry.path().extension() == ".deb") archives.push_back(entry.path());
    for (const auto& archive : archives) {
        const ProcessOptions extract{{"dpkg-deb", "-x", archive.string(), target.string()}};
        if (auto done = run_logged(extract, "unpacking " + archive.filename().string(), log, stop); !done) return done;
        fs::remove(archive, code);
    }
    return {};
}

Result<PrivateApt> private_apt_of_machine(const fs::path& directory) {
    const auto os_release = read_file("/etc/os-release", 1U << 20U);
    if (!os_release) return os_release.error();
    const auto sources = kernel_sources(read_apt_sources("/etc/apt"), version_codename(*os_release));
    if (!sources) return sources.error();
    return PrivateApt::create(directory, *sources);
}

} // namespace ktstr
