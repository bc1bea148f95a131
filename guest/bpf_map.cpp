// SPDX-License-Identifier: GPL-2.0-only
#include "guest/bpf_map.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t kept_characters = BPF_OBJ_NAME_LEN - 1;
constexpr std::size_t most_listed = 20;

// All zero: the kernel refuses what is set beyond what a command knows.
bpf_attr empty_attribute() {
    bpf_attr attribute; // NOLINT(cppcoreguidelines-pro-type-member-init): a union, of which {} sets one member
    std::memset(&attribute, 0, sizeof(attribute));
    return attribute;
}

long bpf(int command, bpf_attr& attribute) { return ::syscall(SYS_bpf, command, &attribute, sizeof(attribute)); }

Fd open_map(std::uint32_t id) {
    bpf_attr attribute = empty_attribute();
    attribute.map_id = id;
    return Fd(static_cast<int>(bpf(BPF_MAP_GET_FD_BY_ID, attribute)));
}

std::string name_of(const Fd& map) {
    bpf_map_info info{};
    bpf_attr attribute = empty_attribute();
    attribute.info.bpf_fd = static_cast<std::uint32_t>(map.get());
    attribute.info.info_len = sizeof(info);
    attribute.info.info = reinterpret_cast<std::uintptr_t>(&info);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, attribute) != 0) return {};
    return {info.name, ::strnlen(info.name, sizeof(info.name))};
}

struct FoundMap {
    Fd map; // not valid: there is none
    std::uint32_t id = 0;
    std::string others; // names of the maps that there are
};

FoundMap find_map(const std::string& name) {
    const std::string kept = name.substr(0, kept_characters);
    FoundMap found;
    std::size_t listed = 0;
    bpf_attr attribute = empty_attribute();
    while (bpf(BPF_MAP_GET_NEXT_ID, attribute) == 0) { // ids go up with every map that is made
        const std::uint32_t id = attribute.next_id;
        attribute = empty_attribute();
        attribute.start_id = id;
        Fd map = open_map(id);
        if (!map) continue; // gone meanwhile
        const std::string its_name = name_of(map);
        if (its_name == kept) {
            found.map = std::move(map);
            found.id = id;
        } else if (!its_name.empty() && listed++ < most_listed) {
            found.others += (found.others.empty() ? "" : ", ") + its_name;
        }
    }
    return found;
}

} // namespace

Result<std::uint32_t> pin_bpf_map(const std::string& name) {
    if (name.empty() || name.find('/') != std::string::npos) return Error{"'" + name + "' cannot be a BPF map's name"};
    const FoundMap found = find_map(name);
    if (!found.map)
        return Error{"the kernel has no BPF map '" + name + "'",
                     found.others.empty() ? "there is none: does a scheduler run?" : "there are: " + found.others};
    const std::string path = "/sys/fs/bpf/" + name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("let go of", path, errno);
    bpf_attr attribute = empty_attribute();
    attribute.pathname = reinterpret_cast<std::uintptr_t>(path.c_str());
    attribute.bpf_fd = static_cast<std::uint32_t>(found.map.get());
    if (bpf(BPF_OBJ_PIN, attribute) != 0) return errno_error("pin the BPF map at", path, errno);
    return found.id;
}

} // namespace ktstr::guest
