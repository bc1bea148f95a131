// SPDX-License-Identifier: GPL-2.0-only
#include "interp/lua/check.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "interp/lua/claims.h"
#include "interp/lua/parse.h"
#include "interp/lua/run.h"
#include "interp/lua/sandbox.h"
#include "interp/lua/state.h"

namespace ktstr::lua {

namespace {

using Status = CheckOutcome::Status;

void end_with(CheckOutcome& outcome, Status status, std::string reason, int line) {
    outcome.status = status;
    outcome.reason = std::move(reason);
    outcome.line = line;
}

// Errors without a position of their own (those of tables, or raised below a library function) get the script's line.
int note_line(lua_State* state) {
    *static_cast<int*>(lua_touserdata(state, lua_upvalueindex(1))) = script_line(state);
    return 1;
}

// Takes the address for note_line as a light userdata, returns note_line.
int prepare(lua_State* state) {
    void* line = lua_touserdata(state, 1);
    open_sandbox(state);
    add_claim_functions(state);
    add_run(state);
    lua_pushlightuserdata(state, line);
    lua_pushcclosure(state, note_line, 1);
    return 1;
}

// After a script that was not stopped and came to its end.
void judge(Context& context) {
    auto& outcome = context.outcome;
    const auto unsaid = std::find_if(context.subjects.begin(), context.subjects.end(),
                                     [](const auto& subject) { return !subject.stated; });
    if (unsaid != context.subjects.end())
        return end_with(outcome, Status::error,
                        "the claim '" + unsaid->name + "' states nothing (at_most, equals, ... follow a claim)",
                        unsaid->line);
    if (outcome.claims.empty())
        return end_with(outcome, Status::error,
                        "the check claims nothing, so it cannot pass (make a claim, or skip with a reason)", 0);
    outcome.status = Status::passed;
}

// A claim that does not hold outweighs everything but an error.
void judge_claims(CheckOutcome& outcome) {
    const auto broken = [](const Claim& claim) { return !claim.holds; };
    const auto first = std::find_if(outcome.claims.begin(), outcome.claims.end(), broken);
    if (first == outcome.claims.end() || (outcome.status != Status::passed && outcome.status != Status::skipped))
        return;
    const auto count = std::count_if(outcome.claims.begin(), outcome.claims.end(), broken);
    std::string reason = first->name + ": " + first->detail;
    if (count > 1)
        reason += " (and " + std::to_string(count - 1) + " more of " + std::to_string(outcome.claims.size()) +
                  " claims do not hold)";
    end_with(outcome, Status::failed, std::move(reason), first->line);
}

void judge_stop(CheckOutcome& outcome, const Stop& stop) {
    switch (stop.why) {
    case Stop::Why::skip: return end_with(outcome, Status::skipped, stop.reason, stop.line);
    case Stop::Why::fail: return end_with(outcome, Status::failed, stop.reason, stop.line);
    case Stop::Why::limit: return end_with(outcome, Status::error, "the check " + stop.reason, stop.line);
    }
}

// `state` has the error object on top.
void judge_error(Context& context, lua_State* state, int status, std::string_view chunk_name, int line) {
    if (is_out_of_memory(state, status))
        return judge_stop(context.outcome,
                          {Stop::Why::limit, context.memory.reason(), context.memory.refused_at_line()});
    if (status != LUA_ERRRUN && status != LUA_ERRERR && status != LUA_ERRSYNTAX && status != LUA_ERRMEM)
        return end_with(context.outcome, Status::error, "the check was ended by an exception of the host", line);
    auto message = split_position(state, chunk_name, -1);
    end_with(context.outcome, Status::error, std::move(message.text), message.line > 0 ? message.line : line);
}

} // namespace

std::string_view to_string(Status status) {
    switch (status) {
    case Status::passed: return "passed";
    case Status::failed: return "failed";
    case Status::skipped: return "skipped";
    case Status::error: return "error";
    }
    return "error";
}

CheckOutcome run_check(std::string_view chunk, std::string_view chunk_name, int first_line,
                       const nlohmann::json& record, const CheckLimits& limits, SeriesSource* series) {
    Context context(record, limits);
    context.series = series;
    if (const auto problem = parse_lua(chunk, chunk_name, first_line)) {
        end_with(context.outcome, Status::error, problem->message, problem->line);
        return context.outcome;
    }
    const State state(context.memory);
    lua_State* lua = state.get();
    int line = 0;
    if (lua == nullptr) {
        judge_stop(context.outcome, {Stop::Why::limit, context.memory.reason(), 0});
        return context.outcome;
    }
    set_context(lua, context);
    lua_pushcfunction(lua, prepare); // neither of the two allocates, so neither can fail
    lua_pushlightuserdata(lua, &line);
    int status = lua_pcall(lua, 1, 1, 0);
    if (status == LUA_OK) status = load_chunk(lua, chunk, chunk_name, first_line);
    if (status == LUA_OK) {
        charge_instructions(lua);
        status = lua_pcall(lua, 0, 0, 1);
        lua_sethook(lua, nullptr, 0, 0);
    }
    if (context.stop)
        judge_stop(context.outcome, *context.stop);
    else if (status != LUA_OK)
        judge_error(context, lua, status, chunk_name, line);
    else
        judge(context);
    judge_claims(context.outcome);
    return context.outcome;
}

} // namespace ktstr::lua
