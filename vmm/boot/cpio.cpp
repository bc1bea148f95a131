// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/boot/cpio.h"

#include <sys/stat.h>

#include <cstdio>

namespace ktstr::vmm {

namespace {

std::string hex8(std::size_t value) {
    char text[9];
    std::snprintf(text, sizeof(text), "%08zx", value & 0xffffffffU);
    return text;
}

void pad4(std::string& bytes) { bytes.resize((bytes.size() + 3) & ~std::size_t{3}, '\0'); }

} // namespace

void CpioWriter::add_entry(const std::string& path, unsigned mode, std::string_view content, unsigned major,
                           unsigned minor) {
    bytes_ += "070701";
    // ino, mode, uid, gid, nlink, mtime (0: the same input gives the same archive), filesize, devmajor, devminor,
    // rdevmajor, rdevminor, namesize with its NUL, check
    for (const std::size_t field : {std::size_t{next_inode_++}, std::size_t{mode}, std::size_t{0}, std::size_t{0},
                                    std::size_t{1}, std::size_t{0}, content.size(), std::size_t{0}, std::size_t{0},
                                    std::size_t{major}, std::size_t{minor}, path.size() + 1, std::size_t{0}})
        bytes_ += hex8(field);
    bytes_ += path;
    bytes_ += '\0';
    pad4(bytes_);
    bytes_ += content;
    pad4(bytes_);
}

void CpioWriter::add_parents(const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        add_directory(path.substr(0, slash));
}

void CpioWriter::add_directory(const std::string& path) {
    if (directories_.contains(path)) return;
    add_parents(path);
    directories_.insert(path);
    add_entry(path, S_IFDIR | 0755U, {});
}

void CpioWriter::add_file(const std::string& path, std::string_view content, unsigned mode) {
    add_parents(path);
    add_entry(path, S_IFREG | mode, content);
}

void CpioWriter::add_symlink(const std::string& path, const std::string& target) {
    add_parents(path);
    add_entry(path, S_IFLNK | 0777U, target);
}

void CpioWriter::add_character_device(const std::string& path, unsigned major, unsigned minor) {
    add_parents(path);
    add_entry(path, S_IFCHR | 0600U, {}, major, minor);
}

std::string CpioWriter::finish() {
    add_entry("TRAILER!!!", 0, {});
    return std::move(bytes_);
}

} // namespace ktstr::vmm
