// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/read_source.h"
#include "interp/syntax/tree_reader.h"

namespace ktstr::syntax {

namespace {

// The escapes of source bytes [begin, end) resolved.
std::string unescape(const TreeContext& context, std::uint32_t begin, std::uint32_t end) {
    const std::string_view body = context.source.text().substr(begin, end - begin);
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
        else if (escape == '"' || escape == '\\' || escape == '$')
            text += escape;
        else
            context.diagnostics.add(
                Code::bad_escape,
                {&context.source, begin + static_cast<std::uint32_t>(i) - 1, begin + static_cast<std::uint32_t>(i) + 1},
                std::string("`\\") + escape + "` is not an escape", "known are \\n, \\t, \\\", \\\\ and \\$");
    }
    return text;
}

// The text of a string and, for each ${...} in it, the expression and the text behind it.
ast::Expression build_string(NodeView node) {
    ast::Expression result{Kind::string, node.span(), {}, {}};
    if (node.span().end - node.span().begin > max_string_bytes)
        node.context().diagnostics.add(Code::out_of_range, node.span(),
                                       "the string has more than " + std::to_string(max_string_bytes) + " bytes");
    const auto children = node.children();
    std::uint32_t begin = node.span().begin + 1;
    for (const auto& child : children) {
        const std::string piece = unescape(node.context(), begin, child.span().begin - 2);
        if (result.operands.empty())
            result.text = piece;
        else
            result.names.push_back({piece, child.span()});
        result.operands.push_back(build_expression(child));
        begin = static_cast<std::uint32_t>(node.context().source.text().find('}', child.span().end)) + 1;
    }
    std::string piece = unescape(node.context(), begin, node.span().end - 1);
    if (result.operands.empty())
        result.text = std::move(piece);
    else
        result.names.push_back({std::move(piece), node.span()});
    return result;
}

// What stands between the brackets, without a first line end, as Lua reads it.
std::string long_string(NodeView node) {
    std::string_view text = node.span().text();
    const std::size_t bracket = text.find('[', 1) + 1;
    text = text.substr(bracket, text.size() - 2 * bracket);
    return std::string(text);
}

} // namespace

ast::Name build_name(NodeView node) {
    if (node.kind() != Kind::text) return {std::string(node.span().text()), node.span()};
    ast::Expression string = build_string(node);
    ast::Name name{string.text, node.span()};
    if (!string.operands.empty()) name.interpolated.push_back(std::move(string));
    return name;
}

ast::Argument build_argument(NodeView node) {
    const auto children = node.children();
    if (children.size() == 1) return {std::nullopt, build_expression(children[0])};
    return {build_name(children[0]), build_expression(children[1])};
}

ast::Expression build_expression(NodeView node) {
    if (node.kind() == Kind::string) return build_string(node);
    ast::Expression result{node.kind(), node.span(), {}, {}};
    if (node.kind() == Kind::lua_text) {
        result.text = long_string(node);
        return result;
    }
    const auto children = node.children();
    if (children.empty()) result.text = node.span().text();
    for (std::size_t i = 0; i < children.size(); ++i) {
        const NodeView& child = children[i];
        if (child.kind() == Kind::operation || child.kind() == Kind::comparison_sign)
            result.text += child.span().text();
        else if (child.kind() == Kind::argument || child.kind() == Kind::field)
            result.arguments.push_back(build_argument(child));
        else if (is_name(child.kind()))
            result.names.push_back(build_name(child));
        else if (node.kind() == Kind::call && i == 0)
            result.text = child.span().text();
        else
            result.operands.push_back(build_expression(child));
    }
    return result;
}

} // namespace ktstr::syntax
