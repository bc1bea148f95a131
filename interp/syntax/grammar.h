// SPDX-License-Identifier: GPL-2.0-only
// The grammar of .ktl in PEGTL: expressions, workers and ops; declarations.h has the rest. Each rule of the form
// node<Kind::x, ...> leaves a node in the tree.
//
// No rule raises an error. When a statement matches nothing, the place that the parser reached last and what it would
// have accepted there (kept by ParseState) make the message, and recover<> goes on at the next statement.
#pragma once

#include "interp/syntax/blocks.h"
#include "interp/syntax/expressions.h"

namespace ktstr::syntax::grammar {

template <Kind K, typename Keyword, typename... Values> struct statement : node<K, Keyword, Values...> {};
template <Kind K, typename Keyword> struct setting : statement<K, Keyword, expression> {};
template <Kind K, typename Keyword> struct set_setting : statement<K, Keyword, set_expression> {};
template <Kind K, typename Keyword> struct plain : statement<K, Keyword> {};
struct comma : sign<',', a_comma> {};

CONTEXT(in_file, "a file");
CONTEXT(in_topology, "a topology");
CONTEXT(in_node, "a node");
CONTEXT(in_scheduler, "a scheduler");
CONTEXT(in_flag, "a flag");
CONTEXT(in_payload, "a payload");
CONTEXT(in_metric, "a metric");
CONTEXT(in_scenario, "a scenario");
CONTEXT(in_gauntlet, "a gauntlet");
CONTEXT(in_backdrop, "a backdrop");
CONTEXT(in_step, "a step");
CONTEXT(in_repeat, "a repeat block");
CONTEXT(in_cgroup, "a cgroup");
CONTEXT(in_expect, "an expect block");
CONTEXT(in_payload_expect, "the expect block of a payload");

// --- Steering: wherever statements stand ---------------------------------------------------------------------------

struct let : statement<Kind::let, key::let, name, equals, set_expression> {};

template <typename Context, typename Statement> struct steered;
template <typename Context, typename Statement>
struct for_each
    : statement<Kind::for_each, key::for_, name, key::in, expression, block<Context, steered<Context, Statement>>> {};
template <typename Context, typename Statement> struct condition;
template <typename Context, typename Statement>
struct otherwise : statement<Kind::otherwise, key::else_,
                             sor<bounded<condition<Context, Statement>>, block<Context, steered<Context, Statement>>>> {
};
template <typename Context, typename Statement>
struct condition : statement<Kind::condition, key::if_, expression, block<Context, steered<Context, Statement>>,
                             opt<otherwise<Context, Statement>>> {};
template <typename Context, typename Statement>
struct steered : sor<Statement, let, for_each<Context, Statement>, condition<Context, Statement>> {};
template <typename Context, typename Statement> struct steered_block : block<Context, steered<Context, Statement>> {};

// --- Settings ------------------------------------------------------------------------------------------------------

struct binary : setting<Kind::binary, key::binary> {};
struct args : setting<Kind::args, key::args> {};
struct topology : setting<Kind::topology, key::topology> {};
struct kernel_args : setting<Kind::kernel_args, key::kernel_args> {};
struct sysctl : statement<Kind::sysctl, key::sysctl, text, equals, expression> {};
struct memory : setting<Kind::memory, key::memory> {};
struct mems : set_setting<Kind::mems, key::mems> {};

// --- Workers and cgroups -------------------------------------------------------------------------------------------

struct label : statement<Kind::label, key::as, sor<name, text>> {};
struct worker_attribute
    : sor<setting<Kind::nice, key::nice>, setting<Kind::policy, key::policy>,
          set_setting<Kind::affinity, key::affinity>, setting<Kind::memory_policy, key::memory_policy>,
          setting<Kind::comm, key::comm>, setting<Kind::pcomm, key::pcomm>, setting<Kind::uid, key::uid>,
          setting<Kind::gid, key::gid>, plain<Kind::as_threads, key::threads>, plain<Kind::swappable, key::swappable>,
          label> {};
// bursty(burst: 5ms) nice 5 policy batch as background
struct workload : node<Kind::workload, qualified_name, opt<arguments>, star<worker_attribute>> {};
struct workers : statement<Kind::workers, key::workers, expression, key::of, workload> {};
struct cgroup;
struct cgroup_statement
    : sor<set_setting<Kind::cpuset, key::cpuset>, mems, setting<Kind::cpu_weight, key::cpu_weight>,
          statement<Kind::cpu_max, key::cpu_max, expression, opt<key::per, expression>>,
          setting<Kind::memory_max, key::memory_max>, setting<Kind::memory_high, key::memory_high>,
          setting<Kind::memory_low, key::memory_low>, setting<Kind::memory_swap_max, key::memory_swap_max>,
          setting<Kind::io_weight, key::io_weight>, setting<Kind::pids_max, key::pids_max>, workers, cgroup> {};
struct cgroup : statement<Kind::cgroup, key::cgroup, cgroup_path, steered_block<in_cgroup, cgroup_statement>> {};

// --- Ops -----------------------------------------------------------------------------------------------------------

template <Kind K, typename Keyword> struct cgroup_op : statement<K, Keyword, cgroup_path> {};
template <Kind K, typename Keyword> struct scheduler_op : statement<K, Keyword, qualified_name> {};
struct if_present : plain<Kind::if_present, seq<key::if_, key::present>> {};
struct in_host : plain<Kind::in_host, key::host> {};
struct place : seq<key::in, sor<in_host, node<Kind::in_cgroup, cgroup_path>>> {};
struct cold : plain<Kind::cold, key::cold> {};
struct alias : statement<Kind::alias, key::as, sor<name, text>> {};
struct every : setting<Kind::every, key::every> {};
struct at_most : statement<Kind::at_most, key::at_most, expression, key::times> {};
struct time_limit : setting<Kind::at_most, key::at_most> {};
struct op
    : sor<cgroup_op<Kind::add_cgroup, key::add_cgroup>,
          statement<Kind::remove_cgroup, key::remove_cgroup, cgroup_path, opt<if_present>>,
          statement<Kind::set_cpuset, key::set_cpuset, cgroup_path, set_expression, opt<mems>>,
          cgroup_op<Kind::clear_cpuset, key::clear_cpuset>,
          statement<Kind::swap_cpusets, key::swap_cpusets, cgroup_path, comma, cgroup_path>,
          statement<Kind::spawn, key::spawn, expression, key::of, workload, place>,
          cgroup_op<Kind::stop_cgroup, key::stop_cgroup>,
          statement<Kind::set_affinity, key::set_affinity, cgroup_path, set_expression>,
          statement<Kind::move_all_tasks, key::move_all_tasks, cgroup_path, key::to, cgroup_path>,
          statement<Kind::run_payload, key::run, qualified_name, opt<key::with, args>, opt<place>>,
          statement<Kind::wait_payload, key::wait, qualified_name, opt<place>, opt<time_limit>>,
          statement<Kind::kill_payload, key::kill, qualified_name, opt<place>>,
          cgroup_op<Kind::freeze_cgroup, key::freeze>, cgroup_op<Kind::unfreeze_cgroup, key::unfreeze>,
          statement<Kind::snapshot, key::snapshot, sor<name, text>>,
          statement<Kind::watch, key::watch, expression, star<sor<alias, at_most, every>>>,
          statement<Kind::read_kernel, key::read_kernel, expression, opt<cold>, alias>,
          statement<Kind::write_kernel, key::write_kernel, expression, equals, expression, opt<cold>>,
          statement<Kind::attach_scheduler, key::attach_scheduler, opt<qualified_name>>,
          plain<Kind::detach_scheduler, key::detach_scheduler>, plain<Kind::restart_scheduler, key::restart_scheduler>,
          scheduler_op<Kind::replace_scheduler, key::replace_scheduler>,
          statement<Kind::pin_map, key::pin_map, sor<name, text>>,
          statement<Kind::write_bpf, key::write_bpf, qualified_name, equals, expression>,
          statement<Kind::capture_procs, key::capture_procs, cgroup_path, alias>,
          statement<Kind::ctprof, key::ctprof, sor<name, text>>> {};
struct step_statement : sor<cgroup, op> {};

// --- Expectations --------------------------------------------------------------------------------------------------

struct of_cgroup : node<Kind::in_cgroup, one<'('>, cgroup_path, sign<')', a_close_paren>> {};
struct off : plain<Kind::off, key::off> {};
struct contains : setting<Kind::contains, key::contains> {};
struct matches : setting<Kind::matches, key::matches> {};
template <Kind K, typename Keyword> struct flat_expectation : statement<K, Keyword, opt<of_cgroup>, opt<off>> {};
struct sustained : statement<Kind::sustained, key::for_, expression, key::samples> {};
// No sign can follow on the line: `gap = 2s` is not `gap` and something else.
struct formula_end {
    using rule_t = formula_end;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t here = state.offset(in.current());
        const std::size_t start = state.skip_gap(here);
        const char next = start < state.text().size() ? state.text()[start] : ' ';
        const bool call = next == '(' && start == here; // that is not closed
        if (!call && (std::string_view("=<>!,)]\"").find(next) == std::string_view::npos || state.begins_line(start)))
            return true;
        state.expected(start, a_comparison::text);
        return false;
    }
};
// `gap off` and `gap <= 2s for 5 samples` alike.
struct formula : node<Kind::formula, expression, opt<sor<sustained, off>>, formula_end> {};
struct expectation
    : sor<flat_expectation<Kind::progress, key::progress>, flat_expectation<Kind::isolation, key::isolation>,
          statement<Kind::error, key::error, sor<off, contains, matches>>,
          statement<Kind::repro, key::repro, opt<off>>,
          statement<Kind::allow_inconclusive, key::allow, key::inconclusive, opt<off>>,
          statement<Kind::include, key::include, qualified_name>, formula> {};
