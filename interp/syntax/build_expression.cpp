// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/tree_reader.h"

namespace ktstr::syntax {

namespace {

std::string unescape(NodeView node) {
    const Span span = node.span();
    const std::string_view body = span.text().substr(1, span.text().size() - 2);
    std::string text;
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] != '\\') {
            text += body[i];
            continue;
        }
        const char escape = body[++i]; // the grammar lets no string end in a lone backslash
        if (escape == 'n')
            text += '\n';
        else if (escape == 't')
            text += '\t';
        else if (escape == '"' || escape == '\\')
            text += escape;
        else
            node.context().diagnostics.add(
                Code::bad_escape,
                {span.file, span.begin + static_cast<std::uint32_t>(i), span.begin + static_cast<std::uint32_t>(i) + 2},
                std::string("`\\") + escape + "` is not an escape", "known are \\n, \\t, \\\" and \\\\");
    }
    return text;
}

ast::Expression::Kind leaf_kind(Kind kind) {
    switch (kind) {
    case Kind::cpu_list: return ast::Expression::Kind::cpu_list;
    case Kind::string: return ast::Expression::Kind::string;
    case Kind::qualified_name: return ast::Expression::Kind::name;
    default: return ast::Expression::Kind::number;
    }
}

// a - b + c as one flat chain, so that its length costs no recursion; one operand stands for itself.
ast::Expression build_chain(NodeView node) {
    const auto children = node.children();
    if (children.size() == 1) return build_expression(children.front());
    ast::Expression chain{ast::Expression::Kind::chain, node.span(), {}, {}, {}};
    for (const auto& child : children) {
        if (child.kind() == Kind::operation)
            chain.text += child.span().text();
        else
            chain.operands.push_back(build_expression(child));
    }
    return chain;
}

} // namespace

ast::Name build_name(NodeView node) {
    return {node.kind() == Kind::string ? unescape(node) : std::string(node.span().text()), node.span()};
}

ast::Argument build_argument(NodeView node) {
    const auto children = node.children();
    if (children.size() == 1) return {std::nullopt, build_expression(children[0])};
    return {build_name(children[0]), build_expression(children[1])};
}

ast::Expression build_expression(NodeView node) {
    using ExpressionKind = ast::Expression::Kind;
    ast::Expression result{ExpressionKind::number, node.span(), {}, {}, {}};
    switch (node.kind()) {
    case Kind::sum:
    case Kind::product: return build_chain(node);
    case Kind::negation:
        result.kind = ExpressionKind::negation;
        result.operands.push_back(build_expression(node.children().front()));
        return result;
    case Kind::list:
        result.kind = ExpressionKind::list;
        for (const auto& child : node.children()) result.operands.push_back(build_expression(child));
        return result;
    case Kind::call: {
        const auto children = node.children();
        result.kind = ExpressionKind::call;
        result.text = children.front().span().text();
        for (std::size_t i = 1; i < children.size(); ++i) result.arguments.push_back(build_argument(children[i]));
        return result;
    }
    default:
        result.kind = leaf_kind(node.kind());
        result.text = build_name(node).text;
        return result;
    }
}

} // namespace ktstr::syntax
