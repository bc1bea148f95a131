// SPDX-License-Identifier: GPL-2.0-only
#include "interp/library/resolve.h"

#include <algorithm>
#include <map>

#include "interp/diagnostics/suggest.h"
#include "interp/library/lock.h"
#include "interp/library/manifest.h"
#include "interp/library/store.h"

namespace ktstr::library {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view name_prefix = "lib/";

fs::path real_path(const fs::path& path) {
    std::error_code code;
    auto real = fs::weakly_canonical(fs::absolute(path), code);
    return code ? path : real;
}

bool is_below(const fs::path& file, const fs::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

// "there are a, b", or the closest one.
std::string names_hint(std::string_view name, const std::vector<std::string>& names, const char* none) {
    std::string hint = suggest(name, names);
    if (!hint.empty()) return hint;
    if (names.empty()) return none;
    for (const auto& known : names) hint += (&known == &names.front() ? "there are " : ", ") + known;
    return hint;
}

} // namespace

struct Resolver::State {
    struct Found {
        std::string name;
        fs::path folder; // real path
        Content content;
        Manifest manifest;
    };

    fs::path project;
    std::optional<Manifest> manifest;
    Lock lock;
    std::map<std::string, Found, std::less<>> found; // by name

    // Reads the project's two files, once. A failure is said each time.
    Result<void> open() {
        if (manifest) return {};
        auto read = read_manifest(project);
        if (!read) return read.error();
        auto locked = read_lock(project);
        if (!locked) return locked.error();
        lock = std::move(*locked);
        manifest = std::move(*read);
        return {};
    }

    [[nodiscard]] const Found* owner(const fs::path& file) const {
        const Found* nearest = nullptr;
        const auto real = real_path(file);
        for (const auto& [name, library] : found)
            if (is_below(real, library.folder) && (nearest == nullptr || is_below(library.folder, nearest->folder)))
                nearest = &library;
        return nearest;
    }

    // Whether the ktl.toml of who asks has the library among its dependencies, as it is locked.
    Result<void> check_dependency(const Found* asking, std::string_view name) const {
        const Manifest& own = asking == nullptr ? *manifest : asking->manifest;
        const auto* dependency = own.dependency(name);
        const std::string quoted = "`" + std::string(name) + "`";
        const auto names = own.dependency_names();
        if (dependency == nullptr && asking != nullptr)
            return Error{"the library `" + asking->name + "` has no dependency " + quoted + " in its ktl.toml",
                         names_hint(name, names, "it has none")};
        if (dependency == nullptr) {
            const std::string close = suggest(name, names);
            return Error{"there is no library " + quoted + ": " + (project / manifest_name).string() +
                             " has no dependency of that name",
                         close.empty() ? "add it: `ktstr add URL-OR-PATH --as " + std::string(name) + "`" : close};
        }
        const auto* locked = lock.library(name);
        if (locked == nullptr)
            return Error{"the library " + quoted + " is not locked: " + std::string(lock_name) +
                             " does not have it yet",
                         "run `ktstr update`"};
        if (const auto wanted = normal_source(dependency->source); asking == nullptr && !(wanted == locked->source))
            return Error{dependency->place + ": " + quoted + " should come from " + wanted.text() + ", and " +
                             std::string(lock_name) + " has it from " + locked->source.text(),
                         "run `ktstr update " + std::string(name) + "`"};
        return {};
    }

    // The library itself, read and verified.
    Result<const Found*> find(std::string_view name) {
        if (const auto known = found.find(name); known != found.end()) return &known->second;
        const auto* locked = lock.library(name);
        if (locked == nullptr)
            return Error{std::string(lock_name) + " has no library `" + std::string(name) + "`", "run `ktstr update`"};
        auto stored = find_library(project, *locked);
        if (!stored) return stored.error();
        const auto text = stored->content.files.find(std::string(manifest_name));
        if (text == stored->content.files.end())
            return Error{stored->folder.string() + " is no scenario library: it has no ktl.toml"};
        auto read = parse_manifest(text->second, (stored->folder / manifest_name).string());
        if (!read) return read.error();
        Found library{std::string(name), real_path(stored->folder), std::move(stored->content), std::move(*read)};
        return &found.emplace(std::string(name), std::move(library)).first->second;
    }
};

Resolver::Resolver(const fs::path& file) : state_(std::make_unique<State>()) {
    state_->project = project_folder(file).value_or(fs::path());
}
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;
Resolver::~Resolver() = default;

const fs::path& Resolver::project() const { return state_->project; }

Result<fs::path> Resolver::module(const fs::path& from_file, std::string_view library, std::string_view module) {
    if (state_->project.empty())
        return Error{"there is no library `" + std::string(library) + "`: no folder above " + from_file.string() +
                         " has a ktl.toml",
                     "`ktstr add URL-OR-PATH --as " + std::string(library) + "` writes one"};
    if (auto opened = state_->open(); !opened) return opened.error();
    if (auto checked = state_->check_dependency(state_->owner(from_file), library); !checked) return checked.error();
    const auto found = state_->find(library);
    if (!found) return found.error();
    const auto& [name, folder, content, manifest] = **found;
    const auto modules = module_names(content, manifest.main);
    const std::string file = module.empty() ? manifest.main : std::string(module) + ".ktl";
    if (module.empty() && !content.files.contains(file))
        return Error{"the library `" + name + "` has no main file " + file,
                     modules.empty() ? "it has no modules either"
                                     : "name one of its modules, as in `use lib." + name + "." + modules.front() + "`"};
    if (!module.empty() && file == manifest.main)
        return Error{"`" + std::string(module) + "` is the main file of the library `" + name + "`",
                     "write `use lib." + name + "`"};
    if (!module.empty() && std::find(modules.begin(), modules.end(), module) == modules.end())
        return Error{"the library `" + name + "` has no module `" + std::string(module) + "`",
                     names_hint(module, modules, "it has no modules")};
    return folder / file;
}

std::optional<std::string> Resolver::file_name(const fs::path& file) const {
    const auto* library = state_->owner(file);
    if (library == nullptr) return std::nullopt;
    return std::string(name_prefix) + library->name + "/" +
           real_path(file).lexically_relative(library->folder).generic_string();
}

Result<fs::path> Resolver::file_of(std::string_view file_name) {
    std::string_view rest = file_name;
    const bool prefixed = rest.starts_with(name_prefix);
    if (prefixed) rest.remove_prefix(name_prefix.size());
    const auto slash = rest.find('/');
    if (!prefixed || slash == std::string_view::npos)
        return Error{"`" + std::string(file_name) + "` is not the name of a library's file"};
    if (state_->project.empty()) return Error{"there is no ktl.toml, so there are no libraries"};
    if (auto opened = state_->open(); !opened) return opened.error();
    const auto found = state_->find(rest.substr(0, slash));
    if (!found) return found.error();
    const std::string path(rest.substr(slash + 1));
    if (!(*found)->content.files.contains(path))
        return Error{"the library `" + (*found)->name + "` has no file " + path};
    return (*found)->folder / path;
}

Result<void> Resolver::check_path(const fs::path& from_file, const fs::path& target) const {
    const auto* library = state_->owner(from_file);
    if (library == nullptr || is_below(real_path(target), library->folder)) return {};
    return Error{"a file of the library `" + library->name + "` uses " + target.string() +
                     ", which does not belong to the library",
                 "a library is complete in itself: it can use its own files and its dependencies"};
}

} // namespace ktstr::library
