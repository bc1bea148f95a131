// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/conductor.h"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <map>
#include <memory>
#include <optional>

#include "ctprof/document.h"
#include "interp/plan/disk.h"
#include "vmm/boot/machine.h"
#include "vmm/host/executor.h"
#include "vmm/patience.h"
#include "wire/frame.h"
#include "wire/message.h"
#include "wire/version.h"

namespace ktstr::vmm {

using plan::Record;
using plan::RunEnd;
using wire::FrameType;

namespace {

constexpr std::size_t console_limit = 64U << 10U;
constexpr std::size_t captured_pids_limit = 1'000'000;
constexpr std::size_t list_limit = 200'000;          // events and worker reports that a guest may send
constexpr std::size_t output_limit = 3U << 20U;      // of one payload, both streams; an executor keeps 2 MiB
constexpr std::size_t all_output_limit = 64U << 20U; // of all payloads of a run: what comes after it is left out
constexpr std::uint64_t scheduler_change_ns = 10'000'000'000; // in mid-run, when it takes long
constexpr std::uint64_t ctprof_ns = 10'000'000'000;           // for a capture, when it takes long
constexpr auto tick = std::chrono::milliseconds(500);
constexpr double poweroff_limit_s = 10;
constexpr double restored_limit_s = 10;         // for the first word of a restored guest, on the patience clock
constexpr std::size_t typed_limit = 64U << 10U; // of what a shell's user has typed and the guest has not taken
// The executor has an attach limit too, in guest time, which a busy host makes run out early: this much longer.
constexpr double attach_backstop = 10;

// Appends and keeps the last `limit` bytes.
void append_tail(std::string& text, std::string_view more, std::size_t limit) {
    text += more;
    if (text.size() > 2 * limit) text.erase(0, text.size() - limit);
}

void trim_tail(std::string& text, std::size_t limit) {
    if (text.size() > limit) text.erase(0, text.size() - limit);
}

std::string line_with(const std::string& text, std::string_view needle) {
    const auto at = text.find(needle);
    if (at == std::string::npos) return {};
    const auto end = text.find_first_of("\r\n", at);
    return text.substr(at, end == std::string::npos ? end : end - at);
}

std::string random_hex(std::size_t bytes) {
    std::string raw(bytes, '\0');
    (void)!::getrandom(raw.data(), raw.size(), 0);
    std::string text;
    for (const char byte : raw)
        for (const unsigned nibble : {(static_cast<unsigned>(byte) >> 4U) & 15U, static_cast<unsigned>(byte) & 15U})
            text += "0123456789abcdef"[nibble];
    return text;
}

std::uint64_t wall_clock_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// The first scheduler that is not built into the kernel.
const plan::Scheduler* of_sched_ext(const plan::Plan& plan) {
    for (const auto& scheduler : plan.schedulers)
        if (!scheduler.binary.empty()) return &scheduler;
    return nullptr;
}

bool watches(const plan::Plan& plan) {
    const auto any = [](const std::vector<plan::Op>& ops) {
        return std::any_of(ops.begin(), ops.end(),
                           [](const plan::Op& op) { return std::holds_alternative<plan::WatchSnapshot>(op.action); });
    };
    return any(plan.backdrop) || std::any_of(plan.steps.begin(), plan.steps.end(), [&any](const plan::Step& step) {
               return any(step.ops) || any(step.loop);
           });
}

MachineConfig machine_config(const RunRequest& request) {
    return {.kernel_image = request.kernel_image,
            .initramfs = request.initramfs,
            .topology = request.plan.topology,
            .memory_bytes = request.plan.memory_bytes,
            .kernel_args = request.plan.kernel_args,
            .accelerator = request.accelerator,
            .disk = plan::needs_disk(request.plan),
            .debugger = watches(request.plan) || of_sched_ext(request.plan) != nullptr};
}

bool attaches(const plan::Op& op) {
    return std::holds_alternative<plan::AttachScheduler>(op.action) ||
           std::holds_alternative<plan::RestartScheduler>(op.action) ||
           std::holds_alternative<plan::ReplaceScheduler>(op.action);
}

// For payloads to end, schedulers to attach and captures, beyond the steps' holds.
std::uint64_t longest_waits_ns(const plan::Plan& plan) {
    std::uint64_t sum = 0;
    const auto add = [&sum](const std::vector<plan::Op>& ops) {
        for (const auto& op : ops) {
            if (const auto* wait = std::get_if<plan::WaitPayload>(&op.action)) sum += wait->limit_ns;
            if (attaches(op)) sum += scheduler_change_ns;
            if (std::holds_alternative<plan::CaptureCtprof>(op.action)) sum += ctprof_ns;
        }
    };
    add(plan.backdrop);
    for (const auto& step : plan.steps) {
        add(step.ops);
        add(step.loop);
    }
    return sum;
}

TemplateIdentity identity_of(const RunRequest& request) {
    return template_identity(machine_config(request), request.kernel_sha256, request.initramfs_sha256);
}

class Conductor {
  public:
    // `saved`: the machine to start from, null to boot. `last_try`: what is not heard of is not tried again.
    Conductor(const RunRequest& request, RunListener& listener, const Cancellation& cancellation, const Template* saved,
              bool last_try)
        : request_(request), listener_(listener), cancellation_(cancellation), saved_(saved), last_try_(last_try),
          decoder_(saved != nullptr ? saved->next_sequence : 0) {
        record_.seed = request.seed;
        record_.accelerator = request.accelerator;
        if (request.host == nullptr && request.kernel_files)
            observer_ = std::make_unique<Observer>(request.plan, *request.kernel_files);
    }

