// SPDX-License-Identifier: GPL-2.0-only
#include "cli/manual.h"

#include <cstdio>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "wire/version.h"

namespace ktstr::cli {

namespace {

// Text as roff takes it: a backslash is \e, a hyphen that is meant as such \-, and no line begins with a control
// character.
std::string roff(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string synopsis_of(const CommandEntry& command) {
    std::string text = bold(command.name());
    bool options = false;
    for (const auto& option : command.options) options = options || !option.argument;
    if (options) text += " [" + italic("option") + " ...]";
    if (!command.commands.empty()) text += " " + italic("command");
    for (const auto& option : command.options) {
        if (!option.argument) continue;
        const std::string word = italic(option.value.empty() ? option.names.front() : option.value);
        const std::string more = option.repeated ? " ..." : "";
        text += option.required ? " " + word + more : " [" + word + more + "]";
    }
    return text;
}

std::string option_entry(const OptionEntry& option) {
    std::string names;
    if (option.argument) {
        names = italic(option.value.empty() ? option.names.front() : option.value);
    } else {
        for (const auto& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
        if (!option.value.empty() && option.choices.empty()) names += " " + italic(option.value);
    }
    std::string choices;
    for (const auto& choice : option.choices) choices += (choices.empty() ? " " : "|\\:") + bold(choice);
    return ".TP\n" + names + choices + "\n" + roff(option.description) + "\n";
}

std::string command_section(const CommandEntry& command) {
    std::string text = ".SS " + synopsis_of(command) + "\n" + roff(command.description) + "\n";
    for (const auto& option : command.options)
        if (option.names.back() != "--help") text += option_entry(option);
    for (const auto& below : command.commands) text += command_section(below);
    return text;
}

} // namespace

const std::vector<ManualNote>& manual_notes() {
    static const std::vector<ManualNote> notes = {
        {"EXIT CODES",
         {{"0", "all passed, or were skipped"},
          {"1", "a scenario failed"},
          {"2", "none failed, and one could not be judged"},
          {"64", "the command line, a .ktl file or a scheduler that it names cannot be used"},
          {"70", "this host could not do its part"},
          {"130", "interrupted"}}},
        {"ENVIRONMENT",
         {{"KTSTR_KERNEL", "the default of --kernel"},
          {"KTSTR_SCHEDULER", "a scheduler's program, or a folder that has it, which comes before all other places"},
          {"KTSTR_RUNS_ROOT", "where records go, in a folder for each kernel and commit (default: ktstr-runs)"},
          {"KTSTR_SIDECAR_DIR", "records go into this folder as it is; nothing in it is cleared or locked"},
          {"KTSTR_RUN_EPOCH", "a token: runs that have the same one spare each other's records"},
          {"KTSTR_PROJECT_COMMIT", "commit of the project, in records"},
          {"KTSTR_KERNEL_COMMIT", "commit of the kernel's source, in records"},
          {"KTSTR_CI", "set to anything: records say that they come from a CI"},
          {"KTSTR_CACHE_DIR", "kernels, saved machines and libraries (default: ktstr/ in $XDG_CACHE_HOME or ~/.cache)"},
          {"KTSTR_TEMPLATE_LIMIT", "MiB that saved machines may take together (default: 4096)"},
          {"KTSTR_LLM_URL", "a local language model for payloads with `output llm`; docs/llm.md has the others"},
          {"TMPDIR", "where folders of runs are made for a while (default: /tmp)"},
          {"NO_COLOR", "no colours, if it is set"}}},
        {"FILES",
         {{"ktl.toml, ktl.lock", "libraries of a project, and which of their commits it has"},
          {"ktstr-runs/, ktstr-replays/", "records of runs, and of what was run again"}}},
    };
    return notes;
}

std::string manual_page(const CommandEntry& program, const std::vector<ManualNote>& notes, const std::string& version) {
    std::string text = ".TH KTSTR 1 \"\" \"ktstr " + roff(version) + "\" \"User Commands\"\n";
    text += ".ad l\n.nh\n.SH NAME\nktstr \\- test harness for Linux process schedulers\n";
    text += ".SH SYNOPSIS\n" + synopsis_of(program) + "\n";
    text += ".SH DESCRIPTION\n" + roff(program.description) + "\n";
    text += ".SH OPTIONS\n";
    for (const auto& option : program.options) text += option_entry(option);
    text += ".SH COMMANDS\n";
    for (const auto& command : program.commands) text += command_section(command);
    for (const auto& note : notes) {
        text += ".SH " + roff(note.title) + "\n";
        for (const auto& [term, meaning] : note.entries) text += ".TP\n" + bold(term) + "\n" + roff(meaning) + "\n";
    }
    return text;
}

std::string help_footer() {
    std::string text;
    for (const auto& note : manual_notes()) {
        if (note.title == "FILES") continue;
        text +=
            (text.empty() ? "" : "\n\n") + (note.title == "EXIT CODES" ? std::string("Exit codes:") : "Environment:");
        for (const auto& [term, meaning] : note.entries) {
            constexpr std::size_t column = 28;
            text += "\n  " + term + std::string(term.size() < column - 2 ? column - 2 - term.size() : 1, ' ') + meaning;
        }
    }
    return text;
}

void add_manual_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("man", "print the manual page: ktstr man | man -l -");
    command->callback([&app, &exit_code] {
        std::fputs(manual_page(command_tree(app), manual_notes(), wire::executor_version).c_str(), stdout);
        exit_code = exit_pass;
    });
}

} // namespace ktstr::cli
