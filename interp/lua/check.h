// SPDX-License-Identifier: GPL-2.0-only
// Runs a `check ... lua` block on the host, after the run, on the run's record. The script sees the record through the
// functions that docs/lua.md describes and nothing else of the host: no file, no program, no clock, no address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr::lua {

// Reaching one ends the check with Status::error; a script cannot catch that.
struct CheckLimits {
    // Of Lua's virtual machine; what library functions do is charged in step with the bytes and elements they handle.
    // The same chunk on the same record reaches it at the same place.
    std::uint64_t instructions = 50'000'000;
    std::size_t memory_bytes = std::size_t{96} << 20U; // all that Lua holds; its deepest call stack takes 70 MiB
    std::uint64_t cpu_ms = 20'000; // of the calling thread: behind the others, for work that no count foresees
};

// A string longer than this is a limit too.
constexpr std::size_t max_string_bytes = std::size_t{1} << 20U;
constexpr std::size_t max_claims = 1000;
constexpr std::size_t max_notes = 100;
constexpr std::size_t max_note_bytes = 1000;

struct Claim {
    std::string name;
    bool holds = false;
    std::string detail; // the values in words: "150 is above 100"
    int line = 0;       // of the .ktl file
};

struct CheckOutcome {
    enum class Status {
        passed,  // at least one claim, all hold
        failed,  // a claim does not hold, or the script said fail(reason)
        skipped, // the script said skip(reason), and no claim had failed until then
        error,   // a syntax error, an error at run time, a limit, or a script that ended without a claim
    };
    Status status = Status::error;
    std::vector<Claim> claims;      // in the order they were made, whatever the status
    std::vector<std::string> notes; // of note() and print()
    std::string reason;             // empty only if passed
    int line = 0;                   // of the .ktl file, where the reason arose; 0 if nowhere in it
};

std::string_view to_string(CheckOutcome::Status status);

// Series that are made when a script asks for them: there are more of them than anyone could list.
class SeriesSource {
  public:
    SeriesSource() = default;
    virtual ~SeriesSource() = default;
    SeriesSource(const SeriesSource&) = delete;
    SeriesSource& operator=(const SeriesSource&) = delete;
    // The series, as docs/lua.md has it, which stays where it is as long as the source; or null, and why there is none.
    virtual const nlohmann::json* find(std::string_view name, std::string& why) = 0;
};

// `record` is to_json(plan::Record), with the plan's JSON under "plan" and whatever else docs/lua.md names
// ("snapshots", "payloads"), if the run has it. Series that it does not have come from `series`, if there is one.
// chunk_name and first_line: see parse.h. Safe to call from several threads.
CheckOutcome run_check(std::string_view chunk, std::string_view chunk_name, int first_line,
                       const nlohmann::json& record, const CheckLimits& limits, SeriesSource* series = nullptr);

} // namespace ktstr::lua