    Record run() {
        enter_phase("boot");
        if (request_.host != nullptr) {
            run_in(HostExecutor::start(request_.host->executor));
        } else {
            MachineConfig config = machine_config(request_);
            config.incoming = saved_ != nullptr;
            auto machine = Machine::start(config);
            if (machine) machine_ = &*machine;
            run_in(std::move(machine));
        }
        leave_phase();
        if (observer_ != nullptr) observer_->finish(record_);
        record_.duration_ms = std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
        trim_tail(record_.console, console_limit);
        trim_tail(record_.scheduler_log, request_.scheduler_log_limit);
        return std::move(record_);
    }

    // Why the machine was of no use, before it said its first word: a saved one could not be used, or QEMU itself
    // crashed while the guest booted.
    [[nodiscard]] const std::optional<std::string>& unheard() const { return unheard_; }

  private:
    using Clock = std::chrono::steady_clock;

    template <typename Kind> void run_in(Result<Kind>&& place) {
        if (!place) return end(RunEnd::host_failed, place.error().message, place.error().hint);
        place_ = &*place;
        patience_.emplace(place_->process().pid());
        if (saved_ != nullptr) restore();
        while (!ended_) step();
        place_ = nullptr;
        machine_ = nullptr;
    }

    void restore() {
        record_.restored = true;
        record_.kernel_release = saved_->kernel_release;
        record_.executor_version = wire::executor_version; // part of the template's identity
        auto restored = copy_memory(*saved_, machine_->memory());
        if (restored) restored = machine_->restore_state(saved_->state);
        if (restored) return begin();
        const auto exit = machine_->process().wait_for(std::chrono::seconds(1));
        if (exit && exit->signal == SIGKILL) return machine_ended();
        give_up(restored.error().message);
    }

    // Ends the run as if it had not begun, or ends it for good if nothing is left to try.
    void give_up(std::string why) {
        if (last_try_) return end(RunEnd::vm_died, "in the phase '" + phase_ + "': " + why);
        unheard_ = std::move(why);
        ended_ = true;
    }

    // The first end that is given stays.
    void end(RunEnd how, std::string message, std::string hint = {}) {
        if (!finished_) {
            record_.end = how;
            record_.message = std::move(message);
            record_.hint = std::move(hint);
        }
        finished_ = true;
        ended_ = true;
    }

    void enter_phase(const std::string& name) {
        leave_phase();
        phase_ = name;
        phase_started_ = Clock::now();
        if (patience_) patience_->restart();
        listener_.phase(name);
    }

    void leave_phase() {
        if (phase_.empty()) return;
        const double ms = std::chrono::duration<double, std::milli>(Clock::now() - phase_started_).count();
        record_.phases.push_back({phase_, ms});
        phase_.clear();
    }

