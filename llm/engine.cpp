// SPDX-License-Identifier: GPL-2.0-only
#include "llm/engine.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "llm/command.h"
#include "llm/model_file.h"
#include "llm/prompt.h"
#include "llm/server.h"

namespace ktstr::llm {

namespace {

constexpr const char* how_to =
    "set KTSTR_LLM_URL to a llama-server on this machine (or KTSTR_LLM_COMMAND and KTSTR_LLM_MODEL), and "
    "KTSTR_LLM_SHA256 to the digest of its model: docs/llm.md";

Reply refused(const std::string& message, const std::string& hint) { return Reply::unavailable({message, hint}); }

// The file as the server names it, unless the user says where it is here: then at least its name has to be the same.
Result<std::filesystem::path> file_of(const Settings& settings, const std::string& named) {
    const std::filesystem::path server = named;
    if (settings.model.empty()) {
        if (server.is_absolute()) return server;
        return Error{"the server calls its model " + quoted_line(named) + ", which is no absolute path",
                     "set KTSTR_LLM_MODEL to the model's file"};
    }
    if (server.filename() != settings.model.filename())
        return Error{"the server has the model " + quoted_line(named) + ", and KTSTR_LLM_MODEL is " +
                         settings.model.string(),
                     "start the server with that model, or set KTSTR_LLM_MODEL and KTSTR_LLM_SHA256 to its own"};
    return settings.model;
}

} // namespace

Engine::Engine(Settings settings) : settings_(std::move(settings)) {
    const std::string& text = settings_.limit_seconds;
    if (text.empty()) return;
    constexpr int most_seconds = 86'400;
    int seconds = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (code != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > most_seconds)
        wrong_ = "KTSTR_LLM_LIMIT is not a number of seconds from 1 to 86400";
    settings_.limit = std::chrono::seconds(seconds);
}

Engine::Answer Engine::ask(const plan::Payload& payload, const std::string& text) {
    const std::lock_guard turn(mutex_);
    if (!gave_up_.empty()) return {refused("the model was given up earlier in this run: " + gave_up_, ""), ""};
    Answer answer = ask_in_turn(payload, text);
    if (answer.reply.timed_out) gave_up_ = answer.reply.error.message;
    return answer;
}

Engine::Answer Engine::ask_in_turn(const plan::Payload& payload, const std::string& text) {
    const bool by_command = !settings_.command.empty();
    if (settings_.url.empty() && !by_command) return {refused("no language model is set up", how_to), ""};
    if (!settings_.url.empty() && by_command)
        return {refused("both KTSTR_LLM_URL and KTSTR_LLM_COMMAND are set", "unset one of them"), ""};
    if (!wrong_.empty()) return {refused(wrong_, ""), ""};
    if (by_command) {
        if (settings_.model.empty())
            return {refused("KTSTR_LLM_COMMAND is set, and not the file of its model",
                            "set KTSTR_LLM_MODEL to it, and KTSTR_LLM_SHA256 to its digest"),
                    ""};
        Reply model = check_model(settings_.model);
        if (model.kind != Reply::Kind::answered) return {model, ""};
        return {ask_command(settings_, prompt_for(payload, text)), model.text};
    }
    const auto endpoint = endpoint_of(settings_);
    if (!endpoint) return {Reply::unavailable(endpoint.error()), ""};
    const Reply path = model_path_of(*endpoint, settings_);
    if (path.kind != Reply::Kind::answered) return {path, ""};
    const auto file = file_of(settings_, path.text);
    if (!file) return {Reply::unavailable(file.error()), ""};
    Reply model = check_model(*file);
    if (model.kind != Reply::Kind::answered) return {model, ""};
    return {ask_server(*endpoint, settings_, prompt_for(payload, text), schema_for(payload)), model.text};
}

Reply Engine::check_model(const std::filesystem::path& file) {
    const std::string shown = quoted_line(file.string());
    if (!settings_.sha256.empty() && !is_digest(settings_.sha256))
        return refused("KTSTR_LLM_SHA256 is not a SHA-256: 64 digits of 0-9 and a-f", "");
    auto digest = digest_of_model(file, settings_.digests, settings_.cancel_fd);
    if (!digest && digest.error().message == digest_cancelled) return Reply::cancelled();
    if (!digest)
        return refused("the model cannot be checked: " + digest.error().text(),
                       "set KTSTR_LLM_MODEL to the model's file");
    if (settings_.sha256.empty())
        return refused("no digest pins the model " + shown, "if you trust it, set KTSTR_LLM_SHA256=" + *digest);
    if (*digest != settings_.sha256)
        return refused("the model " + shown + " is not the one that KTSTR_LLM_SHA256 names: its digest is " + *digest,
                       "start the server with that model, or set KTSTR_LLM_SHA256 to the new digest");
    Reply reply;
    reply.text = *digest;
    return reply;
}

} // namespace ktstr::llm
