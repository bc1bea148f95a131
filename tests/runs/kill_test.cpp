// SPDX-License-Identifier: GPL-2.0-only
// kill -9 at every step of the write path, with a reader that looks all the time.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>

#include <catch2/catch_test_macros.hpp>

#include "faults.h"
#include "made_records.h"
#include "runs/names.h"

using namespace ktstr;
using namespace ktstr::runs;
using namespace ktstr::test;
namespace fs = std::filesystem;

namespace {

constexpr int rounds = 12;
constexpr int least_kills = 500;

// What reader and test share.
struct Shared {
    std::atomic<bool> stop = false;
    std::atomic<long> reads = 0;
    std::atomic<long> torn = 0;
    std::atomic<long> lost = 0;
    std::atomic<long> backwards = 0; // an older version after a newer one
};

// A process that reads the records of a directory, over and over.
class Reader {
  public:
    // `may_go`: a record may be gone between two sessions.
    Reader(const fs::path& folder, const std::vector<std::string>& records, bool may_go) {
        void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(memory != MAP_FAILED);
        shared_ = new (memory) Shared;
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            read_on(folder, records, may_go);
            ::_exit(0);
        }
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() {
        stop();
        ::munmap(shared_, sizeof(Shared));
    }
    void stop() {
        shared_->stop = true;
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    [[nodiscard]] const Shared& seen() const { return *shared_; }

  private:
    void read_on(const fs::path& folder, const std::vector<std::string>& records, bool may_go) {
        std::map<std::string, int> newest;
        while (!shared_->stop) {
            for (const auto& record : records) {
                const auto content = read_file(folder / made_record_name(record));
                ++shared_->reads;
                if (!content) {
                    if (!may_go) ++shared_->lost;
                    continue;
                }
                const auto version = version_of(*content);
                if (!version) ++shared_->torn;
                if (version && *version < newest[record]) ++shared_->backwards;
                if (version) newest[record] = *version;
            }
        }
    }

    Shared* shared_ = nullptr;
    pid_t pid_ = 0;
};

struct Killed {
    bool killed = false; // else it came to its end
    bool failed = false;
};

// Writes one version in a process that is killed before the call of that number.
Killed write_and_kill(const fs::path& root, const std::string& session, const std::string& record, int version,
                      int at_call) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        RunDirectory runs(root, "run", session);
        const Armed armed({.at_call = at_call, .then = kill_self});
        ::_exit(runs.write("", made_record(record, version)) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return {WIFSIGNALED(status), WIFEXITED(status) && WEXITSTATUS(status) != 0};
}

} // namespace

TEST_CASE("a writer killed at whatever step leaves the old record or the new one, for whoever reads meanwhile") {
    const auto root = fast_directory();
    const auto folder = root.path() / "run";
    const std::vector<std::string> records = {"a", "b"};
    for (const auto& record : records) REQUIRE(RunDirectory(root.path(), "run", "s").write("", made_record(record, 0)));
    Reader reader(folder, records, false);
    std::map<std::string, int> last;
    int kills = 0;
    int version = 0;
    for (int round = 0; round < rounds; ++round)
        for (const auto& record : records)
            for (int call = 1;; ++call) {
                const auto outcome = write_and_kill(root.path(), "s", record, ++version, call);
                REQUIRE_FALSE(outcome.failed);
                const auto there = version_in(folder, record);
                CAPTURE(round, record, call, version, last[record]);
                REQUIRE(there);
                CHECK((*there == last[record] || *there == version));
                last[record] = *there;
                if (!outcome.killed) {
                    CHECK(*there == version);
                    break;
                }
                ++kills;
            }
    reader.stop();
    CHECK(kills >= least_kills);
    CHECK(reader.seen().reads > 100);
    CHECK(reader.seen().torn == 0);
    CHECK(reader.seen().lost == 0);
    CHECK(reader.seen().backwards == 0);
    REQUIRE(RunDirectory(root.path(), "run", "s").write("", made_record("c", 1)));
    CHECK_FALSE(has_stages(folder));
}

TEST_CASE("a session killed while it clears is done again by the next, and nothing of another's is touched") {
    const auto root = fast_directory();
    const auto folder = root.path() / "run";
    const std::vector<std::string> records = {"a", "b", "c", "d"};
    fs::create_directories(folder / "seed-1");
    REQUIRE(write_file(folder / "notes.txt", "mine"));
    Reader reader(folder, records, true);
    int kills = 0;
    for (int round = 0; round < 4; ++round)
        for (int call = 1;; ++call) {
            const std::string suffix = std::to_string(round) + "." + std::to_string(call);
            RunDirectory before(root.path(), "run", "before" + suffix);
            for (const auto& record : records) REQUIRE(before.write("", made_record(record, 1)));
            REQUIRE(before.write("seed-1", made_record("a", 1)));
            const auto outcome = write_and_kill(root.path(), "after" + suffix, "new", 2, call);
            REQUIRE_FALSE(outcome.failed);
            kills += outcome.killed ? 1 : 0;
            RunDirectory peer(root.path(), "run", "after" + suffix);
            REQUIRE(peer.write("", made_record("peer", 2)));
            CAPTURE(round, call);
            for (const auto& record : records) CHECK_FALSE(fs::exists(folder / made_record_name(record)));
            CHECK(names_in(folder / "seed-1").empty());
            CHECK_FALSE(has_stages(folder));
            CHECK(read_file(folder / "notes.txt").value() == "mine");
            if (!outcome.killed) {
                CHECK(version_in(folder, "new") == 2);
                break;
            }
        }
    reader.stop();
    CHECK(kills >= 100);
    CHECK(reader.seen().torn == 0);
}
