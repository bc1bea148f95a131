// SPDX-License-Identifier: GPL-2.0-only
// A kill at any moment leaves a project that works as before or as after.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>
#include <csignal>
#include <random>

#include "interp/library/lock.h"
#include "interp/library/manifest.h"
#include "playground.h"

using namespace ktstr;
namespace fs = std::filesystem;

namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr int rounds = 48;

// Two libraries, `steady` that stays and `moving` whose branch moves, in a project that has `steady` and `moving`.
struct Scene : test::Playground {
    Scene() {
        for (const std::string name : {"steady", "moving"}) {
            repository(name, {{"ktl.toml", "[library]\nname = \"" + name + "\"\n"}, {"lib.ktl", "# " + name + " 0\n"}});
            for (int i = 0; i < 40; ++i) write(name + "/part" + std::to_string(i) + ".ktl", "# part\n");
            commit(name);
            done({"add", "../" + name + "@main"});
        }
        done({"vendor"});
    }
    // Runs a command to its end, or kills it after a random part of the time that it took the last time.
    void run_or_kill(std::vector<std::string> arguments, int signal) {
        auto process = Process::start(ktstr_process(std::move(arguments)));
        REQUIRE(process);
        std::uniform_int_distribution<long> moment(0, longest_.count());
        const auto started = steady_clock::now();
        const auto until = started + microseconds(moment(random_));
        while (steady_clock::now() < until && !process->wait_for(std::chrono::milliseconds(0))) {
        }
        process->send_signal(signal);
        process->wait();
    }
    // How long the command takes when nobody kills it.
    void measure(const std::vector<std::string>& arguments) {
        const auto started = steady_clock::now();
        done(arguments);
        longest_ = std::chrono::duration_cast<microseconds>(steady_clock::now() - started);
    }
    // The files of the project are whole, and every library that it asks for can be used.
    void check_sound(const std::vector<std::string>& texts) const {
        const auto manifest = library::read_manifest(project());
        REQUIRE(manifest);
        REQUIRE(library::read_lock(project()));
        for (const auto& dependency : manifest->dependencies) {
            const auto text = used(dependency.name);
            INFO(text);
            CHECK(std::find(texts.begin(), texts.end(), text) != texts.end());
        }
    }

  private:
    microseconds longest_{50'000};
    std::mt19937 random_{1}; // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp): the same moments each time
};

} // namespace

TEST_CASE("A killed `update` leaves the old commit or the new one") {
    const int signal = GENERATE(SIGKILL, SIGINT);
    Scene scene;
    scene.measure({"update"});
    for (int round = 1; round <= rounds / 2; ++round) {
        scene.write("moving/lib.ktl", "# moving " + std::to_string(round) + "\n");
        scene.commit("moving");
        const std::string before = scene.used("moving");
        scene.run_or_kill({"update"}, signal);
        scene.check_sound({"# steady 0\n", before, "# moving " + std::to_string(round) + "\n"});
    }
    scene.done({"update"});
    CHECK(scene.used("moving") == "# moving " + std::to_string(rounds / 2) + "\n");
    CHECK(scene.leftovers().empty());
}

TEST_CASE("A killed `vendor` leaves every library usable") {
    Scene scene;
    scene.measure({"vendor"});
    for (int round = 1; round <= rounds; ++round) {
        scene.write("moving/lib.ktl", "# moving " + std::to_string(round) + "\n");
        scene.commit("moving");
        scene.done({"update"});
        scene.run_or_kill({"vendor"}, SIGKILL);
        scene.check_sound({"# steady 0\n", "# moving " + std::to_string(round) + "\n"});
    }
    scene.done({"vendor"});
    CHECK(scene.read("project/vendor/moving/lib.ktl") == scene.used("moving"));
    CHECK(scene.leftovers().empty());
}

TEST_CASE("A killed `add` or `remove` leaves the library in or out") {
    Scene scene;
    scene.measure({"remove", "moving"});
    bool in = false;
    for (int round = 1; round <= rounds; ++round) {
        if (in)
            scene.run_or_kill({"remove", "moving"}, SIGKILL);
        else
            scene.run_or_kill({"add", "../moving@main"}, SIGKILL);
        scene.check_sound({"# steady 0\n", "# moving 0\n"});
        in = library::read_manifest(scene.project())->dependency("moving") != nullptr;
    }
    if (!in) scene.done({"add", "../moving@main"});
    CHECK(scene.used("moving") == "# moving 0\n");
    CHECK(scene.leftovers().empty());
}

TEST_CASE("A killed download leaves nothing behind for longer than until the next command") {
    Scene scene;
    const std::string url = "file://" + scene.path("moving").string();
    scene.measure({"add", url, "--as", "again"});
    scene.done({"remove", "again"});
    for (int round = 1; round <= rounds / 2; ++round) {
        fs::remove_all(scene.cache());
        scene.run_or_kill({"update", "--locked"}, SIGKILL);
        scene.run_or_kill({"add", url, "--as", "again"}, SIGKILL);
        if (library::read_manifest(scene.project())->dependency("again") != nullptr) scene.done({"remove", "again"});
    }
    scene.done({"update", "--locked"});
    CHECK(scene.leftovers().empty());
    scene.check_sound({"# steady 0\n", "# moving 0\n"});
}
