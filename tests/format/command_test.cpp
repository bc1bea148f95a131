// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <iostream>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/exit_code.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

const std::string messy = "let a=1\nlet longer=2\n";
const std::string tidy = "let a      = 1\nlet longer = 2\n";
const std::string wrong = "scenario \"a\" {\n  cgroup\n}\n";

struct Outcome {
    int exit_code = -1;
    std::string out;
    std::string err;
};

// A folder of files, and `ktstr fmt` in a process of its own.
class Folder {
  public:
    Folder() : directory_(TemporaryDirectory::create("ktstr-fmt-").value()) {}

    [[nodiscard]] fs::path path(const std::string& name) const { return directory_.path() / name; }
    void write(const std::string& name, const std::string& text, unsigned mode = 0644) const {
        REQUIRE(make_directories(path(name).parent_path()));
        REQUIRE(write_file(path(name), text, mode));
    }
    [[nodiscard]] std::string read(const std::string& name) const { return read_file(path(name)).value(); }
    // Files beside the ones that hold what the command said.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(directory_.path()))
            if (entry.path().filename().string().front() != '.') names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    // `disk`: how large a file may get, as on a disk that is almost full; 0: no limit.
    [[nodiscard]] Outcome fmt(std::vector<std::string> arguments, const std::string& input = "",
                              std::size_t disk = 0) const {
        write(".in", input);
        write(".out", "");
        write(".err", "");
        arguments.insert(arguments.begin(), "fmt");
        std::cout.flush(); // or the child says it too
        const pid_t child = ::fork();
        if (child == 0) ::_exit(run_here(arguments, disk));
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        return {WEXITSTATUS(status), read(".out"), read(".err")};
    }

  private:
    int run_here(std::vector<std::string> arguments, std::size_t disk) const {
        ::dup2(::open(path(".in").c_str(), O_RDONLY), STDIN_FILENO);
        ::dup2(::open(path(".out").c_str(), O_WRONLY), STDOUT_FILENO);
        ::dup2(::open(path(".err").c_str(), O_WRONLY), STDERR_FILENO);
        std::cin.clear();
        if (::chdir(directory_.path().c_str()) != 0) return 255;
        if (disk > 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{disk, disk};
            ::setrlimit(RLIMIT_FSIZE, &limit);
        }
        int exit_code = cli::exit_pass;
        CLI::App app("", "ktstr");
        cli::add_fmt_command(app, exit_code);
        try {
            std::reverse(arguments.begin(), arguments.end());
            app.parse(arguments);
        } catch (const CLI::ParseError& error) {
            app.exit(error);
            std::cout.flush();
            return cli::exit_usage;
        }
        return exit_code;
    }

    TemporaryDirectory directory_;
};

} // namespace

TEST_CASE("fmt rewrites the files that are not in layout and names them") {
    const Folder folder;
    folder.write("messy.ktl", messy);
    folder.write("tidy.ktl", tidy);
    folder.write("below/messy.ktl", messy);
    folder.write("below/.hidden.ktl", messy);
    folder.write("below/text.txt", messy);
    const auto before = fs::last_write_time(folder.path("tidy.ktl"));
    const auto outcome = folder.fmt({"."});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out == "./below/messy.ktl\n./messy.ktl\n");
    CHECK(outcome.err.empty());
    CHECK(folder.read("messy.ktl") == tidy);
    CHECK(folder.read("below/messy.ktl") == tidy);
    CHECK(folder.read("below/.hidden.ktl") == messy);
    CHECK(folder.read("below/text.txt") == messy);
    CHECK(fs::last_write_time(folder.path("tidy.ktl")) == before);
    CHECK(folder.names() == std::vector<std::string>{"below", "messy.ktl", "tidy.ktl"});
    CHECK(folder.fmt({"."}).out.empty());
}

TEST_CASE("fmt --check names the files that would change and changes none") {
    const Folder folder;
    folder.write("messy.ktl", messy);
    folder.write("tidy.ktl", tidy);
    const auto outcome = folder.fmt({"--check", "messy.ktl", "tidy.ktl"});
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out == "messy.ktl\n");
    CHECK(folder.read("messy.ktl") == messy);
    CHECK(folder.fmt({"--check", "tidy.ktl"}).exit_code == 0);
}

TEST_CASE("fmt --diff shows what would change and changes nothing") {
    const Folder folder;
    folder.write("messy.ktl", messy);
    const auto outcome = folder.fmt({"--diff", "messy.ktl"});
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out == "--- messy.ktl\n+++ messy.ktl\n@@ -1,2 +1,2 @@\n-let a=1\n-let longer=2\n+let a      = 1\n"
                         "+let longer = 2\n");
    CHECK(folder.read("messy.ktl") == messy);
}

