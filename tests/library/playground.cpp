// SPDX-License-Identifier: GPL-2.0-only
#include "playground.h"

#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

namespace ktstr::test {

namespace fs = std::filesystem;

namespace {

TemporaryDirectory make_directory() {
    auto directory = TemporaryDirectory::create("ktstr-library-");
    REQUIRE(directory);
    return std::move(*directory);
}

} // namespace

Playground::Playground() : directory_(make_directory()) {
    fs::create_directories(project());
    ::setenv("XDG_CACHE_HOME", path("cache").c_str(), 1); // NOLINT(concurrency-mt-unsafe): there is one thread
}

void Playground::write(const std::string& name, const std::string& text) const {
    fs::create_directories(path(name).parent_path());
    REQUIRE(write_file(path(name), text));
}

std::string Playground::read(const std::string& name) const {
    auto text = read_file(path(name));
    REQUIRE(text);
    return *text;
}

std::string Playground::git(const std::string& folder, std::vector<std::string> arguments,
                            const std::string& input) const {
    ProcessOptions options;
    options.arguments = {"git",
                         "-c",
                         "user.name=Tester",
                         "-c",
                         "user.email=tester@example.org",
                         "-c",
                         "init.defaultBranch=main",
                         "-C",
                         path(folder).string()};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.environment = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_NOSYSTEM", "1"}};
    Fd input_fd;
    if (!input.empty()) {
        write("git-input", input);
        input_fd = Fd(::open(path("git-input").c_str(), O_RDONLY | O_CLOEXEC));
        options.stdin_fd = input_fd.get();
    }
    const auto result = run_command(options, true);
    REQUIRE(result);
    INFO(result->output);
    REQUIRE(result->exit.clean());
    std::string output = result->output;
    while (!output.empty() && output.back() == '\n') output.pop_back();
    return output;
}

std::string Playground::commit(const std::string& name, const std::string& tag) const {
    (void)git(name, {"add", "--all"});
    (void)git(name, {"commit", "--quiet", "--allow-empty", "--message", "change"});
    if (!tag.empty()) (void)git(name, {"tag", "--force", tag});
    return git(name, {"rev-parse", "HEAD"});
}

void Playground::repository(const std::string& name, const std::map<std::string, std::string>& files,
                            const std::string& tag) const {
    fs::create_directories(path(name));
    (void)git(name, {"init", "--quiet"});
    for (const auto& [file, text] : files) write(name + "/" + file, text);
    commit(name, tag);
}

void Playground::fixture(const std::string& name, const std::string& tag) const {
    repository(name, files_of(fs::path(KTSTR_FIXTURES) / name), tag);
}

ProcessOptions Playground::ktstr_process(std::vector<std::string> arguments) const {
    ProcessOptions options;
    options.arguments = {KTSTR_PROGRAM};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.environment = {{"XDG_CACHE_HOME", path("cache").string()}, {"HOME", path("home").string()}};
    options.directory = project().string();
    return options;
}

Outcome Playground::ktstr(std::vector<std::string> arguments, const std::string& folder) const {
    auto options = ktstr_process(std::move(arguments));
    options.directory = path(folder).string();
    const auto result = run_command(options, true);
    REQUIRE(result);
    return {result->exit.exit_code, result->output};
}

std::string Playground::done(std::vector<std::string> arguments) const {
    auto outcome = ktstr(std::move(arguments));
    INFO(outcome.output);
    REQUIRE(outcome.exit_code == 0);
    return outcome.output;
}

std::string Playground::used(const std::string& library, const std::string& module) const {
    library::Resolver resolver(project());
    const auto file = resolver.module(project() / "a.ktl", library, module);
    if (!file) return "error: " + file.error().message + " | " + file.error().hint;
    auto text = read_file(*file);
    REQUIRE(text);
    return *text;
}

std::vector<std::string> Playground::leftovers() const {
    std::vector<std::string> names;
    for (const auto& folder : {cache(), project(), project() / "vendor"}) {
        std::error_code code;
        for (const auto& entry : fs::directory_iterator(folder, code))
            if (entry.path().filename().string().find(".stage-") != std::string::npos)
                names.push_back(entry.path().string());
    }
    return names;
}

std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        auto text = read_file(entry.path());
        REQUIRE(text);
        files[entry.path().lexically_relative(folder).generic_string()] = *text;
    }
    return files;
}

} // namespace ktstr::test