    // How long the phase may last on the patience clock, in seconds: generous for the slowest measured machine (a
    // distribution kernel on 64 emulated CPUs boots in 91 s on two cores), and in step with what was asked of it.
    [[nodiscard]] double phase_limit_s() const {
        const double cpus = request_.plan.topology.cpus();
        const double megabytes = static_cast<double>(request_.archive.size()) / 1e6;
        if (finished_) return poweroff_limit_s;
        if (phase_ == "boot") return 20 + cpus;
        if (phase_ == "stage") return 20 + 0.5 * cpus + megabytes;
        if (phase_ == "attach") return attach_limit_s();
        if (phase_ == "scenario")
            return static_cast<double>(request_.plan.duration_ns + longest_waits_ns(request_.plan)) / 1e9 * 1.5 + 20 +
                   cpus;
        return 20 + cpus; // "shell": from one heartbeat to the next
    }

    // The verifier needs seconds for a large scheduler in an emulated CPU.
    [[nodiscard]] std::string scheduler_name() const { return request_.plan.scheduler.value_or(""); }
    [[nodiscard]] double attach_limit_s() const {
        return 15 + 0.5 * request_.plan.topology.cpus() + request_.more_attach_s;
    }

    void step() {
        const int write_events = outgoing_.size() > sent_ ? POLLOUT : 0;
        const bool debugged = machine_ != nullptr && machine_->debugger() != nullptr;
        const auto [typing, resizing] = shell_descriptors();
        std::array<pollfd, 8> entries = {
            {{cancellation_.fd(), POLLIN, 0},
             {place_->process().pidfd(), POLLIN, 0},
             {channel_open_ ? place_->channel() : -1, static_cast<short>(POLLIN | write_events), 0},
             {console_open_ ? place_->console() : -1, POLLIN, 0},
             {machine_ != nullptr && control_open_ ? machine_->qmp().fd() : -1, POLLIN, 0},
             {debugged ? machine_->debugger()->fd() : -1, POLLIN, 0},
             {typing, POLLIN, 0},
             {resizing, POLLIN, 0}}};
        ::poll(entries.data(), entries.size(), patience_ms());
        if (entries[0].revents != 0) return end(RunEnd::interrupted, "the run was interrupted");
        if (entries[4].revents != 0) control_open_ = machine_->qmp().receive();
        if (entries[5].revents != 0) observer_->debugger_told(*machine_);
        if (entries[3].revents != 0) receive_console();
        if (entries[6].revents != 0 || entries[7].revents != 0) listen_to_user();
        if (entries[2].revents != 0) exchange();
        if (ended_) return;
        if (entries[1].revents != 0) return machine_ended();
        if (const auto next = next_observation(); next && Clock::now() >= *next) observer_->act(*machine_);
        watch();
    }

    [[nodiscard]] std::optional<Clock::time_point> next_observation() const {
        return observer_ != nullptr ? observer_->next_action() : std::nullopt;
    }

    // How long nothing has to be looked at.
    [[nodiscard]] int patience_ms() const {
        auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(tick);
        if (const auto next = next_observation()) wait = std::min<std::chrono::nanoseconds>(wait, *next - Clock::now());
        return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
    }

    [[nodiscard]] std::array<int, 2> shell_descriptors() const {
        const bool listens = request_.shell != nullptr && phase_ == "shell" && outgoing_.size() < typed_limit;
        return listens ? request_.shell->user.descriptors() : std::array<int, 2>{-1, -1};
    }

    void listen_to_user() {
        const auto said = request_.shell->user.listen();
        if (said.size) queue(FrameType::terminal_size, wire::encode(*said.size));
        if (!said.typed.empty()) queue(FrameType::terminal_input, said.typed);
        if (said.leaves) return end(RunEnd::completed, "");
        exchange();
    }

