// SPDX-License-Identifier: GPL-2.0-only
// What a system does to a writer, each with what must hold then.
#include "faults.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sched.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "made_records.h"
#include "runs/file_system.h"
#include "runs/names.h"
#include "runs/provenance.h"
#include "runs/session.h"

using namespace ktstr;
using namespace ktstr::runs;
using namespace ktstr::test;
namespace fs = std::filesystem;

namespace {

// A run directory with version 1 of the record "a".
struct Scene {
    TemporaryDirectory root = fast_directory();
    RunDirectory runs{root.path(), "run", "session"};

    Scene() { REQUIRE(runs.write("", made_record("a", 1))); }
    [[nodiscard]] std::optional<int> version() const { return version_in(runs.path(), "a"); }
};

// Runs `work` in a process of its own; its exit code, or -1 if it was killed.
int in_child(const std::function<int()>& work) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(work());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// A process that holds the lock of a run directory until it is killed.
class Holder {
  public:
    explicit Holder(const fs::path& lock) {
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            const auto held = FileLock::acquire(lock, FileLock::Mode::exclusive, std::chrono::seconds(10));
            (void)!::write(ends[1], held ? "y" : "n", 1);
            while (true) ::pause();
        }
        char held = 'n';
        REQUIRE(::read(ends[0], &held, 1) == 1);
        REQUIRE(held == 'y');
        ::close(ends[0]);
        ::close(ends[1]);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() { kill(); }
    void kill() {
        if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_ = 0;
};

constexpr int no_mount = 77;

// On a full tmpfs: 0 if all is as it should be, no_mount if this process may not mount one.
int fill_disk(const fs::path& folder) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0)
        return no_mount;
    RunDirectory runs(folder, "run", "session");
    if (!runs.write("", made_record("a", 1))) return 1;
    auto larger = made_record("a", 2);
    larger.back().content = std::string(128U << 10U, 'x');
    const auto refused = runs.write("", larger);
    if (refused || refused.error().message.find(std::strerror(ENOSPC)) == std::string::npos) return 2;
    if (version_in(runs.path(), "a") != 1 || has_stages(runs.path())) return 3;
    return runs.write("", made_record("a", 3)) && version_in(runs.path(), "a") == 3 ? 0 : 4;
}

} // namespace

TEST_CASE("whatever call fails, the old record stays, the error says why, and no stage file is left") {
    struct Row {
        const char* call;
        int error;
    };
    const auto row = GENERATE(Row{"open", ENOSPC}, Row{"open", EROFS}, Row{"open", EACCES}, Row{"write", ENOSPC},
                              Row{"write", EDQUOT}, Row{"write", EIO}, Row{"fsync", ENOSPC}, Row{"fsync", EDQUOT},
                              Row{"fsync", EIO}, Row{"rename", ENOSPC}, Row{"rename", EDQUOT}, Row{"rename", EROFS});
    CAPTURE(row.call, row.error);
    Scene scene;
    {
        const Armed armed({.failing = row.call, .error = row.error, .times = 1});
        const auto refused = scene.runs.write("", made_record("a", 2));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find(std::strerror(row.error)) != std::string::npos);
        CHECK(refused.error().message.find(scene.root.path().string()) != std::string::npos);
    }
    CHECK(scene.version() == 1);
    CHECK_FALSE(has_stages(scene.runs.path()));
    REQUIRE(scene.runs.write("", made_record("a", 3)));
    CHECK(scene.version() == 3);
}

TEST_CASE("a directory that cannot be listed or cleared does not become a mixture of two sessions") {
    const auto* call = GENERATE("openat", "unlinkat");
    Scene scene;
    RunDirectory next(scene.root.path(), "run", "next");
    {
        const Armed armed({.failing = call, .error = EROFS, .times = 1});
        const auto refused = next.write("", made_record("b", 1));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find(std::strerror(EROFS)) != std::string::npos);
    }
    CHECK(scene.version() == 1);
    CHECK_FALSE(version_in(next.path(), "b"));
    REQUIRE(next.write("", made_record("b", 1)));
    CHECK_FALSE(scene.version());
}

