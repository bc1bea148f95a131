// SPDX-License-Identifier: GPL-2.0-only
// `ktstr shell` as a user has it: one command, and a terminal.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <chrono>
#include <csignal>
#include <iterator>

#include "tests/vm/ktstr_process.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::minutes(2);

struct Settings {
    termios value{};
    bool operator==(const Settings& other) const {
        const auto& [a, b] = std::tie(value, other.value);
        return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag && a.c_lflag == b.c_lflag &&
               std::equal(std::begin(a.c_cc), std::end(a.c_cc), std::begin(b.c_cc));
    }
};

// A terminal with a ktstr on it.
class Terminal {
  public:
    Terminal(const Sandbox& sandbox, const std::vector<std::string>& arguments) : process_(start(sandbox, arguments)) {}

    [[nodiscard]] Process& process() { return process_; }
    [[nodiscard]] const Settings& before() const { return before_; }
    [[nodiscard]] Settings settings() const {
        Settings now;
        REQUIRE(::tcgetattr(theirs_.get(), &now.value) == 0);
        return now;
    }
    void resize(unsigned short rows, unsigned short columns) const {
        const winsize size{rows, columns, 0, 0};
        REQUIRE(::ioctl(ours_.get(), TIOCSWINSZ, &size) == 0);
        process_.send_signal(SIGWINCH); // as the kernel does if it is the controlling terminal
    }
    void type(const std::string& text) const { REQUIRE(write_all(ours_.get(), text, "the terminal")); }
    // Reads until `text` has come; what came before it is forgotten.
    void expect(const std::string& text) {
        const auto deadline = Clock::now() + patience;
        while (true) {
            const auto at = screen_.find(text);
            if (at != std::string::npos) {
                screen_.erase(0, at + text.size());
                return;
            }
            INFO(screen_);
            REQUIRE(Clock::now() < deadline);
            read_some();
        }
    }
    void wait_for_prompt() { expect("ktstr:/ktstr/work# "); }
    ProcessExit finish() {
        const auto deadline = Clock::now() + patience;
        while (true) {
            if (const auto exit = process_.wait_for(std::chrono::milliseconds(20))) return *exit;
            read_some(); // who waits for its reader ends too
            INFO(screen_);
            REQUIRE(Clock::now() < deadline);
        }
    }
    // For a ktstr that was killed: another process restores the terminal.
    [[nodiscard]] bool is_restored() const {
        const auto deadline = Clock::now() + patience;
        while (Clock::now() < deadline) {
            if (settings() == before_) return true;
            ::poll(nullptr, 0, 5);
        }
        return false;
    }

