// SPDX-License-Identifier: GPL-2.0-only
// The grammar of .ktl in PEGTL. Each rule of the form node<Kind::x, ...> leaves a node in the tree.
//
// No rule raises an error. When a statement matches nothing, the place that the parser reached last and what it would
// have accepted there (kept by ParseState) make the message, and recover<> goes on at the next statement.
#pragma once

#include "interp/syntax/tokens.h"

namespace ktstr::syntax::grammar {

// --- Expressions ---------------------------------------------------------------------------------------------------

struct expression;
struct argument_name : seq<node<Kind::name, token<nothing, pegtl::identifier>>, sign<':', nothing>> {};
struct argument : node<Kind::argument, opt<argument_name>, expression> {};
struct arguments
    : seq<sign<'(', nothing>, opt<argument, star<sign<',', a_comma>, argument>>, sign<')', a_close_paren>> {};
struct call : node<Kind::call, value_name, arguments> {};
struct list
    : node<Kind::list, sign<'[', nothing>,
           opt<expression, star<sign<',', a_comma>, expression>, opt<sign<',', nothing>>>, sign<']', a_close_bracket>> {
};
struct group : seq<sign<'(', nothing>, expression, sign<')', a_close_paren>> {};
struct primary : sor<cpu_span, number, value_string, call, value_name, list, group> {};
struct negation : node<Kind::negation, sign<'-', nothing>, primary> {};
struct unary : sor<negation, primary> {};
template <char A, char B> struct operation : node<Kind::operation, token<nothing, one<A, B>>> {};
struct product : node<Kind::product, unary, star<operation<'*', '/'>, unary>> {};
struct expression : node<Kind::sum, product, star<operation<'+', '-'>, product>> {};

// Where a CPU set may stand as a literal with commas.
struct set_expression : sor<cpu_list, expression> {};

// --- Blocks --------------------------------------------------------------------------------------------------------

struct open_brace {
    using rule_t = open_brace;
    using subs_t = pegtl::type_list<sign<'{', an_open_brace>>;
    template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        if (!Control<sign<'{', an_open_brace>>::template match<A, M, Action, Control>(in, state)) return false;
        state.enter_block(state.offset(in.current()) - 1);
        return true;
    }
};

// The `}`; or, where it is missing and nothing else can come, a message in its place.
struct close_brace {
    using rule_t = close_brace;
    using subs_t = pegtl::type_list<sign<'}', nothing>>;
    template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        const bool closed = Control<sign<'}', nothing>>::template match<A, M, Action, Control>(in, state);
        state.leave_block(closed, state.offset(in.current()));
        return true;
    }
};

struct block_must_end {
    using rule_t = block_must_end;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t here = state.skip_gap(state.offset(in.current()));
        return (here < state.text().size() && state.text()[here] == '}') || state.block_must_end(here);
    }
};

// A statement that matched nothing: says so and skips it. Fails at the end of the file only.
template <typename Context> struct recover {
    using rule_t = recover;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t here = state.offset(in.current());
        const std::size_t start = state.skip_gap(here);
        if (start >= state.text().size()) return false;
        in.bump(state.recover(start, Context::text) - here);
        return true;
    }
};

template <typename Context, typename... Statements>
struct block : seq<open_brace, star<pegtl::not_at<block_must_end>, sor<Statements..., recover<Context>>>, close_brace> {
};

#define CONTEXT(name, words)                                                                                           \
    struct name {                                                                                                      \
        static constexpr std::string_view text = words;                                                                \
    }
CONTEXT(in_file, "a file");
CONTEXT(in_scheduler, "a scheduler");
CONTEXT(in_scenario, "a scenario");
CONTEXT(in_backdrop, "a backdrop");
CONTEXT(in_step, "a step");
CONTEXT(in_cgroup, "a cgroup");
CONTEXT(in_expect, "an expect block");
#undef CONTEXT

// --- Settings ------------------------------------------------------------------------------------------------------

template <Kind K, typename Keyword, typename Value = expression> struct setting : node<K, Keyword, Value> {};
struct binary : setting<Kind::binary, key::binary> {};
struct args : setting<Kind::args, key::args> {};
struct topology : setting<Kind::topology, key::topology> {};
struct kernel_args : setting<Kind::kernel_args, key::kernel_args> {};
struct memory : setting<Kind::memory, key::memory> {};
struct duration : setting<Kind::duration, key::duration> {};
struct cpuset : setting<Kind::cpuset, key::cpuset, set_expression> {};
struct mems : setting<Kind::mems, key::mems, set_expression> {};
struct cpu_weight : setting<Kind::cpu_weight, key::cpu_weight> {};
struct cpu_max : node<Kind::cpu_max, key::cpu_max, expression, opt<key::per, expression>> {};
struct memory_max : setting<Kind::memory_max, key::memory_max> {};
struct sysctl : node<Kind::sysctl, key::sysctl, string, sign<'=', an_equals>, expression> {};

// --- Workers and cgroups -------------------------------------------------------------------------------------------

