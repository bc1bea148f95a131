// SPDX-License-Identifier: GPL-2.0-only
#include "llm/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>

namespace ktstr::llm {

namespace {

constexpr std::size_t most_header_bytes = 64U << 10U;

struct Transfer {
    const HttpRequest& request;
    std::string body;
    std::string location;
    std::size_t header_bytes = 0;
    bool too_large = false;
    std::string refused; // why the transfer was broken off here
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.body.size() + size > transfer.request.most_bytes) {
        transfer.too_large = true;
        return 0;
    }
    transfer.body.append(data, size);
    return size;
}

std::size_t take_header(char*, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.header_bytes += size;
    if (transfer.header_bytes > most_header_bytes) {
        transfer.refused = "its headers have more than 64 KiB";
        return 0;
    }
    return size;
}

bool is_loopback(const sockaddr* address) {
    if (address->sa_family == AF_UNIX) return true;
    if (address->sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address, sizeof(ipv4));
        return (ntohl(ipv4.sin_addr.s_addr) >> 24U) == 127;
    }
    if (address->sa_family != AF_INET6) return false;
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, address, sizeof(ipv6));
    return IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr);
}

std::string words_of(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = address->sa_family == AF_INET6
                            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr)
                            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
    const char* shown = ::inet_ntop(address->sa_family, bytes, text.data(), text.size());
    return shown == nullptr ? "an unknown address" : shown;
}

curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.request.loopback_only && !is_loopback(&address->addr)) {
        transfer.refused = "it is at " + words_of(&address->addr) + ", which is not this machine";
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Headers = std::unique_ptr<curl_slist, ListDeleter>;

void set_up(CURL* easy, Transfer& transfer, curl_slist* headers) {
    const HttpRequest& request = transfer.request;
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    if (!request.unix_socket.empty()) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); // whatever http_proxy says
    curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
    if (request.body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body->c_str());
    }
}

HttpReply reply_of(CURL* easy, CURLcode code, Transfer& transfer) {
    HttpReply reply;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply.status);
    const char* location = nullptr;
    if (curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location != nullptr)
        reply.location = location;
    reply.body = std::move(transfer.body);
    if (code == CURLE_OK) {
        reply.end = HttpReply::End::complete;
    } else if (transfer.too_large) {
        reply.end = HttpReply::End::too_large;
    } else if (!transfer.refused.empty()) {
        reply.what = transfer.refused;
    } else {
        const bool began = reply.status != 0;
        reply.end = began ? HttpReply::End::cut_off : HttpReply::End::failed;
        reply.what = curl_easy_strerror(code);
    }
    return reply;
}

// The code with which the transfer has ended, if it has.
std::optional<CURLcode> ended(CURLM* multi) {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left))
        if (message->msg == CURLMSG_DONE) return message->data.result;
    return std::nullopt;
}

} // namespace

HttpReply http_exchange(const HttpRequest& request) {
    static std::once_flag initialized;
    std::call_once(initialized, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    Transfer transfer{request, {}, {}, 0, false, {}};
    const Headers headers(curl_slist_append(nullptr, "Content-Type: application/json"));
    const std::unique_ptr<CURLM, MultiDeleter> multi(curl_multi_init());
    const Easy easy(curl_easy_init());
    HttpReply reply;
    reply.what = "no memory";
    if (!headers || !multi || !easy) return reply;
    set_up(easy.get(), transfer, headers.get());
    if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return reply;
    while (true) {
        int running = 0;
        const CURLMcode code = curl_multi_perform(multi.get(), &running);
        if (const auto result = ended(multi.get())) {
            reply = reply_of(easy.get(), *result, transfer);
            break;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline - std::chrono::steady_clock::now());
        if (code != CURLM_OK) {
            reply.what = curl_multi_strerror(code);
            break;
        }
        if (left.count() <= 0) {
            reply.end = HttpReply::End::timed_out;
            break;
        }
        curl_waitfd cancel{request.cancel_fd, CURL_WAIT_POLLIN, 0};
        const int wait_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 1000));
        curl_multi_poll(multi.get(), &cancel, request.cancel_fd >= 0 ? 1 : 0, wait_ms, nullptr);
        if (cancel.revents != 0) {
            reply.end = HttpReply::End::cancelled;
            break;
        }
    }
    curl_multi_remove_handle(multi.get(), easy.get());
    return reply;
}

} // namespace ktstr::llm
