// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/stats.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/file.h"

using namespace ktstr;
using namespace ktstr::scx;
using nlohmann::json;

namespace {

StatsSource sample() {
    return {{{"nr_local", "wakeups sent straight to an idle CPU"}, {"nr_tasks", "gauge: tasks", true}},
            [](const StatsField& field) { return field.name == "nr_tasks" ? std::int64_t{-3} : std::int64_t{-1}; }};
}

json answer(std::string_view line) {
    const std::string text = answer_request(line, sample());
    REQUIRE(text.ends_with("\n"));
    REQUIRE(text.find('\n') == text.size() - 1);
    return json::parse(text);
}

void check_refused(std::string_view line) {
    INFO("request: " << line);
    const json refused = answer(line);
    CHECK(refused["errno"] == EINVAL);
    CHECK(refused["args"]["resp"].is_string());
}

struct Pair {
    Fd ours;
    Fd theirs;
};

Pair connected() {
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
    return {Fd(fds[0]), Fd(fds[1])};
}

StatsServer server_for(Fd connection) {
    Result<StatsServer> server = StatsServer::unbound(sample());
    REQUIRE(server.ok());
    REQUIRE(server->add_client(std::move(connection)).ok());
    return std::move(*server);
}

void say(const Fd& fd, std::string_view text) {
    REQUIRE(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

// What has been answered so far; none once the server has closed the connection and all was read.
std::optional<std::string> heard(const Fd& fd) {
    std::array<char, 65536> buffer;
    const ssize_t size = recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return "";
    if (size == 0) return std::nullopt;
    return std::string(buffer.data(), static_cast<std::size_t>(size));
}

Fd connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    return fd;
}

} // namespace

TEST_CASE("a stats request is answered with every field, unsigned ones in full range and gauges with their sign") {
    const json values = answer(R"({"req":"stats","args":{"target":"top"}})");
    CHECK(values["errno"] == 0);
    CHECK(values["args"]["resp"]["nr_local"] == std::numeric_limits<std::uint64_t>::max());
    CHECK(values["args"]["resp"]["nr_tasks"] == -3);
    CHECK(values["args"]["resp"].size() == 2);
}

TEST_CASE("top is the target of a stats request that names none") {
    CHECK(answer(R"({"req":"stats"})") == answer(R"({"req":"stats","args":{"target":"top"}})"));
    CHECK(answer(R"({"req":"stats","args":{}})")["errno"] == 0);
}

TEST_CASE("stats_meta describes one top struct with the kind and the meaning of each field") {
    const json meta = answer(R"({"req":"stats_meta","args":{}})")["args"]["resp"];
    REQUIRE(meta.size() == 1);
    const json& top = meta.begin().value();
    CHECK(top["name"] == meta.begin().key());
    CHECK(top["top"] == "true");
    CHECK(top["fields"]["nr_local"] == json{{"datum", "u64"}, {"desc", "wakeups sent straight to an idle CPU"}});
    CHECK(top["fields"]["nr_tasks"]["datum"] == "i64");
}

TEST_CASE("a request that is not of the protocol is answered with EINVAL and a reason") {
    check_refused("");
    check_refused("garbage");
    check_refused("\x00\xff\xfe{");
    check_refused("[]");
    check_refused("17");
    check_refused(R"({"req":5})");
    check_refused(R"({"args":{}})");
    check_refused(R"({"req":"reboot"})");
    check_refused("{\"req\":\"\\ud83d\\ude00\"}");
    check_refused(R"({"req":"stats","args":[]})");
    check_refused(R"({"req":"stats","args":{"target":7}})");
    check_refused(R"({"req":"stats","args":{"target":"bottom"}})");
    check_refused(std::string(10000, '['));
}

TEST_CASE("a request in pieces is answered once it is whole, and two in one piece are answered in order") {
    Pair pair = connected();
    StatsServer server = server_for(std::move(pair.ours));
    say(pair.theirs, R"({"req":"st)");
    server.serve();
    CHECK(heard(pair.theirs) == "");
    say(pair.theirs, "ats_meta\"}\n{\"req\":\"stats\"}\n");
    server.serve();
    CHECK(heard(pair.theirs) ==
          answer_request(R"({"req":"stats_meta"})", sample()) + answer_request(R"({"req":"stats"})", sample()));
}

TEST_CASE("a client is kept after a bad request") {
    Pair pair = connected();
    StatsServer server = server_for(std::move(pair.ours));
    say(pair.theirs, "nonsense\n");
    server.serve();
    CHECK(json::parse(heard(pair.theirs).value())["errno"] == EINVAL);
    say(pair.theirs, "{\"req\":\"stats\"}\n");
    server.serve();
    CHECK(json::parse(heard(pair.theirs).value())["errno"] == 0);
}

TEST_CASE("a request that never ends is answered with E2BIG, and its client is dropped") {
    Pair pair = connected();
    StatsServer server = server_for(std::move(pair.ours));
    say(pair.theirs, std::string(StatsServer::max_request + 1, 'x'));
    while (server.clients() > 0) server.serve();
    CHECK(json::parse(heard(pair.theirs).value())["errno"] == E2BIG);
    CHECK(heard(pair.theirs) == std::nullopt);
}

TEST_CASE("a client that hangs up, also without reading its answer, is forgotten and the server lives on") {
    Pair pair = connected();
    Pair other = connected();
    StatsServer server = server_for(std::move(pair.ours));
    REQUIRE(server.add_client(std::move(other.ours)).ok());
    say(pair.theirs, "{\"req\":\"stats_meta\"}\n");
    pair.theirs.reset();
    while (server.clients() > 1) server.serve();
    say(other.theirs, "{\"req\":\"stats\"}\n");
    server.serve();
    CHECK(json::parse(heard(other.theirs).value())["errno"] == 0);
}

TEST_CASE("a client that asks and never reads is dropped instead of waited for") {
    Pair pair = connected();
    StatsServer server = server_for(std::move(pair.ours));
    std::string requests;
    for (int i = 0; i < 100; i++) requests += "{\"req\":\"stats_meta\"}\n";
    while (server.clients() > 0) {
        send(pair.theirs.get(), requests.data(), requests.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        server.serve();
    }
    SUCCEED();
}

TEST_CASE("one client more than the limit is refused") {
    Result<StatsServer> server = StatsServer::unbound(sample());
    REQUIRE(server.ok());
    for (std::size_t i = 0; i < StatsServer::max_clients; i++) REQUIRE(server->add_client(connected().ours).ok());
    CHECK_FALSE(server->add_client(connected().ours).ok());
}

TEST_CASE("the server listens below folders that it makes, serves two clients, and takes its socket away") {
    const Result<TemporaryDirectory> folder = TemporaryDirectory::create("bpf-stats");
    REQUIRE(folder.ok());
    const std::string path = folder->path() / "scx" / "root" / "stats";
    {
        Result<StatsServer> server = StatsServer::listen(path, sample());
        REQUIRE(server.ok());
        const Fd first = connect_to(path);
        const Fd second = connect_to(path);
        say(first, "{\"req\":\"stats\"}\n");
        say(second, "{\"req\":\"stats_meta\"}\n");
        server->serve(); // takes the connections
        server->serve(); // answers
        CHECK(server->clients() == 2);
        CHECK(heard(first) == answer_request(R"({"req":"stats"})", sample()));
        CHECK(heard(second) == answer_request(R"({"req":"stats_meta"})", sample()));
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket left over by a killed scheduler is replaced, but no other file is") {
    const Result<TemporaryDirectory> folder = TemporaryDirectory::create("bpf-stats");
    REQUIRE(folder.ok());
    const std::string left_over = folder->path() / "stats";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, left_over.c_str(), sizeof(address.sun_path) - 1);
    const Fd killed(socket(AF_UNIX, SOCK_STREAM, 0));
    REQUIRE(bind(killed.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    CHECK(StatsServer::listen(left_over, sample()).ok());

    const std::string precious = folder->path() / "precious";
    REQUIRE(write_file(precious, "keep me").ok());
    CHECK_FALSE(StatsServer::listen(precious, sample()).ok());
    CHECK(read_file(precious).value() == "keep me");
}

TEST_CASE("the socket of a scheduler that runs is not taken away from it") {
    const Result<TemporaryDirectory> folder = TemporaryDirectory::create("bpf-stats");
    REQUIRE(folder.ok());
    const std::string path = folder->path() / "stats";
    const Result<StatsServer> first = StatsServer::listen(path, sample());
    REQUIRE(first.ok());
    const Result<StatsServer> second = StatsServer::listen(path, sample());
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().hint.find("--stats-socket") != std::string::npos);
    connect_to(path);
}

TEST_CASE("a socket path that is too long is refused with the way out") {
    const Result<StatsServer> server = StatsServer::listen("/tmp/" + std::string(200, 'x'), sample());
    REQUIRE_FALSE(server.ok());
    CHECK(server.error().hint.find("--stats-socket") != std::string::npos);
}