struct nice : setting<Kind::nice, key::nice> {};
struct policy : setting<Kind::policy, key::policy> {};
struct affinity : setting<Kind::affinity, key::affinity, set_expression> {};
struct label : node<Kind::label, key::as, name> {};
// bursty(burst: 5ms) nice 5 policy batch as background
struct workload : seq<qualified_name, opt<arguments>, star<sor<nice, policy, affinity, label>>> {};
struct workers : node<Kind::work_in_cgroup, key::workers, expression, key::of, workload> {};
struct cgroup;
struct cgroup_statement : sor<cpuset, mems, cpu_weight, cpu_max, memory_max, workers, cgroup> {};
struct cgroup : node<Kind::cgroup, key::cgroup, cgroup_path, block<in_cgroup, cgroup_statement>> {};

// --- Ops -----------------------------------------------------------------------------------------------------------

struct if_present : node<Kind::if_present, key::if_, key::present> {};
struct remove_cgroup : node<Kind::remove_cgroup, key::remove_cgroup, cgroup_path, opt<if_present>> {};
struct set_cpuset : node<Kind::set_cpuset, key::set_cpuset, cgroup_path, set_expression, opt<mems>> {};
struct clear_cpuset : node<Kind::clear_cpuset, key::clear_cpuset, cgroup_path> {};
struct swap_cpusets : node<Kind::swap_cpusets, key::swap_cpusets, cgroup_path, sign<',', a_comma>, cgroup_path> {};
struct host : node<Kind::host, key::host> {};
struct spawn : node<Kind::spawn, key::spawn, expression, key::of, workload, key::in, sor<host, cgroup_path>> {};
struct stop_cgroup : node<Kind::stop_cgroup, key::stop_cgroup, cgroup_path> {};
struct set_affinity : node<Kind::set_affinity, key::set_affinity, cgroup_path, set_expression> {};
struct move_all_tasks : node<Kind::move_all_tasks, key::move_all_tasks, cgroup_path, key::to, cgroup_path> {};
struct freeze : node<Kind::freeze_cgroup, key::freeze, cgroup_path> {};
struct unfreeze : node<Kind::unfreeze_cgroup, key::unfreeze, cgroup_path> {};
struct attach_scheduler : node<Kind::attach_scheduler, key::attach_scheduler> {};
struct detach_scheduler : node<Kind::detach_scheduler, key::detach_scheduler> {};
struct restart_scheduler : node<Kind::restart_scheduler, key::restart_scheduler> {};
struct step_statement
    : sor<cgroup, remove_cgroup, set_cpuset, clear_cpuset, swap_cpusets, spawn, stop_cgroup, set_affinity,
          move_all_tasks, freeze, unfreeze, attach_scheduler, detach_scheduler, restart_scheduler> {};

// --- Expectations --------------------------------------------------------------------------------------------------

struct in_cgroup_of : seq<sign<'(', nothing>, cgroup_path, sign<')', a_close_paren>> {};
struct off : node<Kind::off, key::off> {};
struct comparison : node<Kind::comparison,
                         token<a_comparison, sor<pegtl::string<'<', '='>, pegtl::string<'>', '='>, one<'<', '>'>>>> {};
template <Kind K, typename Keyword> struct plain_expectation : node<K, Keyword, opt<in_cgroup_of>, opt<off>> {};
template <Kind K, typename Keyword>
struct compared_expectation : node<K, Keyword, opt<in_cgroup_of>, sor<off, seq<comparison, expression>>> {};
struct contains : node<Kind::contains, key::contains, expression> {};
struct matches : node<Kind::matches, key::matches, expression> {};
struct error_expectation : node<Kind::error, key::error, sor<off, contains, matches>> {};
struct expectation
    : sor<plain_expectation<Kind::progress, key::progress>, compared_expectation<Kind::spread, key::spread>,
          compared_expectation<Kind::gap, key::gap>, plain_expectation<Kind::isolation, key::isolation>,
          compared_expectation<Kind::throughput, key::throughput>, error_expectation> {};
struct expect : node<Kind::expect, key::expect, block<in_expect, expectation>> {};

// --- Declarations --------------------------------------------------------------------------------------------------

struct hold : node<Kind::hold, key::for_, expression> {};
struct step : node<Kind::step, key::step, opt<string>, opt<hold>, block<in_step, step_statement>> {};
struct backdrop : node<Kind::backdrop, key::backdrop, block<in_backdrop, step_statement>> {};
struct scheduler_use : node<Kind::scheduler_use, key::scheduler, qualified_name, opt<key::with, args>> {};
struct scenario_statement
    : sor<scheduler_use, topology, memory, duration, kernel_args, sysctl, backdrop, step, expect, step_statement> {};

struct alias : node<Kind::alias, key::as, name> {};
struct use : node<Kind::use, key::use, sor<string, qualified_name>, opt<alias>> {};
struct topology_declaration : node<Kind::topology_declaration, key::topology, name, sign<'=', an_equals>, expression> {
};
struct work_declaration : node<Kind::work_declaration, key::work, name, sign<'=', an_equals>, workload> {};
struct let_declaration : node<Kind::let_declaration, key::let, name, sign<'=', an_equals>, set_expression> {};
struct scheduler_declaration : node<Kind::scheduler_declaration, key::scheduler, name,
                                    block<in_scheduler, sor<binary, args, topology, kernel_args, sysctl, expect>>> {};
struct scenario_declaration
    : node<Kind::scenario_declaration, key::scenario, string, block<in_scenario, scenario_statement>> {};

struct file : node<Kind::file, star<sor<use, topology_declaration, work_declaration, let_declaration,
                                        scheduler_declaration, scenario_declaration, recover<in_file>>>> {};

} // namespace ktstr::syntax::grammar