struct expect_block : steered_block<in_expect, expectation> {};
struct expect : statement<Kind::expect, key::expect, expect_block> {};

// --- Declarations --------------------------------------------------------------------------------------------------

struct hold : setting<Kind::hold, key::for_> {};
struct repeat : statement<Kind::repeat, key::repeat, every, steered_block<in_repeat, op>> {};
struct step
    : statement<Kind::step, key::step, opt<text>, opt<hold>, steered_block<in_step, sor<step_statement, repeat>>> {};
struct backdrop : statement<Kind::backdrop, key::backdrop, steered_block<in_backdrop, step_statement>> {};
struct flags : setting<Kind::flags, key::flags> {};
struct scheduler_use
    : statement<Kind::scheduler_use, key::scheduler, qualified_name, star<sor<seq<key::with, args>, flags>>> {};
struct always_word : plain<Kind::always_word, key::always> {};
struct lua_check : statement<Kind::lua_check, key::check, text, opt<always_word>, key::lua, lua_text> {};
struct capture : statement<Kind::capture, key::capture, expression, key::times> {};
struct param : statement<Kind::param, key::param, name, equals, set_expression> {};
struct scenario_statement : sor<scheduler_use, topology, memory, setting<Kind::duration, key::duration>, kernel_args,
                                sysctl, capture, param, backdrop, step, expect, lua_check, step_statement> {};
