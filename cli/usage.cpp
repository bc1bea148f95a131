// SPDX-License-Identifier: GPL-2.0-only
#include "cli/usage.h"

#include "interp/diagnostics/suggest.h"

namespace ktstr::cli {

namespace {

std::string or_else(const std::string& suggestion, const std::string& command) {
    return suggestion.empty() ? "`" + command + " --help` lists them" : suggestion;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
    const auto found = app.get_subcommands([&name](const CLI::App* command) { return command->get_name() == name; });
    return found.empty() ? nullptr : found.front();
}

std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* option : app.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

} // namespace

std::optional<Error> unknown_word(const CLI::App& app, const std::vector<std::string>& words) {
    const CLI::App* command = &app;
    std::string path = app.get_name();
    std::size_t next = 0;
    for (; next < words.size(); ++next) {
        const CLI::App* sub = find_command(*command, words[next]);
        if (sub == nullptr) break;
        command = sub;
        path += " " + words[next];
    }
    const bool wants_command = command->get_require_subcommand_min() > 0;
    if (wants_command && next < words.size() && !words[next].starts_with("-"))
        return Error{"there is no command `" + words[next] + "`" + (command == &app ? "" : " of `" + path + "`"),
                     or_else(suggest(words[next], commands_of(*command)), path)};
    for (; next < words.size() && words[next] != "--"; ++next) {
        const std::string name = words[next].substr(0, words[next].find('='));
        if (!name.starts_with("--") || command->get_option_no_throw(name) != nullptr) continue;
        return Error{"`" + path + "` has no option `" + name + "`", or_else(suggest(name, options_of(*command)), path)};
    }
    return std::nullopt;
}

} // namespace ktstr::cli
