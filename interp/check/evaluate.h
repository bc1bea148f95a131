// SPDX-License-Identifier: GPL-2.0-only
// Pass 4, expressions: types, units and values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "interp/check/environment.h"
#include "interp/check/names.h"
#include "interp/check/value.h"

namespace ktstr::check {

inline constexpr std::int64_t max_items = 10'000; // of a list

class Evaluator {
  public:
    Evaluator(Names& names, Diagnostics& diagnostics, const Environment& environment);

    // The value of an expression in a module; none if something in it was reported.
    std::optional<Value> evaluate(const ast::Expression& expression, const Module& module);

    // The same, of one type; anything else is reported.
    std::optional<Value> evaluate_as(Type type, const ast::Expression& expression, const Module& module);
    // A duration, size or count in [minimum, maximum].
    std::optional<std::int64_t> evaluate_integer(Type type, const ast::Expression& expression, const Module& module,
                                                 std::int64_t minimum, std::int64_t maximum, const std::string& what);
    // A percentage of at most `maximum` (a fraction).
    std::optional<std::uint64_t> evaluate_memory(const ast::Expression& expression, const Module& module,
                                                 const std::string& what);
    std::optional<double> evaluate_percent(const ast::Expression& expression, const Module& module, double maximum,
                                           const std::string& what);
    std::optional<std::string> evaluate_string(const ast::Expression& expression, const Module& module);
    std::optional<std::vector<std::string>> evaluate_strings(const ast::Expression& expression, const Module& module);
    std::optional<bool> evaluate_condition(const ast::Expression& expression, const Module& module);
    // A CPU set; a whole number written as a literal is the set of that one CPU.
    std::optional<model::PlacedSet> evaluate_set(const ast::Expression& expression, const Module& module);
    // Nodes: numbers, `all`, or numa(i).
    std::optional<model::PlacedSet> evaluate_nodes(const ast::Expression& expression, const Module& module);
    // What a `for` goes over: a list, or a range of counts.
    std::optional<std::vector<Value>> evaluate_items(const ast::Expression& expression, const Module& module);
    // One of a few words, `what` for the message ("a scheduling policy"): a bare name, or a variable that holds one.
    std::optional<std::string> evaluate_word(const ast::Expression& expression, const Module& module,
                                             const std::vector<std::string>& words, const std::string& what);
    // The text of a name, with its ${...} filled in.
    std::optional<std::string> evaluate_name(const ast::Name& name, const Module& module);

    // The value of a `let`, `param` or `topology`; none if it is wrong (reported once) or depends on itself.
    std::optional<Value> value_of(const Symbol& symbol, Span use);
    // The value that -P gives to a parameter; `otherwise` if it gives none. It must be of the same type.
    std::optional<Value> parameter(const std::string& name, std::optional<Value> otherwise, Span span,
                                   const Module& module);

    // --- What the compilation of one file may cost. A unit is a step of evaluation, or some 64 bytes of what it makes:
    // loops, lists of lists and templates multiply both. False once the file has had its share, which is reported; then
    // no expression has a value any more.
    bool spend(std::size_t units, Span span);
    [[nodiscard]] bool exhausted() const { return spent_ > most_units; }

    // --- Local names: loop variables, parameters of templates, local `let`s. Inner ones hide outer ones.
    [[nodiscard]] std::size_t scope() const { return locals_.size(); }
    void define(const std::string& name, Value value) { locals_.push_back({name, std::move(value)}); }
    // The same for a name that the text at `span` gives; too many at a time are reported.
    void define(const ast::Name& name, Value value);
    void leave(std::size_t scope) { locals_.resize(scope); }
    [[nodiscard]] const Value* local(std::string_view name) const;
    // Hides all local names for as long as it lives: the definition of a module is not among them.
    class Outside {
      public:
        explicit Outside(Evaluator& evaluator)
            : evaluator_(evaluator), visible_(std::exchange(evaluator.visible_, evaluator.locals_.size())) {}
        ~Outside() { evaluator_.visible_ = visible_; }
        Outside(const Outside&) = delete;
        Outside& operator=(const Outside&) = delete;

      private:
        Evaluator& evaluator_;
        std::size_t visible_;
    };

    // What `topology` stands for; none outside of scenarios.
    void set_topology(std::optional<plan::Topology> topology) { topology_ = std::move(topology); }
    // How a workload is evaluated: work types and their parameters are the checker's.
    using WorkloadOf = std::function<std::optional<Value>(const ast::Expression&, const Module&)>;
    void set_workload_of(WorkloadOf workload_of) { workload_of_ = std::move(workload_of); }
    // How a Lua program is checked.
    void set_program(std::function<void(const ast::Expression&)> program) { program_ = std::move(program); }

  private:
    static constexpr std::size_t most_units = 8'000'000;

    Value evaluate_program(const ast::Expression& expression);
    std::optional<Value> evaluate_kind(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_value(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_string_value(const ast::Expression& expression, const Module& module);
    std::optional<Value> bounded(Value made, Span span);
    std::optional<Value> evaluate_list(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_record(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_member(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_index(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_negation(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_chain(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_ends(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_comparison(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_within(const ast::Expression& expression, const Module& module);
    std::optional<Value> evaluate_logic(const ast::Expression& expression, const Module& module);
    std::optional<Value> apply(char operation, const Value& left, const Value& right, Span span);
    std::optional<Value> component(const Value& value, std::string_view name, Span span);
    // topologies.cpp
    std::optional<Value> topology_of(const ast::Statement& statement, const Module& module);
    std::optional<Value> value_of_symbol(const Symbol& symbol, const ast::Expression& use);

    // functions.cpp
    std::optional<Value> evaluate_call(const ast::Expression& expression, const Module& module);
    std::optional<Value> call_set_function(const ast::Expression& expression, const Module& module);
    std::optional<Value> call_plain_function(const ast::Expression& expression, const Module& module);
    bool set_argument(model::CpuSetSpec& set, std::string_view parameter, const ast::Expression& value,
                      const Module& module);

    std::nullopt_t fail(Code code, Span span, std::string message, std::string hint = {});

    struct Local {
        std::string name;
        Value value;
    };

    Names& names_;
    Diagnostics& diagnostics_;
    const Environment& environment_;
    std::optional<plan::Topology> topology_;
    WorkloadOf workload_of_;
    std::function<void(const ast::Expression&)> program_;
    std::vector<Local> locals_;
    std::size_t spent_ = 0;
    std::size_t visible_ = 0; // locals before this one cannot be seen
    std::map<const Symbol*, std::optional<Value>> values_;
    std::vector<const Symbol*> in_progress_;
    std::map<std::string, SourcePtr> given_; // sources of the values of -P
    friend class Outside;
};

// The names of the functions: "llc", "min", ...
std::vector<std::string> function_names();

} // namespace ktstr::check
