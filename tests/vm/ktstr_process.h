// SPDX-License-Identifier: GPL-2.0-only
// Runs ktstr as a user does, in an empty folder, and looks at all that it leaves.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"

namespace ktstr::test {

// A folder to work in, with a temporary directory and a mark that finds every process started from it.
class Sandbox {
  public:
    Sandbox();
    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return directory_.path() / name; }
    // Writes a .ktl file and returns its path.
    std::filesystem::path write(const std::string& name, const std::string& text) const;
    // Options that run `arguments` in the folder with the sandbox's environment.
    [[nodiscard]] ProcessOptions options(std::vector<std::string> arguments) const;
    // Processes alive that were started here, by name: "qemu-system-x86".
    [[nodiscard]] std::vector<std::pair<pid_t, std::string>> processes() const;
    // What was left: processes, and files under TMPDIR and in shared memory. Empty if all is clean.
    [[nodiscard]] std::string leftovers() const;

  private:
    TemporaryDirectory directory_;
    std::string mark_;
};

struct Outcome {
    ProcessExit exit;
    std::string output; // standard output
    std::string errors; // standard error
    // The objects of --format json.
    [[nodiscard]] std::vector<nlohmann::json> lines() const;
};

// Runs `ktstr ARGUMENTS` to its end.
Outcome run_ktstr(const Sandbox& sandbox, std::vector<std::string> arguments);

// A ktstr that is running.
class Running {
  public:
    Running(const Sandbox& sandbox, std::vector<std::string> arguments);
    [[nodiscard]] Process& process() { return process_; }
    Outcome finish();

  private:
    Running(const Sandbox& sandbox, std::vector<std::string> arguments, Fd output, Fd errors);
    Fd output_;
    Fd errors_;
    Process process_;
};

} // namespace ktstr::test