  private:
    Process start(const Sandbox& sandbox, const std::vector<std::string>& arguments) {
        int ours = -1;
        int theirs = -1;
        const winsize size{33, 101, 0, 0};
        REQUIRE(::openpty(&ours, &theirs, nullptr, nullptr, &size) == 0);
        ours_ = Fd(ours);
        theirs_ = Fd(theirs);
        for (const int fd : {ours, theirs}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        before_ = settings();
        auto options = sandbox.options({KTSTR_PROGRAM});
        options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
        options.stdin_fd = options.stdout_fd = options.stderr_fd = theirs;
        auto process = Process::start(options);
        REQUIRE(process);
        return std::move(*process);
    }
    void read_some() {
        pollfd entry{ours_.get(), POLLIN, 0};
        if (::poll(&entry, 1, 50) <= 0) return;
        std::array<char, 4096> buffer{};
        const auto count = ::read(ours_.get(), buffer.data(), buffer.size());
        if (count > 0) screen_.append(buffer.data(), static_cast<std::size_t>(count));
    }

    Fd ours_;
    Fd theirs_;
    Settings before_;
    std::string screen_;
    Process process_;
};

void kill_qemu(const Sandbox& sandbox) {
    for (const auto& [pid, name] : sandbox.processes())
        if (name.starts_with("qemu")) ::kill(pid, SIGKILL);
}

// Whether nothing is left, once the kernel has ended what was to die with ktstr.
bool settles(const Sandbox& sandbox) {
    const auto deadline = Clock::now() + patience;
    while (Clock::now() < deadline) {
        if (sandbox.leftovers().empty()) return true;
        ::poll(nullptr, 0, 20);
    }
    return false;
}

struct WayOut {
    const char* name;
    int exit_code; // -1: it dies of a signal
    std::function<void(const Sandbox&, Terminal&)> go;
};

const std::vector<WayOut>& ways_out() {
    static const auto by_signal = [](int signal) {
        return [signal](const Sandbox&, Terminal& terminal) { terminal.process().send_signal(signal); };
    };
    static const std::vector<WayOut> ways = {
        {"exit", 5, [](const Sandbox&, Terminal& terminal) { terminal.type("exit 5\r"); }},
        {"Ctrl-]", 0, [](const Sandbox&, Terminal& terminal) { terminal.type("\x1d"); }},
        {"SIGTERM", 130, by_signal(SIGTERM)},
        {"SIGHUP", 130, by_signal(SIGHUP)},
        {"the end of QEMU", 70, [](const Sandbox& sandbox, Terminal&) { kill_qemu(sandbox); }},
        {"a crash of the guest", 70,
         [](const Sandbox&, Terminal& terminal) { terminal.type("echo c >/proc/sysrq-trigger\r"); }},
        {"an abort of ktstr", -1, by_signal(SIGABRT)},
        {"SIGKILL", -1, by_signal(SIGKILL)}};
    return ways;
}

constexpr const char* scenarios = R"(
scheduler fixture { binary "scx_ktstr" }
payload probe { binary "./probe"  files ["data.txt"] }
scenario "first" {
  scheduler fixture
  topology 1n2l2c1t
  duration 1s
  cgroup all { workers 2 of spin_wait }
  run probe in all
  wait probe in all
}
scenario "second" { topology 1n1l1c1t  cgroup all { workers 1 of spin_wait } }
)";

} // namespace

TEST_CASE("one command runs in the machine, with its output, errors and exit code those of ktstr") {
    const Sandbox sandbox;
    const auto outcome =
        run_ktstr(sandbox, {"shell", "--topology", "1n1l3c1t", "--exec", "nproc; echo wrong >&2; ls /nothing; exit 7"});
    CHECK(outcome.exit.exit_code == 7);
    CHECK(outcome.output == "3\n");
    CHECK_THAT(outcome.errors, ContainsSubstring("wrong\n") && ContainsSubstring("/nothing: No such file"));
    CHECK(run_ktstr(sandbox, {"shell", "--exec", "kill -SEGV $$"}).exit.exit_code == 128 + SIGSEGV);
    CHECK(sandbox.leftovers().empty());
}

TEST_CASE("no byte of a command's output is lost, however much it is") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(sandbox, {"shell", "--exec", "seq 500000; sleep 1000 &"});
    CHECK(outcome.exit.exit_code == 0);
    CHECK(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 500'000);
    CHECK(outcome.output.ends_with("\n500000\n"));
}

TEST_CASE("a shell has the topology, the scheduler, the programs and the files of a scenario") {
    const Sandbox sandbox;
    sandbox.write("two.ktl", scenarios);
    std::filesystem::permissions(sandbox.write("probe", "#!/bin/sh\ncat data.txt\n"), std::filesystem::perms(0755));
    sandbox.write("data.txt", "of the payload\n");
    sandbox.write("more.txt", "of the user\n");
    const std::string look =
        "nproc; cat /sys/kernel/sched_ext/root/ops; probe; cat /ktstr/include/more.txt; bash --version";
    const auto outcome = run_ktstr(
        sandbox, {"shell", "two.ktl", "first", "--include", "more.txt", "--include", "/usr/bin/bash", "--exec", look});
    INFO(outcome.errors);
    CHECK(outcome.exit.exit_code == 0);
    CHECK_THAT(outcome.output, ContainsSubstring("4\nktstr\nof the payload\nof the user\nGNU bash"));
    const auto without = run_ktstr(
        sandbox, {"shell", "two.ktl", "first", "--no-scheduler", "--exec", "cat /sys/kernel/sched_ext/state"});
    CHECK(without.output == "disabled\n");
}

