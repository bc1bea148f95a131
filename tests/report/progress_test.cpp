// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "report/progress.h"
#include "tests/report/made_up_result.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using report::Progress;

namespace {

// A pseudo terminal of 60 columns and 8 rows.
struct Pty {
    Fd master;
    Fd slave;
    Pty() {
        int master_fd = -1;
        int slave_fd = -1;
        winsize size{8, 60, 0, 0};
        REQUIRE(::openpty(&master_fd, &slave_fd, nullptr, nullptr, &size) == 0);
        master = Fd(master_fd);
        slave = Fd(slave_fd);
    }

    // All that was written so far. (A pty holds at least 4 KiB unread.)
    [[nodiscard]] std::string read() const {
        std::string text;
        std::array<char, 4096> buffer{};
        pollfd entry{master.get(), POLLIN, 0};
        while (::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0) {
            const auto count = ::read(master.get(), buffer.data(), buffer.size());
            if (count <= 0) break;
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        return text;
    }

    [[nodiscard]] termios modes() const {
        termios modes{};
        REQUIRE(::tcgetattr(slave.get(), &modes) == 0);
        return modes;
    }
};

// What a reader sees after `bytes`: just enough of a terminal for the sequences that progress may use. Anything else
// (a hidden cursor, another screen) is not understood, and said.
struct Screen {
    std::vector<std::string> lines = {""};
    std::size_t row = 0;

    void show(std::string_view bytes) {
        while (!bytes.empty()) {
            if (bytes.starts_with("\x1b[")) {
                const auto end = bytes.find_first_of("ABCDEFGHJKhlm", 2);
                REQUIRE(end != std::string_view::npos);
                command(bytes[end], std::string(bytes.substr(2, end - 2)));
                bytes.remove_prefix(end + 1);
                continue;
            }
            if (bytes[0] == '\n') {
                if (++row == lines.size()) lines.emplace_back();
            } else if (bytes[0] != '\r') {
                lines[row] += bytes[0];
            }
            bytes.remove_prefix(1);
        }
    }

    void command(char name, const std::string& argument) {
        if (name == 'A') {
            const auto up = static_cast<std::size_t>(std::stoul(argument));
            REQUIRE(up <= row);
            row -= up;
        } else if (name == 'J' && argument.empty()) {
            lines.resize(row + 1);
            lines[row].clear();
        } else {
            FAIL("progress sent ESC [ " << argument << name);
        }
    }

    [[nodiscard]] std::string text() const {
        std::string all;
        for (const auto& line : lines) all += line + "\n";
        return all;
    }
};

plan::Plan named(const std::string& name) {
    auto plan = made_up_plan();
    plan.scenario = name;
    return plan;
}

report::ScenarioResult finished(const std::string& name) {
    auto result = passed_result();
    result.plan.scenario = name;
    return result;
}

// Sets an environment variable for its life.
class Environment {
  public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        if (value != nullptr)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() {
        if (before_)
            ::setenv(name_, before_->c_str(), 1);
        else
            ::unsetenv(name_);
    }

