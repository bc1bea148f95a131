// SPDX-License-Identifier: GPL-2.0-only
#include "llm/server.h"

#include <poll.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "interp/plan/bounded_json.h"
#include "llm/answer.h"
#include "llm/http.h"

namespace ktstr::llm {

namespace {

using nlohmann::json;

constexpr int fixed_seed = 1;
constexpr long http_ok = 200;
constexpr long http_loading = 503;
constexpr std::chrono::milliseconds loading_interval(500);

std::string seconds_words(std::chrono::milliseconds time) { return std::to_string(time.count() / 1000) + " s"; }

Deadline after(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

// What a server says of its error: {"error": {"message": "..."}}, or any text.
std::string error_text(const std::string& body) {
    const auto document = plan::parse_json(body);
    const json::json_pointer message("/error/message");
    if (document && document->is_object() && document->contains(message) && (*document)[message].is_string())
        return quoted_line((*document)[message].get<std::string>());
    return quoted_line(body);
}

std::string server(const Endpoint& endpoint) { return "the server at " + endpoint.shown; }

// What is wrong with an exchange that did not end in an answer of the server's own; nothing if it did.
std::optional<Reply> failure_of(const Endpoint& endpoint, const HttpReply& reply, std::chrono::milliseconds limit) {
    using End = HttpReply::End;
    const std::string who = server(endpoint);
    switch (reply.end) {
    case End::cancelled: return Reply::cancelled();
    case End::timed_out:
        return Reply::out_of_time({who + " did not answer within " + seconds_words(limit),
                                   "KTSTR_LLM_LIMIT is the time for one answer, in seconds"});
    case End::cut_off: return Reply::unavailable({who + " broke off in the middle of its answer: " + reply.what});
    case End::failed:
        return Reply::unavailable({who + " cannot be asked: " + reply.what, "start it, or correct KTSTR_LLM_URL"});
    case End::too_large: return Reply::unavailable({who + " sent more than is taken"});
    case End::complete: break;
    }
    if (reply.status >= 300 && reply.status < 400)
        return Reply::unavailable(
            {who + " sends on to " + quoted_line(reply.location) + ", which ktstr does not follow",
             "set KTSTR_LLM_URL to the server itself"});
    return std::nullopt;
}

HttpRequest request_to(const Endpoint& endpoint, const Settings& settings, const std::string& path, Deadline deadline) {
    HttpRequest request;
    request.url = endpoint.base + path;
    request.unix_socket = endpoint.unix_socket;
    request.loopback_only = endpoint.loopback_only;
    request.cancel_fd = settings.cancel_fd;
    request.deadline = deadline;
    return request;
}

bool cancelled_within(int cancel_fd, std::chrono::milliseconds time) {
    pollfd entry{cancel_fd, POLLIN, 0};
    return ::poll(&entry, cancel_fd >= 0 ? 1 : 0, static_cast<int>(time.count())) > 0;
}

json body_for(const Endpoint& endpoint, const std::string& prompt, const json& schema) {
    json body = {{"temperature", 0}, {"seed", fixed_seed}, {"stream", false}, {"cache_prompt", false}};
    if (endpoint.protocol == Endpoint::Protocol::completion) {
        body["prompt"] = prompt;
        body["n_predict"] = most_answer_tokens;
        body["json_schema"] = schema;
    } else {
        body["messages"] = json::array({{{"role", "user"}, {"content", prompt}}});
        body["max_tokens"] = most_answer_tokens;
        body["response_format"] = {{"type", "json_schema"}, {"json_schema", {{"name", "metrics"}, {"schema", schema}}}};
    }
    return body;
}

// The model's text in the server's answer.
Reply answer_in(const Endpoint& endpoint, const std::string& body) {
    const bool completion = endpoint.protocol == Endpoint::Protocol::completion;
    const json::json_pointer content(completion ? "/content" : "/choices/0/message/content");
    const json::json_pointer end(completion ? "/stop_type" : "/choices/0/finish_reason");
    const auto document = plan::parse_json(body);
    if (!document || !document->is_object() || !document->contains(content) || !(*document)[content].is_string())
        return Reply::unavailable(
            {server(endpoint) + " does not speak llama.cpp's protocol: it answered " + quoted_line(body),
             "set KTSTR_LLM_URL to a llama-server"});
    Reply reply;
    reply.text = (*document)[content].get<std::string>();
    if (document->contains(end) && ((*document)[end] == "length" || (*document)[end] == "limit"))
        reply.problem = "the answer was cut off after " + std::to_string(most_answer_tokens) + " tokens";
    return reply;
}

} // namespace

Reply model_path_of(const Endpoint& endpoint, const Settings& settings) {
    const Deadline deadline = after(settings.load_limit);
    while (true) {
        const auto reply = http_exchange(request_to(endpoint, settings, endpoint.properties, deadline));
        if (auto failure = failure_of(endpoint, reply, settings.load_limit)) return *failure;
        if (reply.status != http_loading) {
            const auto document = plan::parse_json(reply.body);
            const bool names_it = document && document->is_object() && document->contains("model_path") &&
                                  (*document)["model_path"].is_string();
            if (reply.status == http_ok && names_it)
                return {Reply::Kind::answered, (*document)["model_path"].get<std::string>(), "", {}, false};
            return Reply::unavailable({server(endpoint) + " does not say which model it has: GET " +
                                           endpoint.properties + " gave status " + std::to_string(reply.status) + ", " +
                                           error_text(reply.body),
                                       "a llama-server says it in `model_path`"});
        }
        if (std::chrono::steady_clock::now() + loading_interval >= deadline)
            return Reply::out_of_time({server(endpoint) + " was still loading its model after " +
                                           seconds_words(settings.load_limit) + ": " + error_text(reply.body),
                                       "start it earlier"});
        if (cancelled_within(settings.cancel_fd, loading_interval)) return Reply::cancelled();
    }
}

Reply ask_server(const Endpoint& endpoint, const Settings& settings, const std::string& prompt, const json& schema) {
    auto request = request_to(endpoint, settings, endpoint.path, after(settings.limit));
    // A payload may write any bytes: what is not UTF-8 becomes U+FFFD.
    request.body = body_for(endpoint, prompt, schema).dump(-1, ' ', false, json::error_handler_t::replace);
    const auto reply = http_exchange(request);
    if (reply.end == HttpReply::End::too_large) {
        Reply answer;
        answer.problem = "the answer has more than " + std::to_string(request.most_bytes >> 10U) + " KiB";
        return answer;
    }
    if (auto failure = failure_of(endpoint, reply, settings.limit)) return *failure;
    if (reply.status != http_ok)
        return Reply::unavailable(
            {server(endpoint) + " gave status " + std::to_string(reply.status) + ": " + error_text(reply.body)});
    return answer_in(endpoint, reply.body);
}

} // namespace ktstr::llm
