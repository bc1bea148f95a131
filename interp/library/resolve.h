// SPDX-License-Identifier: GPL-2.0-only
// `use lib.NAME` and `use lib.NAME.MODULE`: which file that is. Reads the project's ktl.toml and ktl.lock and the files
// of the libraries; never fetches, never writes, needs no network.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr::library {

// The libraries of one project: the folder with the nearest ktl.toml above the file that the user named. Its ktl.lock
// decides for the files of the libraries, too. Each library is read and compared with its hash once in the life of this
// object, when it is first asked for.
class Resolver {
  public:
    // `file` is any file, or the folder, of the project. Reads nothing yet; a missing ktl.toml is an error of module().
    explicit Resolver(const std::filesystem::path& file);
    Resolver(Resolver&&) noexcept;
    Resolver& operator=(Resolver&&) noexcept;
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver();

    // The folder with the ktl.toml; empty if there is none.
    [[nodiscard]] const std::filesystem::path& project() const;

    // The real path of the file that `use lib.LIBRARY.MODULE` means in `from_file`; an empty `module` is the library's
    // main file (`main` in its ktl.toml, or lib.ktl). `from_file` is a file of the project, or one of a library that
    // this object has found: each can use only what its own ktl.toml depends on.
    Result<std::filesystem::path> module(const std::filesystem::path& from_file, std::string_view library,
                                         std::string_view module);

    // "lib/NAME/file.ktl" for a file of a library that module() has found, wherever it lies; none for all other files.
    [[nodiscard]] std::optional<std::string> file_name(const std::filesystem::path& file) const;
    // The other way: the real path of "lib/NAME/file.ktl". Finds the library if need be.
    Result<std::filesystem::path> file_of(std::string_view file_name);

    // An error if `from_file` belongs to a library and `target`, which it uses by its path, lies outside of it.
    [[nodiscard]] Result<void> check_path(const std::filesystem::path& from_file,
                                          const std::filesystem::path& target) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ktstr::library
