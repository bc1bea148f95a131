// SPDX-License-Identifier: GPL-2.0-only
// What the frames between host and guest say. Each is a CBOR map with the names of the fields below as keys.
//
// A run: guest sends `hello` at its ready point -> host sends `begin` and the archive -> guest sends phases, events,
// heartbeats and logs as they come, and of each payload that has ended its `payload_output` (as many frames as it
// takes) and then its `payload` -> `workers` (as many frames as it takes) -> `finish` -> guest powers off. For what
// only the host can do the guest sends a `host_request`, and the host answers each with a `host_reply`.
//
// With a shell in `begin`, that runs in the place of the scenario: `terminal_input` and `terminal_size` go to it,
// `terminal_output` and `terminal_errors` come from it -> `shell_end` -> `finish`.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ctprof/heap_layout.h"
#include "interp/plan/record.h"

namespace ktstr::wire {

// The name of the virtio-serial port in the guest: /sys/class/virtio-ports/*/name.
inline constexpr const char* port_name = "ktstr.0";
// Where the archive puts things in the guest. Programs are run with LD_LIBRARY_PATH=library_directory.
inline constexpr const char* program_directory = "/ktstr/bin";
inline constexpr const char* library_directory = "/ktstr/lib";
// Where payloads are started, and where the files that they name with a relative path are.
inline constexpr const char* work_directory = "/ktstr/work";
inline constexpr const char* config_directory = "/ktstr/config";   // with a folder for each scheduler
inline constexpr const char* include_directory = "/ktstr/include"; // files that a shell was given; on its PATH
constexpr int protocol_version = 1;
constexpr std::uint32_t archive_chunk = 256U << 10U; // payload of one archive frame, at most
constexpr std::size_t output_chunk = 64U << 10U;     // text of one payload_output frame, at most
constexpr std::size_t ctprof_chunk = 64U << 10U;     // text of one ctprof frame, at most
constexpr std::size_t ctprof_limit = 16U << 20U;     // of the document of one capture
constexpr std::size_t all_ctprof_limit = 64U << 20U; // of all captures of a run
constexpr std::uint64_t heartbeat_interval_ns = 500'000'000;

struct Hello { // the guest is ready to be told what to do
    int protocol = protocol_version;
    std::string executor_version; // wire::executor_version of wire/version.h
    std::string kernel_release;
    int cpus = 0;               // online
    bool sched_ext = false;     // /sys/kernel/sched_ext exists
    std::uint64_t ready_ns = 0; // guest CLOCK_BOOTTIME
};

struct TerminalSize {
    int rows = 24;
    int columns = 80;
};

// Runs in the place of the scenario, with the plan's scheduler.
struct Shell {
    std::vector<std::string> command;   // with the program's absolute path in the guest; not empty
    bool terminal = false;              // false: standard output and error are passed on apart, there is no input
    std::string terminal_type = "dumb"; // TERM
    TerminalSize size = {};
};

struct Begin {
    nlohmann::json plan;
    std::uint64_t seed = 0;
    std::uint64_t archive_bytes = 0; // size of the newc cpio archive that follows in `archive` frames; unpacked over /
    std::map<std::string, std::string> scheduler_paths;   // scheduler -> absolute path in the guest, of the shell for
                                                          // one that is built into the kernel
    std::map<std::string, std::string> scheduler_configs; // scheduler -> absolute path, of those that have one
    std::map<std::string, std::string> payload_paths;     // payload -> absolute path in the guest
    std::uint64_t wall_clock_ns = 0;                      // CLOCK_REALTIME to set
    std::string entropy; // 32 bytes as 64 hexadecimal digits, for the guest's random generator
    std::uint64_t attach_timeout_ns = 0;
    std::vector<int> cpus = {}; // the machine's number of each of the topology's CPUs; empty: the same
    std::vector<ctprof::KnownImage> heap_images = {}; // of what is packed; for the op capture_ctprof
    std::optional<Shell> shell = {};
};

// Sent at the begin of each: "stage" (archive complete, cgroups made), "attach" (scheduler started), "scenario" (start
// signal given: the first workers run) or "shell" (it runs), "teardown" (workload window over).
struct Phase {
    std::string phase;
    std::uint64_t guest_ns = 0; // CLOCK_MONOTONIC
};

struct Heartbeat {
    std::uint64_t guest_ns = 0;   // CLOCK_MONOTONIC
    std::uint64_t work_units = 0; // of all live workers
    int step = -1;
};

struct ShellEnd {
    int exit_code = -1; // -1: it died of a signal
    int signal = 0;     // 0: it exited
};

struct Log {
    std::string stream; // "scheduler" (its standard output and error) or "executor"
    std::string text;
};

struct Workers {
    std::vector<plan::WorkerReport> reports;
};

// A piece of what a payload has written, of either stream in order.
struct PayloadOutput {
    int number = 0;     // of the payload's run; counts up over the scenario
    std::string stream; // "stdout" or "stderr"
    std::string text;
};

struct PayloadEnd {
    int number = 0;
    plan::PayloadReport report; // without the text of its output, which has come before
};

// For an op that the host executes, or for a periodic snapshot. It names a place in the plan, which the host has: what
// a guest says cannot make the host do anything that the plan does not ask for.
struct HostRequest {
    int number = 0;           // counts up over the scenario; the reply has the same
    int step = -1;            // of the op, and of the time; -1: backdrop
    bool in_loop = false;     // the op is in the step's loop
    int op = -1;              // index in that list; -1: the next periodic snapshot is due
    int capture = -1;         // index in Plan::captures_ns; -1: an op
    std::int64_t at_ns = 0;   // in the workload window
    int tid = 0;              // of the worker that a task target means
    std::string stats;        // what the scheduler said over its stats socket: one line of JSON; or empty
    std::string stats_absent; // why `stats` is empty
};

struct HostReply {
    int number = 0;
    std::string detail; // what was done, for the op's event
    std::string error;  // empty: done
    std::string hint;
};

// A piece of the document of a capture. Those of one capture follow each other, the last one says so.
struct CtprofPiece {
    std::string name;
    int step = -1;
    std::int64_t at_ns = 0;
    std::string text; // ASCII
    bool last = false;
};

// The last frame. `end` is completed, scheduler_attach_failed, scheduler_exited, executor_failed or kernel_unusable.
struct Finish {
    plan::RunEnd end = plan::RunEnd::completed;
    std::string message;
    std::string hint;
    std::uint64_t workload_ns = 0;
    std::uint64_t resident_bytes = 0; // the executor's own peak resident set (VmHWM)
};

std::string encode(const Hello& message);
std::string encode(const Begin& message);
std::string encode(const Phase& message);
std::string encode(const Heartbeat& message);
std::string encode(const Log& message);
std::string encode(const TerminalSize& message);
std::string encode(const ShellEnd& message);
std::string encode(const Workers& message);
std::string encode(const PayloadOutput& message);
std::string encode(const PayloadEnd& message);
std::string encode(const HostRequest& message);
std::string encode(const HostReply& message);
std::string encode(const CtprofPiece& message);
std::string encode(const Finish& message);
std::string encode(const plan::CgroupProcs& message);
std::string encode(const plan::StimulusEvent& message);
std::string encode(const plan::SchedulerExit& message);

// Decoders of untrusted bytes: an error names the field that is missing or wrong.
Result<Hello> decode_hello(std::string_view payload);
Result<Begin> decode_begin(std::string_view payload);
Result<Phase> decode_phase(std::string_view payload);
Result<Heartbeat> decode_heartbeat(std::string_view payload);
Result<Log> decode_log(std::string_view payload);
Result<TerminalSize> decode_terminal_size(std::string_view payload);
Result<ShellEnd> decode_shell_end(std::string_view payload);
Result<Workers> decode_workers(std::string_view payload);
Result<PayloadOutput> decode_payload_output(std::string_view payload);
Result<PayloadEnd> decode_payload_end(std::string_view payload);
Result<HostRequest> decode_host_request(std::string_view payload);
Result<HostReply> decode_host_reply(std::string_view payload);
Result<CtprofPiece> decode_ctprof_piece(std::string_view payload);
Result<Finish> decode_finish(std::string_view payload);
Result<plan::CgroupProcs> decode_cgroup_procs(std::string_view payload);
Result<plan::StimulusEvent> decode_event(std::string_view payload);
Result<plan::SchedulerExit> decode_scheduler_exit(std::string_view payload);

} // namespace ktstr::wire
