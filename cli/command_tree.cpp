// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command_tree.h"

#include <algorithm>
#include <sstream>

namespace ktstr::cli {

namespace {

// CLI11 shows the values of IsMember as "{kvm,tcg}" in the name of the option's type.
std::vector<std::string> choices_of(const std::string& type_name) {
    const auto open = type_name.find('{');
    const auto close = type_name.rfind('}');
    std::vector<std::string> choices;
    if (open == std::string::npos || close == std::string::npos || close < open) return choices;
    std::istringstream words(type_name.substr(open + 1, close - open - 1));
    for (std::string word; std::getline(words, word, ',');) choices.push_back(word);
    return choices;
}

OptionEntry entry_of(const CLI::Option& option) {
    OptionEntry entry;
    entry.argument = option.get_positional();
    if (entry.argument) {
        entry.names.push_back(option.get_single_name());
    } else {
        for (const auto& name : option.get_snames()) entry.names.push_back("-" + name);
        for (const auto& name : option.get_lnames()) entry.names.push_back("--" + name);
    }
    entry.description = option.get_description();
    entry.choices = choices_of(option.get_type_name());
    if (option.get_items_expected_max() > 0 && option.get_type_size_max() > 0) {
        const std::string type = option.get_type_name();
        entry.value = entry.choices.empty() ? type.substr(0, type.find(':')) : "WORD";
        if (entry.value.empty()) entry.value = "VALUE";
    }
    entry.required = option.get_required();
    entry.repeated = option.get_items_expected_max() > 1 || entry.description.find("repeat") != std::string::npos;
    return entry;
}

CommandEntry entry_of(const CLI::App& app, const std::vector<std::string>& path) {
    CommandEntry entry{path, app.get_description(), {}, {}};
    for (const auto* option : app.get_options())
        if (!option->get_group().empty()) entry.options.push_back(entry_of(*option));
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (command->get_group().empty()) continue;
        auto below = path;
        below.push_back(command->get_name());
        entry.commands.push_back(entry_of(*command, below));
    }
    return entry;
}

} // namespace

std::string CommandEntry::name() const {
    std::string text = "ktstr";
    for (const auto& word : path) text += " " + word;
    return text;
}

CommandEntry command_tree(const CLI::App& app) { return entry_of(app, {}); }

} // namespace ktstr::cli