    void watch() {
        if (Clock::now() - last_watch_ < tick) return;
        last_watch_ = Clock::now();
        patience_->update();
        if (saved_ != nullptr && !heard_ && patience_->elapsed().count() > restored_limit_s)
            return give_up("it did not answer within " + std::to_string(static_cast<int>(restored_limit_s)) + " s");
        if (patience_->elapsed().count() < phase_limit_s()) return;
        if (finished_) {
            ended_ = true; // all was said; the machine is killed
            return;
        }
        const std::string limit = std::to_string(static_cast<int>(phase_limit_s())) + " s";
        if (phase_ == "attach")
            return end(RunEnd::scheduler_attach_failed,
                       "the scheduler '" + scheduler_name() + "' did not attach within " + limit +
                           " of the guest's own running time",
                       "its log has its own words");
        if (machine_ != nullptr && phase_ == "boot" && record_.console.empty())
            return end(RunEnd::guest_hung, "the kernel printed nothing and its executor did not answer within " + limit,
                       "is the image a kernel for x86-64 with virtio-serial and an initramfs built in? try --kernel "
                       "with another one");
        end(RunEnd::guest_hung,
            "the guest did not get through the phase '" + phase_ + "' within " + limit + " of its own running time");
    }

    void machine_ended() {
        receive_console();
        exchange();
        if (finished_) {
            ended_ = true;
            return;
        }
        const auto exit = place_->process().wait();
        if (machine_ == nullptr)
            return end(RunEnd::host_failed, "the executor ended in the phase '" + phase_ + "': " + exit.text(),
                       "its own words are in the record's console");
        // Killed by somebody is not the saved machine's fault.
        const bool crashed = exit.signal == SIGABRT || exit.signal == SIGSEGV || exit.signal == SIGBUS;
        if (!heard_ && (crashed || (saved_ != nullptr && exit.signal != SIGKILL)))
            return give_up("QEMU ended: " + exit.text() + " " + machine_->messages());
        const std::string panic = line_with(record_.console, "Kernel panic");
        if (!panic.empty()) return end(RunEnd::kernel_panicked, "in the phase '" + phase_ + "': " + panic);
        const std::string messages = machine_->messages();
        if (!exit.clean() || !messages.empty())
            return end(RunEnd::vm_died, "QEMU died in the phase '" + phase_ + "': " + exit.text() +
                                            (messages.empty() ? "" : ": " + messages));
        end(RunEnd::vm_died, "the guest went down in the phase '" + phase_ + "' without a word");
    }

    void receive_console() {
        std::array<char, 16384> chunk{};
        while (console_open_) {
            const ssize_t count = ::recv(place_->console(), chunk.data(), chunk.size(), MSG_DONTWAIT);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) return;
            if (count <= 0)
                console_open_ = false;
            else
                append_tail(record_.console, {chunk.data(), static_cast<std::size_t>(count)}, console_limit);
        }
    }

    // Sends what is queued, receives what is there.
    void exchange() {
        while (channel_open_ && sent_ < outgoing_.size()) {
            const ssize_t count = ::send(place_->channel(), outgoing_.data() + sent_, outgoing_.size() - sent_,
                                         MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) break;
            sent_ += static_cast<std::size_t>(count);
        }
        if (sent_ == outgoing_.size()) {
            outgoing_.clear();
            sent_ = 0;
        }
        std::array<char, 65536> chunk{};
        while (channel_open_) {
            const ssize_t count = ::recv(place_->channel(), chunk.data(), chunk.size(), MSG_DONTWAIT);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) break;
            if (count <= 0)
                channel_open_ = false;
            else
                decoder_.feed({chunk.data(), static_cast<std::size_t>(count)});
        }
        while (!ended_) {
            auto frame = decoder_.next();
            if (!frame)
                return end(RunEnd::executor_failed, "what the guest sent cannot be read: " + frame.error().message);
            if (!*frame) return;
            heard_ = true;
            if (auto handled = handle(**frame); !handled)
                return end(RunEnd::executor_failed, "what the guest sent cannot be read: " + handled.error().message);
        }
    }

    void queue(FrameType type, std::string_view payload) {
        outgoing_ += wire::encode_frame(type, next_sequence_++, payload);
    }

