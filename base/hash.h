// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr {

// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view data);
Result<std::string> sha256_file(const std::filesystem::path& path);

// The same, of data that comes in pieces.
class Sha256 {
  public:
    Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    ~Sha256();
    void add(std::string_view data);
    std::string hex(); // once

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ktstr
