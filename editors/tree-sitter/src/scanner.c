// SPDX-License-Identifier: GPL-2.0-only
// The tokens that need the language's list of words (words.h, which editors/generate.py writes): a new keyword changes
// that table and not the parser, so that nobody needs the parser generator for it.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tree_sitter/parser.h"
#include "words.h"

enum { longest_word = 64 };

// The number of `=` in the `[==[` of the Lua block that is open; what tree-sitter keeps of the scanner.
typedef struct {
    unsigned char level;
} Scanner;

void* tree_sitter_ktl_external_scanner_create(void) { return calloc(1, sizeof(Scanner)); }
void tree_sitter_ktl_external_scanner_destroy(void* payload) { free(payload); }
unsigned tree_sitter_ktl_external_scanner_serialize(void* payload, char* buffer) {
    buffer[0] = (char)((Scanner*)payload)->level;
    return 1;
}
void tree_sitter_ktl_external_scanner_deserialize(void* payload, const char* buffer, unsigned length) {
    ((Scanner*)payload)->level = length > 0 ? (unsigned char)buffer[0] : 0;
}

static bool is_blank(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xFEFF; }
static bool is_letter(int32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_digit(int32_t c) { return c >= '0' && c <= '9'; }

// A bracket, as many `=` as there are, and the bracket again: their number, or -1 if that is not what stands here.
static int scan_long_bracket(TSLexer* lexer, int32_t bracket) {
    if (lexer->lookahead != bracket) return -1;
    lexer->advance(lexer, false);
    int level = 0;
    for (; lexer->lookahead == '=' && level < 255; ++level) lexer->advance(lexer, false);
    return lexer->lookahead == bracket ? level : -1;
}

static bool scan_lua_open(Scanner* scanner, TSLexer* lexer) {
    while (is_blank(lexer->lookahead)) lexer->advance(lexer, true);
    const int level = scan_long_bracket(lexer, '[');
    if (level < 0) return false;
    lexer->advance(lexer, false);
    lexer->mark_end(lexer);
    lexer->result_symbol = LUA_OPEN;
    scanner->level = (unsigned char)level;
    return true;
}

// What is in a Lua block, up to the first bracket that closes it; or that bracket.
static bool scan_lua(const Scanner* scanner, TSLexer* lexer, const bool* valid) {
    lexer->result_symbol = LUA_CODE;
    for (bool any = false; !lexer->eof(lexer); any = true) {
        lexer->mark_end(lexer);
        // A `]` that closes nothing can be the first one of what does.
        while (lexer->lookahead == ']') {
            if (scan_long_bracket(lexer, ']') != scanner->level) {
                any = true;
                lexer->mark_end(lexer);
                continue;
            }
            if (any) return valid[LUA_CODE];
            lexer->advance(lexer, false);
            lexer->mark_end(lexer);
            lexer->result_symbol = LUA_CLOSE;
            return true;
        }
        lexer->advance(lexer, false);
    }
    return false;
}

// Skips blanks; up to the end of the line, or further if `lines`. Whether a line ended.
static bool skip_blanks(TSLexer* lexer, bool lines) {
    while (is_blank(lexer->lookahead) && (lines || lexer->lookahead != '\n')) lexer->advance(lexer, true);
    return lexer->lookahead == '\n' || lexer->lookahead == '#';
}

// Looks past line ends, empty lines and comments.
static void look_past_lines(TSLexer* lexer) {
    while (is_blank(lexer->lookahead) || lexer->lookahead == '#') {
        const bool comment = lexer->lookahead == '#';
        lexer->advance(lexer, false);
        while (comment && lexer->lookahead != '\n' && !lexer->eof(lexer)) lexer->advance(lexer, false);
    }
}

static unsigned scan_word(TSLexer* lexer, char word[longest_word]) {
    unsigned length = 0;
    while (is_letter(lexer->lookahead) || is_digit(lexer->lookahead)) {
        if (length + 1 < longest_word) word[length] = (char)lexer->lookahead;
        ++length;
        lexer->advance(lexer, false);
    }
    word[length < longest_word ? length : 0] = 0;
    return length;
}

// The token of a word of the list; -1 if it is another word.
static int token_of(const char* word) {
    size_t low = 0;
    size_t high = sizeof ktl_words / sizeof *ktl_words;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(word, ktl_words[middle].text);
        if (order == 0) return (int)ktl_words[middle].token;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

// Behind `for`: whether a loop's `NAME in` follows.
static bool loop_follows(TSLexer* lexer) {
    char word[longest_word];
    look_past_lines(lexer);
    if (!is_letter(lexer->lookahead)) return false;
    scan_word(lexer, word);
    look_past_lines(lexer);
    return scan_word(lexer, word) > 0 && strcmp(word, "in") == 0;
}

// Behind `if`: whether it is that of `remove_cgroup NAME if present`.
static bool present_follows(TSLexer* lexer) {
    char word[longest_word];
    look_past_lines(lexer);
    return scan_word(lexer, word) > 0 && strcmp(word, "present") == 0;
}

// `for 40%` and `if present` begin no statement. Leaves the lexer behind the word or further on.
static int in_context(TSLexer* lexer, int token) {
    if ((token == FOR && !loop_follows(lexer)) || (token == IF && present_follows(lexer))) return WORD;
    return token;
}

static void skip_on_line(TSLexer* lexer) {
    while (lexer->lookahead == ' ' || lexer->lookahead == '\t') lexer->advance(lexer, false);
}

// Whether what stands here follows a name that is being declared: cgroup hot {, let period =
static bool ends_declared(TSLexer* lexer) {
    skip_on_line(lexer);
    if (lexer->lookahead != '=') return lexer->lookahead == '{';
    lexer->advance(lexer, false);
    return lexer->lookahead != '=';
}

// Whether the word is one that cannot be a name.
static bool is_reserved(int token) { return token == KEYWORD || token == FOR || token == IF || token == ELSE; }

// What the word is where it stands: `for` and `if` are at times mere words; where no statement of theirs can begin, they are
// as good as any keyword.
static int where_it_stands(TSLexer* lexer, const bool* valid, int token, bool recovering) {
    token = in_context(lexer, token);
    return is_reserved(token) && (recovering || !valid[token]) ? KEYWORD : token;
}

// A line has ended: finds its end, unless the next line goes on with what it has begun; then the word which that does with.
static bool scan_line_start(TSLexer* lexer, const bool* valid) {
    while (is_blank(lexer->lookahead)) lexer->advance(lexer, true);
    const bool comment = lexer->lookahead == '#'; // which is a token; behind it the scanner is called again
    look_past_lines(lexer);
    lexer->result_symbol = LINE_END;
    if (lexer->eof(lexer)) return false;
    if (!is_letter(lexer->lookahead)) return strchr("<>=!+-*/.,{})]", lexer->lookahead) == NULL;
    char word[longest_word];
    scan_word(lexer, word);
    if (strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "lua") == 0) return false;
    int token = token_of(word);
    const bool is_name = lexer->lookahead != 0 && strchr("(./:", lexer->lookahead) != NULL;
    if ((token == WORD && is_name) || (token != WORD && token != FOR && token != IF && token != ELSE)) return true;
    if (comment) return token != ELSE && in_context(lexer, token) != WORD;
    lexer->mark_end(lexer);
    token = where_it_stands(lexer, valid, token, false);
    lexer->result_symbol = (TSSymbol)token;
    return valid[token];
}

// A word has been read whose token would be `token` (-1: it is not in the list). Whether it is one; sets it.
static bool decide(TSLexer* lexer, const bool* valid, int token, bool recovering) {
    const bool declared = valid[NAME] && !recovering && !is_reserved(token);
    const int32_t after = lexer->lookahead;
    // A part of a longer name: progress/child, monitor.load
    if (after == '/') {
        while (declared && (is_letter(lexer->lookahead) || is_digit(lexer->lookahead) || lexer->lookahead == '/'))
            lexer->advance(lexer, false);
        lexer->mark_end(lexer);
        lexer->result_symbol = NAME;
        return declared && ends_declared(lexer);
    }
    lexer->mark_end(lexer);
    if (after == '.') {
        lexer->advance(lexer, false);
        if (lexer->lookahead != '.') return false;
    }
    if (after == '(' && (token == WORD || token == CONSTANT || token == KEYWORD)) return false; // snapshot(before)
    skip_on_line(lexer);
    if (lexer->lookahead == ':') return false; // step: 4MiB
    lexer->result_symbol = NAME;
    if (declared && after != '.' && ends_declared(lexer)) return true;
    token = where_it_stands(lexer, valid, token, recovering);
    lexer->result_symbol = (TSSymbol)token;
    return token >= 0 && valid[token];
}

bool tree_sitter_ktl_external_scanner_scan(void* payload, TSLexer* lexer, const bool* valid) {
    // All are valid while tree-sitter recovers from an error: then the words are worth most.
    const bool recovering = valid[LUA_CLOSE] && valid[KEYWORD];
    if (valid[LUA_CLOSE] && !recovering) return scan_lua(payload, lexer, valid);
    if (valid[LUA_OPEN] && !recovering) return scan_lua_open(payload, lexer);
    const bool line_end = valid[LINE_END] && !recovering;
    lexer->mark_end(lexer); // a line's end is an empty token; the gap belongs to what follows
    if (skip_blanks(lexer, !line_end) && line_end) return scan_line_start(lexer, valid);
    if (!is_letter(lexer->lookahead)) return false;
    char word[longest_word];
    scan_word(lexer, word);
    return decide(lexer, valid, token_of(word), recovering);
}