struct scenario_block : steered_block<in_scenario, scenario_statement> {};

struct use_alias : statement<Kind::alias, key::as, name> {};
struct use : statement<Kind::use, key::use, sor<text, qualified_name>, opt<use_alias>> {};
struct assertion : statement<Kind::assertion, key::assert_, expression, opt<comma, text>> {};

struct llcs : setting<Kind::llcs, key::llcs> {};
struct topology_node
    : statement<Kind::node, key::node_, block<in_node, llcs, memory, setting<Kind::distances, key::distances>>> {};
struct topology_block
    : statement<
          Kind::topology_block, key::topology, name,
          block<in_topology, topology_node, setting<Kind::cores, key::cores>, setting<Kind::threads, key::threads>>> {};
struct topology_declaration : statement<Kind::topology_declaration, key::topology, name, equals, expression> {};
struct work_declaration : statement<Kind::work_declaration, key::work, name, equals, workload> {};
struct requirement : statement<Kind::requirement, key::requires_, name, star<comma, name>> {};
struct flag : statement<Kind::flag, key::flag, name, block<in_flag, args, requirement>> {};
struct config : statement<Kind::config, key::config, expression, opt<key::as, expression>> {};
struct scheduler_declaration
    : statement<Kind::scheduler_declaration, key::scheduler, name,
                block<in_scheduler, binary, args, config, setting<Kind::cgroup_parent, key::cgroup_parent>,
                      setting<Kind::enable, key::enable>, setting<Kind::disable, key::disable>, flag, topology,
                      kernel_args, sysctl, expect>> {};