    Result<void> handle(const wire::Frame& frame) {
        switch (frame.type) {
        case FrameType::hello: return on_hello(frame.payload);
        case FrameType::phase: return on_phase(frame.payload);
        case FrameType::event: return on_event(frame.payload);
        case FrameType::heartbeat: return on_heartbeat(frame.payload);
        case FrameType::log: return on_log(frame.payload);
        case FrameType::workers: return on_workers(frame.payload);
        case FrameType::cgroup_procs: return on_cgroup_procs(frame.payload);
        case FrameType::ctprof: return on_ctprof(frame.payload);
        case FrameType::scheduler_exit: return on_scheduler_exit(frame.payload);
        case FrameType::payload_output: return on_payload_output(frame.payload);
        case FrameType::payload: return on_payload(frame.payload);
        case FrameType::host_request: return on_host_request(frame.payload);
        case FrameType::finish: return on_finish(frame.payload);
        case FrameType::terminal_output: return on_terminal(false, frame.payload);
        case FrameType::terminal_errors: return on_terminal(true, frame.payload);
        case FrameType::shell_end: return on_shell_end(frame.payload);
        default: return Error{"a frame of a type that only the host sends"};
        }
    }

    Result<void> on_hello(std::string_view payload) {
        auto hello = wire::decode_hello(payload);
        if (!hello) return hello.error();
        record_.kernel_release = hello->kernel_release;
        record_.executor_version = hello->executor_version;
        const int cpus = request_.plan.topology.cpus();
        if (hello->protocol != wire::protocol_version || hello->executor_version != wire::executor_version)
            end(RunEnd::host_failed,
                "the executor in the guest is version " + hello->executor_version + ", not " + wire::executor_version,
                "build the whole project again: ./dev build");
        else if (machine_ == nullptr ? hello->cpus < cpus : hello->cpus != cpus)
            end(RunEnd::kernel_unusable, "kernel " + hello->kernel_release + " brought up " +
                                             std::to_string(hello->cpus) + " of " + std::to_string(cpus) + " CPUs");
        else if (const auto* needs = of_sched_ext(request_.plan); needs != nullptr && !hello->sched_ext)
            end(RunEnd::kernel_unusable,
                "kernel " + hello->kernel_release + " has no sched_ext, which the scheduler '" + needs->name +
                    "' needs",
                "choose another with --kernel, or get one: ktstr kernel build");
        else {
            save_template();
            begin();
        }
        return {};
    }

    void save_template() {
        if (request_.templates == nullptr) return;
        const auto saved = request_.templates->save(*machine_, identity_of(request_), record_.kernel_release, 1);
        if (!saved) listener_.note("the machine could not be saved for faster starts: " + saved.error().message);
    }

    void begin() {
        queue(FrameType::begin,
              wire::encode(wire::Begin{
                  .plan = to_json(request_.plan),
                  .seed = request_.seed,
                  .archive_bytes = request_.archive.size(),
                  .scheduler_paths = request_.scheduler_paths,
                  .scheduler_configs = request_.scheduler_configs,
                  .payload_paths = request_.payload_paths,
                  .wall_clock_ns = wall_clock_ns(),
                  .entropy = random_hex(32),
                  .attach_timeout_ns = static_cast<std::uint64_t>(attach_limit_s() * attach_backstop * 1e9),
                  .cpus = request_.host != nullptr ? request_.host->cpus : std::vector<int>{},
                  .heap_images = request_.heap_images,
                  .shell = request_.shell != nullptr ? std::optional(request_.shell->shell) : std::nullopt}));
        const std::string_view archive = request_.archive;
        for (std::size_t at = 0; at < archive.size(); at += wire::archive_chunk)
            queue(FrameType::archive, archive.substr(at, wire::archive_chunk));
        enter_phase("stage");
        exchange();
    }

    Result<void> on_phase(std::string_view payload) {
        auto message = wire::decode_phase(payload);
        if (!message) return message.error();
        static const std::array<std::string, 5> known = {"stage", "attach", "scenario", "shell", "teardown"};
        if (std::find(known.begin(), known.end(), message->phase) == known.end())
            return Error{"unknown phase '" + message->phase + "'"};
        if (message->phase == phase_) return {};
        if (message->phase == "shell" && request_.shell == nullptr) return Error{"a shell that nobody asked for"};
        enter_phase(message->phase);
        if (phase_ == "shell") request_.shell->user.begins();
        return {};
    }

    Result<void> on_event(std::string_view payload) {
        auto event = wire::decode_event(payload);
        if (!event) return event.error();
        if (record_.events.size() >= list_limit) return Error{"more than " + std::to_string(list_limit) + " events"};
        if (observer_ != nullptr) observer_->on_event(*machine_, *event);
        record_.events.push_back(std::move(*event));
        return {};
    }

