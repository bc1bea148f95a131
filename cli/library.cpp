// SPDX-License-Identifier: GPL-2.0-only
// ktstr add, update, vendor and remove: the scenario libraries of the project around the current folder.
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run_options.h"
#include "cli/signals.h"
#include "interp/library/edit.h"

namespace ktstr::cli {

namespace fs = std::filesystem;

namespace {

struct LibraryOptions {
    std::string source;
    std::optional<std::string> name;
    std::string folder;
    bool locked = false;
    std::string format = "pretty";
    [[nodiscard]] bool json() const { return format == "json"; }
};

// How a library's commit or path is shown.
std::string version_text(const library::LockedLibrary& library) {
    constexpr std::size_t short_commit = 12;
    if (library.commit.empty()) return library.source.path;
    const std::string& rev = library.source.rev;
    const bool names_commit = library.commit.starts_with(rev); // or is empty
    return (names_commit ? "" : rev + " ") + library.commit.substr(0, short_commit);
}

nlohmann::json to_json(const library::LockedLibrary& library) {
    const auto text = [](const std::string& value) { return value.empty() ? nlohmann::json() : nlohmann::json(value); };
    return {{"git", text(library.source.git)},       {"rev", text(library.source.rev)},
            {"folder", text(library.source.folder)}, {"path", text(library.source.path)},
            {"commit", text(library.commit)},        {"sha256", library.sha256}};
}

const char* kind(const library::Change& change) {
    if (!change.before) return "added";
    if (!change.after) return "removed";
    return *change.before == *change.after ? "unchanged" : "updated";
}

// One JSON object for all that was done.
void print_json(const library::Edit& edit) {
    nlohmann::json libraries = nlohmann::json::array();
    for (const auto& change : edit.changes) {
        nlohmann::json entry = {{"name", (change.after ? change.after : change.before)->name},
                                {"change", kind(change)}};
        entry["before"] = change.before ? to_json(*change.before) : nlohmann::json();
        entry["after"] = change.after ? to_json(*change.after) : nlohmann::json();
        if (change.after) {
            entry["version"] = change.manifest.version;
            entry["description"] = change.manifest.description;
            entry["modules"] = change.modules;
            entry["main"] = change.has_main;
            entry["needed_by"] = change.requirers;
        }
        libraries.push_back(std::move(entry));
    }
    nlohmann::json vendored = nlohmann::json::array();
    for (const auto& [name, content] : edit.vendored) vendored.push_back(name);
    const nlohmann::json all = {
        {"project", edit.project.string()}, {"libraries", libraries}, {"vendored", vendored}, {"notes", edit.notes}};
    std::cout << all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

void print_added(const library::Change& change) {
    const auto& library = *change.after;
    std::cout << "added " << library.name;
    if (!change.manifest.version.empty()) std::cout << " " << change.manifest.version;
    std::cout << " (" << version_text(library) << ")";
    if (change.requirers != std::vector<std::string>{std::string(library::manifest_name)})
        std::cout << ", needed by " << joined(change.requirers);
    if (!change.manifest.description.empty()) std::cout << ": " << change.manifest.description;
    std::cout << "\n";
    if (change.has_main) std::cout << "  use lib." << library.name << "\n";
    for (const auto& module : change.modules) std::cout << "  use lib." << library.name << "." << module << "\n";
}

void print_changes(const library::Edit& edit) {
    for (const auto& change : edit.changes) {
        const std::string what = kind(change);
        if (what == "added")
            print_added(change);
        else if (what == "removed")
            std::cout << "removed " << change.before->name << " (" << version_text(*change.before) << ")\n";
        else if (what == "updated")
            std::cout << "updated " << change.after->name << ": " << version_text(*change.before) << " -> "
                      << version_text(*change.after) << (change.after->commit.empty() ? ", its files changed" : "")
                      << "\n";
    }
}

// The folder whose ktl.toml a command is about; an error if there is none and the command cannot make one.
Result<fs::path> project_here(bool may_be_new) {
    std::error_code code;
    const auto here = fs::current_path(code);
    if (code) return Error{"cannot tell the current folder: " + code.message()};
    if (auto folder = library::project_folder(here)) return *folder;
    if (may_be_new) return here;
    return Error{"there is no ktl.toml in " + here.string() + " or above it",
                 "`ktstr add URL-OR-PATH` writes one with its first library"};
}

library::FetchOptions fetch_options(const vmm::Cancellation& cancellation) {
    return {[&cancellation](std::uint64_t) { return !cancellation.cancelled(); },
            [](const std::string& location) { std::fprintf(stderr, "fetching %s\n", location.c_str()); }};
}

// Works something out with `work(project, fetcher)`, applies it and prints it with `print(edit)`. What cannot be worked
// out is the user's to put right; what cannot be written is this host's.
template <typename Work, typename Print>
int edit_project(const LibraryOptions& options, bool may_be_new, const Work& work, const Print& print) {
    const auto& cancellation = cancel_on_signals();
    const auto project = project_here(may_be_new);
    if (!project) return complain(project.error()), exit_usage;
    const auto lock = library::WriteLock::acquire();
    if (!lock) return complain(lock.error()), exit_host;
    library::Fetcher fetcher(*project, *lock, fetch_options(cancellation));
    const Result<library::Edit> edit = work(*project, fetcher);
    if (cancellation.cancelled()) return complain(Error{"interrupted; nothing was changed"}), exit_interrupted;
    if (!edit) return complain(edit.error()), exit_usage;
    if (const auto applied = library::apply(*edit, *lock); !applied) return complain(applied.error()), exit_host;
    if (options.json()) {
        print_json(*edit);
    } else {
        print(*edit);
        std::cout << std::flush;
        for (const auto& note : edit->notes) std::fprintf(stderr, "note: %s\n", note.c_str());
    }
    return exit_pass;
}

int add(const LibraryOptions& options) {
    const auto work = [&](const fs::path& project, library::Fetcher& fetcher) {
        return library::work_out_add({project, fs::current_path(), options.source, options.name, options.folder},
                                     fetcher);
    };
    return edit_project(options, true, work, [](const library::Edit& edit) { print_changes(edit); });
}

int update(const LibraryOptions& options) {
    const auto work = [&](const fs::path& project, library::Fetcher& fetcher) {
        return library::work_out_update({project, options.name, options.locked}, fetcher);
    };
    return edit_project(options, false, work, [&](const library::Edit& edit) {
        print_changes(edit);
        const std::size_t count = edit.changes.size();
        if (edit.changes.empty())
            std::cout << "there are no dependencies\n";
        else if (!edit.lock)
            std::cout << (options.locked ? "all is there as ktl.lock has it: " : "nothing to update: ") << count
                      << (count == 1 ? " library\n" : " libraries\n");
    });
}

int vendor(const LibraryOptions& options) {
    return edit_project(options, false, library::work_out_vendor, [](const library::Edit& edit) {
        for (const auto& [name, content] : edit.vendored) {
            const std::size_t count = content.files.size();
            std::cout << "vendor/" << name << ": " << count << (count == 1 ? " file\n" : " files\n");
        }
        if (edit.vendored.empty()) std::cout << "there are no dependencies\n";
    });
}

int remove(const LibraryOptions& options) {
    const auto work = [&](const fs::path& project, library::Fetcher& fetcher) {
        return library::work_out_remove(project, *options.name, fetcher);
    };
    return edit_project(options, false, work, [](const library::Edit& edit) { print_changes(edit); });
}

CLI::App* add_command(CLI::App& app, const char* name, const char* what, LibraryOptions& options) {
    auto* command = app.add_subcommand(name, what);
    command->add_option("--format", options.format, "pretty or json")->check(CLI::IsMember({"pretty", "json"}));
    return command;
}

} // namespace

void add_library_commands(CLI::App& app, int& exit_code) {
    // Lives as long as the callbacks that hold it.
    const auto options = std::make_shared<LibraryOptions>();
    auto* adding = add_command(app, "add", "add a scenario library to this project (runs nothing of it)", *options);
    adding->add_option("source", options->source, "git URL or path, with @TAG, @BRANCH or @COMMIT; or a plain folder")
        ->required()
        ->type_name("SOURCE[@REV]");
    adding->add_option("--as", options->name, "the name behind `lib.`; the library's own if not given");
    adding->add_option("--folder", options->folder, "where in the repository the library is");
    adding->callback([options, &exit_code] { exit_code = add(*options); });

    auto* updating = add_command(app, "update", "take what the tags and branches of the libraries are now", *options);
    auto* name = updating->add_option("name", options->name, "only this library");
    updating->add_flag("--locked", options->locked, "take nothing new: only fetch what ktl.lock names")->excludes(name);
    updating->callback([options, &exit_code] { exit_code = update(*options); });

    auto* vendoring = add_command(app, "vendor", "copy all libraries into this project, to vendor/NAME", *options);
    vendoring->callback([options, &exit_code] { exit_code = vendor(*options); });

    auto* removing = add_command(app, "remove", "remove a scenario library from this project", *options);
    removing->add_option("name", options->name, "its name")->required();
    removing->callback([options, &exit_code] { exit_code = remove(*options); });
}

} // namespace ktstr::cli