  private:
    const char* name_;
    std::optional<std::string> before_;
};

} // namespace

TEST_CASE("on a terminal each running VM has a line with its phase, and a bar counts the scenarios") {
    const Pty pty;
    Screen screen;
    Progress progress(pty.slave.get(), Progress::Mode::live, {}, 3);
    progress.scenario_started(1, named("first"));
    progress.scenario_started(2, named("second"));
    progress.phase(1, "boot");
    progress.heartbeat(2, 0, 12'500);
    progress.phase(2, "scenario");
    screen.show(pty.read());
    CHECK_THAT(screen.text(), ContainsSubstring("  first  (eevdf, 1n2l2c1t)  boot  "));
    CHECK_THAT(screen.text(), ContainsSubstring("  second  (eevdf, 1n2l2c1t)  scenario  step 1/1 main"));
    CHECK_THAT(screen.text(), ContainsSubstring("[........................] 0/3 done, 2 running"));
    progress.scenario_finished(1, finished("first"));
    screen.show(pty.read());
    CHECK(screen.lines[0] == "PASS   first  (eevdf, 1n2l2c1t)  3.2 s  [1/3]");
    CHECK_THAT(screen.text(), ContainsSubstring("[########................] 1/3 done, 1 running"));
    CHECK(screen.lines.size() == 4); // the finished one, the running one, the bar, where the cursor stands
}

TEST_CASE("the live lines are gone and the terminal's modes are as before when progress ends") {
    const Pty pty;
    const auto before = pty.modes();
    {
        Progress progress(pty.slave.get(), Progress::Mode::live, {}, 2);
        progress.scenario_started(1, named("first"));
        progress.scenario_started(2, named("second"));
        progress.note(2, "the host is slow");
        progress.scenario_finished(1, finished("first"));
    }
    Screen screen;
    screen.show(pty.read());
    CHECK(screen.text() == "note   second: the host is slow\nPASS   first  (eevdf, 1n2l2c1t)  3.2 s  [1/2]\n\n");
    const auto after = pty.modes();
    CHECK(std::memcmp(&before, &after, sizeof(before)) == 0);
}

TEST_CASE("a program killed in the middle of its progress leaves a terminal that needs no reset") {
    const Pty pty;
    const auto before = pty.modes();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        Progress progress(pty.slave.get(), Progress::Mode::live, {}, 2);
        progress.scenario_started(1, made_up_plan());
        progress.phase(1, "boot");
        ::kill(::getpid(), SIGKILL);
    }
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    Screen screen;
    screen.show(pty.read()); // fails on any sequence that would have to be undone
    CHECK_THAT(screen.text(), ContainsSubstring("boot"));
    CHECK(screen.lines.back().empty()); // the shell's prompt starts on a fresh line
    const auto after = pty.modes();
    CHECK(std::memcmp(&before, &after, sizeof(before)) == 0);
}

TEST_CASE("live lines never wrap nor fill the screen, however many VMs run and however long their names") {
    const Pty pty;
    Progress progress(pty.slave.get(), Progress::Mode::live, {}, 100);
    for (int i = 0; i < 20; ++i) {
        (void)pty.read(); // keep the pty from filling up
        progress.scenario_started(i, named(std::string(200, 'n') + "é\x1b[31m\n"));
    }
    (void)pty.read();
    progress.phase(0, "boot");
    const auto drawn = pty.read();
    // The last drawing: time may have passed and caused another.
    const auto lines = drawn.substr(drawn.rfind('J') + 1);
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 6);
    CHECK_THAT(lines, ContainsSubstring("... and 15 more"));
    std::size_t begin = 0;
    for (auto end = lines.find("\r\n"); end != std::string::npos; begin = end + 2, end = lines.find("\r\n", begin))
        CHECK(report::display_width(lines.substr(begin, end - begin)) < 60);
}

TEST_CASE("elsewhere progress is plain lines: a start, an end, and the first thing that failed") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    {
        Progress progress(write_end.get(), Progress::Mode::plain, {}, 1);
        progress.scenario_started(1, failed_result().plan);
        progress.phase(1, "boot");
        progress.heartbeat(1, 0, 5);
        progress.scenario_finished(1, failed_result());
        progress.phase(1, "too late");
    }
    write_end.reset();
    std::array<char, 4096> buffer{};
    const auto count = ::read(read_end.get(), buffer.data(), buffer.size());
    REQUIRE(count > 0);
    CHECK(std::string(buffer.data(), static_cast<std::size_t>(count)) ==
          "start  uneven <split> & \"co\"  (scx_ktstr, 1n2l2c1t)\n"
          "FAIL   uneven <split> & \"co\"  (scx_ktstr, 1n2l2c1t)  3.2 s\n"
          "       spread(hot) <= 15%: saw 23.1 % (worker 3 did 1200 units/s, worker 1 did 960 units/s)\n");
}

TEST_CASE("many threads may report at once") {
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    {
        Progress progress(::fileno(file), Progress::Mode::plain, {}, 40);
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&progress, thread] {
                for (int i = 0; i < 10; ++i) {
                    const int id = thread * 10 + i;
                    progress.scenario_started(id, named("s" + std::to_string(id)));
                    progress.phase(id, "boot");
                    progress.scenario_finished(id, finished("s" + std::to_string(id)));
                }
            });
        for (auto& thread : threads) thread.join();
    }
    std::rewind(file);
    std::array<char, 8192> buffer{};
    const std::string text(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file));
    std::fclose(file);
    CHECK(std::count(text.begin(), text.end(), '\n') == 80);
    CHECK_THAT(text, ContainsSubstring("[40/40]"));
}

TEST_CASE("progress is live on a terminal only, and not where CI or a dumb terminal is") {
    const Pty pty;
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const Environment term("TERM", "xterm");
    const Environment no_ci("CI", nullptr);
    CHECK(Progress::mode_for(pty.slave.get()) == Progress::Mode::live);
    CHECK(Progress::mode_for(null.get()) == Progress::Mode::plain);
    {
        const Environment ci("CI", "true");
        CHECK(Progress::mode_for(pty.slave.get()) == Progress::Mode::plain);
    }
    const Environment dumb("TERM", "dumb");
    CHECK(Progress::mode_for(pty.slave.get()) == Progress::Mode::plain);
}

TEST_CASE("colours are for terminals, and NO_COLOR turns them off") {
    const Pty pty;
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const Environment term("TERM", "xterm");
    const Environment unset("NO_COLOR", nullptr);
    CHECK(report::wants_color(pty.slave.get()));
    CHECK_FALSE(report::wants_color(null.get()));
    const Environment set("NO_COLOR", "1");
    CHECK_FALSE(report::wants_color(pty.slave.get()));
}