    Result<void> on_host_request(std::string_view payload) {
        auto request = wire::decode_host_request(payload);
        if (!request) return request.error();
        wire::HostReply reply{request->number, {}, "this run is not observed from outside", ""};
        if (observer_ != nullptr) reply = observer_->serve(*machine_, *request);
        queue(FrameType::host_reply, wire::encode(reply));
        return {};
    }

    Result<void> on_heartbeat(std::string_view payload) {
        auto message = wire::decode_heartbeat(payload);
        if (!message) return message.error();
        if (phase_ == "shell") hear_from_shell();
        listener_.heartbeat(message->step, message->work_units);
        return {};
    }

    // What its user takes to read is not the guest's time.
    void hear_from_shell() {
        patience_->update();
        patience_->restart();
    }

    Result<void> on_terminal(bool errors, std::string_view bytes) {
        if (phase_ != "shell") return Error{"the output of a shell, and none runs"};
        if (!request_.shell->user.show(errors, bytes)) end(RunEnd::completed, "");
        hear_from_shell();
        return {};
    }

    Result<void> on_shell_end(std::string_view payload) {
        auto message = wire::decode_shell_end(payload);
        if (!message) return message.error();
        if (phase_ != "shell") return Error{"the end of a shell, and none runs"};
        request_.shell->user.ended(*message);
        return {};
    }

    Result<void> on_log(std::string_view payload) {
        auto message = wire::decode_log(payload);
        if (!message) return message.error();
        if (message->stream == "scheduler")
            append_tail(record_.scheduler_log, message->text, request_.scheduler_log_limit);
        else
            append_tail(record_.console, "[executor] " + message->text + "\n", console_limit);
        return {};
    }

    Result<void> on_workers(std::string_view payload) {
        auto message = wire::decode_workers(payload);
        if (!message) return message.error();
        if (record_.workers.size() + message->reports.size() > list_limit) return Error{"too many worker reports"};
        for (auto& report : message->reports) record_.workers.push_back(std::move(report));
        return {};
    }

    Result<void> on_cgroup_procs(std::string_view payload) {
        auto procs = wire::decode_cgroup_procs(payload);
        if (!procs) return procs.error();
        captured_pids_ += procs->pids.size();
        if (record_.cgroup_procs.size() >= list_limit || captured_pids_ > captured_pids_limit)
            return Error{"too many captured processes"};
        record_.cgroup_procs.push_back(std::move(*procs));
        return {};
    }

    Result<void> on_ctprof(std::string_view payload) {
        auto piece = wire::decode_ctprof_piece(payload);
        if (!piece) return piece.error();
        ctprof_bytes_ += piece->text.size();
        capture_ += piece->text;
        if (capture_.size() > wire::ctprof_limit || ctprof_bytes_ > wire::all_ctprof_limit ||
            record_.ctprof.size() >= list_limit)
            return Error{"more ctprof captures than an executor takes"};
        if (!piece->last) return {};
        const auto capture = ctprof::parse_document(capture_);
        capture_.clear();
        if (!capture) return Error{"the ctprof capture '" + piece->name + "': " + capture.error().message};
        record_.ctprof.push_back({std::move(piece->name), piece->step, piece->at_ns, ctprof::to_document(*capture)});
        return {};
    }

    Result<void> on_scheduler_exit(std::string_view payload) {
        auto exit = wire::decode_scheduler_exit(payload);
        if (!exit) return exit.error();
        if (record_.scheduler_exits.size() >= list_limit) return Error{"too many scheduler exits"};
        if (phase_ == "shell")
            listener_.note("the scheduler " + exit->scheduler + " has gone" +
                           (exit->kernel_reason.empty() ? "" : ": " + exit->kernel_reason));
        record_.scheduler_exits.push_back(std::move(*exit));
        return {};
    }

