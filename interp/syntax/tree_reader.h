// SPDX-License-Identifier: GPL-2.0-only
// Walks a Tree: a node with its children. For the passes that build something from it.
#pragma once

#include "interp/diagnostics/diagnostic.h"
#include "interp/syntax/ast.h"

namespace ktstr::syntax {

struct TreeContext {
    const Tree& tree;
    const SourceFile& source;
    Diagnostics& diagnostics;
};

class NodeView {
  public:
    NodeView(const TreeContext& context, std::uint32_t index) : context_(&context), index_(index) {}
    [[nodiscard]] const Node& node() const { return context_->tree[index_]; }
    [[nodiscard]] Kind kind() const { return node().kind; }
    [[nodiscard]] Span span() const { return {&context_->source, node().begin, node().end}; }
    [[nodiscard]] const TreeContext& context() const { return *context_; }
    // Where the text before this node ends, without blanks.
    [[nodiscard]] std::uint32_t before() const {
        std::uint32_t end = node().begin;
        const std::string_view text = context_->source.text();
        while (end > 0 &&
               (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\r' || text[end - 1] == '\n'))
            --end;
        return end;
    }
    [[nodiscard]] std::vector<NodeView> children() const {
        std::vector<NodeView> result;
        for (std::uint32_t i = index_ + 1; i < node().next; i = context_->tree[i].next)
            result.emplace_back(*context_, i);
        return result;
    }

  private:
    const TreeContext* context_;
    std::uint32_t index_;
};

ast::Expression build_expression(NodeView node);
ast::Argument build_argument(NodeView node);
// The text of a name, a path or a string (escapes resolved).
ast::Name build_name(NodeView node);

} // namespace ktstr::syntax
