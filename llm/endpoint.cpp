// SPDX-License-Identifier: GPL-2.0-only
#include "llm/endpoint.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/un.h>

#include <memory>

#include "llm/reply.h"

namespace ktstr::llm {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr const char* example = "as in KTSTR_LLM_URL=http://127.0.0.1:8080, or unix:/run/llama.sock";

struct UrlDeleter {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) != CURLUE_OK) return "";
    std::string copy = text;
    curl_free(text);
    return copy;
}

bool is_this_machine(const std::string& host) {
    if (host == "localhost" || host == "[::1]") return true;
    in_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24U) == 127;
}

Result<Endpoint> unix_endpoint(const std::string& socket) {
    if (socket.empty() || socket.front() != '/')
        return Error{"KTSTR_LLM_URL names no socket by an absolute path", example};
    if (socket.size() >= sizeof(sockaddr_un::sun_path))
        return Error{"the path of the socket in KTSTR_LLM_URL is too long for a socket"};
    return Endpoint{Endpoint::Protocol::chat, "http://localhost", "/v1/chat/completions", "/props", socket, true,
                    "unix:" + socket};
}

// Takes what KTSTR_LLM_URL has as a path: nothing, a prefix, or one of the two protocols'.
void take_path(Endpoint& endpoint, std::string path) {
    while (path.ends_with('/')) path.pop_back();
    for (const std::string known : {"/v1/chat/completions", "/completion"}) {
        if (!path.ends_with(known)) continue;
        endpoint.protocol = known == "/completion" ? Endpoint::Protocol::completion : Endpoint::Protocol::chat;
        endpoint.path = path;
        endpoint.properties = path.substr(0, path.size() - known.size()) + "/props";
        return;
    }
    endpoint.path = path + "/v1/chat/completions";
    endpoint.properties = path + "/props";
}

} // namespace

Result<Endpoint> endpoint_of(const Settings& settings) {
    if (settings.url.starts_with(unix_prefix)) return unix_endpoint(settings.url.substr(unix_prefix.size()));
    const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, settings.url.c_str(), 0) != CURLUE_OK)
        return Error{"KTSTR_LLM_URL is not a URL", example};
    const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") return Error{"KTSTR_LLM_URL is not one of http or https", example};
    if (!part_of(url.get(), CURLUPART_QUERY).empty() || !part_of(url.get(), CURLUPART_FRAGMENT).empty() ||
        !part_of(url.get(), CURLUPART_USER).empty() || !part_of(url.get(), CURLUPART_PASSWORD).empty())
        return Error{"KTSTR_LLM_URL has a user, a query or a fragment, which ktstr does not send", example};
    const std::string host = part_of(url.get(), CURLUPART_HOST);
    Endpoint endpoint;
    endpoint.base = scheme + "://" + host + ":" + part_of(url.get(), CURLUPART_PORT);
    endpoint.shown = quoted_line(endpoint.base);
    take_path(endpoint, part_of(url.get(), CURLUPART_PATH));
    endpoint.loopback_only = settings.remote.empty() || settings.remote != host;
    if (endpoint.loopback_only && !is_this_machine(host))
        return Error{"KTSTR_LLM_URL leads to " + quoted_line(host) +
                         ", which is not this machine: what payloads write would be sent there",
                     "use a server on this machine, or allow that host by its name: KTSTR_LLM_REMOTE=" +
                         quoted_line(host)};
    return endpoint;
}

} // namespace ktstr::llm
