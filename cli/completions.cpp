// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <functional>
#include <memory>

#include "cli/command_tree.h"
#include "cli/commands.h"
#include "cli/exit_code.h"

namespace ktstr::cli {

namespace {

using Visit = std::function<void(const CommandEntry&)>;

void for_each(const CommandEntry& command, const Visit& visit) {
    visit(command);
    for (const auto& below : command.commands) for_each(below, visit);
}

std::string joined(const std::vector<std::string>& words, const std::string& separator = " ") {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : separator) + word;
    return text;
}

std::string path_of(const CommandEntry& command) { return joined(command.path); }

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

// --- bash: the words of the command are followed down to a command; what can stand there is looked up by its path.

std::string bash_case(const CommandEntry& command) {
    std::vector<std::string> words;
    std::string values;
    std::vector<std::string> files; // options that a file name follows
    bool takes_files = false;
    for (const auto& below : command.commands) words.push_back(below.path.back());
    for (const auto& option : command.options) {
        if (option.argument) {
            words.insert(words.end(), option.choices.begin(), option.choices.end());
            takes_files = takes_files || option.choices.empty();
            continue;
        }
        words.insert(words.end(), option.names.begin(), option.names.end());
        if (option.value.empty()) continue;
        if (option.choices.empty())
            files.insert(files.end(), option.names.begin(), option.names.end());
        else
            values += "      " + joined(option.names, "|") + ") choices='" + joined(option.choices) + "' ;;\n";
    }
    std::string text = "    '" + path_of(command) + "')\n      words='" + joined(words) + "'" +
                       (takes_files ? " files=yes" : "") + "\n      case $previous in\n";
    text += values;
    if (!files.empty()) text += "      " + joined(files, "|") + ") choices=FILE ;;\n";
    return text + "      esac ;;\n";
}

std::string bash_script(const CommandEntry& program) {
    std::string cases;
    std::string paths;
    for_each(program, [&](const CommandEntry& command) {
        cases += bash_case(command);
        if (!command.path.empty()) paths += "      '" + path_of(command) + "') path=$next ;;\n";
    });
    return "# bash completion of ktstr. Put it where bash-completion looks, or: source <(ktstr completions bash)\n"
           "_ktstr() {\n"
           "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  local path='' next words='' choices='' files='' word\n"
           "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "    next=\"${path:+$path }$word\"\n"
           "    case $next in\n" +
           paths +
           "    esac\n"
           "  done\n"
           "  case $path in\n" +
           cases +
           "  esac\n"
           "  if [[ $choices == FILE ]]; then\n"
           "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
           "  elif [[ -n $choices ]]; then\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$current\")\n"
           "  else\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "    [[ $current == -* || -z $files ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "
           "\"$current\")\n"
           "  fi\n"
           "}\n"
           "complete -o filenames -o bashdefault -F _ktstr ktstr\n";
}

// --- zsh: a function for each command, with the words of _arguments.

std::string zsh_function(const CommandEntry& command) { return "_" + replaced(command.name(), " ", "_"); }

std::string zsh_text(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
            continue;
        }
        if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_argument(const OptionEntry& option) {
    const std::string action = option.choices.empty() ? "_files" : "(" + joined(option.choices) + ")";
    if (option.argument)
        return "    '" + std::string(option.repeated ? "*" : "") + ":" + option.value + ":" + action + "'";
    std::string text;
    for (const auto& name : option.names) {
        text += (text.empty() ? "" : " \\\n") + std::string("    '") + (option.repeated ? "*" : "") + name;
        text += "[" + zsh_text(option.description) + "]";
        if (!option.value.empty()) text += ":" + option.value + ":" + action;
        text += "'";
    }
    return text;
}

std::string zsh_script(const CommandEntry& program) {
    std::string text = "#compdef ktstr\n# zsh completion of ktstr. Put it into a folder of $fpath, as _ktstr.\n";
    for_each(program, [&](const CommandEntry& command) {
        std::vector<std::string> lines;
        for (const auto& option : command.options) lines.push_back(zsh_argument(option));
        text += "\n" + zsh_function(command) + "() {\n";
        if (!command.commands.empty()) {
            text += "  local state line\n  local -a commands=(\n";
            for (const auto& below : command.commands)
                text += "    '" + below.path.back() + ":" + zsh_text(below.description) + "'\n";
            text += "  )\n";
            lines.emplace_back("    '1: :->command'");
            lines.emplace_back("    '*:: :->rest'");
        }
        text += std::string("  _arguments ") + (command.commands.empty() ? "" : "-C ") + "\\\n" +
                joined(lines, " \\\n") + "\n";
        if (!command.commands.empty()) {
            text += "  case $state in\n    command) _describe command commands ;;\n    rest)\n      case $line[1] in\n";
            for (const auto& below : command.commands)
                text += "        " + below.path.back() + ") " + zsh_function(below) + " ;;\n";
            text += "      esac ;;\n  esac\n";
        }
        text += "}\n";
    });
    return text + "\nif [[ $funcstack[1] == _ktstr ]]; then _ktstr \"$@\"; else compdef _ktstr ktstr; fi\n";
}

// --- fish: a line for each word, with the condition under which it can stand.

std::string fish_text(const std::string& text) {
    return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

std::string fish_condition(const CommandEntry& command) {
    if (command.path.empty()) return "__fish_use_subcommand";
    std::string text;
    for (const auto& word : command.path)
        text += (text.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
    return text;
}

std::string fish_script(const CommandEntry& program) {
    std::string text = "# fish completion of ktstr. Put it into ~/.config/fish/completions/ktstr.fish.\n";
    for_each(program, [&](const CommandEntry& command) {
        std::vector<std::string> names;
        for (const auto& below : command.commands) names.push_back(below.path.back());
        std::string here = fish_condition(command);
        const std::string within = here;
        if (!names.empty() && !command.path.empty()) here += "; and not __fish_seen_subcommand_from " + joined(names);
        for (const auto& below : command.commands)
            text += "complete -c ktstr -f -n " + fish_text(here) + " -a " + below.path.back() + " -d " +
                    fish_text(below.description) + "\n";
        for (const auto& option : command.options) {
            text += "complete -c ktstr -n " + fish_text(option.argument ? here : within);
            if (option.argument) {
                text += option.choices.empty() ? " -F" : " -f -a " + fish_text(joined(option.choices));
            } else {
                for (const auto& name : option.names)
                    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
                text += " -d " + fish_text(option.description);
                if (!option.value.empty())
                    text += option.choices.empty() ? " -r -F" : " -x -a " + fish_text(joined(option.choices));
            }
            text += "\n";
        }
    });
    return text;
}

} // namespace

std::string completion_script(const CommandEntry& program, const std::string& shell) {
    if (shell == "zsh") return zsh_script(program);
    return shell == "fish" ? fish_script(program) : bash_script(program);
}

void add_completions_command(CLI::App& app, int& exit_code) {
    auto shell = std::make_shared<std::string>();
    auto* command = app.add_subcommand("completions", "print what completes ktstr's command line in a shell");
    command->add_option("shell", *shell, "the shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->callback([shell, &app, &exit_code] {
        std::fputs(completion_script(command_tree(app), *shell).c_str(), stdout);
        exit_code = exit_pass;
    });
}

} // namespace ktstr::cli
