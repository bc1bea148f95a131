// SPDX-License-Identifier: GPL-2.0-only
// Blocks of statements: what they are parsed with, and how the parser goes on after an error in one.
#pragma once

#include "interp/syntax/tokens.h"

namespace ktstr::syntax::grammar {

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

// A statement that matched nothing: says so and skips it. Fails at the end of the file, and where the block seems to
// have ended.
template <typename Context> struct recover {
    using rule_t = recover;
    using subs_t = pegtl::type_list<>;
    template <pegtl::apply_mode, pegtl::rewind_mode, template <typename...> class, template <typename...> class,
              typename Input>
    static bool match(Input& in, ParseState& state) {
        const std::size_t here = state.offset(in.current());
        const std::size_t start = state.skip_gap(here);
        if (start >= state.text().size() || state.block_seems_ended(start)) return false;
        const std::size_t end = state.recover(start, Context::text);
        state.close(state.open(Kind::unread, start), end);
        in.bump(end - here);
        return true;
    }
};

template <typename Context, typename... Statements>
struct block : node<Kind::block, open_brace, star<pegtl::not_at<block_must_end>, sor<Statements..., recover<Context>>>,
                    close_brace> {};

#define CONTEXT(name, words)                                                                                           \
    struct name {                                                                                                      \
        static constexpr std::string_view text = words;                                                                \
    }

} // namespace ktstr::syntax::grammar
