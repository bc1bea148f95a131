// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/parse.h"

#include "interp/syntax/grammar.h"
#include "interp/syntax/tree_reader.h"

namespace ktstr::syntax {

namespace {

using Input = tao::pegtl::memory_input<tao::pegtl::tracking_mode::lazy, tao::pegtl::eol::lf, const char*>;

Input input_of(const SourceFile& source) {
    return Input(source.text().data(), source.text().data() + source.text().size(), source.shown().c_str());
}

} // namespace

Tree parse(const SourceFile& source, Diagnostics& diagnostics) {
    ParseState state(source, diagnostics);
    Input in = input_of(source);
    tao::pegtl::parse<grammar::file>(in, state);
    return state.take_tree();
}

std::optional<ast::Expression> parse_expression(const SourceFile& source, Diagnostics& diagnostics) {
    ParseState state(source, diagnostics);
    Input in = input_of(source);
    const std::size_t errors = diagnostics.errors();
    const bool matched = tao::pegtl::parse<grammar::set_expression>(in, state);
    if (!matched || state.skip_gap(state.offset(in.current())) < source.text().size()) state.report_unexpected();
    if (diagnostics.errors() != errors) return std::nullopt;
    const Tree tree = state.take_tree();
    const TreeContext context{tree, source, diagnostics};
    auto expression = build_expression(NodeView(context, 0));
    if (diagnostics.errors() != errors) return std::nullopt;
    return expression;
}

} // namespace ktstr::syntax
