// SPDX-License-Identifier: GPL-2.0-only
// What the compiler has to say about a source file: one table of codes, one kind of message.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "interp/diagnostics/source.h"

namespace ktstr {

enum class Severity { error, warning };

enum class Code {
    // The file and its syntax.
    unreadable_file,
    file_too_large,
    not_utf8,
    nul_byte,
    nested_too_deep,
    too_many_errors,
    unexpected_token,
    unknown_statement,
    unclosed_block,
    unclosed_string,
    bad_escape,
    // Modules and names.
    unknown_module,
    import_cycle,
    unknown_name,
    duplicate_name,
    ambiguous_name,
    wrong_kind_of_name,
    definition_cycle,
    unused_name,
    unused_module,
    failed_assertion,
    too_much,
    // Values, types and units.
    bad_literal,
    overflow,
    type_mismatch,
    out_of_range,
    bad_operation,
    unknown_parameter,
    wrong_arguments,
    bad_regex,
    bad_lua,
    // Schedulers, scenarios and steps.
    missing_setting,
    duplicate_setting,
    steps_and_direct_statements,
    empty_scenario,
    holds_exceed_duration,
    no_scheduler,
    scheduler_state,
    flag_cycle,
    missing_flag,
    payload_state,
    wrong_place,
    capture_spacing,
    too_many_watches,
    unread_snapshot,
    // Cgroups through the steps.
    unknown_cgroup,
    cgroup_not_alive,
    duplicate_cgroup,
    bad_cgroup_name,
    no_cpuset,
    // Against the topology.
    outside_topology,
    outside_parent,
    affinity_outside_cpuset,
    group_size,
    nodes_outside_mems,
    // Expectations.
    duplicate_expectation,
    expectation_of_scheduler,
    unreachable_expectation,
    not_a_formula,
    beyond_duration,
    unknown_subject,
    idle_off,
};

struct CodeInfo {
    Code code;
    std::string_view name; // "E0123", "W0001": stable, never reused
    Severity severity;
    std::string_view summary;
};

// All codes in the order of the enumeration.
const std::vector<CodeInfo>& diagnostic_codes();
const CodeInfo& info(Code code);

struct Diagnostic {
    Code code;
    SourcePtr file;
    std::size_t begin = 0; // bytes [begin, end) of the file
    std::size_t end = 0;
    std::string message;
    std::string hint; // the way out, or empty

    [[nodiscard]] Severity severity() const { return info(code).severity; }
    [[nodiscard]] SourceFile::Position position() const { return file->position(begin); }
};

// Collects the diagnostics of one compilation.
class Diagnostics {
  public:
    // The same code at the same place is kept once: several scenarios may use one wrong declaration. Of a file that is
    // wrong throughout, the first hundred errors are kept.
    void add(Code code, Span span, std::string message, std::string hint = {});
    // Whether add() would keep an error there: a message that takes long to make need not be made otherwise.
    [[nodiscard]] bool keeps(Code code, Span span) const;
    // While it lives, only what is wrong whatever the topology, the kernel and the parameters are is kept: unknown
    // names, wrong types. The rest is neither kept nor counted.
    class Rehearsal {
      public:
        explicit Rehearsal(Diagnostics& diagnostics)
            : diagnostics_(diagnostics), before_(std::exchange(diagnostics.rehearsed_, true)) {}
        ~Rehearsal() { diagnostics_.rehearsed_ = before_; }
        Rehearsal(const Rehearsal&) = delete;
        Rehearsal& operator=(const Rehearsal&) = delete;

      private:
        Diagnostics& diagnostics_;
        bool before_;
    };
    [[nodiscard]] bool rehearsed() const { return rehearsed_; }

    // How many errors were met; one that is kept once but met twice counts twice, so that a growing count says that
    // the thing just looked at is wrong.
    [[nodiscard]] std::size_t errors() const { return errors_; }
    // How many are kept so far: a mark for explain().
    [[nodiscard]] std::size_t size() const { return all_.size(); }
    // Adds `hint` to those from the mark on that `applies` to.
    void explain(std::size_t from, const std::function<bool(const Diagnostic&)>& applies, const std::string& hint);
    // By file in order of first mention, then by place.
    std::vector<Diagnostic> take();

  private:
    std::vector<Diagnostic> all_;
    std::set<std::tuple<Code, const SourceFile*, std::size_t>> seen_;
    std::map<const SourceFile*, std::size_t> kept_errors_;
    std::size_t errors_ = 0;
    bool rehearsed_ = false;
};

} // namespace ktstr
