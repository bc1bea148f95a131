// SPDX-License-Identifier: GPL-2.0-only
// Pass 4: names, types and units. Turns the declarations of a module into the typed model; everything wrong in them is
// reported, and what comes back of a wrong declaration is good for nothing but further checks.
#pragma once

#include "interp/check/evaluate.h"
#include "interp/check/model.h"

namespace ktstr::check {

class Checker {
  public:
    explicit Checker(Diagnostics& diagnostics)
        : diagnostics_(diagnostics), names_(diagnostics), evaluator_(names_, diagnostics) {}

    // The scenarios of a file that have nothing wrong in themselves, with its other declarations checked too.
    std::vector<model::Scenario> check_file(const Module& module);

  private:
    // check_scenario.cpp
    model::Scenario check_scenario(const ast::Scenario& scenario, const Module& module);
    void check_steps(const ast::Scenario& scenario, const Module& module, model::Scenario& out);
    void check_hold(const ast::Step& step, const Module& module, model::Step& out);
    void check_declarations(const Module& module);

    // check_scheduler.cpp
    const model::Scheduler& check_scheduler(const Symbol& symbol);
    std::optional<model::Scheduler> scheduler_of(const ast::Scenario& scenario, const Module& module);
    void check_sysctls(const std::vector<ast::Sysctl>& sysctls, const Module& module,
                       std::map<std::string, std::string>& out);

    // check_cgroups.cpp
    std::vector<model::Op> check_statements(const std::vector<ast::Statement>& statements, const Module& module);
    void check_cgroup(const ast::Cgroup& cgroup, const std::string& parent, const Module& module,
                      std::vector<model::Op>& out);
    void check_limits(const ast::Cgroup& cgroup, const Module& module, model::Cgroup& out);
    void check_cpu_max(const ast::Setting& setting, const Module& module, plan::CgroupSpec& spec);
    model::Op check_op(const ast::Op& op, const Module& module);
    bool check_cgroup_name(const ast::Name& name);

    // check_workload.cpp
    // `labels` are those taken in the cgroup so far.
    model::Work check_workers(const ast::Workers& workers, const Module& module, std::set<std::string>& labels);
    void check_count(const ast::Expression& count, const Module& module, model::Work& out);
    // A work type with its parameters, or a named workload with some of them changed. False: reported.
    bool check_workload(const ast::Workload& workload, const Module& module, model::Work& out);
    bool check_base(const ast::Workload& workload, const Module& module, model::Work& out);
    void check_parameters(const ast::Workload& workload, const Module& module, plan::Work& out);
    void check_policy(const ast::Expression& policy, const Module& module, plan::Work& out);

    // check_expectations.cpp
    struct Layer {
        std::vector<plan::Expectation> expectations;
        std::vector<plan::Expectation> switched_off;
    };
    Layer check_expectations(const std::vector<ast::Expectation>& expectations, const Module& module);
    bool check_bound(const ast::Expectation& expectation, const Module& module, plan::Expectation& out);
    static std::vector<plan::Expectation> merge(const std::vector<Layer>& layers, plan::SourcePosition source);

    Diagnostics& diagnostics_;
    Names names_;
    Evaluator evaluator_;
    std::map<const Symbol*, model::Scheduler> schedulers_;
    std::vector<const Symbol*> workloads_in_progress_;
};

// Where a span begins, for the plan.
plan::SourcePosition position_of(Span span);

} // namespace ktstr::check
