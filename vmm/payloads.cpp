// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/payloads.h"

#include <algorithm>

#include "wire/message.h"

namespace ktstr::vmm {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> bases(const plan::Payload& payload, const fs::path& root, const fs::path& scenario_directory) {
    std::vector<fs::path> found = {scenario_directory};
    if (!payload.source.file.empty()) found.insert(found.begin(), (root / payload.source.file).parent_path());
    return found;
}

Result<std::string> pack_program(const plan::Payload& payload, const std::vector<fs::path>& places,
                                 ArchiveBuilder& archive, RunsOn where) {
    auto found = find_payload_program(payload.binary, places.front());
    for (std::size_t i = 1; i < places.size() && !found; ++i) {
        auto other = find_payload_program(payload.binary, places[i]);
        if (other) found = std::move(other);
    }
    if (!found) return found.error();
    if (where == RunsOn::host) return fs::absolute(found->path).string();
    return archive.add_program_or_script(found->path);
}

Result<void> pack_file(const std::string& file, const std::vector<fs::path>& places, ArchiveBuilder& archive,
                       RunsOn where) {
    if (file.empty()) return Error{"a file without a name"};
    const fs::path named(file);
    std::string guest_path = (named.is_absolute() ? named : wire::work_directory / named).lexically_normal().string();
    while (guest_path.size() > 1 && guest_path.back() == '/') guest_path.pop_back();
    if (guest_path == "/") return Error{"the whole of / cannot be packed", "name what is needed of it"};
    std::string looked_at;
    for (const auto& place : places) {
        const fs::path source = named.is_absolute() ? named : place / named;
        std::error_code code;
        if (fs::exists(source, code))
            return named.is_absolute() && where == RunsOn::host ? Result<void>{} : archive.add_tree(guest_path, source);
        if (looked_at.find(source.string()) == std::string::npos)
            looked_at += (looked_at.empty() ? "" : ", ") + source.string();
    }
    return Error{"there is no file '" + file + "' (looked at " + looked_at + ")",
                 "a relative path counts from the file that declares the payload"};
}

} // namespace

PackedPayloads pack_payloads(const plan::Plan& plan, const fs::path& root, const fs::path& scenario_directory,
                             ArchiveBuilder& archive, RunsOn place) {
    PackedPayloads packed;
    for (const auto& payload : plan.payloads) {
        const auto problem = [&](const Error& error) {
            packed.problems.push_back(
                {{"payload '" + payload.name + "': " + error.message, error.hint}, payload.source});
        };
        const auto places = bases(payload, root, scenario_directory);
        if (auto path = pack_program(payload, places, archive, place))
            packed.paths[payload.name] = *path;
        else
            problem(path.error());
        for (const auto& file : payload.files)
            if (auto done = pack_file(file, places, archive, place); !done) problem(done.error());
    }
    return packed;
}

Result<void> check_fits(const ArchiveBuilder& archive, const plan::Plan& plan) {
    constexpr std::uint64_t mib = 1U << 20U;
    const std::uint64_t needed = archive.content_bytes();
    if (needed <= plan.memory_bytes / 2) return {};
    return Error{"what is packed for the guest takes " + std::to_string(needed / mib) + " MiB, and the machine has " +
                     std::to_string(plan.memory_bytes / mib) + " MiB of memory for that and all else",
                 "give it more: memory " + std::to_string((2 * needed + mib - 1) / mib + 64) + "MiB"};
}

} // namespace ktstr::vmm
