// SPDX-License-Identifier: GPL-2.0-only
// The command line as data: what `--help` is made from, for what else is made from it (completions, the manual page).
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ktstr::cli {

struct OptionEntry {
    std::vector<std::string> names; // "-P", "--filter"; of an argument: its name alone, as "paths"
    std::string description;
    std::string value;                // of what follows, "PATH"; empty: nothing follows
    std::vector<std::string> choices; // all values that there are; empty: any
    bool argument = false;            // goes by its place
    bool required = false;
    bool repeated = false;
};

struct CommandEntry {
    std::vector<std::string> path; // {"kernel", "build"}; empty: the program itself
    std::string description;
    std::vector<OptionEntry> options; // those that --help shows, in its order
    std::vector<CommandEntry> commands;

    [[nodiscard]] std::string name() const; // "ktstr kernel build"
};

CommandEntry command_tree(const CLI::App& app);

// For "bash", "zsh" or "fish".
std::string completion_script(const CommandEntry& program, const std::string& shell);

// ktstr(1), in the macros of man(7). `notes` goes behind the commands: paragraphs, each under a title in capitals.
struct ManualNote {
    std::string title;
    std::vector<std::pair<std::string, std::string>> entries; // a term and what it means
};
std::string manual_page(const CommandEntry& program, const std::vector<ManualNote>& notes, const std::string& version);

} // namespace ktstr::cli
