// SPDX-License-Identifier: GPL-2.0-only
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/messages.h"
#include "interp/diagnostics/explanations.h"
#include "interp/diagnostics/suggest.h"

namespace ktstr::cli {

namespace {

struct ExplainOptions {
    std::string code; // empty: all of them, a line each
    std::string format = "pretty";
};

void list_codes(bool as_json) {
    for (const auto& code : diagnostic_codes()) {
        if (as_json)
            std::cout << to_json(code).dump() << "\n";
        else
            std::cout << code.name << "  " << code.summary << "\n";
    }
}

int refuse(const std::string& name) {
    std::vector<std::string> names;
    for (const auto& code : diagnostic_codes()) names.emplace_back(code.name);
    const std::string close = suggest(name, names);
    complain({"there is no code `" + name + "`", close.empty() ? "`ktstr explain` lists all of them" : close});
    return exit_usage;
}

int explain(const ExplainOptions& options) {
    const bool as_json = options.format == "json";
    if (options.code.empty()) {
        list_codes(as_json);
        return exit_pass;
    }
    const CodeInfo* code = find_code(options.code);
    if (code == nullptr) return refuse(options.code);
    std::cout << (as_json ? explanation_to_json(*code).dump() + "\n" : render_explanation(*code));
    return exit_pass;
}

} // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ExplainOptions>();
    auto* command = app.add_subcommand("explain", "explain a code of an error or a warning, or list all of them");
    command->add_option("code", options->code, "as in E0203")->type_name("CODE");
    command->add_option("--format", options->format, "pretty or json")->check(CLI::IsMember({"pretty", "json"}));
    command->callback([options, &exit_code] { exit_code = explain(*options); });
}

} // namespace ktstr::cli
