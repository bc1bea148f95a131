// SPDX-License-Identifier: GPL-2.0-only
#include "interp/syntax/build_ast.h"

#include "interp/syntax/tree_reader.h"

namespace ktstr::syntax {

namespace {

ast::Statement build_statement(NodeView node);

// Whether a text in it is its name for good.
bool is_fixed(Kind kind) {
    return kind == Kind::use || kind == Kind::scenario_declaration || kind == Kind::gauntlet || kind == Kind::sysctl ||
           kind == Kind::metric || kind == Kind::exists;
}

std::vector<ast::Statement> build_body(NodeView node) {
    std::vector<ast::Statement> body;
    for (const auto& child : node.children())
        if (child.kind() != Kind::unread) body.push_back(build_statement(child));
    return body;
}

ast::Statement build_statement(NodeView node) {
    ast::Statement statement;
    statement.kind = node.kind();
    statement.span = node.span();
    bool headed = true; // no block came yet
    for (const auto& child : node.children()) {
        const Kind kind = child.kind();
        if (kind == Kind::block) {
            if (headed) statement.span.end = std::max(statement.span.begin + 1, child.before());
            headed = false;
            statement.body = build_body(child);
            for (const auto& part : child.children())
                statement.unread = statement.unread || part.kind() == Kind::unread;
            for (const auto& inner : statement.body) statement.unread = statement.unread || inner.unread;
        } else if (kind == Kind::otherwise) {
            const auto inside = child.children();
            if (!inside.empty() && inside.front().kind() == Kind::block)
                statement.otherwise = build_body(inside.front());
            else
                statement.otherwise = build_body(child);
        } else if (kind == Kind::argument) {
            statement.arguments.push_back(build_argument(child));
        } else if (kind == Kind::comparison_sign) {
            statement.parts.push_back({kind, child.span(), {}, {}, {}, {}, {}, {}, false});
        } else if (is_name(kind)) {
            statement.names.push_back(build_name(child));
            if (!statement.names.back().interpolated.empty() && is_fixed(node.kind()))
                node.context().diagnostics.add(Code::wrong_place, child.span(), "no `${...}` can stand in this text",
                                               "it is read before any value is known; a dollar sign is written \\$");
        } else if (is_expression(kind)) {
            statement.values.push_back(build_expression(child));
        } else {
            statement.parts.push_back(build_statement(child));
        }
    }
    return statement;
}

} // namespace

std::vector<ast::Statement> build_ast(const Tree& tree, const SourceFile& source, Diagnostics& diagnostics) {
    if (tree.empty()) return {};
    const TreeContext context{tree, source, diagnostics};
    return build_body(NodeView(context, 0));
}

} // namespace ktstr::syntax