TEST_CASE("calls that are interrupted, and writes that take less than all, make no difference") {
    const auto* call = GENERATE("open", "write", "fsync", "rename", "flock");
    CAPTURE(call);
    Scene scene;
    {
        const Armed armed({.failing = call, .error = EINTR, .times = 3, .short_writes = true});
        REQUIRE(scene.runs.write("", made_record("a", 2)));
    }
    CHECK(scene.version() == 2);
    CHECK_FALSE(has_stages(scene.runs.path()));
}

TEST_CASE("a disk that is really full is an error, and what was there stays") {
    const auto folder = fast_directory();
    const int code = in_child([&] { return fill_disk(folder.path()); });
    CHECK((code == 0 || code == no_mount));
    Scene scene;
    const int limited = in_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{4096, 4096};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        return scene.runs.write("", made_record("a", 2)) ? 1 : 0;
    });
    CHECK(limited == 0);
    CHECK(scene.version() == 1);
    CHECK_FALSE(has_stages(scene.runs.path()));
}

TEST_CASE("a directory that is deleted at whatever moment is made again") {
    int last_call = 0;
    {
        Scene scene;
        const Armed armed({});
        REQUIRE(scene.runs.write("", made_record("a", 2)));
        last_call = armed.calls();
    }
    REQUIRE(last_call > 10);
    for (const bool whole_root : {false, true})
        for (int call = 1; call <= last_call; ++call) {
            CAPTURE(whole_root, call);
            Scene scene;
            const fs::path gone = whole_root ? scene.root.path() : scene.runs.path();
            {
                const Armed armed({.at_call = call, .then = [&] { fs::remove_all(gone); }});
                const auto written = scene.runs.write("", made_record("a", 2));
                INFO((written ? std::string() : written.error().message));
                REQUIRE(written);
            }
            if (call == last_call) continue; // it was deleted when the record was already there
            CHECK(scene.version() == 2);
            CHECK_FALSE(has_stages(scene.runs.path()));
        }
}

TEST_CASE("a clock that jumps back makes no difference to what is kept") {
    Scene scene;
    const Armed armed({.clock_offset_s = -10L * 365 * 24 * 3600});
    REQUIRE(scene.runs.write("", made_record("a", 2)));
    CHECK(scene.version() == 2);
    RunDirectory next(scene.root.path(), "run", new_session());
    REQUIRE(next.write("", made_record("b", 1)));
    CHECK_FALSE(scene.version());
    CHECK(version_in(next.path(), "b") == 1);
    CHECK(next_run_id() != next_run_id());
}

TEST_CASE("the lock of a process that was killed is free at once") {
    Scene scene;
    Holder holder(scene.root.path() / ".locks/run.lock");
    holder.kill();
    RunDirectory impatient(scene.root.path(), "run", "session", std::chrono::milliseconds(0));
    REQUIRE(impatient.write("", made_record("a", 2)));
    CHECK(scene.version() == 2);
}

TEST_CASE("who holds the lock for too long is named, and nothing is written") {
    Scene scene;
    const Holder holder(scene.root.path() / ".locks/run.lock");
    RunDirectory impatient(scene.root.path(), "run", "session", std::chrono::milliseconds(30));
    const auto refused = impatient.write("", made_record("a", 2));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("pid " + std::to_string(holder.pid()) + " (test_runs)") != std::string::npos);
    CHECK(refused.error().message.find("run.lock") != std::string::npos);
    CHECK(scene.version() == 1);
    CHECK_FALSE(has_stages(scene.runs.path()));
}

TEST_CASE("a lock file that nobody holds is no hindrance, whatever is in it") {
    const auto root = fast_directory();
    fs::create_directories(root.path() / ".locks");
    REQUIRE(write_file(root.path() / ".locks/run.lock", "pid 1 (init)"));
    RunDirectory impatient(root.path(), "run", "session", std::chrono::milliseconds(0));
    CHECK(impatient.write("", made_record("a", 1)));
}

