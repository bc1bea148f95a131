// SPDX-License-Identifier: GPL-2.0-only
// The engine against servers that speak the protocol, well and badly, in processes of their own.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sys/eventfd.h>

#include "tests/llm/made_up_prose.h"

using namespace ktstr;
using namespace ktstr::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using llm::Engine;
using llm::Reply;
using nlohmann::json;

namespace {

constexpr const char* metrics = R"({"p99": 12.5})";

ServedModel server_with(const std::string& mode, json more = {}) {
    json options = json::object({{"mode", mode}, {"answers", json::object({{"", metrics}})}});
    options.update(more.is_null() ? json::object() : more);
    return ServedModel(options);
}

Engine::Answer ask(const llm::Settings& settings, const std::string& text = "it took 12.5 us") {
    return Engine(settings).ask(prose_payload(), text);
}

// The message of an engine that is not available.
std::string refusal(const llm::Settings& settings) {
    const auto answer = ask(settings);
    CHECK(answer.reply.kind == Reply::Kind::unavailable);
    CHECK(answer.reply.text.empty());
    return answer.reply.error.text();
}

std::string refusal_of(const std::string& mode, json more = {}) {
    const auto server = server_with(mode, std::move(more));
    return refusal(settings_for(server));
}

} // namespace

TEST_CASE("a server with the pinned model is asked, at temperature 0 and with a fixed seed, for JSON") {
    const auto server = server_with("good");
    const auto answer = ask(settings_for(server));
    CHECK(answer.reply.kind == Reply::Kind::answered);
    CHECK(answer.reply.text == metrics);
    CHECK(answer.reply.problem.empty());
    CHECK(answer.model_sha256 == server.sha256());
    const auto requests = server.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0]["path"] == "/props");
    CHECK(requests[1]["path"] == "/v1/chat/completions");
    const json& body = requests[1]["body"];
    CHECK(body["temperature"] == 0);
    CHECK(body["seed"] == 1);
    CHECK(body["max_tokens"] == 2048);
    CHECK(body["stream"] == false);
    CHECK(body["response_format"]["json_schema"]["schema"]["type"] == "object");
    CHECK_THAT(body["messages"][0]["content"].get<std::string>(), ContainsSubstring("it took 12.5 us"));
}

TEST_CASE("the other protocol is taken if the URL names it, below a prefix too") {
    const auto server = server_with("good");
    auto settings = settings_for(server);
    settings.url += "/completion";
    CHECK(ask(settings).reply.text == metrics);
    const json body = server.requests().back()["body"];
    CHECK(body["n_predict"] == 2048);
    CHECK(body["json_schema"]["type"] == "object");
    settings.url = server.url() + "/api/";
    CHECK(ask(settings).reply.text == metrics);
    CHECK(server.requests().back()["path"] == "/api/v1/chat/completions");
}

TEST_CASE("a server on a unix socket is asked") {
    const auto folder = TemporaryDirectory::create("ktstr-test-");
    REQUIRE(folder);
    const std::string socket = (folder->path() / "s").string();
    const auto server = server_with("good", {{"unix", socket}});
    auto settings = settings_for(server);
    settings.url = "unix:" + socket;
    CHECK(ask(settings).reply.text == metrics);
    settings.url = "unix:s";
    CHECK_THAT(refusal(settings), ContainsSubstring("absolute path"));
}

TEST_CASE("an answer may come in pieces, and a server may load first") {
    CHECK(ask(settings_for(server_with("pieces"))).reply.text == metrics);
    CHECK(ask(settings_for(server_with("good", {{"loading", 1}}))).reply.text == metrics);
}

TEST_CASE("bytes that are no UTF-8 reach the server as something that is") {
    const auto server = server_with("good");
    CHECK(ask(settings_for(server), "caf\xe9 12").reply.text == metrics);
    CHECK_THAT(server.requests().back()["body"]["messages"][0]["content"].get<std::string>(),
               ContainsSubstring("caf\xef\xbf\xbd 12"));
}

