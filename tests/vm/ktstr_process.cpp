// SPDX-License-Identifier: GPL-2.0-only
#include "tests/vm/ktstr_process.h"

#include <sys/mman.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>
#include <thread>

namespace ktstr::test {

namespace fs = std::filesystem;

namespace {

template <typename T> T require(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    return std::move(*result);
}

Fd memory_file() { return Fd(::memfd_create("test-output", MFD_CLOEXEC)); }

std::string content(const Fd& file) { return require(read_file("/proc/self/fd/" + std::to_string(file.get()))); }

} // namespace

Sandbox::Sandbox()
    : directory_(require(TemporaryDirectory::create("ktstr-vm-test-"))), mark_(directory_.path().filename().string()) {
    fs::create_directory(path("tmp"));
    fs::create_directory(path("work"));
}

fs::path Sandbox::write(const std::string& name, const std::string& text) const {
    const fs::path file = path("work") / name;
    if (auto written = write_file(file, text); !written) throw std::runtime_error(written.error().text());
    return file;
}

ProcessOptions Sandbox::options(std::vector<std::string> arguments) const {
    return {.arguments = std::move(arguments),
            .environment = {{"TMPDIR", path("tmp").string()},
                            {"KTSTR_TEST_MARK", mark_},
                            {"CI", "true"},
                            {"NO_COLOR", "1"}},
            .directory = path("work").string()};
}

std::vector<std::pair<pid_t, std::string>> Sandbox::processes() const {
    std::vector<std::pair<pid_t, std::string>> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto environment = read_file(entry.path() / "environ");
        const auto program = read_file(entry.path() / "comm");
        if (environment && program && environment->find("KTSTR_TEST_MARK=" + mark_) != std::string::npos)
            found.emplace_back(std::stoi(name), program->substr(0, program->find('\n')));
    }
    return found;
}

std::string Sandbox::leftovers() const {
    std::string left;
    for (const auto& [pid, name] : processes()) left += "process " + name + "\n";
    for (const auto& entry : fs::directory_iterator(path("tmp"))) left += entry.path().string() + "\n";
    for (const auto& entry : fs::directory_iterator("/dev/shm"))
        if (entry.path().string().find("ktstr") != std::string::npos) left += entry.path().string() + "\n";
    return left;
}

std::vector<nlohmann::json> Outcome::lines() const {
    std::vector<nlohmann::json> objects;
    std::istringstream stream(output);
    for (std::string line; std::getline(stream, line);) objects.push_back(nlohmann::json::parse(line));
    return objects;
}

Running::Running(const Sandbox& sandbox, std::vector<std::string> arguments)
    : Running(sandbox, std::move(arguments), memory_file(), memory_file()) {}

Running::Running(const Sandbox& sandbox, std::vector<std::string> arguments, Fd output, Fd errors)
    : output_(std::move(output)), errors_(std::move(errors)), process_([&] {
          if (arguments.empty() || (arguments[0] != "unshare" && arguments[0] != "env"))
              arguments.insert(arguments.begin(), KTSTR_PROGRAM);
          auto options = sandbox.options(std::move(arguments));
          options.stdout_fd = output_.get();
          options.stderr_fd = errors_.get();
          return require(Process::start(options));
      }()) {}

Outcome Running::finish() {
    const ProcessExit exit = process_.wait();
    return {exit, content(output_), content(errors_)};
}

Outcome run_ktstr(const Sandbox& sandbox, std::vector<std::string> arguments) {
    return Running(sandbox, std::move(arguments)).finish();
}

} // namespace ktstr::test
