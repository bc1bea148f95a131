// SPDX-License-Identifier: GPL-2.0-only
// The abstract syntax tree: what was written, with nothing looked up or computed yet. Statements have one shape; what
// their names, values and parts mean follows from the kind and is said in grammar.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interp/diagnostics/source.h"
#include "interp/syntax/tree.h"

namespace ktstr::ast {

using syntax::Kind;

struct Argument;
struct Expression;

struct Name {
    std::string text; // a string's text with its escapes resolved
    Span span;
    std::vector<Expression> interpolated; // one string expression, if the text has ${...} in it
};

struct Expression {
    Kind kind = Kind::number;
    Span span;
    std::string text;                 // value, call: the name; string, lua_text: the text before the first operand;
                                      // sum, product: the operators; comparison: the operator
    std::vector<Expression> operands; // string: the ${...} in it; all others: in the order written
    std::vector<Argument> arguments;
    std::vector<Name> names{}; // member: the components; string: the text after each operand
};

// Of a call, or a field of a record.
struct Argument {
    std::optional<Name> name; // burst: 5ms
    Expression value;
};

struct Statement {
    Kind kind = Kind::file;
    Span span; // of the head: up to the block, if there is one
    std::vector<Name> names;
    std::vector<Expression> values;
    std::vector<Argument> arguments;  // workload, instance
    std::vector<Statement> parts;     // clauses, attributes
    std::vector<Statement> body;      // of the block
    std::vector<Statement> otherwise; // condition: the `else`
    bool unread = false;              // something in the block did not parse

    [[nodiscard]] const Statement* part(Kind wanted) const {
        for (const auto& candidate : parts)
            if (candidate.kind == wanted) return &candidate;
        return nullptr;
    }
    [[nodiscard]] bool has(Kind wanted) const { return part(wanted) != nullptr; }
};

} // namespace ktstr::ast