TEST_CASE("a server that loads for too long, or is busy, is not available") {
    const auto server = server_with("good", {{"loading", -1}});
    auto settings = settings_for(server);
    settings.load_limit = std::chrono::milliseconds(300);
    CHECK_THAT(refusal(settings),
               ContainsSubstring("was still loading its model") && ContainsSubstring("Loading model"));
    CHECK_THAT(refusal_of("busy"), ContainsSubstring("gave status 503: Loading model"));
}

TEST_CASE("a server that answers too slowly is given up, for the rest of the run") {
    const auto server = server_with("slow");
    auto settings = settings_for(server);
    settings.limit = std::chrono::milliseconds(300);
    Engine engine(settings);
    const auto first = engine.ask(prose_payload(), "a");
    CHECK(first.reply.kind == Reply::Kind::unavailable);
    CHECK_THAT(first.reply.error.text(),
               ContainsSubstring("did not answer within") && ContainsSubstring("KTSTR_LLM_LIMIT"));
    const auto asked = server.requests().size();
    CHECK_THAT(engine.ask(prose_payload(), "b").reply.error.text(), StartsWith("the model was given up earlier"));
    CHECK(server.requests().size() == asked);
}

TEST_CASE("what goes wrong with a server is named, and the server is not available") {
    CHECK_THAT(refusal_of("dropped"), ContainsSubstring("broke off in the middle of its answer"));
    CHECK_THAT(refusal_of("redirect"),
               ContainsSubstring("sends on to http://192.0.2.1/elsewhere, which ktstr does not follow"));
    CHECK_THAT(refusal_of("error"), ContainsSubstring("gave status 500: the context is full"));
    CHECK_THAT(refusal_of("page"), ContainsSubstring("does not speak llama.cpp's protocol: it answered <html>"));
    CHECK_THAT(refusal_of("headers"), ContainsSubstring("server at http://127.0.0.1:"));
    CHECK_THAT(refusal_of("no props"),
               ContainsSubstring("does not say which model it has: GET /props gave status 404"));
}

TEST_CASE("a server that is not there is named with what to do") {
    std::string url;
    {
        const ServedModel gone;
        url = gone.url();
    }
    llm::Settings settings;
    settings.url = url;
    settings.sha256 = std::string(64, 'a');
    CHECK_THAT(refusal(settings), ContainsSubstring("the server at " + url + " cannot be asked") &&
                                      ContainsSubstring("start it, or correct KTSTR_LLM_URL"));
}

TEST_CASE("an answer that is too long is no answer") {
    const auto endless = ask(settings_for(server_with("endless")));
    CHECK(endless.reply.kind == Reply::Kind::answered);
    CHECK(endless.reply.text.empty());
    CHECK(endless.reply.problem == "the answer has more than 1024 KiB");
}

TEST_CASE("an answer that was cut off says so") {
    CHECK(ask(settings_for(server_with("cut"))).reply.problem == "the answer was cut off after 2048 tokens");
}

TEST_CASE("a model that is not the pinned one is not asked") {
    const auto server = server_with("good");
    auto settings = settings_for(server);
    settings.sha256 = std::string(64, 'a');
    CHECK_THAT(refusal(settings),
               ContainsSubstring("is not the one that KTSTR_LLM_SHA256 names: its digest is " + server.sha256()));
    settings.sha256 = "";
    CHECK_THAT(refusal(settings), ContainsSubstring("no digest pins the model") &&
                                      ContainsSubstring("set KTSTR_LLM_SHA256=" + server.sha256()));
    settings.sha256 = "abc";
    CHECK_THAT(refusal(settings), ContainsSubstring("KTSTR_LLM_SHA256 is not a SHA-256"));
    for (const auto& request : server.requests()) CHECK(request["path"] == "/props");
}

TEST_CASE("a model whose file is changed between two questions is not asked again") {
    const auto server = server_with("good");
    Engine engine(settings_for(server));
    CHECK(engine.ask(prose_payload(), "a").reply.kind == Reply::Kind::answered);
    REQUIRE(write_file(server.model(), "other weights"));
    CHECK(engine.ask(prose_payload(), "a").reply.kind == Reply::Kind::unavailable);
}

