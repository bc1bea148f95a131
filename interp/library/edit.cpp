// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/edit.h"

#include <algorithm>

#include "interp/diagnostics/suggest.h"
#include "interp/library/location.h"

namespace ktstr::library {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t max_manifest_bytes = 1U << 20U;

// ktl.toml and ktl.lock as they are.
struct Project {
    fs::path folder;
    std::string text; // of ktl.toml; empty if there is none
    Manifest manifest;
    Lock lock;
};

Result<Project> read_project(const fs::path& folder) {
    Project project{folder, {}, {}, {}};
    const auto file = folder / manifest_name;
    std::error_code code;
    if (fs::exists(file, code)) {
        auto text = read_file(file, max_manifest_bytes);
        if (!text) return text.error();
        project.text = std::move(*text);
    }
    auto manifest = parse_manifest(project.text, file.string());
    if (!manifest) return manifest.error();
    project.manifest = std::move(*manifest);
    auto lock = read_lock(folder);
    if (!lock) return lock.error();
    project.lock = std::move(*lock);
    return project;
}

Change change_of(const LockedLibrary* before, const SolvedLibrary* after) {
    Change change;
    if (before != nullptr) change.before = *before;
    if (after == nullptr) return change;
    change.after = after->locked;
    change.manifest = after->manifest;
    change.modules = module_names(after->content, after->manifest.main);
    change.has_main = after->content.files.contains(after->manifest.main);
    change.requirers = after->requirers;
    return change;
}

std::vector<Change> changes_of(const Lock& before, const Solution& after) {
    std::set<std::string> names;
    for (const auto& library : before.libraries) names.insert(library.name);
    for (const auto& library : after.libraries) names.insert(library.locked.name);
    std::vector<Change> changes;
    for (const auto& name : names) changes.push_back(change_of(before.library(name), after.library(name)));
    return changes;
}

// Vendored copies are not touched by what changes the lock; it is said where they fall behind.
std::vector<std::string> vendor_notes(const fs::path& project, const Solution& solution) {
    std::error_code code;
    const auto vendor = project / vendor_name;
    if (!fs::is_directory(vendor, code)) return {};
    std::vector<std::string> notes;
    bool behind = false;
    for (const auto& library : solution.libraries) {
        const auto content = read_folder(vendor / library.locked.name);
        behind = behind || !content || content_hash(*content) != library.locked.sha256;
    }
    if (behind) notes.emplace_back("vendor/ does not have what ktl.lock names: run `ktstr vendor`");
    for (const auto& entry : fs::directory_iterator(vendor, code)) {
        const auto name = entry.path().filename().string();
        if (is_name(name) && fs::exists(entry.path() / manifest_name, code) && solution.library(name) == nullptr)
            notes.push_back("vendor/" + name + " is no longer used and can be removed");
    }
    return notes;
}

// What follows from a solution for the files.
Edit edit_of(const Project& project, const Solution& solution) {
    Edit edit;
    edit.project = project.folder;
    edit.changes = changes_of(project.lock, solution);
    for (const auto& library : solution.libraries)
        if (library.locked.source.path.empty()) edit.cached.push_back(library.content);
    if (solution.lock().libraries != project.lock.libraries) edit.lock = lock_text(solution.lock());
    edit.notes = vendor_notes(project.folder, solution);
    return edit;
}

Error no_such_dependency(const std::string& name, const std::vector<std::string>& names) {
    std::string hint = suggest(name, names);
    if (hint.empty()) {
        hint = names.empty() ? "there are none" : "there are";
        for (const auto& known : names) hint += (&known == &names.front() ? " " : ", ") + known;
    }
    return Error{"there is no dependency `" + name + "`", hint};
}

// Whether a folder is the top of a git repository, with a working tree or without.
bool is_repository(const fs::path& folder) {
    std::error_code code;
    return fs::exists(folder / ".git", code) ||
           (fs::exists(folder / "HEAD", code) && fs::exists(folder / "objects", code));
}

// A path that the user typed in `from`, as ktl.toml in `project` has to say it.
std::string path_from_project(const AddRequest& request, const std::string& typed) {
    if (typed.front() == '/') return normal_path(typed);
    const auto relative = (request.from / typed).lexically_normal().lexically_relative(request.project);
    return normal_path(relative.generic_string());
}

// What the command line's SOURCE is: a URL, a repository on this machine, or a folder.
Result<Source> source_of(const AddRequest& request) {
    std::error_code code;
    auto [location, rev] = split_rev(request.source);
    if (is_path(request.source) && fs::exists(request.from / request.source, code)) {
        location = request.source; // a folder with an @ in its name
        rev.reset();
    }
    if (auto checked = check_location(location); !checked) return checked.error();
    if (rev)
        if (auto checked = check_rev(*rev); !checked) return checked.error();
    if (!request.folder.empty())
        if (auto checked = check_folder(request.folder); !checked) return checked.error();
    Source source;
    if (!is_path(location)) {
        source.git = location;
    } else {
        const auto place = request.from / location;
        if (!fs::is_directory(place, code))
            return Error{"there is no folder " + location, "name a folder, a git repository or its URL"};
        (is_repository(place) ? source.git : source.path) = path_from_project(request, location);
    }
    if (!source.path.empty() && (rev || !request.folder.empty()))
        return Error{location + " is no git repository, so it has no revs and no folders",
                     "name the folder itself, without @ and --folder"};
    source.rev = rev.value_or("");
    source.folder = request.folder.empty() || normal_path(request.folder) == "." ? "" : normal_path(request.folder);
    return source;
}

// Removes what a killed command left beside the two files.
void sweep_stages(const fs::path& project) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(project, code)) {
        const auto name = entry.path().filename().string();
        std::error_code ignored;
        for (const auto file : {manifest_name, lock_name})
            if (name.starts_with(std::string(file) + ".stage-")) fs::remove(entry.path(), ignored);
    }
}

