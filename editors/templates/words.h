// SPDX-License-Identifier: GPL-2.0-only
// Written by editors/generate.py from editors/templates/words.h and the parser's list of words.
// In the order of strcmp(), so that the scanner can search it by halves.
#ifndef KTL_WORDS_H
#define KTL_WORDS_H

#include "token.h"

static const struct {
    const char* text;
    enum TokenType token;
} ktl_words[] = {
@words@
};

#endif
