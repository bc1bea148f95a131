// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/stats.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

namespace ktstr::scx {
namespace {

// Keeps the order of the keys as they are written here.
using json = nlohmann::ordered_json;

constexpr const char* struct_name = "KtstrStats";

// Bytes that are no UTF-8 come back as U+FFFD.
std::string line_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

std::string success(json response) { return line_of({{"errno", 0}, {"args", {{"resp", std::move(response)}}}}); }

std::string failure(int errno_value, const std::string& message) {
    return line_of({{"errno", errno_value}, {"args", {{"resp", message}}}});
}

json values(const StatsSource& source) {
    json result = json::object();
    for (const StatsField& field : source.fields) {
        const std::int64_t value = source.read(field);
        if (field.whole > 0)
            result[field.name] = static_cast<double>(value) / static_cast<double>(field.whole);
        else if (field.is_signed)
            result[field.name] = value;
        else
            result[field.name] = static_cast<std::uint64_t>(value);
    }
    return result;
}

// What a generic client needs to show the values: per struct its fields, their kinds and what they mean.
json description(const StatsSource& source) {
    json fields = json::object();
    for (const StatsField& field : source.fields)
        fields[field.name] = {{"datum", field.whole > 0 ? "f64" : (field.is_signed ? "i64" : "u64")},
                              {"desc", field.description}};
    return {{struct_name,
             {{"name", struct_name},
              {"desc", "counters of the scheduler scx_ktstr"},
              {"top", "true"},
              {"fields", std::move(fields)}}}};
}

struct Request {
    std::string name;
    std::string target = "top";
};

Result<Request> read_request(std::string_view line) {
    const json parsed = json::parse(line, nullptr, false);
    if (parsed.is_discarded()) return Error{"the request is not JSON"};
    if (!parsed.is_object() || !parsed.contains("req") || !parsed["req"].is_string())
        return Error{"the request is no object with a text 'req'"};
    Request request;
    request.name = parsed["req"].get<std::string>();
    if (!parsed.contains("args")) return request;
    const json& arguments = parsed["args"];
    if (!arguments.is_object()) return Error{"'args' is no object"};
    for (const auto& [key, value] : arguments.items())
        if (!value.is_string()) return Error{"the argument '" + key + "' is no text"};
    if (arguments.contains("target")) request.target = arguments["target"].get<std::string>();
    return request;
}

Result<sockaddr_un> socket_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
        return Error{"the path " + path + " is too long for a socket", "choose a shorter one with --stats-socket"};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

// One that nobody listens on any more: a killed scheduler leaves it.
Result<void> remove_left_over_socket(const std::string& path, const sockaddr_un& address) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return {};
    if (!S_ISSOCK(status.st_mode))
        return Error{path + " exists and is no socket", "choose another with --stats-socket"};
    const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 || errno == EAGAIN)
        return Error{"another program serves the socket " + path,
                     "stop that scheduler first, or choose another socket with --stats-socket"};
    if (unlink(path.c_str()) != 0) return errno_error("remove", path, errno);
    return {};
}

} // namespace

std::string answer_request(std::string_view line, const StatsSource& source) {
    const Result<Request> request = read_request(line);
    if (!request) return failure(EINVAL, request.error().message);
    if (request->name == "stats_meta") return success(description(source));
    if (request->name != "stats") return failure(EINVAL, "unknown request '" + request->name + "'");
    if (request->target != "top") return failure(EINVAL, "unknown target '" + request->target + "'");
    return success(values(source));
}

Result<StatsServer> StatsServer::unbound(StatsSource source) {
    Fd epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return errno_error("create", "an epoll instance", errno);
    return StatsServer(std::move(source), std::move(epoll));
}

Result<StatsServer> StatsServer::listen(const std::string& path, StatsSource source) {
    Result<StatsServer> server = unbound(std::move(source));
    if (!server) return server;
    const Result<sockaddr_un> address = socket_address(path);
    if (!address) return address.error();

    std::error_code error;
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder, error);
    if (error) return Error{"cannot make the folder " + folder.string() + ": " + error.message()};
    if (const Result<void> removed = remove_left_over_socket(path, *address); !removed) return removed.error();

    server->listener_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!server->listener_) return errno_error("create", "a unix socket", errno);
    if (bind(server->listener_.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(sockaddr_un)) != 0)
        return errno_error("bind the statistics socket", path, errno);
    server->path_ = path;
    if (::listen(server->listener_.get(), max_clients) != 0) return errno_error("listen on", path, errno);
    if (const Result<void> watched = server->watch(server->listener_.get()); !watched) return watched.error();
    return server;
}

StatsServer::~StatsServer() {
    if (listener_ && !path_.empty()) unlink(path_.c_str());
}

Result<void> StatsServer::watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return errno_error("watch", "a socket", errno);
    return {};
}

Result<void> StatsServer::add_client(Fd connection) {
    if (pending_.size() >= max_clients) return Error{"too many clients on the statistics socket"};
    if (const Result<void> watched = watch(connection.get()); !watched) return watched.error();
    const int number = connection.get();
    pending_.emplace(number, Client{std::move(connection), {}});
    return {};
}

void StatsServer::accept_clients() {
    while (true) {
        Fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!connection) return;
        // One that cannot be taken is closed here, which is the answer it gets.
        static_cast<void>(add_client(std::move(connection)));
    }
}

void StatsServer::serve() {
    std::array<epoll_event, max_clients + 1> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; i++) {
        const int ready = events[static_cast<std::size_t>(i)].data.fd;
        if (ready == listener_.get()) {
            accept_clients();
            continue;
        }
        const auto client = pending_.find(ready);
        if (client != pending_.end() && !serve_client(client->second)) pending_.erase(client);
    }
}

bool StatsServer::serve_client(Client& client) {
    std::array<char, 4096> buffer;
    const ssize_t size = recv(client.connection.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    client.received.append(buffer.data(), static_cast<std::size_t>(size));
    return answer_lines(client);
}

bool StatsServer::answer_lines(Client& client) {
    const auto send_line = [&](const std::string& line) {
        // An answer fits the socket's buffer many times over: a client for which it does not has stopped reading.
        return send(client.connection.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
               static_cast<ssize_t>(line.size());
    };
    std::string_view rest = client.received;
    while (true) {
        const std::size_t end = rest.find('\n');
        if (std::min(end, rest.size()) > max_request) {
            send_line(failure(E2BIG, "a request is at most " + std::to_string(max_request) + " bytes long"));
            return false;
        }
        if (end == std::string_view::npos) break;
        if (!send_line(answer_request(rest.substr(0, end), source_))) return false;
        rest.remove_prefix(end + 1);
    }
    client.received.erase(0, client.received.size() - rest.size());
    return true;
}

} // namespace ktstr::scx
