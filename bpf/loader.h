// SPDX-License-Identifier: GPL-2.0-only
// The BPF side of scx_ktstr, embedded in this program: loaded, attached, read and detached with libbpf.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bpf/args.h"
#include "bpf/globals.h"
#include "bpf/scx_ktstr.h"
#include "bpf/stats.h"

struct bpf_link;
struct bpf_object;

namespace ktstr::scx {

// What a user can assert on: the BPF globals by their names.
const std::vector<StatsField>& stats_fields();

// Has libbpf print its warnings and notes on standard error.
void log_libbpf();

class Scheduler {
  public:
    // Loads, which runs the verifier. What the verifier says of a program that it refuses is part of the error's
    // message, of a long log the first lines and the last.
    static Result<Scheduler> load(const Options& options);
    // Makes it the scheduler of all tasks. An error too if the kernel let go of it again at once.
    Result<void> attach();
    // Gives the tasks back to the kernel's own scheduler, and returns when that is done.
    void detach();

    [[nodiscard]] bool disabled() const; // by the kernel, or by detach()
    [[nodiscard]] const ktstr_exit_info& exit_info() const;
    // The value of the BPF global of that name. It keeps its last value after the end.
    [[nodiscard]] std::int64_t read(const StatsField& field) const;

  private:
    struct CloseObject {
        void operator()(bpf_object* object) const;
    };
    struct DestroyLink {
        void operator()(bpf_link* link) const;
    };

    using Object = std::unique_ptr<bpf_object, CloseObject>;

    Scheduler(Object object, LiveSection globals) : object_(std::move(object)), globals_(std::move(globals)) {}
    static Result<void> configure(bpf_object* object, const Options& options);

    Object object_;
    LiveSection globals_;
    std::unique_ptr<bpf_link, DestroyLink> link_;
};

} // namespace ktstr::scx