struct metric : statement<Kind::metric, key::metric, text,
                          opt<block<in_metric, setting<Kind::unit, key::unit>, setting<Kind::better, key::better>>>> {};
struct output : statement<Kind::output, key::output, expression, opt<value_string>> {};
struct within_or_compared : sor<seq<key::within, expression>, seq<comparison_sign, expression>> {};
struct payload_expect
    : statement<Kind::expect, key::expect,
                block<in_payload_expect, statement<Kind::exit_code, key::exit_code, comparison_sign, expression>,
                      statement<Kind::exists, key::exists, text>,
                      statement<Kind::metric, key::metric, text, within_or_compared>,
                      statement<Kind::metrics, key::metrics, within_or_compared>,
                      statement<Kind::values, key::values, within_or_compared>>> {};
struct payload_declaration
    : statement<Kind::payload_declaration, key::payload, name,
                block<in_payload, binary, args, output, metric, setting<Kind::files, key::files>, payload_expect>> {};
struct parameter : node<Kind::parameter, name, opt<equals, expression>> {};
struct parameters : seq<sign<'(', an_open_paren>, opt<parameter, star<comma, parameter>>, sign<')', a_close_paren>> {};
struct template_declaration : statement<Kind::template_declaration, key::template_, name, parameters, scenario_block> {
};
struct expectations_declaration : statement<Kind::expectations_declaration, key::expectations, name, expect_block> {};
struct called : seq<sor<at<one<'('>>, token<a_call, pegtl::failure>>, arguments> {};
struct instance : node<Kind::instance, equals, qualified_name, called> {};
struct scenario_declaration : statement<Kind::scenario_declaration, key::scenario, text,
                                        sor<seq<instance, opt<scenario_block>>, scenario_block>> {};
struct all_scenarios : plain<Kind::all_scenarios, key::all> {};
struct powerset : statement<Kind::powerset, key::powerset, key::of, qualified_name> {};
struct gauntlet
    : statement<Kind::gauntlet, key::gauntlet, text,
                block<in_gauntlet, statement<Kind::scenarios, key::scenarios, sor<all_scenarios, expression>>,
                      setting<Kind::topologies, key::topologies>,
                      statement<Kind::flags, key::flags, sor<powerset, seq<pegtl::not_at<key::powerset>, expression>>>,
                      setting<Kind::kernels, key::kernels>, setting<Kind::seeds, key::seeds>,
                      setting<Kind::work_types, key::work_types>, setting<Kind::budget, key::budget>>> {};

struct shareable : sor<topology_block, topology_declaration, work_declaration, let, param, scheduler_declaration,
                       payload_declaration, template_declaration, expectations_declaration> {};
struct private_declaration : statement<Kind::private_declaration, key::private_, shareable> {};
struct file
    : node<
          Kind::file,
          star<sor<use, shareable, private_declaration, scenario_declaration, gauntlet, assertion, recover<in_file>>>> {
};

} // namespace ktstr::syntax::grammar
