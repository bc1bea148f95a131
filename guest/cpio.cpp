// SPDX-License-Identifier: GPL-2.0-only
#include "guest/cpio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace ktstr::guest {

namespace {

constexpr std::size_t header_size = 110; // "070701" and 13 fields of 8 hexadecimal digits
constexpr std::uint32_t max_name = 4096;
constexpr std::string_view trailer = "TRAILER!!!";

// Bytes up to the next multiple of four.
std::uint32_t padding_of(std::uint64_t size) { return static_cast<std::uint32_t>((4 - size % 4) % 4); }

std::optional<std::uint32_t> hex_field(std::string_view header, std::size_t index) {
    const std::string_view digits = header.substr(6 + 8 * index, 8);
    std::uint32_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

// The name without "/" and "." at its front; none if a part of it is "..".
std::optional<std::string> inner_name(std::string_view name) {
    std::string result;
    while (!name.empty()) {
        const auto slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        name = slash == std::string_view::npos ? std::string_view{} : name.substr(slash + 1);
        if (part == "..") return std::nullopt;
        if (part.empty() || part == ".") continue;
        if (!result.empty()) result += '/';
        result += part;
    }
    return result;
}

Result<void> make_parents(const std::string& root, const std::string& name) {
    for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
        const std::string path = root + "/" + name.substr(0, slash);
        if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
            return errno_error("create the directory", path, errno);
    }
    return {};
}

Result<void> make_directory(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) {
        if (::chmod(path.c_str(), mode) != 0) return errno_error("set the mode of", path, errno);
        return {};
    }
    return errno_error("create the directory", path, errno);
}

} // namespace

Error CpioUnpacker::bad(const std::string& what) const {
    return Error{"the archive is damaged at byte " + std::to_string(offset_) + ": " + what};
}

Result<void> CpioUnpacker::feed(std::string_view bytes) {
    if (failed_) return *failed_;
    buffer_ += bytes;
    while (true) {
        const State state = state_;
        const std::uint64_t offset = offset_;
        if (auto done = step(); !done) {
            failed_ = done.error();
            file_.reset();
            return *failed_;
        }
        if (state_ == state && offset_ == offset) return {}; // nothing moved: more bytes are needed
    }
}

Result<void> CpioUnpacker::finish() {
    if (failed_) return *failed_;
    if (state_ != State::ended) failed_ = bad("it ends in the middle");
    if (failed_) return *failed_;
    return {};
}

Result<void> CpioUnpacker::step() {
    switch (state_) {
    case State::header: return read_header();
    case State::name: return read_name();
    case State::content: return write_content();
    case State::padding: {
        const auto count = std::min<std::size_t>(left_, buffer_.size());
        buffer_.erase(0, count);
        offset_ += count;
        left_ -= static_cast<std::uint32_t>(count);
        if (left_ == 0) state_ = State::header;
        return {};
    }
    case State::ended: // what follows the trailer is padding of the archive's block
        offset_ += buffer_.size();
        buffer_.clear();
        return {};
    }
    return {};
}

Result<void> CpioUnpacker::read_header() {
    if (buffer_.size() < header_size) return {};
    const std::string_view header = std::string_view(buffer_).substr(0, header_size);
    if (!header.starts_with("070701")) return bad("no newc header begins where one should");
    const auto mode = hex_field(header, 1);
    const auto links = hex_field(header, 4);
    const auto size = hex_field(header, 6);
    const auto name_size = hex_field(header, 11);
    if (!mode || !links || !size || !name_size) return bad("a header field is not hexadecimal");
    if (*name_size < 2 || *name_size > max_name) return bad("a name of " + std::to_string(*name_size) + " bytes");
    if (S_ISREG(*mode) && *links > 1) return bad("hard links are not supported");
    entry_ = Entry{.name = {}, .mode = *mode, .size = *size, .name_size = *name_size};
    buffer_.erase(0, header_size);
    offset_ += header_size;
    state_ = State::name;
    return {};
}

Result<void> CpioUnpacker::read_name() {
    const std::size_t whole = entry_.name_size + padding_of(header_size + entry_.name_size);
    if (buffer_.size() < whole) return {};
    std::string name = buffer_.substr(0, entry_.name_size - 1);
    if (buffer_[entry_.name_size - 1] != '\0' || name.find('\0') != std::string::npos)
        return bad("a name does not end where it should");
    buffer_.erase(0, whole);
    offset_ += whole;
    if (name == trailer) {
        state_ = State::ended;
        return {};
    }
    const auto inner = inner_name(name);
    if (!inner) return bad("the name '" + name + "' leads out of the archive's root");
    entry_.name = *inner;
    left_ = entry_.size;
    state_ = State::content;
    return open_entry();
}

Result<void> CpioUnpacker::open_entry() {
    const std::string path = root_ + "/" + entry_.name;
    if (auto made = make_parents(root_, entry_.name); !made) return made;
    if (S_ISDIR(entry_.mode)) return make_directory(path, entry_.mode & 07777U);
    if (S_ISLNK(entry_.mode)) {
        if (entry_.size == 0 || entry_.size > max_name)
            return bad("a symbolic link with a target of " + std::to_string(entry_.size) + " bytes");
        target_.clear();
        return {};
    }
    if (!S_ISREG(entry_.mode)) return bad("'" + entry_.name + "' is neither a file, a directory nor a symbolic link");
    ::unlink(path.c_str()); // a running program cannot be written to, but it can be replaced
    file_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file_) return errno_error("create", path, errno);
    return {};
}

Result<void> CpioUnpacker::write_content() {
    const std::string path = root_ + "/" + entry_.name;
    std::size_t taken = 0;
    const std::size_t available = std::min<std::size_t>(left_, buffer_.size());
    if (S_ISLNK(entry_.mode)) {
        target_.append(buffer_, 0, available);
        taken = available;
    }
    while (file_.valid() && taken < available) {
        const ssize_t count = ::write(file_.get(), buffer_.data() + taken, available - taken);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("write", path, errno);
        taken += static_cast<std::size_t>(count);
    }
    if (S_ISDIR(entry_.mode) && entry_.size != 0) return bad("a directory with content");
    buffer_.erase(0, taken);
    offset_ += taken;
    left_ -= static_cast<std::uint32_t>(taken);
    return left_ == 0 ? close_entry() : Result<void>{};
}

Result<void> CpioUnpacker::close_entry() {
    const std::string path = root_ + "/" + entry_.name;
    if (file_.valid()) {
        if (::fchmod(file_.get(), entry_.mode & 07777U) != 0) return errno_error("set the mode of", path, errno);
        file_.reset();
    }
    if (S_ISLNK(entry_.mode)) {
        ::unlink(path.c_str());
        if (::symlink(target_.c_str(), path.c_str()) != 0) return errno_error("create the symbolic link", path, errno);
    }
    left_ = padding_of(entry_.size);
    state_ = left_ == 0 ? State::header : State::padding;
    return {};
}

} // namespace ktstr::guest
