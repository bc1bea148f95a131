// SPDX-License-Identifier: GPL-2.0-only
// Pass 4: names, types and units. Turns the declarations of a module into the typed model; everything wrong in them is
// reported, and what comes back of a wrong declaration is good for nothing but further checks.
#pragma once

#include "interp/check/evaluate.h"
#include "interp/check/model.h"
#include "interp/plan/work_types.h"

namespace ktstr::check {

// What a gauntlet runs its scenarios over; an empty list is the scenario's own.
struct Gauntlet {
    std::string name;
    Span span;
    bool all_scenarios = true;
    std::vector<std::string> scenarios; // names, in this file
    std::vector<plan::Topology> topologies;
    std::vector<std::vector<std::string>> flags; // combinations that are on
    std::vector<std::string> kernels;
    std::vector<std::uint64_t> seeds;
    std::vector<std::string> work_types;
    std::optional<std::uint64_t> budget_ns; // of host time
};

class Checker {
  public:
    Checker(Diagnostics& diagnostics, const Environment& environment);

    // The scenarios of a file that have nothing wrong in themselves, with its other declarations checked too.
    std::vector<model::Scenario> check_file(const Module& module);
    std::vector<Gauntlet> check_gauntlets(const Module& module);
    // Warns about what the file defines or uses in vain: when all else was right.
    void report_unused(const Module& module) { names_.report_unused(module); }
    // Names of the parameters that a file has: what -P can name.
    [[nodiscard]] const std::set<std::string>& parameters() const { return names_.parameters(); }

  private:
    // steering.cpp
    struct Visit {
        std::function<void(const ast::Statement&)> check;    // a statement that is carried out
        std::function<void(const ast::Statement&)> rehearse; // the same, into something that is thrown away
    };
    // Visits each statement of a body, with `for`, `if` and `let` carried out.
    void each(const std::vector<ast::Statement>& body, const Module& module, const Visit& visit);
    void carry_out(const ast::Statement& statement, const Module& module, const Visit& visit);
    bool count_statement(const ast::Statement& statement);
    void choose(const ast::Statement& condition, const Module& module, const Visit& visit);
    void rehearse(const std::vector<ast::Statement>& body, const Module& module, const Visit& visit);

    // check_scenario.cpp
    struct Body; // of a scenario: its own statements, and those of its template
    model::Scenario check_scenario(const ast::Statement& scenario, const Module& module);
    void check_body(const std::vector<ast::Statement>& body, const Module& module, model::Scenario& out, Body& state);
    void check_part(const ast::Statement& statement, const Module& module, model::Scenario& out, Body& state);
    void check_machine(const std::vector<ast::Statement>& body, const Module& module, model::Scenario& out,
                       Body& state);
    void check_setting(const ast::Statement& setting, const Module& module, model::Scenario& out, Body& state);
    void check_step(const ast::Statement& step, const Module& module, model::Scenario& out);
    void check_hold(const ast::Statement& hold, const Module& module, model::Step& out);
    void check_lua(const ast::Statement& check, const Module& module, model::Scenario& out);
    void check_program(const ast::Expression& program);
    // Binds the arguments of a template; null if there is no such template.
    const Symbol* bind_template(const ast::Statement& instance, const Module& module);
    void check_declarations(const Module& module);
    void check_assertion(const ast::Statement& assertion, const Module& module);

    // check_gauntlet.cpp
    Gauntlet check_gauntlet(const ast::Statement& statement, const std::vector<std::string>& scenarios,
                            const Module& module);
    std::vector<std::string> known_flags(const Module& module);
    void check_runs(const Gauntlet& gauntlet);
    std::vector<std::vector<std::string>> gauntlet_flags(const ast::Statement& setting, const Module& module);

    // check_scheduler.cpp
    const model::Scheduler& check_scheduler(const Symbol& symbol);
    const Symbol* find_scheduler(const ast::Name& name, const Module& module);
    std::optional<model::Scheduler> used_scheduler(const ast::Statement& use, const Module& module);
    void switch_flags(model::Scheduler& scheduler, const ast::Statement& use, const Module& module);
    void check_flags(model::Scheduler& scheduler);
    void check_sysctl(const ast::Statement& sysctl, const Module& module, std::map<std::string, std::string>& out);
    // The name in the plan of a scheduler that an op starts; it is staged along.
    std::optional<model::Mention> stage_scheduler(const ast::Name& name, const Module& module);

    // check_payload.cpp
    const plan::Payload& check_payload(const Symbol& symbol);
    std::optional<model::Mention> stage_payload(const ast::Name& name, const Module& module);
    const Symbol* find_payload(std::string_view name, Span span, const Module& module, bool report);

    // check_cgroups.cpp
    std::vector<model::Op> check_statements(const std::vector<ast::Statement>& statements, const Module& module,
                                            model::Step* step);
    void check_statement(const ast::Statement& statement, const Module& module, std::vector<model::Op>& out,
                         model::Step* step);
    void check_cgroup(const ast::Statement& cgroup, const std::string& parent, const Module& module,
                      std::vector<model::Op>& out);
    void check_limit(const ast::Statement& setting, const Module& module, model::Cgroup& out);
    std::optional<model::Mention> cgroup_name(const ast::Name& name, const Module& module);

    // check_ops.cpp
    model::Op check_op(const ast::Statement& op, const Module& module);
    void check_payload_op(const ast::Statement& op, const Module& module, model::Op& out);
    void check_kernel_op(const ast::Statement& op, const Module& module, model::Op& out);
    void check_watch(const ast::Statement& op, const Module& module, model::Op& out);
    std::optional<plan::KernelTarget> check_target(const ast::Expression& target, const Module& module);
    std::optional<model::Affinity> check_affinity(const ast::Expression& affinity, const Module& module);

