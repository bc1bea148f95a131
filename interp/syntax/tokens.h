// SPDX-License-Identifier: GPL-2.0-only
// The building blocks of the grammar, and its leaves.
#pragma once

#include <tao/pegtl.hpp>

#include "interp/syntax/parse_state.h"

namespace ktstr::syntax::grammar {

namespace pegtl = tao::pegtl;
using pegtl::at;
using pegtl::one;
using pegtl::opt;
using pegtl::plus;
using pegtl::seq;
using pegtl::sor;
using pegtl::star;

// Rules, and a node around what they match.
template <Kind K, typename... Rules> struct node {
    using rule_t = node;
    using subs_t = pegtl::type_list<Rules...>;
    template <pegtl::apply_mode A, pegtl::rewind_mode, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t index = state.open(K, state.skip_gap(state.offset(in.current())));
        if (Control<seq<Rules...>>::template match<A, pegtl::rewind_mode::required, Action, Control>(in, state)) {
            state.close(index, state.offset(in.current()));
            return true;
        }
        state.drop(index);
        return false;
    }
};

// The rules; what they would accept where they begin is not worth a word in messages.
template <typename... Rules> struct quiet {
    using rule_t = quiet;
    using subs_t = pegtl::type_list<Rules...>;
    template <pegtl::apply_mode A, pegtl::rewind_mode, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t before = state.hush(state.skip_gap(state.offset(in.current())));
        const bool matched =
            Control<seq<Rules...>>::template match<A, pegtl::rewind_mode::required, Action, Control>(in, state);
        state.hush(before);
        return matched;
    }
};

// The first rule; where the second one follows, a node around both. Keeps the tree free of nodes with one child.
template <Kind K, typename First, typename Rest> struct fold {
    using rule_t = fold;
    using subs_t = pegtl::type_list<First, Rest>;
    template <pegtl::apply_mode A, pegtl::rewind_mode, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t index = state.mark();
        const std::size_t begin = state.skip_gap(state.offset(in.current()));
        if (!Control<First>::template match<A, pegtl::rewind_mode::required, Action, Control>(in, state)) return false;
        const std::size_t after = state.mark();
        if (Control<quiet<Rest>>::template match<A, pegtl::rewind_mode::required, Action, Control>(in, state))
            state.wrap(index, K, begin, state.offset(in.current()));
        else
            state.drop(after);
        return true;
    }
};

// The rules; what they left in the tree goes if they do not all match.
template <typename... Rules> struct attempt {
    using rule_t = attempt;
    using subs_t = pegtl::type_list<Rules...>;
    template <pegtl::apply_mode A, pegtl::rewind_mode, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t mark = state.mark();
        if (Control<seq<Rules...>>::template match<A, pegtl::rewind_mode::required, Action, Control>(in, state))
            return true;
        state.drop(mark);
        return false;
    }
};

// A rule that contains itself with no bracket between.
template <typename Rule> struct bounded {
    using rule_t = bounded;
    using subs_t = pegtl::type_list<Rule>;
    template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        if (!state.enter(state.offset(in.current()))) return false;
        const bool matched = Control<Rule>::template match<A, M, Action, Control>(in, state);
        state.leave();
        return matched;
    }
};

// Blanks and comments, then the rules with nothing between them. On failure the input stays where it was.
template <typename Expected, typename... Rules> struct token {
    using rule_t = token;
    using subs_t = pegtl::type_list<Rules...>;
    template <pegtl::apply_mode A, pegtl::rewind_mode, template <typename...> class Action,
              template <typename...> class Control, typename Input>
    static bool match(Input& in, ParseState& state) {
        auto rewind = in.template mark<pegtl::rewind_mode::required>();
        const std::size_t here = state.offset(in.current());
        const std::size_t start = state.skip_gap(here);
        in.bump(start - here);
        if (Control<seq<Rules...>>::template match<A, pegtl::rewind_mode::required, Action, Control>(in, state))
            return rewind(true);
        state.expected(start, Expected::text);
        return false;
    }
};

// A keyword as a token: one comparison of words, since most attempts fail.
template <typename Spelling> struct keyword {
    using rule_t = keyword;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t here = state.offset(in.current());
        const std::size_t start = state.skip_gap(here);
        if (state.word_at(start) != Spelling::word) {
            state.expected(start, Spelling::text);
            return false;
        }
        in.bump(start - here + Spelling::word.size());
        return true;
    }
};