TEST_CASE("a model that the server calls by a path of its own has to be named, and by the same name") {
    const auto server = server_with("good", {{"model_path", "models/made-up.gguf"}});
    auto settings = settings_for(server);
    CHECK_THAT(refusal(settings), ContainsSubstring("is no absolute path") && ContainsSubstring("set KTSTR_LLM_MODEL"));
    settings.model = server.model();
    CHECK(ask(settings).reply.text == metrics);
    settings.model = server.folder() / "other.gguf";
    CHECK_THAT(refusal(settings), ContainsSubstring("the server has the model models/made-up.gguf"));
    const auto gone = server_with("good", {{"model_path", "/nowhere/made-up.gguf"}});
    CHECK_THAT(refusal(settings_for(gone)), ContainsSubstring("cannot be checked: cannot open /nowhere/made-up.gguf"));
}

TEST_CASE("a server that is not on this machine is asked only if it is allowed by name") {
    llm::Settings settings;
    settings.sha256 = std::string(64, 'a');
    for (const char* url :
         {"http://192.0.2.1:8080", "http://llm.invalid", "http://127.0.0.1.llm.invalid", "http://[2001:db8::1]",
          "https://10.0.0.1/completion", "http://localhost.invalid:80", "http://0x0a000001/"}) {
        INFO(url);
        settings.url = url;
        CHECK_THAT(refusal(settings),
                   ContainsSubstring("which is not this machine") && ContainsSubstring("KTSTR_LLM_REMOTE="));
    }
    // Allowed, it is tried; there is no such host.
    settings.url = "http://llm.invalid";
    settings.remote = "llm.invalid";
    settings.limit = settings.load_limit = std::chrono::seconds(5);
    CHECK_THAT(refusal(settings), !ContainsSubstring("not this machine"));
    settings.remote = "other.invalid";
    CHECK_THAT(refusal(settings), ContainsSubstring("which is not this machine"));
}

TEST_CASE("what is set up wrongly, or not at all, is said with what to set") {
    llm::Settings settings;
    CHECK_THAT(refusal(settings), ContainsSubstring("no language model is set up") &&
                                      ContainsSubstring("KTSTR_LLM_URL") && ContainsSubstring("docs/llm.md"));
    for (const char* url : {"127.0.0.1:8080:9", "ftp://127.0.0.1/", "file:///etc/passwd", "http://",
                            "http://u:p@127.0.0.1/", "http://127.0.0.1/?a=b", "unix:"}) {
        INFO(url);
        settings.url = url;
        CHECK_THAT(refusal(settings), ContainsSubstring("KTSTR_LLM_URL") && !ContainsSubstring("u:p"));
    }
    settings.command = "true";
    CHECK_THAT(refusal(settings), ContainsSubstring("both KTSTR_LLM_URL and KTSTR_LLM_COMMAND"));
    settings.command = "";
    for (const char* limit : {"0", "-1", "1s", "1e9", "86401", " 1"}) {
        settings.limit_seconds = limit;
        CHECK_THAT(refusal(settings), ContainsSubstring("KTSTR_LLM_LIMIT"));
    }
}

TEST_CASE("what a proxy's variables say does not matter") {
    const auto server = server_with("good");
    ::setenv("http_proxy", "http://192.0.2.1:1", 1);
    ::setenv("ALL_PROXY", "http://192.0.2.1:1", 1);
    CHECK(ask(settings_for(server)).reply.text == metrics);
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
}

TEST_CASE("Ctrl-C ends a question that is under way") {
    const Fd cancel(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const auto server = server_with("slow");
    auto settings = settings_for(server);
    settings.cancel_fd = cancel.get();
    settings.limit = std::chrono::hours(1);
    REQUIRE(::eventfd_write(cancel.get(), 1) == 0);
    CHECK(ask(settings).reply.kind == Reply::Kind::cancelled);
    const auto loading = server_with("good", {{"loading", -1}});
    settings = settings_for(loading);
    settings.cancel_fd = cancel.get();
    settings.load_limit = std::chrono::hours(1);
    CHECK(ask(settings).reply.kind == Reply::Kind::cancelled);
}