    // check_workload.cpp
    // `labels` are those taken in the cgroup so far.
    model::Work check_workers(const ast::Expression& count, const ast::Statement& workload, Span span,
                              const Module& module, std::set<std::string>& labels);
    void check_count(const ast::Expression& count, const Module& module, model::Work& out);
    // A work type with its parameters, or a named workload with some of them changed. False: reported.
    bool check_workload(const ast::Statement& workload, const Module& module, model::Work& out);
    bool check_base(const ast::Name& base, const Module& module, model::Work& out);
    void check_parameters(const std::vector<ast::Argument>& arguments, const Module& module, plan::Work& out);
    std::optional<plan::WorkParameterValue> check_parameter(const plan::WorkParameter& parameter,
                                                            const ast::Expression& value, const Module& module);
    void check_program_parameter(const plan::WorkParameter& parameter, const ast::Expression& value,
                                 const Module& module, plan::Work& out);
    bool refused(const plan::WorkParameter& parameter, const plan::WorkParameterValue& value, Span span);
    std::optional<plan::WorkParameterValue> check_phases(const plan::WorkParameter& parameter,
                                                         const ast::Expression& value, const Module& module);
    void check_attribute(const ast::Statement& attribute, const Module& module, model::Work& out);
    void check_policy(const ast::Expression& policy, const Module& module, plan::Work& out);
    void check_deadline(const ast::Expression& policy, const Module& module, plan::Work& out);
    std::optional<model::MemoryPolicy> check_memory_policy(const ast::Expression& policy, const Module& module);
    std::optional<Value> workload_value(const ast::Expression& expression, const Module& module);

    // check_expectations.cpp
    void check_expectations(const std::vector<ast::Statement>& body, const Module& module, model::Expectations& out);
    void check_expectation(const ast::Statement& expectation, const Module& module, model::Expectations& out);
    bool check_error(const ast::Statement& expectation, const Module& module, model::Expectation& out);
    void include_bundle(const ast::Statement& include, const Module& module, model::Expectations& out);
    std::vector<model::Expectation> merge(const std::vector<model::Expectations>& layers, Span span);
    void report_idle_offs(const model::Expectations& layer, const std::vector<model::Expectation>& merged);

    // check_formula.cpp
    struct Term {
        plan::Formula formula;
        std::optional<Type> type; // of its numbers; none: not known, it suits all
        bool series = false;      // one number per sample
    };
    // A condition over series without a word about time must hold at each sample.
    bool check_formula(const ast::Expression& expression, bool each_sample, const Module& module,
                       model::Expectation& out);
    std::optional<Term> condition(const ast::Expression& expression, const Module& module, model::Expectation& out);
    std::optional<Term> term(const ast::Expression& expression, const Module& module, model::Expectation& out);
    std::optional<Term> term_of_call(const ast::Expression& expression, const Module& module, model::Expectation& out);
    std::optional<Term> term_of_name(const ast::Expression& expression, const Module& module, model::Expectation& out);
    static const ast::Expression& root_of(const ast::Expression& expression); // of a.b[3].c: a.b
    [[nodiscard]] bool is_series_source(const std::string& name) const;
    std::optional<std::string> path_below(const ast::Expression& expression, const Module& module);
    std::optional<Term> term_of_series(const std::string& name, Span span, model::Expectation& out);
    std::optional<Term> term_of_snapshot(const ast::Expression& expression, const Module& module,
                                         model::Expectation& out);
    bool check_monitor_value(const std::string& name, Span span);
    bool check_cpu_time(const std::string& path, Span span);
    std::optional<Term> pattern(const ast::Expression& expression, const Module& module, model::Expectation& out);
    bool check_window(const ast::Expression& window, const Module& module, plan::Formula& formula,
                      model::Expectation& out);

    Diagnostics& diagnostics_;
    const Environment& environment_;
    Names names_;
    Evaluator evaluator_;
    std::map<const Symbol*, model::Scheduler> schedulers_;
    std::map<const Symbol*, plan::Payload> payloads_;
    std::vector<const Symbol*> workloads_in_progress_;
    std::vector<const Symbol*> bundles_in_progress_;
    std::set<const Symbol*> bundles_in_circles_; // reported
    std::set<const void*> rehearsed_;            // branches that were not taken, once
    // Of the scenario being checked:
    struct Met {
        std::size_t steered = 0; // statements carried out
        std::set<std::string> steps;
        std::set<std::string> checks;
        std::vector<std::pair<const Symbol*, plan::Scheduler>> schedulers;
        std::vector<std::pair<const Symbol*, plan::Payload>> payloads;
    } met_;
};

// Of regular expressions in a file.
constexpr std::size_t max_regex_length = 1000; // std::regex recurses over its pattern
constexpr std::size_t regex_units = 10'000;    // of spend(): what the costliest pattern takes to be read

// Where a span begins, for the plan.
plan::SourcePosition position_of(Span span);
plan::Comparison comparison_of(std::string_view sign); // "<=": one of those of the grammar
// The source with comments gone and blanks made single, so that its layout does not show in the plan.
std::string written(std::string_view text);

// The words of the language by kind, for `ktstr list`.
const std::vector<std::string>& policy_names();
const std::vector<std::string>& pattern_names();

} // namespace ktstr::check