TEST_CASE("fmt - lays standard input out on standard output") {
    const Folder folder;
    CHECK(folder.fmt({"-"}, messy).out == tidy);
    CHECK(folder.fmt({"-"}, messy).exit_code == 0);
    CHECK(folder.fmt({"--check", "-"}, messy).exit_code == 1);
    CHECK(folder.fmt({"--check", "-"}, tidy).exit_code == 0);
    const auto outcome = folder.fmt({"-"}, wrong);
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find("<stdin>:3:1: error") != std::string::npos);
}

TEST_CASE("a file with a syntax error is left alone and said, and the others are laid out") {
    const Folder folder;
    folder.write("a_wrong.ktl", wrong);
    folder.write("messy.ktl", messy);
    const auto outcome = folder.fmt({"a_wrong.ktl", "messy.ktl"});
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.err.find("a_wrong.ktl:3:1: error[E0110]: expected a cgroup") != std::string::npos);
    CHECK(outcome.err.find("  3 | }\n") != std::string::npos);
    CHECK(folder.read("a_wrong.ktl") == wrong);
    CHECK(folder.read("messy.ktl") == tidy);
}

TEST_CASE("a file that only has a byte order mark too many loses it") {
    const Folder folder;
    folder.write("mark.ktl", "\xEF\xBB\xBF" + tidy);
    CHECK(folder.fmt({"--check", "mark.ktl"}).exit_code == 1);
    CHECK(folder.fmt({"mark.ktl"}).exit_code == 0);
    CHECK(folder.read("mark.ktl") == tidy);
}

TEST_CASE("a link stays a link, and permission bits stay") {
    const Folder folder;
    folder.write("below/target.ktl", messy, 0751);
    fs::create_symlink("below/target.ktl", folder.path("link.ktl"));
    const auto outcome = folder.fmt({"link.ktl", "below"});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out == "link.ktl\n");
    CHECK(fs::is_symlink(folder.path("link.ktl")));
    CHECK(folder.read("below/target.ktl") == tidy);
    struct stat status {};
    REQUIRE(::stat(folder.path("below/target.ktl").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0751U);
}

TEST_CASE("a read-only file stays as it is, and the message says so") {
    const Folder folder;
    folder.write("locked.ktl", messy, 0444);
    folder.write("messy.ktl", messy);
    const auto outcome = folder.fmt({"locked.ktl", "messy.ktl"});
    CHECK(outcome.exit_code == 70);
    CHECK(outcome.err.find("cannot write locked.ktl: it is read-only") != std::string::npos);
    CHECK(folder.read("locked.ktl") == messy);
    CHECK(folder.read("messy.ktl") == tidy);
}

TEST_CASE("a full disk leaves the file as it was and nothing beside it") {
    const Folder folder;
    std::string large;
    for (int i = 0; i < 1000; ++i) large += "let a" + std::to_string(i) + "=1\n";
    folder.write("large.ktl", large);
    const auto outcome = folder.fmt({"large.ktl"}, "", 4096);
    CHECK(outcome.exit_code == 70);
    CHECK(outcome.err.find("large.ktl") != std::string::npos);
    CHECK(folder.read("large.ktl") == large);
    CHECK(folder.names() == std::vector<std::string>{"large.ktl"});
}

TEST_CASE("standard output that takes nothing is said") {
    const Folder folder;
    std::string large;
    for (int i = 0; i < 1000; ++i) large += "let a" + std::to_string(i) + "=1\n";
    CHECK(folder.fmt({"-"}, large, 4096).exit_code == 70);
}

TEST_CASE("a path that is not there, a folder without files and wrong options are wrong uses") {
    const Folder folder;
    folder.write("empty/text.txt", "");
    const auto outcome = folder.fmt({"nowhere.ktl"});
    CHECK(outcome.exit_code == 64);
    CHECK(outcome.err.find("there is no file or folder nowhere.ktl") != std::string::npos);
    CHECK(folder.fmt({"empty"}).exit_code == 64);
    CHECK(folder.fmt({}).exit_code == 64);
    CHECK(folder.fmt({"--check", "--diff", "empty"}).exit_code == 64);
}

TEST_CASE("a file that begins with the letter of a Lua block is read") {
    const Folder folder;
    folder.write("l.ktl", "let a = 1\n");
    CHECK(folder.fmt({"--check", "l.ktl"}).exit_code == 0);
}