TEST_CASE("stage files of dead writers are reaped, those of living ones are not") {
    Scene scene;
    REQUIRE(write_file(scene.runs.path() / (std::string(stage_prefix) + "1-0"), "of a dead one"));
    const auto living = scene.runs.path() / (std::string(stage_prefix) + "1-1");
    REQUIRE(write_file(living, "of a living one"));
    auto held = FileLock::acquire(living, FileLock::Mode::exclusive, std::chrono::milliseconds(0));
    REQUIRE(held);
    REQUIRE(RunDirectory(scene.root.path(), "run", "session").write("", made_record("b", 1)));
    CHECK(names_in(scene.runs.path()).front() == ".ktstr-stage-1-1");
    CHECK(fs::exists(living));
    CHECK(scene.version() == 1);
}

TEST_CASE("records are not kept on network file systems, and what they are on now is said") {
    const auto root = fast_directory();
    CHECK(check_file_system(root.path()));
    CHECK(check_file_system(root.path() / "not/there/yet"));
    CHECK(check_file_system("ktstr-runs"));
    struct Row {
        long type;
        const char* name;
    };
    for (const auto& row : {Row{0x6969, "NFS"}, Row{static_cast<int>(0xff534d42), "CIFS"}, Row{0x01021997, "9p"}}) {
        const Armed armed({.file_system = row.type});
        const auto refused = check_file_system(root.path() / "not there yet");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("(" + std::string(row.name) + ")") != std::string::npos);
        CHECK(refused.error().hint.find("--out") != std::string::npos);
    }
}

TEST_CASE("sixteen processes that write one run at once lose nothing and tear nothing") {
    constexpr int writers = 16;
    constexpr int records = 6;
    const bool one_session = GENERATE(true, false);
    const auto root = fast_directory();
    std::vector<pid_t> children;
    for (int writer = 0; writer < writers; ++writer) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            RunDirectory runs(root.path(), "run", one_session ? "ours" : new_session());
            bool good = true;
            for (int record = 0; record < records; ++record)
                good = runs.write("", made_record("w" + std::to_string(writer) + "r" + std::to_string(record), 1)) &&
                       runs.write("", made_record("shared", writer * records + record)) && good;
            ::_exit(good ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    const auto folder = root.path() / "run";
    CHECK_FALSE(has_stages(folder));
    CHECK(version_in(folder, "shared"));
    if (one_session) CHECK(names_in(folder).size() == 1 + 2 * (writers * records + 1));
    for (const auto& name : names_in(folder))
        if (name != session_file) CHECK(version_of(read_file(folder / name).value()));
}

TEST_CASE("a directory with 100,000 records is cleared by looking at each once, and written to by looking at none") {
    constexpr int records = 100'000;
    const auto root = fast_directory();
    const auto folder = root.path() / "run";
    fs::create_directories(folder);
    const std::string prefix = (folder / "r").string();
    for (int i = 0; i < records; ++i) {
        const Fd made(::open((prefix + std::to_string(i) + "-0123456789abcdef.ktstr.json").c_str(),
                             O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        REQUIRE(made);
    }
    REQUIRE(write_file(folder / session_file, "ours"));
    const auto calls = [&](RunDirectory& runs) {
        const Armed armed({});
        REQUIRE(runs.write("", made_record("a", 1)));
        return armed.calls_by_name();
    };
    Scene small;
    auto among_few = calls(small.runs);
    RunDirectory ours(root.path(), "run", "ours");
    REQUIRE(ours.write("", made_record("a", 0)));
    CHECK(calls(ours) == among_few);
    RunDirectory next(root.path(), "run", "next");
    auto clearing = calls(next);
    CHECK(clearing["unlinkat"] == records + 2);
    CHECK(clearing["openat"] == 1 + 2); // the directory, and the writer's own stage files, which are in use
    CHECK(names_in(folder).size() == 3);
}
