// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/parse.h"

#include "interp/syntax/grammar.h"

namespace ktstr::syntax {

Tree parse(const SourceFile& source, Diagnostics& diagnostics) {
    ParseState state(source, diagnostics);
    using Input = tao::pegtl::memory_input<tao::pegtl::tracking_mode::lazy, tao::pegtl::eol::lf, const char*>;
    Input in(source.text().data(), source.text().data() + source.text().size(), source.shown().c_str());
    tao::pegtl::parse<grammar::file>(in, state);
    return state.take_tree();
}

} // namespace ktstr::syntax