TEST_CASE("what a shell cannot be started from is said before anything boots") {
    const Sandbox sandbox;
    sandbox.write("two.ktl", scenarios);
    const auto errors = [&sandbox](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "shell");
        const auto outcome = run_ktstr(sandbox, arguments);
        CHECK(outcome.exit.exit_code == 64);
        CHECK(outcome.output.empty());
        return outcome.errors;
    };
    CHECK_THAT(errors({}), ContainsSubstring("is no terminal") && ContainsSubstring("--exec"));
    CHECK_THAT(errors({"two.ktl", "--exec", "true"}), ContainsSubstring("two.ktl has 2 scenarios"));
    CHECK_THAT(errors({"two.ktl", "frist", "--exec", "true"}), ContainsSubstring("did you mean `first`?"));
    CHECK_THAT(errors({"--memory", "12", "--exec", "true"}), ContainsSubstring("512MiB"));
    CHECK_THAT(errors({"--scheduler", "nothing_of_that_name", "--exec", "true"}),
               ContainsSubstring("there is no program"));
    CHECK_THAT(errors({"--include", "nothing", "--exec", "true"}), ContainsSubstring("nothing does not exist"));
    CHECK_THAT(errors({"two.ktl", "--scheduler", "scx_ktstr", "--exec", "true"}), ContainsSubstring("--scheduler"));
}

TEST_CASE("a shell outlives the scheduler, and says that it went") {
    const Sandbox sandbox;
    const auto outcome = run_ktstr(
        sandbox,
        {"shell", "--scheduler", "scx_ktstr", "--exec",
         "kill -INT $(pidof scx_ktstr); until grep -q disabled /sys/kernel/sched_ext/state; do sleep 0.1; done; "
         "sleep 1; echo alive"});
    CHECK(outcome.exit.exit_code == 0);
    CHECK(outcome.output == "alive\n");
    CHECK_THAT(outcome.errors, ContainsSubstring("the scheduler scx_ktstr has gone"));
}

TEST_CASE("what is typed goes to the guest's shell, Ctrl-C too, and the terminal's size with it") {
    const Sandbox sandbox;
    Terminal terminal(sandbox, {"shell"});
    terminal.wait_for_prompt();
    CHECK_FALSE(terminal.settings() == terminal.before());
    terminal.type("stty size\r");
    terminal.expect("33 101\r\n");
    terminal.resize(44, 123);
    terminal.type("until stty size | grep 44; do sleep 0.1; done\r");
    terminal.expect("44 123\r\n");
    terminal.type("sh -c 'echo $((6 * 7)); sleep 1000'\r");
    terminal.expect("42\r\n"); // said by the one that has the terminal now
    terminal.type("\x03");
    terminal.wait_for_prompt();
    terminal.type("echo code $?\r");
    terminal.expect("code 130\r\n");
    terminal.wait_for_prompt(); // a Ctrl-D before it is a byte of 0 to the shell: it switches the line discipline then
    terminal.type("\x04");      // Ctrl-D
    CHECK(terminal.finish().exit_code == 0);
    CHECK(terminal.settings() == terminal.before());
}

TEST_CASE("the terminal is as it was after every way out of a shell") {
    for (const auto& way : ways_out()) {
        DYNAMIC_SECTION(way.name) {
            const Sandbox sandbox;
            Terminal terminal(sandbox, {"shell"});
            terminal.wait_for_prompt();
            REQUIRE_FALSE(terminal.settings() == terminal.before());
            way.go(sandbox, terminal);
            CHECK(terminal.finish().exit_code == way.exit_code);
            if (way.exit_code >= 0)
                CHECK(terminal.settings() == terminal.before()); // at once
            else
                CHECK(terminal.is_restored());
            CHECK(settles(sandbox));
        }
    }
}