// The name that the library gives itself.
Result<std::string> own_name(const fs::path& project, const Source& source, Fetcher& fetcher) {
    Content content;
    if (source.git.empty()) {
        auto read = read_folder(project / source.path);
        if (!read) return read.error();
        content = std::move(*read);
    } else {
        auto fetched = fetcher.fetch(source, "");
        if (!fetched) return fetched.error();
        content = std::move(fetched->content);
    }
    const auto manifest = library_manifest(content, source);
    if (!manifest) return manifest.error();
    return manifest->name;
}

} // namespace

Result<Edit> work_out_add(const AddRequest& request, Fetcher& fetcher) {
    auto project = read_project(request.project);
    if (!project) return project.error();
    const auto source = source_of(request);
    if (!source) return source.error();
    if (source->path == ".") return Error{"a project cannot be a library of its own"};
    const auto name = request.name ? Result<std::string>(*request.name) : own_name(request.project, *source, fetcher);
    if (!name) return name.error();
    if (!is_name(*name))
        return Error{"`" + *name + "` cannot stand behind `lib.`", "a letter or `_`, then letters, digits and `_`"};
    if (const auto* known = project->manifest.dependency(*name))
        return Error{
            "there is a dependency `" + *name + "` already, at " + known->place + ": " + known->source.text(),
            "give the new one another name with `--as`; for another rev, change it there and run `ktstr update " +
                *name + "`"};
    auto text = with_dependency(project->text, *name, *source);
    if (!text) return text.error();
    auto manifest = parse_manifest(*text, std::string(manifest_name));
    if (!manifest) return manifest.error();
    for (auto& dependency : manifest->dependencies)
        if (dependency.name == *name) dependency.place.clear(); // its line is not there yet
    const auto solution = solve({request.project, *manifest, project->lock, false, {}, false}, fetcher);
    if (!solution) return solution.error();
    Edit edit = edit_of(*project, *solution);
    edit.manifest = std::move(*text);
    if (project->text.empty())
        edit.notes.push_back("wrote a new ktl.toml in " + request.project.string() +
                             ": with it, that folder is a project with libraries");
    return edit;
}

Result<Edit> work_out_update(const UpdateRequest& request, Fetcher& fetcher) {
    const auto project = read_project(request.project);
    if (!project) return project.error();
    SolveRequest wanted{request.project, project->manifest, project->lock, !request.name && !request.locked, {},
                        request.locked};
    if (request.name) {
        auto names = project->manifest.dependency_names();
        for (const auto& library : project->lock.libraries) names.push_back(library.name);
        if (std::find(names.begin(), names.end(), *request.name) == names.end())
            return no_such_dependency(*request.name, names);
        wanted.move.insert(*request.name);
    }
    const auto solution = solve(wanted, fetcher);
    if (!solution) return solution.error();
    Edit edit = edit_of(*project, *solution);
    if (request.locked) edit.lock.reset();
    return edit;
}

Result<Edit> work_out_vendor(const fs::path& folder, Fetcher& fetcher) {
    const auto project = read_project(folder);
    if (!project) return project.error();
    const auto solution = solve({folder, project->manifest, project->lock, false, {}, true}, fetcher);
    if (!solution) return solution.error();
    Edit edit = edit_of(*project, *solution);
    edit.cached.clear();
    for (const auto& library : solution->libraries) edit.vendored.emplace_back(library.locked.name, library.content);
    std::erase_if(edit.notes, [](const auto& note) { return note.ends_with("`ktstr vendor`"); });
    return edit;
}

Result<Edit> work_out_remove(const fs::path& folder, const std::string& name, Fetcher& fetcher) {
    const auto project = read_project(folder);
    if (!project) return project.error();
    if (project->manifest.dependency(name) == nullptr)
        return no_such_dependency(name, project->manifest.dependency_names());
    auto text = without_dependency(project->text, name);
    if (!text) return text.error();
    auto manifest = parse_manifest(*text, std::string(manifest_name));
    if (!manifest) return manifest.error();
    const auto solution = solve({folder, *manifest, project->lock, false, {}, false}, fetcher);
    if (!solution) return solution.error();
    Edit edit = edit_of(*project, *solution);
    edit.manifest = std::move(*text);
    edit.manifest_first = true;
    return edit;
}

Result<void> apply(const Edit& edit, const WriteLock& lock) {
    sweep_stages(edit.project);
    for (const auto& content : edit.cached)
        if (auto stored = store_in_cache(lock, content); !stored) return stored;
    const auto write_manifest = [&]() -> Result<void> {
        return edit.manifest ? write_file(edit.project / manifest_name, *edit.manifest) : Result<void>();
    };
    if (edit.manifest_first)
        if (auto written = write_manifest(); !written) return written;
    if (edit.lock)
        if (auto written = write_file(edit.project / lock_name, *edit.lock); !written) return written;
    if (!edit.manifest_first)
        if (auto written = write_manifest(); !written) return written;
    for (const auto& [name, content] : edit.vendored)
        if (auto stored = store_in_vendor(edit.project, name, content); !stored) return stored;
    return {};
}

} // namespace ktstr::library