// key::cpuset matches the keyword as a whole word.
namespace key {
#define KEYWORD(identifier, spelling, class_name)                                                                      \
    struct identifier##_spelling {                                                                                     \
        static constexpr std::string_view text = "`" spelling "`";                                                     \
        static constexpr std::string_view word = spelling;                                                             \
    };                                                                                                                 \
    struct identifier : keyword<identifier##_spelling> {};
#include "interp/syntax/keywords.def"
#undef KEYWORD
} // namespace key

// What a token that failed is called in the message.
#define EXPECTED(name, words)                                                                                          \
    struct name {                                                                                                      \
        static constexpr std::string_view text = words;                                                                \
    }
EXPECTED(nothing, ""); // does not appear in messages
EXPECTED(a_name, "a name");
EXPECTED(a_cgroup, "a cgroup");
EXPECTED(a_string, "a string");
EXPECTED(a_value, "a value");
EXPECTED(an_open_brace, "`{`");
EXPECTED(a_close_brace, "`}`");
EXPECTED(the_end_of_interpolation, "the `}` of the `${`");
EXPECTED(an_open_paren, "`(`");
EXPECTED(a_close_paren, "`)`");
EXPECTED(an_open_bracket, "`[`");
EXPECTED(a_close_bracket, "`]`");
EXPECTED(an_equals, "`=`");
EXPECTED(a_comma, "`,`");
EXPECTED(a_colon, "`:`");
EXPECTED(a_comparison, "a comparison (`<=`, `<`, `>=`, `>`, `==`, `!=`)");
EXPECTED(a_call, "`(` right behind the template's name");
EXPECTED(a_field, "a field of a record, as in {spin: 2ms}");
EXPECTED(a_lua_block, "`[[`");
#undef EXPECTED

template <char C, typename Expected> struct sign : token<Expected, one<C>> {};
struct equals : token<an_equals, one<'='>, pegtl::not_at<one<'='>>> {};

struct word_end : pegtl::not_at<pegtl::identifier_other> {};
struct digits : plus<pegtl::digit> {};

// An identifier that is not a reserved keyword.
struct free_identifier {
    using rule_t = free_identifier;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::string_view word = state.word_at(state.offset(in.current()));
        if (word.empty() || is_reserved(word)) return false;
        in.bump(word.size());
        return true;
    }
};

// The same, or a reserved one with `.` or `(` right behind it: topology.cpus, snapshot(before). No operator: what
// follows it is read once.
struct value_identifier {
    using rule_t = value_identifier;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t here = state.offset(in.current());
        const std::string_view word = state.word_at(here);
        if (word.empty() || is_operator(word)) return false;
        const std::size_t end = here + word.size();
        const char next = end < state.text().size() ? state.text()[end] : ' ';
        const char second = end + 1 < state.text().size() ? state.text()[end + 1] : ' ';
        if (is_reserved(word) && next != '(' && (next != '.' || second == '.')) return false;
        in.bump(word.size());
        return true;
    }
};

struct dotted : pegtl::rep_opt<63, one<'.'>, pegtl::identifier> {};
struct name : node<Kind::name, token<a_name, free_identifier>> {};
struct qualified_name : node<Kind::qualified_name, token<a_name, free_identifier, dotted>> {};
// "nothing": several things can stand there, and one word says it.
struct value_name : node<Kind::value, token<nothing, value_identifier, dotted>> {};

// 12, 1.5, 10ms, 64KiB, 15%, 100/s, 1n2l4c1t: whether it means anything is seen when it is evaluated.
// A version is a number too: v6.14.
struct number_body : seq<sor<pegtl::digit, seq<one<'v'>, at<pegtl::digit, star<pegtl::digit>, one<'.'>>>>,
                         star<sor<pegtl::identifier_other, seq<one<'.'>, at<pegtl::digit>>>>> {};
struct rate_unit : seq<one<'/'>,
                       sor<pegtl::string<'n', 's'>, pegtl::string<'u', 's'>, pegtl::string<'m', 's'>,
                           pegtl::string<'m', 'i', 'n'>, one<'s'>>,
                       word_end> {};
struct number : node<Kind::number, token<a_value, number_body, opt<sor<one<'%'>, rate_unit>>>> {};
// 0-3 is a set of CPUs; a subtraction has blanks: 3 - 0.
struct cpu_span : node<Kind::cpu_list, token<nothing, digits, one<'-'>, digits, word_end>> {};
// 0-3,7: with commas only where a CPU set must stand, since elsewhere they part arguments.
struct cpu_list : node<Kind::cpu_list, token<nothing, digits, sor<seq<one<'-'>, digits>, at<one<','>, pegtl::digit>>,
                                             star<one<','>, digits, opt<one<'-'>, digits>>, word_end>> {};

} // namespace ktstr::syntax::grammar
