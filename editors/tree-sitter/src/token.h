// SPDX-License-Identifier: GPL-2.0-only
// The tokens that scanner.c finds, in the order of `externals` in grammar.js.
#ifndef KTL_TOKEN_H
#define KTL_TOKEN_H

enum TokenType {
    KEYWORD,
    EXPECTATION,
    WORD,
    CONSTANT,
    NAME,
    FOR,
    IF,
    ELSE,
    LINE_END,
    LUA_OPEN,
    LUA_CODE,
    LUA_CLOSE
};

#endif
