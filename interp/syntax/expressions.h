// SPDX-License-Identifier: GPL-2.0-only
// Expressions: values, arithmetic, conditions, and the formulas of expectations. Which of them may stand where is seen
// when they are evaluated; from the loosest to the tightest:
//
//   implies | or | and | not, always, eventually | until | comparisons and patterns | .. | +- | + - | * / | - | .name
//   [i]
#pragma once

#include "interp/syntax/tokens.h"

namespace ktstr::syntax::grammar {

struct expression;

// --- Strings, and places where a string or a name can stand --------------------------------------------------------

struct interpolation : attempt<pegtl::string<'$', '{'>, expression, sign<'}', the_end_of_interpolation>> {};
struct string_letter : seq<pegtl::not_at<pegtl::string<'$', '{'>>,
                           sor<seq<one<'\\'>, pegtl::not_one<'\n', '\r'>>, pegtl::not_one<'"', '\\', '\n', '\r'>>> {};
template <Kind K, typename Expected>
struct quoted : node<K, token<Expected, one<'"'>, star<sor<string_letter, interpolation>>, one<'"'>>> {};
struct text : quoted<Kind::text, a_string> {};
struct value_string : quoted<Kind::string, nothing> {};
struct cgroup_path : sor<node<Kind::path, token<a_cgroup, free_identifier, star<one<'/'>, pegtl::identifier>>>,
                         quoted<Kind::text, nothing>> {};

// [[ ... ]] or [=[ ... ]=], as Lua writes long strings.
struct lua_text {
    using rule_t = lua_text;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t here = state.offset(in.current());
        const std::size_t start = state.skip_gap(here);
        const std::size_t end = state.long_string_end(start);
        if (end == start) {
            state.expected(start, a_lua_block::text);
            return false;
        }
        const std::size_t index = state.open(Kind::lua_text, start);
        in.bump(end - here);
        state.close(index, end);
        return true;
    }
};

// --- Primaries -----------------------------------------------------------------------------------------------------

struct argument_name : attempt<node<Kind::name, token<nothing, pegtl::identifier>>, sign<':', nothing>> {};
struct argument : node<Kind::argument, opt<argument_name>, expression> {};
// The parenthesis stands right behind the name: one on the next line begins something else.
struct arguments : seq<one<'('>, opt<argument, star<sign<',', a_comma>, argument>>, sign<')', a_close_paren>> {};
struct call : fold<Kind::call, value_name, arguments> {};
struct list
    : node<Kind::list, sign<'[', nothing>,
           opt<expression, star<sign<',', a_comma>, expression>, opt<sign<',', nothing>>>, sign<']', a_close_bracket>> {
};
struct field : node<Kind::field, node<Kind::name, token<a_field, pegtl::identifier>>, sign<':', a_colon>, expression> {
};
struct record : node<Kind::record, sign<'{', nothing>, field, star<sign<',', a_comma>, field>, opt<sign<',', nothing>>,
                     sign<'}', a_close_brace>> {};
struct group : attempt<sign<'(', nothing>, expression, sign<')', a_close_paren>> {};
struct lua_value : quiet<key::lua, lua_text> {};
struct primary : sor<cpu_span, number, value_string, lua_value, call, list, record, group> {};

struct member_name : seq<one<'.'>, sor<node<Kind::name, pegtl::identifier>, quoted<Kind::text, nothing>>> {};
struct members : fold<Kind::member, primary, plus<pegtl::not_at<pegtl::string<'.', '.'>>, member_name>> {};
struct indexed : fold<Kind::index, members, seq<one<'['>, expression, sign<']', a_close_bracket>>> {};
// small_ones[0].cpus
struct of_item : fold<Kind::member, indexed, plus<pegtl::not_at<pegtl::string<'.', '.'>>, member_name>> {};

// --- Arithmetic ----------------------------------------------------------------------------------------------------

struct negation : node<Kind::negation, sign<'-', nothing>, of_item> {};
struct unary : sor<negation, of_item> {};
struct multiplying : node<Kind::operation, token<nothing, one<'*', '/'>>> {};
struct adding : node<Kind::operation, token<nothing, sor<seq<one<'+'>, pegtl::not_at<one<'-'>>>, one<'-'>>>> {};
struct product : fold<Kind::product, unary, plus<multiplying, unary>> {};
struct sum : fold<Kind::sum, product, plus<adding, product>> {};
struct tolerance : fold<Kind::tolerance, sum, seq<token<nothing, pegtl::string<'+', '-'>>, sum>> {};
struct range : fold<Kind::range, tolerance, seq<token<nothing, pegtl::string<'.', '.'>>, tolerance>> {};

// --- Conditions and formulas ---------------------------------------------------------------------------------------

struct comparison_sign
    : node<Kind::comparison_sign,
           token<a_comparison, sor<pegtl::string<'<', '='>, pegtl::string<'>', '='>, pegtl::string<'=', '='>,
                                   pegtl::string<'!', '='>, one<'<', '>'>>>> {};
struct compared : fold<Kind::comparison, range, seq<comparison_sign, range>> {};
struct banded : fold<Kind::within, compared, seq<key::within, range>> {};
struct growing : fold<Kind::nondecreasing, banded, key::nondecreasing> {};
struct strictly : fold<Kind::increasing, growing, key::increasing> {};
struct steady : fold<Kind::steady, strictly, seq<key::steady, key::within, sum, opt<key::after, sum>>> {};
struct converging : fold<Kind::converges, steady, seq<key::converges, key::to, tolerance, key::by, sum>> {};

struct temporal;
struct window : node<Kind::window, one<'['>, expression, sign<',', a_comma>, expression, sign<']', a_close_bracket>> {};
// A `[` right behind the word begins a window and nothing else: no second try, which would double with each level.
struct maybe_window : sor<pegtl::not_at<one<'['>>, window> {};
struct until : fold<Kind::until, converging, seq<key::until, maybe_window, temporal>> {};
struct temporal : bounded<sor<quiet<sor<node<Kind::logical_not, key::not_, temporal>,
                                        node<Kind::always, key::always, maybe_window, temporal>,
                                        node<Kind::eventually, key::eventually, maybe_window, temporal>>>,
                              until>> {};
struct conjunction : fold<Kind::logical_and, temporal, plus<key::and_, temporal>> {};
struct disjunction : fold<Kind::logical_or, conjunction, plus<key::or_, conjunction>> {};
struct expression : fold<Kind::logical_implies, disjunction, seq<key::implies, disjunction>> {};

// Where a CPU set may stand as a literal with commas.
struct set_expression : sor<cpu_list, expression> {};

} // namespace ktstr::syntax::grammar
