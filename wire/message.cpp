// SPDX-License-Identifier: GPL-2.0-only
#include "wire/message.h"

#include "interp/plan/bounded_json.h"
#include "interp/plan/fields.h"

namespace ktstr::wire {

using nlohmann::json;
using plan::Fields;

namespace {

std::string pack(const json& value) {
    std::string bytes;
    json::to_cbor(value, bytes);
    return bytes;
}

Result<json> unpack(std::string_view payload) {
    auto value = plan::parse_cbor(payload);
    if (!value) return Error{"a message cannot be read: " + value.error().message};
    return value;
}

json to_json(const TerminalSize& size) { return {{"rows", size.rows}, {"columns", size.columns}}; }

Result<TerminalSize> terminal_size_from_json(const json& value, const std::string& where) {
    TerminalSize size;
    Fields fields(value, where);
    fields.integer("rows", size.rows);
    fields.integer("columns", size.columns);
    for (const int number : {size.rows, size.columns})
        if (number < 0 || number > 65535) fields.keep({where + " is not the size of a terminal"});
    return fields.finish(size);
}

json to_json(const std::optional<Shell>& shell) {
    if (!shell) return nullptr;
    return {{"command", shell->command},
            {"terminal", shell->terminal},
            {"terminal_type", shell->terminal_type},
            {"size", to_json(shell->size)}};
}

Result<Shell> shell_from_json(const json& value, const std::string& where) {
    Shell shell;
    Fields fields(value, where);
    fields.texts("command", shell.command);
    fields.boolean("terminal", shell.terminal);
    fields.text("terminal_type", shell.terminal_type);
    fields.nested("size", shell.size, terminal_size_from_json);
    if (shell.command.empty()) fields.fail_field("command", "is empty");
    return fields.finish(std::move(shell));
}

} // namespace

std::string encode(const Hello& message) {
    return pack({{"protocol", message.protocol},
                 {"executor_version", message.executor_version},
                 {"kernel_release", message.kernel_release},
                 {"cpus", message.cpus},
                 {"sched_ext", message.sched_ext},
                 {"ready_ns", message.ready_ns}});
}

std::string encode(const Begin& message) {
    json heap_images = json::array();
    for (const auto& image : message.heap_images) heap_images.push_back(to_json(image));
    return pack({{"plan", message.plan},
                 {"seed", message.seed},
                 {"archive_bytes", message.archive_bytes},
                 {"scheduler_paths", message.scheduler_paths},
                 {"scheduler_configs", message.scheduler_configs},
                 {"payload_paths", message.payload_paths},
                 {"wall_clock_ns", message.wall_clock_ns},
                 {"entropy", message.entropy},
                 {"attach_timeout_ns", message.attach_timeout_ns},
                 {"cpus", message.cpus},
                 {"heap_images", heap_images},
                 {"shell", to_json(message.shell)}});
}

std::string encode(const Phase& message) { return pack({{"phase", message.phase}, {"guest_ns", message.guest_ns}}); }

std::string encode(const Heartbeat& message) {
    return pack({{"guest_ns", message.guest_ns}, {"work_units", message.work_units}, {"step", message.step}});
}

std::string encode(const Log& message) { return pack({{"stream", message.stream}, {"text", message.text}}); }

std::string encode(const TerminalSize& message) { return pack(to_json(message)); }

std::string encode(const ShellEnd& message) {
    return pack({{"exit_code", message.exit_code}, {"signal", message.signal}});
}

std::string encode(const Workers& message) {
    json reports = json::array();
    for (const auto& report : message.reports) reports.push_back(to_json(report));
    return pack({{"reports", reports}});
}

std::string encode(const PayloadOutput& message) {
    return pack({{"number", message.number}, {"stream", message.stream}, {"text", message.text}});
}

std::string encode(const PayloadEnd& message) {
    return pack({{"number", message.number}, {"report", to_json(message.report)}});
}

std::string encode(const HostRequest& message) {
    return pack({{"number", message.number},
                 {"step", message.step},
                 {"in_loop", message.in_loop},
                 {"op", message.op},
                 {"capture", message.capture},
                 {"at_ns", message.at_ns},
                 {"tid", message.tid},
                 {"stats", message.stats},
                 {"stats_absent", message.stats_absent}});
}

std::string encode(const HostReply& message) {
    return pack(
        {{"number", message.number}, {"detail", message.detail}, {"error", message.error}, {"hint", message.hint}});
}

std::string encode(const CtprofPiece& message) {
    return pack({{"name", message.name},
                 {"step", message.step},
                 {"at_ns", message.at_ns},
                 {"text", message.text},
                 {"last", message.last}});
}

std::string encode(const Finish& message) {
    return pack({{"end", to_string(message.end)},
                 {"message", message.message},
                 {"hint", message.hint},
                 {"workload_ns", message.workload_ns},
                 {"resident_bytes", message.resident_bytes}});
}

std::string encode(const plan::CgroupProcs& message) { return pack(to_json(message)); }
std::string encode(const plan::StimulusEvent& message) { return pack(to_json(message)); }
std::string encode(const plan::SchedulerExit& message) { return pack(to_json(message)); }

Result<Hello> decode_hello(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    Hello message;
    Fields fields(*value, "hello");
    fields.integer("protocol", message.protocol);
    fields.text("executor_version", message.executor_version);
    fields.text("kernel_release", message.kernel_release);
    fields.integer("cpus", message.cpus);
    fields.boolean("sched_ext", message.sched_ext);
    fields.integer("ready_ns", message.ready_ns);
    return fields.finish(std::move(message));
}

Result<Begin> decode_begin(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    Begin message;
    Fields fields(*value, "begin");
    fields.object("plan", message.plan);
    fields.integer("seed", message.seed);
    fields.integer("archive_bytes", message.archive_bytes);
    fields.text_map("scheduler_paths", message.scheduler_paths);
    fields.text_map("scheduler_configs", message.scheduler_configs);
    fields.text_map("payload_paths", message.payload_paths);
    fields.integer("wall_clock_ns", message.wall_clock_ns);
    fields.text("entropy", message.entropy);
    fields.integer("attach_timeout_ns", message.attach_timeout_ns);
    fields.array("cpus", message.cpus, [](const json& number, const std::string& where) -> Result<int> {
        if (number.is_number_unsigned() && number.get<std::uint64_t>() <= 1'000'000) return number.get<int>();
        return Error{where + " is not the number of a CPU"};
    });
    fields.array("heap_images", message.heap_images, ctprof::known_image_from_json);
    fields.optional_nested("shell", message.shell, shell_from_json);
    return fields.finish(std::move(message));
}

Result<Phase> decode_phase(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    Phase message;
    Fields fields(*value, "phase");
    fields.text("phase", message.phase);
    fields.integer("guest_ns", message.guest_ns);
    return fields.finish(std::move(message));
}

Result<Heartbeat> decode_heartbeat(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    Heartbeat message;
    Fields fields(*value, "heartbeat");
    fields.integer("guest_ns", message.guest_ns);
    fields.integer("work_units", message.work_units);
    fields.integer("step", message.step);
    return fields.finish(message);
}

Result<Log> decode_log(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    Log message;
    Fields fields(*value, "log");
    fields.text("stream", message.stream);
    fields.text("text", message.text);
    return fields.finish(std::move(message));
}

Result<TerminalSize> decode_terminal_size(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    return terminal_size_from_json(*value, "terminal_size");
}

Result<ShellEnd> decode_shell_end(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    ShellEnd message;
    Fields fields(*value, "shell_end");
    fields.integer("exit_code", message.exit_code);
    fields.integer("signal", message.signal);
    return fields.finish(message);
}

Result<Workers> decode_workers(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    Workers message;
    Fields fields(*value, "workers");
    fields.array("reports", message.reports, [](const json& report, const std::string& where) {
        if (const std::size_t size = pack(report).size(); size > plan::max_worker_report_bytes)
            return Result<plan::WorkerReport>(
                Error{where + " is of " + std::to_string(size) + " bytes, more than the " +
                      std::to_string(plan::max_worker_report_bytes) + " that a worker may have"});
        auto read = plan::worker_report_from_json(report);
        return read ? read : Result<plan::WorkerReport>(Error{where + ": " + read.error().message});
    });
    return fields.finish(std::move(message));
}

Result<PayloadOutput> decode_payload_output(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    PayloadOutput message;
    Fields fields(*value, "payload_output");
    fields.integer("number", message.number);
    fields.text("stream", message.stream);
    fields.text("text", message.text);
    if (message.stream != "stdout" && message.stream != "stderr") fields.fail_field("stream", "is not a stream");
    return fields.finish(std::move(message));
}

Result<PayloadEnd> decode_payload_end(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    PayloadEnd message;
    Fields fields(*value, "payload");
    fields.integer("number", message.number);
    fields.nested("report", message.report,
                  [](const json& report, const std::string&) { return plan::payload_report_from_json(report); });
    return fields.finish(std::move(message));
}

Result<HostRequest> decode_host_request(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    HostRequest message;
    Fields fields(*value, "host_request");
    fields.integer("number", message.number);
    fields.integer("step", message.step);
    fields.boolean("in_loop", message.in_loop);
    fields.integer("op", message.op);
    fields.integer("capture", message.capture);
    fields.integer("at_ns", message.at_ns);
    fields.integer("tid", message.tid);
    fields.text("stats", message.stats);
    fields.text("stats_absent", message.stats_absent);
    if ((message.op < 0) == (message.capture < 0)) fields.fail_field("op", "and `capture` do not say which is meant");
    return fields.finish(std::move(message));
}

Result<HostReply> decode_host_reply(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    HostReply message;
    Fields fields(*value, "host_reply");
    fields.integer("number", message.number);
    fields.text("detail", message.detail);
    fields.text("error", message.error);
    fields.text("hint", message.hint);
    return fields.finish(std::move(message));
}

Result<CtprofPiece> decode_ctprof_piece(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    CtprofPiece message;
    Fields fields(*value, "ctprof");
    fields.text("name", message.name);
    fields.integer("step", message.step);
    fields.integer("at_ns", message.at_ns);
    fields.text("text", message.text);
    fields.boolean("last", message.last);
    return fields.finish(std::move(message));
}

Result<Finish> decode_finish(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    Finish message;
    Fields fields(*value, "finish");
    fields.choice("end", message.end, plan::run_end_from_string);
    fields.text("message", message.message);
    fields.text("hint", message.hint);
    fields.integer("workload_ns", message.workload_ns);
    fields.integer("resident_bytes", message.resident_bytes);
    return fields.finish(std::move(message));
}

Result<plan::CgroupProcs> decode_cgroup_procs(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    return plan::cgroup_procs_from_json(*value);
}

Result<plan::StimulusEvent> decode_event(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    return plan::stimulus_event_from_json(*value);
}

Result<plan::SchedulerExit> decode_scheduler_exit(std::string_view payload) {
    auto value = unpack(payload);
    if (!value) return value.error();
    return plan::scheduler_exit_from_json(*value);
}

} // namespace ktstr::wire