    Result<void> on_payload_output(std::string_view payload) {
        auto message = wire::decode_payload_output(payload);
        if (!message) return message.error();
        if (outputs_.size() > 1 && !outputs_.contains(message->number))
            return Error{"the output of many payloads at once"};
        auto& [out, err] = outputs_[message->number];
        if (out.text.size() + err.text.size() + message->text.size() > output_limit)
            return Error{"more output of a payload than an executor keeps"};
        auto& stream = message->stream == "stdout" ? out : err;
        if (output_bytes_ + message->text.size() > all_output_limit) {
            stream.dropped_bytes += message->text.size();
            return {};
        }
        output_bytes_ += message->text.size();
        stream.text += message->text;
        return {};
    }

    Result<void> on_payload(std::string_view payload) {
        auto message = wire::decode_payload_end(payload);
        if (!message) return message.error();
        if (record_.payloads.size() >= list_limit) return Error{"too many payload reports"};
        const auto place = std::upper_bound(payload_numbers_.begin(), payload_numbers_.end(), message->number);
        const auto index = place - payload_numbers_.begin();
        payload_numbers_.insert(place, message->number);
        auto& report = *record_.payloads.insert(record_.payloads.begin() + index, std::move(message->report));
        auto output = outputs_.extract(message->number);
        if (output.empty()) return {};
        auto& [out, err] = output.mapped();
        report.out = {std::move(out.text), report.out.dropped_bytes + out.dropped_bytes};
        report.err = {std::move(err.text), report.err.dropped_bytes + err.dropped_bytes};
        return {};
    }

    Result<void> on_finish(std::string_view payload) {
        auto message = wire::decode_finish(payload);
        if (!message) return message.error();
        record_.end = message->end;
        record_.message = message->message;
        record_.hint = message->hint;
        record_.workload_ns = message->workload_ns;
        record_.executor_resident_bytes = message->resident_bytes;
        finished_ = true;
        patience_->restart();
        return {};
    }

    const RunRequest& request_;
    RunListener& listener_;
    const Cancellation& cancellation_;
    const Template* saved_;
    bool last_try_;
    Place* place_ = nullptr;     // while it runs
    Machine* machine_ = nullptr; // the same, if it is a virtual machine
    std::optional<Patience> patience_;
    wire::FrameDecoder decoder_;
    std::string outgoing_;
    std::size_t sent_ = 0;
    std::uint32_t next_sequence_ = 0;
    bool channel_open_ = true;
    bool console_open_ = true;
    bool control_open_ = true;
    bool finished_ = false; // the guest's last frame has come, or the end is known
    bool ended_ = false;    // nothing more to wait for
    bool heard_ = false;    // a frame has come
    std::optional<std::string> unheard_;
    std::string phase_;
    Clock::time_point started_ = Clock::now();
    Clock::time_point phase_started_ = started_;
    Clock::time_point last_watch_ = started_;
    std::map<int, std::pair<plan::CapturedOutput, plan::CapturedOutput>> outputs_; // of payloads not yet reported
    std::size_t output_bytes_ = 0;
    std::size_t captured_pids_ = 0;
    std::string capture_; // a ctprof capture whose end has not come
    std::size_t ctprof_bytes_ = 0;
    std::unique_ptr<Observer> observer_; // null: nothing is observed
    std::vector<int> payload_numbers_;   // of record_.payloads
    Record record_;
};

} // namespace

bool Cancellation::cancelled() const {
    pollfd entry{event_.get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
}

plan::Record conduct(const RunRequest& request, RunListener& listener, const Cancellation& cancellation) {
    if (request.templates != nullptr) {
        const TemplateIdentity identity = identity_of(request);
        const auto saved = request.templates->open(identity);
        if (!saved)
            listener.note(saved.error().message + "; booting");
        else if (*saved) {
            Conductor conductor(request, listener, cancellation, &**saved, false);
            auto record = conductor.run();
            if (!conductor.unheard()) return record;
            listener.note("the saved machine cannot be used: " + *conductor.unheard() + "; booting");
            request.templates->remove(identity);
        }
    }
    // A crash of QEMU before the guest has seen anything of the plan says nothing of the scheduler: it boots once more.
    Conductor first(request, listener, cancellation, nullptr, false);
    auto record = first.run();
    if (!first.unheard()) return record;
    listener.note("the machine did not come up: " + *first.unheard() + "; booting again");
    return Conductor(request, listener, cancellation, nullptr, true).run();
}

} // namespace ktstr::vmm
